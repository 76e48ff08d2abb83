"""Who asks: what a verified token says of its bearer, and who that is once the registry has let them in.

`gateway/tokens.py` is where a `Bearer` comes from, `gateway/registry.py` makes a `Standing` of it.
"""

from enum import Enum

import msgspec

from adapters.store.entries import Organisation
from adapters.store.registry_records import Client, Partner
from gateway.errors import Refusal
from resolvers.disclosure import Category


class Role(Enum):
    """The one role a token acts in."""

    PRACTITIONER = "PRACTITIONER"
    PARTNER = "PARTNER"
    SHIELD_OFFICER = "SHIELD_OFFICER"
    STEWARD = "STEWARD"
    ANALYST = "ANALYST"
    AUDITOR = "AUDITOR"

    __hash__ = object.__hash__  # each is one object; by its name, as enums have it, costs a call for every look


class Bearer(msgspec.Struct, frozen=True):
    """What a good token says.

    `subject` and `token` (its `jti`) bear the issuer's name where there are several issuers; `jti` is as the token has
    it, which is what is called back. `thumbprint` is the SHA-256 of the certificate the token is bound to, `own_print`
    the fingerprint of its `nhs_number`.
    """

    issuer: str  # its address, as `iss` has it
    subject: str
    client: str
    token: str
    jti: str
    role: Role
    organisation: str
    authority: str | None
    scopes: frozenset[str]
    thumbprint: bytes | None = None
    own_print: bytes | None = None


class Viewer(msgspec.Struct, frozen=True):
    """Who asks, as token and registry agree: scopes are those of both. `authority` is a GSS code.

    `prints` are keyed fingerprints of the person, for the own-record rule; none: nobody knows who they are, and that
    is flagged. `categories` are what a partner is registered for; None narrows nothing.
    """

    subject: str
    client: str
    token: str
    role: Role
    organisation: str
    authority: str | None
    scopes: frozenset[str]
    prints: tuple[bytes, ...] = ()
    categories: frozenset[Category] | None = None


class Standing(msgspec.Struct, frozen=True):
    """A bearer as the registry stood at `epoch`. With a `refusal` they are known, recorded, and not let in."""

    viewer: Viewer
    organisation: Organisation | None
    client: Client | None
    partner: Partner | None
    epoch: int
    refusal: Refusal | None = None
