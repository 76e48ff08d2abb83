"""The ledger as one auditor's request may read it: of a protected child, what concerns their own authority alone."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Protocol, TypeAlias

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from adapters.store.entries import ChildAccess, KeptKey
from adapters.store.reading import Reading
from gateway.audit.opening import Keyring, OpenedRecord
from gateway.audit.record_format import Record
from gateway.audit.scribe import Scribe
from gateway.audit.sealing import key_names
from gateway.cursors import cursor, read_cursor
from gateway.purpose import Purpose
from gateway.viewer import Role, Viewer
from resolvers.accesses import AccessBook, AccessPage, ChildAccessRecord
from resolvers.answering import Answering
from resolvers.children import checked_number, protecting_authority
from resolvers.errors import BadCriteriaError, QuestionError

ReadNumbers: TypeAlias = Callable[[Sequence[str]], Awaitable[Reading]]


class Reads(Protocol):
    """Reads children of one moment, by a deadline in the loop's time."""

    def ask(self, numbers: Sequence[str], deadline: float) -> Awaitable[Reading]: ...


class AccessStore(Protocol):
    """What is asked of the store."""

    async def accesses_of(
        self, child: bytes, most: int, before: tuple[int, bytes] | None
    ) -> Sequence[tuple[int, int, int, bytes, bytes, bytes, bytes, bytes, bytes]]: ...

    async def data_keys(self, names: Collection[bytes]) -> Sequence[KeptKey]: ...


class AuditDesk:
    """Hands each auditor's request the ledger. Without private keys what needs them is unavailable."""

    def __init__(self, store: AccessStore, scribe: Scribe, auditors: Sequence[X25519PrivateKey]) -> None:
        self._store = store
        self._scribe = scribe
        self._auditors = auditors

    def for_request(self, viewer: Viewer, purpose: Purpose, reads: Reads, deadline: float) -> AccessBook | None:
        """The ledger as this viewer may read it; None where they may not."""
        if viewer.role is not Role.AUDITOR or purpose is not Purpose.AUDIT:
            return None
        read = partial(reads.ask, deadline=deadline)
        return _AccessBook(self._store, self._scribe, self._auditors, viewer.authority, read)


class _AccessBook:
    def __init__(
        self,
        store: AccessStore,
        scribe: Scribe,
        auditors: Sequence[X25519PrivateKey],
        authority: str | None,
        read: ReadNumbers,
    ) -> None:
        self._store = store
        self._scribe = scribe
        self._auditors = auditors
        self._authority = authority
        self._read = read

    async def accesses(self, number: str, first: int, after: str | None, answering: Answering) -> AccessPage:
        """Of a child that there is not, or that another authority protects, alike none."""
        if not self._auditors:
            raise QuestionError("the ledger is not opened here: set `CONTACTPOINT_AUDITOR_KEY_FILES`")
        wanted, before = checked_number(number), _place(after)
        reading = await self._read((wanted,))
        answering.read_under(reading.epoch, reading.registered)
        if not reading.children:
            answering.missed([wanted])
        rows = await self._store.accesses_of(self._scribe.index(wanted), first + 1, before)
        ring = Keyring(self._auditors)
        ring.add(await self._store.data_keys({name for row in rows for name in key_names(row[4], row[7])}))
        protecting = [protecting_authority(child) for child in reading.children]
        for authority in protecting:
            answering.matched(wanted, authority=authority)
        if protecting not in ([None], [self._authority]):
            return AccessPage((), None)
        records = [Record(*row) for row in rows[:first]]
        told = [
            told
            for record in records
            if (opened := ring.open(record)) is not None and (told := self._told(opened, wanted)) is not None
        ]
        last = records[-1] if len(rows) > first else None
        return AccessPage(tuple(told), None if last is None else cursor(f"{last.at} {last.reference.hex()}"))

    def _told(self, record: OpenedRecord, number: str) -> ChildAccessRecord | None:
        """What a record says of this child, where that is for this auditor."""
        for child in record.children:
            if child.number == number and child.authority in (None, self._authority):
                return _access(record, child)
        return None


def _access(record: OpenedRecord, child: ChildAccess) -> ChildAccessRecord:
    return ChildAccessRecord(
        record.reference,
        datetime.fromtimestamp(record.at / 1_000_000, UTC),
        record.viewer,
        record.organisation,
        record.acting_role,
        record.purpose,
        record.reason,
        record.outcome,
        record.act,
        tuple(sorted(child.shown)),
        tuple(sorted(child.withheld)),
        child.override,
    )


def _place(after: str | None) -> tuple[int, bytes] | None:
    if after is None:
        return None
    at, _, reference = read_cursor(after).partition(" ")
    try:
        place = int(at), bytes.fromhex(reference)
    except ValueError:
        raise BadCriteriaError("`after` is not a cursor of ours") from None
    if not 0 <= place[0] < 2**63 or len(place[1]) != 16:
        raise BadCriteriaError("`after` is not a cursor of ours")
    return place
