"""Who asks: what a verified token says of its bearer. `gateway/tokens.py` is where one comes from."""

from enum import Enum

import msgspec


class Role(Enum):
    """The one role a token acts in."""

    PRACTITIONER = "PRACTITIONER"
    PARTNER = "PARTNER"
    SHIELD_OFFICER = "SHIELD_OFFICER"
    STEWARD = "STEWARD"
    ANALYST = "ANALYST"
    AUDITOR = "AUDITOR"

    __hash__ = object.__hash__  # each is one object; by its name, as enums have it, costs a call for every look


class Viewer(msgspec.Struct, frozen=True):
    """Who asks, as a verified token says. `authority` is a GSS code; `token` the token's own id (`jti`)."""

    subject: str
    client: str
    token: str
    role: Role
    organisation: str
    authority: str | None
    scopes: frozenset[str]
