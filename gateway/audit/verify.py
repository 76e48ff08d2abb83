"""Whether the ledger is what its writers wrote, recomputed by code that shares only the record's format.

Pure: whoever reads the store streams the records in, by chain and position, and is told what is wrong and where.
"""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.audit.checkpoint_format import NO_CHECKPOINT, Head, Signed
from gateway.audit.record_format import NO_LINK, Record, key_names, link

_LOOK_AHEAD: Final = 64  # records, within which one that was moved is told from one that was changed


class Kind(StrEnum):
    """What is wrong, in the words of a report."""

    FLIPPED = "flipped"  # what it says is not what was written
    MISSING = "missing"
    REORDERED = "reordered"
    TRUNCATED = "truncated"  # the chain ends before a place it is known to have reached
    FORKED = "forked"  # another history than the one a checkpoint saw
    ROLLED_BACK = "rolled back"  # the store knows less than a checkpoint that somebody kept
    FOREIGN_KEY = "foreign key"  # a checkpoint that our key has not signed
    KEY_LOST = "key lost"  # somebody can no longer open it: a data key of it is gone or exchanged
    INVENTED = "invented"  # where no writer has written yet, or none ever does
    REPEATED = "repeated"  # one operation's record more than once


class Finding(NamedTuple):
    """One thing wrong. `chain` is None for what is wrong with a checkpoint; `position` counts from 1."""

    kind: Kind
    chain: int | None
    position: int
    words: str


class Verifier:
    """Takes every record once, in order of chain and position; `finish` says what only the end can show.

    `starts` are the places behind which whole months were dropped (by their signed stubs), `ends` the heads that the
    store itself names, of every chain that somebody writes to, `seen` the links that checkpoints saw, and `keys` the
    names of the data keys that are there.
    """

    def __init__(
        self,
        *,
        keys: Collection[bytes],
        starts: Mapping[int, Head],
        ends: Iterable[Head],
        seen: Iterable[Head],
    ) -> None:
        self._keys = frozenset(keys)
        self._starts = starts
        self._seen: dict[int, dict[int, bytes]] = {}
        self._reached: dict[int, int] = {}
        ends = tuple(ends)
        for head in (*ends, *seen):
            if head.position:
                self._seen.setdefault(head.chain, {})[head.position] = head.link
                self._reached[head.chain] = max(head.position, self._reached.get(head.chain, 0))
        self._ends = {head.chain: head.position for head in ends}
        self._before: Head | None = None
        self._ahead: deque[Record] = deque()
        self._displaced: deque[Record] = deque(maxlen=_LOOK_AHEAD)
        self.records = 0

    def take(self, records: Iterable[Record]) -> Iterator[Finding]:
        """What is wrong with these, as far as the few after them that have come show it."""
        self._ahead.extend(records)
        while len(self._ahead) > _LOOK_AHEAD:
            yield from self._next()

    def finish(self) -> Iterator[Finding]:
        """What is wrong with the last of them, and with chains that should go on."""
        while self._ahead:
            yield from self._next()
        yield from self._ended()
        for chain, position in sorted(self._reached.items()):
            start = self._starts.get(chain)
            if start is None or position > start.position:
                yield Finding(
                    Kind.TRUNCATED, chain, position, f"the chain is known to reach {position} and is not there"
                )

    def _next(self) -> Iterator[Finding]:
        record = self._ahead.popleft()
        self.records += 1
        before = self._before
        if before is None or record.chain != before.chain:
            yield from self._ended()
            before = self._starts.get(record.chain, Head(record.chain, 0, NO_LINK))
        sound = True  # as far as its links go
        if record.position <= before.position:
            yield Finding(Kind.FORKED, record.chain, record.position, "two records claim one place")
            return
        if record.position > before.position + 1:
            gap = f"{before.position + 1} to {record.position - 1}"
            yield Finding(Kind.MISSING, record.chain, before.position + 1, f"records {gap} are not there")
        elif record.link != link(before.link, record):
            moved = self._belongs_here(before.link, record)
            if moved is None:
                words = "it does not follow from the one before it"
                yield Finding(Kind.FLIPPED, record.chain, record.position, words)
                sound = False
            else:
                words = f"what stands at {moved.position} was written here"
                yield Finding(Kind.REORDERED, record.chain, record.position, words)
                self._displaced.append(record)
                record = moved._replace(position=record.position)
        if sound and not self._may_be_opened(record):
            yield Finding(Kind.KEY_LOST, record.chain, record.position, "a data key of it is gone or was exchanged")
        known = self._seen.get(record.chain, {}).get(record.position)
        if known is not None and known != record.link:
            yield Finding(
                Kind.FORKED, record.chain, record.position, "a checkpoint or the chain's head saw another record"
            )
        self._before = Head(record.chain, record.position, record.link)

    def _may_be_opened(self, record: Record) -> bool:
        """By everybody it was sealed for: the parts of protected children are as good as the general one."""
        try:
            return self._keys.issuperset(key_names(record))
        except msgspec.DecodeError:
            return False

    def _belongs_here(self, before: bytes, record: Record) -> Record | None:
        """The one of those near that was written in this one's place, if any."""
        for other in (*self._displaced, *self._ahead):
            if other.chain == record.chain and other.link == link(before, other._replace(position=record.position)):
                return other
        return None

    def _ended(self) -> Iterator[Finding]:
        """The chain that was being read is at its end."""
        if self._before is None:
            return
        chain, position, _ = self._before
        end = self._ends.get(chain)
        if end is None:
            yield Finding(Kind.INVENTED, chain, position, "nobody writes to this chain")
        elif position > end:
            yield Finding(Kind.INVENTED, chain, end + 1, f"the chain goes on to {position}, and was written to {end}")
        reached = self._reached.pop(chain, 0)
        if reached > position:
            yield Finding(Kind.TRUNCATED, chain, position + 1, f"the chain is known to reach {reached}")
        self._before = None


def verify_checkpoints(
    stored: Sequence[Signed], kept: Sequence[Signed], trusted: Ed25519PublicKey
) -> Iterator[Finding]:
    """What is wrong with the checkpoints themselves: the store's, in order, and those that somebody kept."""
    before, number = NO_CHECKPOINT, 0
    for signed in stored:
        point = signed.checkpoint
        if not signed.signed_by(trusted):
            yield Finding(Kind.FOREIGN_KEY, None, point.number, f"the store's checkpoint {point.number} is not ours")
        if point.number != number + 1:
            yield Finding(
                Kind.MISSING, None, number + 1, f"checkpoints {number + 1} to {point.number - 1} are not there"
            )
        elif point.before != before:
            yield Finding(
                Kind.FORKED, None, point.number, f"checkpoint {point.number} does not follow from the one before"
            )
        before, number = signed.digest(), point.number
    by_number = {signed.checkpoint.number: signed for signed in stored}
    for signed in kept:
        point = signed.checkpoint
        if not signed.signed_by(trusted):
            yield Finding(Kind.FOREIGN_KEY, None, point.number, f"the kept checkpoint {point.number} is not ours")
        elif point.number > number:
            words = f"checkpoint {point.number} was kept, and the store knows {number}"
            yield Finding(Kind.ROLLED_BACK, None, point.number, words)
        elif (there := by_number.get(point.number)) is not None and there.checkpoint != point:
            yield Finding(Kind.FORKED, None, point.number, f"the kept checkpoint {point.number} is not the store's")


def heads_seen(checkpoints: Iterable[Signed], trusted: Ed25519PublicKey) -> Iterator[Head]:
    """The heads that checkpoints of ours vouch for; others vouch for nothing."""
    for signed in checkpoints:
        if signed.signed_by(trusted):
            yield from signed.checkpoint.heads
