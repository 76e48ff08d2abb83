"""Who asks: what a verified token says of its bearer. `gateway/tokens.py` is where one comes from."""

from dataclasses import dataclass
from enum import Enum


class Role(Enum):
    """The one role a token acts in."""

    PRACTITIONER = "PRACTITIONER"
    PARTNER = "PARTNER"
    SHIELD_OFFICER = "SHIELD_OFFICER"
    STEWARD = "STEWARD"
    ANALYST = "ANALYST"
    AUDITOR = "AUDITOR"


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks, as a verified token says. `authority` is a GSS code; `token` the token's own id (`jti`)."""

    subject: str
    client: str
    token: str
    role: Role
    organisation: str
    authority: str | None
    scopes: frozenset[str]
