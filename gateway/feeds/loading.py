"""A file of a source, loaded: read, matched against the store as it is, written batch by batch, each all or nothing.

How far a file has come is committed with what was written, so a load that is killed goes on where it stopped. An entry
is never decided beside one whose writing might change the decision: it waits until that is written. So where batches
end makes no difference to what comes of a file.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Hashable, Iterator, Sequence
from contextlib import aclosing
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TypeAlias

from adapters.identity import Decided, Decision, IdentityEntry
from adapters.records import Name
from adapters.store.feed_rows import held_keys
from adapters.store.feeding import Batch, Begun, FeedStore, Found, Reject
from adapters.store.search import name_key
from adapters.store.sounds import sound
from gateway.feeds import normalise
from gateway.feeds.definition import SourceDefinition
from gateway.feeds.matching import decide
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
        decided = await _decided(batch, entries[: _strangers(entries)])
        counts.update(word.value.lower() for word in await batch.apply(decided))
        entries = entries[len(decided) :]
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


async def _decided(batch: Batch, entries: Sequence[IdentityEntry]) -> list[tuple[IdentityEntry, Decision]]:
    """What is to be done with each, up to the first that is like a child which an earlier one changes."""
    named = await batch.by_keys(entries)
    at_once = [_by_key_alone(entry, found) for entry, found in zip(entries, named, strict=True)]
    unsettled = [at for at, decision in enumerate(at_once) if decision is None]
    likely: dict[int, Found] = {}
    if unsettled:
        asked = [entries[at] for at in unsettled]
        alike = await batch.by_likeness(asked, [near_dates(entry.birth_date) for entry in asked])
        likely = dict(zip(unsettled, alike, strict=True))
    decided = list[tuple[IdentityEntry, Decision]]()
    changed = set[int]()
    for at, entry in enumerate(entries):
        found = likely.get(at, _NOBODY)
        candidates = {one.child_id: one for one in (*found.candidates, *named[at].candidates)}
        if not changed.isdisjoint(candidates):
            break
        decision = at_once[at] or decide(entry, candidates.values(), crowded=found.crowded)
        one = None if decision.child_id is None else candidates[decision.child_id]
        if decision.decided is not Decided.UPDATE or one is None:
            decided.append((entry, decision))
            continue
        told = normalise.in_full(entry, one)
        decided.append((told, decision))
        changed.add(one.child_id)
        if one.protected and (told.parents or told.address not in (None, one.address)):
            break  # whoever lives with the child is held from now on
    return decided


_NOBODY = Found([])


def _by_key_alone(entry: IdentityEntry, found: Found) -> Decision | None:
    """The decision where nothing is left to doubt: one open child has its key, its very name and its birth date."""
    if len(found.candidates) != 1:
        return None
    one = found.candidates[0]
    if one.protected or one.birth_date != entry.birth_date or _searched_by(one.name) != _searched_by(entry.name):
        return None
    if not set(held_keys(entry.keys)) & set(held_keys(one.keys)):
        return None
    decision = decide(entry, found.candidates)
    return decision if decision.decided is Decided.UPDATE else None


def _searched_by(name: Name) -> tuple[str, str]:
    return name_key(name.family or ""), name_key(name.given[0])
