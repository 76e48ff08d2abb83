"""What the registry, the ledger and the outbox hold: who may come, that somebody looked, whom that is told."""

import struct
from dataclasses import dataclass
from datetime import datetime
from typing import Final

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
    """One child that an operation matched: the categories shown and withheld, and whether by an override.

    `authority` is the GSS code of a protected child's responsible authority, "" where nobody knows it, and None of a
    child that nothing protects.
    """

    number: str
    shown: frozenset[str]
    withheld: frozenset[str]
    override: bool
    authority: str | None = None


class SealedEntry(msgspec.Struct, frozen=True, gc=False):
    """A record of the ledger as the store is given it: what lies open of it says nothing without a key."""

    reference: bytes  # 16, random; in hexadecimal the answer's Contactpoint-Record header
    key: bytes  # the data key's name
    viewer: bytes  # keyed index
    children: bytes  # keyed indexes end to end
    sealed: bytes


class KeptKey(msgspec.Struct, frozen=True, gc=False):
    """What is kept of a data key: one sealed part for each of the auditors named, in their order."""

    name: bytes
    authority: str | None
    began_at: int  # microseconds since 1970
    auditors: tuple[str, ...]
    sealed: tuple[bytes, ...]


class Conditions(msgspec.Struct, frozen=True, gc=False):
    """What a record depends on: the epochs its answer was decided under, and what it adds to its viewer's guesses.

    None of an epoch: nothing was decided by it. None of `guesses`: no child was asked for.
    """

    decided: int | None = None  # of the shields
    registered: int | None = None  # of the registry
    guesses: int | None = None


# Epochs, guesses, then reference, key, viewer and how long the children are; behind those how long the sealed part is.
_PACKED: Final = struct.Struct(">qqi16s16s16si")
_LENGTH: Final = struct.Struct(">i")


def packed(entry: SealedEntry, conditions: Conditions) -> bytes:
    """Both as `record_accesses` takes them apart: one run of bytes, as a driver is slow with many small columns."""
    decided, registered, guesses = conditions.decided, conditions.registered, conditions.guesses
    head = _PACKED.pack(
        -1 if decided is None else decided,
        -1 if registered is None else registered,
        -1 if guesses is None else guesses,
        entry.reference,
        entry.key,
        entry.viewer,
        len(entry.children),
    )
    return b"".join((head, entry.children, _LENGTH.pack(len(entry.sealed)), entry.sealed))


class Heads(msgspec.Struct, frozen=True, gc=False):
    """Where the ledger stands: chain, position and link of each chain that has a record, and the last checkpoint.

    `number` is the one that the last is kept under, and 0 before the first; what its text says is another matter.
    """

    chains: tuple[tuple[int, int, bytes], ...]
    number: int
    last: str | None


class Override(msgspec.Struct, frozen=True, gc=False):
    """A viewer's request to look behind one shield. `token` is the token's own id.

    Its record is sealed before it is known what it comes to: `granted` and `refused`, each of a reference of its own;
    that of the one which stands is the report's too. `authority` is the protected child's, as it was when they were
    sealed (ChildAccess has the words). `prints` are the viewer's own: of their own child there is none to begin.
    """

    granted: SealedEntry
    refused: SealedEntry
    authority: str | None
    number: str
    viewer: str
    token: str
    organisation: str
    reason: str
    prints: tuple[bytes, ...] = ()


class Begun(msgspec.Struct, frozen=True, gc=False):
    """What a request to look behind a shield came to.

    `until` is None alike where there is no such child, no shield, or one that is sealed. `lately` counts the viewer's
    overrides of a day where one was begun, and is 0 otherwise.
    """

    until: datetime | None
    lately: int


class StewardsWord(msgspec.Struct, frozen=True, gc=False):
    """What a steward says of an entry in quarantine, and its record: `refused` where nothing of theirs is called so."""

    entry: str  # its reference
    resolution: str
    number: str | None
    steward: str
    reason: str
    done: SealedEntry
    refused: SealedEntry


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
