"""A file of a source, loaded: read, matched against the store as it is, written batch by batch, each all or nothing.

How far a file has come is committed with what was written, so a load that is killed goes on where it stopped. An entry
is never decided beside one whose writing might change the decision: it waits until that is written. So where batches
end makes no difference to what comes of a file.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Hashable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TypeAlias

from adapters.identity import Candidate, Decided, Decision, IdentityEntry
from adapters.store.feed_rows import held_keys
from adapters.store.feeding import Batch, Begun, FeedStore, Found, Reject
from adapters.store.sounds import sound
from gateway.feeds import normalise
from gateway.feeds.definition import SourceDefinition
from gateway.feeds.matching import decide, plainly_known
from gateway.feeds.near_dates import near_dates
from gateway.feeds.reader import Rejected, rows, survey
from gateway.feeds.report import ACCEPTED, MOST_TOLD, REJECTED, LoadReport

BATCH = 500  # rows of a transaction: officers' acts wait for it, a third of a second at most

Progress = Callable[[int, int], None]


async def load(
    store: FeedStore,
    path: Path,
    definition: SourceDefinition,
    *,
    as_of: datetime,
    key: bytes,
    dry_run: bool = False,
    progress: Progress = lambda _line, _lines: None,
) -> LoadReport:
    """Load a file whose rows hold since `as_of`, unless they say otherwise themselves; `key` makes fingerprints.

    `progress` hears the line that is done, and about how many there are. With `dry_run` every batch is undone, so a
    child that comes in two of them counts as new twice. Raises SourceError or StoreUnavailable; what was committed
    stays, and the same call goes on from there.
    """
    file = await asyncio.to_thread(survey, path, definition)
    source, digest = definition.name, file.digest
    begun = await store.begun(source, digest) if dry_run else await store.begin(source, digest, as_of)
    if begun is not None and begun.finished:
        return LoadReport(begun.counts, await store.rejects(source, digest, MOST_TOLD), already_loaded=True)
    if begun is None or dry_run:
        begun = Begun(as_of, 0, finished=False, counts={})
    rows_done, counts, told = begun.rows_done, Counter(begun.counts), list[Reject]()
    async with aclosing(_portions(_read(path, definition, rows_done, begun.as_of, key))) as portions:
        async for portion in portions:
            rejects = [Reject(row.line, row.column, row.reason.value) for row in portion if isinstance(row, Rejected)]
            entries = [row for row in portion if isinstance(row, IdentityEntry)]
            async with store.batch(source, undo=dry_run) as batch:
                counts.update(await _write(batch, entries))
                counts.update({ACCEPTED: len(entries), REJECTED: len(rejects)})
                rows_done += len(portion)
                if not dry_run:
                    await batch.progress(digest, rows_done, counts, rejects, finished=False)
            told.extend(rejects[: MOST_TOLD - len(told)])
            progress(portion[-1].line, file.lines)
    if dry_run:
        return LoadReport(counts, told)
    async with store.batch(source) as batch:
        await batch.progress(digest, rows_done, counts, (), finished=True)
    return LoadReport(counts, await store.rejects(source, digest, MOST_TOLD))


Portion: TypeAlias = list[IdentityEntry | Rejected]


def _read(
    path: Path, definition: SourceDefinition, skip: int, as_of: datetime, key: bytes
) -> Iterator[IdentityEntry | Rejected]:
    for row in rows(path, definition, skip):
        yield row if isinstance(row, Rejected) else normalise.entry(row, definition, as_of, key)


async def _portions(read: Iterator[IdentityEntry | Rejected]) -> AsyncGenerator[Portion, None]:
    """What is read, a batch at a time; while one is written, a thread reads the next, and no further."""

    def next_portion() -> Portion:
        return list(islice(read, BATCH))

    ahead = asyncio.create_task(asyncio.to_thread(next_portion))
    try:
        while portion := await ahead:
            ahead = asyncio.create_task(asyncio.to_thread(next_portion))
            yield portion
    finally:
        await asyncio.wait([ahead])  # a thread cannot be called off


async def _write(batch: Batch, entries: Sequence[IdentityEntry]) -> Counter[str]:
    """Decide of the entries and carry it out; how many came to what, and what was noted of them."""
    counts = Counter(note for entry in entries for note in entry.notes)
    while entries:
        strangers = _strangers(entries)
        asked = await _asked(batch, entries[:strangers])
        while asked:
            decided, changed = _decided(asked)
            counts.update(word.value.lower() for word in await batch.apply(decided))
            asked = await _asked_again(batch, asked[len(decided) :], changed)
        entries = entries[strangers:]
    return counts


def _strangers(entries: Sequence[IdentityEntry]) -> int:
    """How many of them, from the first on, have no key in common and would not find each other by likeness."""
    met: set[Hashable] = set()
    for count, entry in enumerate(entries):
        marks, names = _marks(entry), _names(entry)
        near = [(*names, date) for date in near_dates(entry.birth_date)]
        if not met.isdisjoint(marks) or not met.isdisjoint(near):
            return count
        met.update(marks, [(*names, entry.birth_date)])
    return len(entries)


def _names(entry: IdentityEntry) -> tuple[str, str]:
    """Both sounds, in one order, as they may be exchanged."""
    family, given = sound(entry.name.family or ""), sound(entry.name.given[0])
    return (family, given) if family <= given else (given, family)


def _marks(entry: IdentityEntry) -> list[Hashable]:
    """By what, beside both names and a date near its own, another entry might come to mean the child that it does.

    See `by_likeness` in feeding.sql.
    """
    family, given, born = sound(entry.name.family or ""), sound(entry.name.given[0]), entry.birth_date
    marks: list[Hashable] = [*held_keys(entry.keys), (born, family, "family"), (born, given, "given")]
    if entry.row_key is not None:
        marks.append(entry.row_key)
    if entry.address is not None and entry.address.postcode is not None:
        postcode = entry.address.postcode
        marks += [(postcode, given, "given"), (postcode, family, "family"), (postcode, born)]
    return marks


@dataclass(slots=True)
class _Asked:
    """An entry, and whom it may be. `plainly`: what is to be done with it, where a key leaves nothing to doubt."""

    entry: IdentityEntry
    candidates: dict[int, Candidate]
    crowded: bool
    plainly: Decision | None


async def _asked(batch: Batch, entries: Sequence[IdentityEntry]) -> list[_Asked]:
    """Whom each of them may be: by its keys, and unless those leave nothing to doubt, by likeness."""
    named = await batch.by_keys(entries)
    asked = [
        _Asked(entry, {one.child_id: one for one in found.candidates}, found.crowded, _plainly(entry, found))
        for entry, found in zip(entries, named, strict=True)
    ]
    unsettled = [one for one in asked if one.plainly is None]
    if unsettled:
        near = [near_dates(one.entry.birth_date) for one in unsettled]
        for one, found in zip(unsettled, await batch.by_likeness([one.entry for one in unsettled], near), strict=True):
            one.candidates = {like.child_id: like for like in found.candidates} | one.candidates
            one.crowded = found.crowded
    return asked


async def _asked_again(batch: Batch, left: list[_Asked], changed: set[int]) -> list[_Asked]:
    """What was found of those that are left, as it is after a change of these children.

    It stays true of an entry until one of its candidates is changed, or comes to be protected: an entry that might find
    by now whom it did not find then would have been no stranger to the one that changed them.
    """
    if not left:
        return []
    protected = await batch.protected({child for one in left for child in one.candidates})
    outdated = [
        at
        for at, one in enumerate(left)
        if not changed.isdisjoint(one.candidates)
        or any(like.protected != (child in protected) for child, like in one.candidates.items())
    ]
    for at, one in zip(outdated, await _asked(batch, [left[at].entry for at in outdated]), strict=True):
        left[at] = one
    return left


def _plainly(entry: IdentityEntry, found: Found) -> Decision | None:
    return plainly_known(entry, found.candidates[0]) if len(found.candidates) == 1 else None


def _decided(asked: Sequence[_Asked]) -> tuple[list[tuple[IdentityEntry, Decision]], set[int]]:
    """What is to be done with each, up to the first that is like whom an earlier one changes; and whom they change."""
    decided = list[tuple[IdentityEntry, Decision]]()
    changed = set[int]()
    for one in asked:
        entry, candidates = one.entry, one.candidates
        if not changed.isdisjoint(candidates):
            break
        decision = one.plainly or decide(entry, candidates.values(), crowded=one.crowded)
        child = None if decision.child_id is None else candidates[decision.child_id]
        if decision.decided is not Decided.UPDATE or child is None:
            decided.append((entry, decision))
            continue
        told = normalise.in_full(entry, child)
        decided.append((told, decision))
        if not _said_again(told, child):
            changed.add(child.child_id)
            if child.protected and (told.parents or told.address not in (None, child.address)):
                break  # whoever lives with the child is held from now on
    return decided, changed


def _said_again(told: IdentityEntry, child: Candidate) -> bool:
    """Whether the entry tells nothing of the child that matching looks at and does not know."""
    return (
        told.name == child.name
        and told.birth_date == child.birth_date
        and told.gender in (None, child.gender)
        and told.address in (None, child.address)
        and not told.parents
        and set(held_keys(told.keys)) <= set(held_keys(child.keys))
    )
