"""What the registry and the ledger hold: organisations that may come, and the record that somebody looked."""

from dataclasses import dataclass

import msgspec


@dataclass(frozen=True, slots=True)
class Organisation:
    """As registered. `kind` is a word of the table; `purposes` are a partner's own, empty for every other kind."""

    id: str
    name: str
    kind: str
    authority: str | None
    purposes: frozenset[str]


class ChildAccess(msgspec.Struct, frozen=True, gc=False):
    """One child that an operation matched: the categories shown and withheld, and whether by an override."""

    number: str
    shown: frozenset[str]
    withheld: frozenset[str]
    override: bool


class AccessEntry(msgspec.Struct, frozen=True, gc=False):
    """One operation, answered or refused. It names children and categories, never a value."""

    reference: str  # random; the answer's Contactpoint-Record header
    viewer: str
    organisation: str
    acting_role: str
    purpose: str | None
    reason: str | None
    document: str | None  # sha256 of the operation's text
    outcome: str  # ANSWERED or REFUSED
    code: str | None  # why refused, as extensions.code says it
    children: tuple[ChildAccess, ...] = ()
