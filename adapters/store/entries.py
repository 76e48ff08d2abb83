"""What the registry, the ledger and the outbox hold: who may come, that somebody looked, whom that is told."""

from dataclasses import dataclass
from datetime import datetime

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
    flags: frozenset[str] = frozenset()  # NO_PERSON: nobody knows who they are, for the own-record rule


class Conditions(msgspec.Struct, frozen=True, gc=False):
    """What a record depends on: the epochs its answer was decided under, and what it adds to its viewer's guesses.

    None of an epoch: nothing was decided by it. None of `guesses`: no child was asked for.
    """

    decided: int | None = None  # of the shields
    registered: int | None = None  # of the registry
    guesses: int | None = None


class ActEntry(msgspec.Struct, frozen=True, gc=False):
    """An act's own record, written in the act's transaction: `act` is the mutation, `part_of` the answer's reference.

    `numbers` are those of the children it touched; REFUSED where it came to nobody.
    """

    reference: str  # random
    part_of: str
    act: str
    viewer: str
    organisation: str
    acting_role: str
    purpose: str
    reason: str
    outcome: str = "ANSWERED"
    code: str | None = None
    numbers: tuple[str, ...] = ()


class Override(msgspec.Struct, frozen=True, gc=False):
    """A viewer's request to look behind one shield. `token` is the token's own id, `part_of` the answer's reference."""

    reference: str  # random: the act's own record, and its report
    part_of: str
    number: str
    viewer: str
    token: str
    organisation: str
    acting_role: str
    reason: str


class Report(msgspec.Struct, frozen=True, gc=False):
    """What a responsible authority is told, and where. `body` is JSON; `attempts` counts this one too."""

    id: int
    reference: str  # random; whoever sees it twice has seen it
    authority: str
    url: str
    kind: str
    body: str
    at: datetime
    attempts: int
