"""The ledger as one auditor's request may read it: of a protected child, what concerns their own authority alone."""

import secrets
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, Protocol, TypeAlias

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from adapters.store.entries import ChildAccess, KeptKey
from adapters.store.kinship import is_kin
from adapters.store.reading import Reading
from gateway.audit.opening import Keyring, OpenedRecord
from gateway.audit.record_format import INDEX_BYTES, Record, key_names
from gateway.audit.scribe import Scribe
from gateway.cursors import cursor, read_cursor
from gateway.purpose import Purpose
from gateway.viewer import Role, Viewer
from resolvers.accesses import AccessBook, AccessPage, ChildAccessRecord
from resolvers.answering import Answering
from resolvers.children import checked_number, protecting_authority
from resolvers.errors import BadCriteriaError, QuestionError

ReadNumbers: TypeAlias = Callable[[Sequence[str]], Awaitable[Reading]]
Row: TypeAlias = tuple[int, int, int, bytes, bytes, bytes, bytes, bytes, bytes]  # as record_format.Record has it
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Reads(Protocol):
    """Reads children of one moment, by a deadline in the loop's time."""

    def ask(self, numbers: Sequence[str], deadline: float) -> Awaitable[Reading]: ...


class AccessStore(Protocol):
    """What is asked of the store."""

    async def accesses_of(self, child: bytes, most: int, before: tuple[int, bytes] | None) -> Sequence[Row]: ...

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
        return _AccessBook(self._store, self._scribe, self._auditors, viewer, read)


class _AccessBook:
    def __init__(
        self,
        store: AccessStore,
        scribe: Scribe,
        auditors: Sequence[X25519PrivateKey],
        viewer: Viewer,
        read: ReadNumbers,
    ) -> None:
        self._store = store
        self._scribe = scribe
        self._auditors = auditors
        self._theirs = frozenset((None, viewer.authority or None))  # whose children this auditor may be told of
        self._prints = viewer.prints
        self._read = read

    async def accesses(self, number: str, first: int, after: str | None, answering: Answering) -> AccessPage:
        """Of a child that there is not, that another authority protects, or that is their own, alike none."""
        if not self._auditors:
            raise QuestionError("the ledger is not opened here: set `CONTACTPOINT_AUDITOR_KEY_FILES`")
        wanted, before = checked_number(number), _place(after)
        answering.asked_for += 1
        reading = await self._read((wanted,))
        answering.read_under(reading.epoch, reading.registered)
        may_be_told = False
        for child in reading.children:
            authority = protecting_authority(child)
            answering.matched(wanted, authority=authority)
            own = is_kin(self._prints, child.kin)
            answering.own_family |= own
            may_be_told = authority in self._theirs and not own
        if may_be_told:
            index = self._scribe.index(wanted)
        else:
            answering.missed([wanted])
            index = secrets.token_bytes(INDEX_BYTES)  # nobody's: the store is asked all the same
        told = await self._newest(wanted, index, first + 1, before)
        page = told[:first]
        end = cursor(f"{_microseconds(page[-1])} {page[-1].reference}") if len(told) > first else None
        return AccessPage(tuple(page), end)

    async def _newest(
        self, number: str, index: bytes, most: int, before: tuple[int, bytes] | None
    ) -> list[ChildAccessRecord]:
        """At most so many that this auditor may be told. The others leave no gap, page or place to be seen by."""
        ring = Keyring(self._auditors)
        told: list[ChildAccessRecord] = []
        rows: Sequence[Row] = ()
        while len(told) < most and (not rows or len(rows) == most):
            rows = await self._store.accesses_of(index, most, before)
            if not rows:
                break
            records = [Record(*row) for row in rows]
            before = records[-1].at, records[-1].reference
            names = {name for record in records for name in key_names(record)}
            kept = await self._store.data_keys([name for name in names if not ring.knows(name)])
            # Whichever keys this gateway holds: what is sealed for another authority stays shut, its reasons too.
            ring.add(key for key in kept if key.authority in self._theirs)
            for record in records:
                opened = ring.open(record)
                if opened is not None:
                    told += [_access(opened, child) for child in opened.children if child.number == number]
        return told[:most]


def _access(record: OpenedRecord, child: ChildAccess) -> ChildAccessRecord:
    return ChildAccessRecord(
        record.reference,
        _EPOCH + timedelta(microseconds=record.at),
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


def _microseconds(record: ChildAccessRecord) -> int:
    return (record.at - _EPOCH) // timedelta(microseconds=1)


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
