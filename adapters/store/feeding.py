"""The core store as feeds and stewards have it: children an entry may be, batches that are all or nothing, quarantine.

Its role writes no table: it calls the functions of 0011_feeding.sql, which keep the laws whatever was decided here. No
message that leaves holds a value: of a database's error only its code is kept.
"""

import secrets
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from adapters.identity import CameTo, Candidate, Decision, IdentityEntry, LikenessReason, QuarantineOutcome
from adapters.number import new_number
from adapters.shield_records import QuarantineRow
from adapters.store.entries import StewardsWord
from adapters.store.feed_rows import as_row, candidate_of, entry_of, held_keys
from adapters.store.pool import Connection, Pool, open_pool, taken
from adapters.store.postgres import read_queries
from adapters.store.sounds import sound

__all__ = ["Batch", "Begun", "FeedStore", "Found", "Reject", "SourceStatus", "as_row", "entry_of", "quarantine_row"]

FEED = "`CONTACTPOINT_FEED_DSN` or `CONTACTPOINT_DSN`"  # where the address stands
QUERIES = read_queries((Path(__file__).parent / "feeding.sql").read_text(encoding="utf-8"))
_BY_KEYS = f"{QUERIES['by_keys']}\n{QUERIES['candidates']}"
_BY_LIKENESS = f"{QUERIES['by_likeness']}\n{QUERIES['candidates']}"

# Every statement of a feed looks up by an index. A plan made while a table was small would read all of it, and be kept;
# one made for each call would cost more than what it plans.
_PLANNING = {
    "search_path": "public",
    "enable_seqscan": "off",
    "plan_cache_mode": "force_generic_plan",
    "jit": "off",
}

_counts = msgspec.json.Decoder(dict[str, int])


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that was not taken: where it stands and why, never what it says."""

    line: int
    column: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Begun:
    """How far a file has come. `counts` are of its rows so far, by what they came to."""

    as_of: datetime
    rows_done: int
    finished: bool
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """The file of one source that was worked on last."""

    source: str
    begun: Begun
    touched_at: datetime


@dataclass(slots=True)
class Found:
    """The children that one entry may be. Crowded: there are more of them than were looked at."""

    candidates: list[Candidate]
    crowded: bool = False


class _Candidate(msgspec.Struct):
    number: str
    reasons: tuple[LikenessReason, ...]


_candidates = msgspec.json.Decoder(tuple[_Candidate, ...])


class Batch:
    """One transaction of a feed: until it ends nobody else changes identity, and no shield moves."""

    def __init__(self, connection: Connection, source: str) -> None:
        self._connection = connection
        self._source = source

    async def by_keys(self, entries: Sequence[IdentityEntry]) -> list[Found]:
        """For each entry, the children that have or had one of its keys, or that its row was found to be before."""
        keyed = [(at, system, key) for at, entry in enumerate(entries) for system, key in held_keys(entry.keys)]
        rows = [(at, entry.row_key) for at, entry in enumerate(entries) if entry.row_key is not None]
        found = await self._connection.fetch(_BY_KEYS, *_columns(keyed, 3), *_columns(rows, 2), self._source)
        return _sorted_out(found, len(entries))

    async def by_likeness(self, entries: Sequence[IdentityEntry], near: Sequence[Sequence[date]]) -> list[Found]:
        """For each entry, the children in its blocks; `near` are the dates that its own may be mistaken for."""
        found = await self._connection.fetch(
            _BY_LIKENESS,
            list(range(len(entries))),
            [sound(entry.name.family or "") for entry in entries],
            [sound(entry.name.given[0]) for entry in entries],
            [entry.birth_date for entry in entries],
            ["{" + ",".join([day.isoformat() for day in dates]) + "}" for dates in near],
            [None if entry.address is None else entry.address.postcode for entry in entries],
        )
        return _sorted_out(found, len(entries))

    async def protected(self, children: Iterable[int]) -> frozenset[int]:
        """Which of these children are protected by now."""
        return frozenset([row[0] for row in await self._connection.fetch(QUERIES["protected"], list(children))])

    async def apply(self, decided: Sequence[tuple[IdentityEntry, Decision]]) -> list[CameTo]:
        """Carry out what was decided, in order, as far as the store's own laws allow; what each entry came to."""
        rows = [
            as_row(entry, decision, new_number(), secrets.token_hex(16), position)
            for position, (entry, decision) in enumerate(decided)
        ]
        came_to: list[CameTo] = [CameTo.QUARANTINED] * len(rows)
        for position, word in await self._connection.fetch(
            QUERIES["apply"], self._source, msgspec.json.encode(rows).decode()
        ):
            came_to[position] = _CAME_TO[word]
        return came_to

    async def progress(
        self, digest: bytes, rows_done: int, counts: Mapping[str, int], rejects: Sequence[Reject], *, finished: bool
    ) -> None:
        """Keep how far the file has come, with what the batch wrote or not at all."""
        told = [{"line": reject.line, "field": reject.column, "reason": reject.reason} for reject in rejects]
        await self._connection.execute(
            QUERIES["progress"],
            *(self._source, digest, rows_done),
            *(msgspec.json.encode(counts).decode(), msgspec.json.encode(told).decode(), finished),
        )


class FeedStore:
    """A bounded pool of connections of the feed's role; every method raises StoreUnavailable."""

    def __init__(self, pool: Pool, wait: float) -> None:
        self._pool = pool
        self._wait = wait

    @classmethod
    async def connect(cls, dsn: str, *, connections: int = 1, wait: float = 1.0, timeout: float = 60.0) -> "FeedStore":  # noqa: ASYNC109
        """Open the pool: `connections` at most, `wait` seconds for a free one, `timeout` seconds for a statement.

        Raises StoreSetupError, whose one line names the fix and never the password.
        """
        pool = await open_pool(
            dsn, FEED, connections=connections, to_connect=min(timeout, 5.0), to_answer=timeout, settings=_PLANNING
        )
        return cls(pool, wait)

    def _taken(self) -> AbstractAsyncContextManager[Connection]:
        return taken(self._pool, self._wait, ": try again")

    async def close(self) -> None:
        """Let statements in flight end, then close every connection."""
        await self._pool.close()

    @asynccontextmanager
    async def batch(self, source: str, *, undo: bool = False) -> AsyncIterator[Batch]:
        """A batch of a source, committed at the end of the block; with `undo`, or where anything fails, undone."""
        async with self._taken() as connection:
            transaction = connection.transaction()
            await transaction.start()
            try:
                await connection.execute(QUERIES["turn"])
                yield Batch(connection, source)
            except BaseException:
                if not connection.is_closed():
                    await transaction.rollback()
                raise
            await (transaction.rollback() if undo else transaction.commit())

    async def begin(self, source: str, digest: bytes, as_of: datetime) -> Begun:
        """Begin a file, or go on with it: then it is of when it was first said to be."""
        async with self._taken() as connection:
            await connection.fetch(QUERIES["begin"], source, digest, as_of)
        begun = await self.begun(source, digest)
        assert begun is not None  # noqa: S101 - it was begun above, and nobody may take that back
        return begun

    async def begun(self, source: str, digest: bytes) -> Begun | None:
        """How far a file has come, where it was begun."""
        async with self._taken() as connection:
            rows = await connection.fetch(QUERIES["begun"], source, digest)
        return _begun(rows[0]) if rows else None

    async def rejects(self, source: str, digest: bytes, most: int) -> tuple[Reject, ...]:
        """What of a file was rejected so far, by line."""
        async with self._taken() as connection:
            return tuple(Reject(*row) for row in await connection.fetch(QUERIES["rejects"], source, digest, most))

    async def status(self) -> tuple[SourceStatus, ...]:
        """The last file of each source."""
        async with self._taken() as connection:
            rows = await connection.fetch(QUERIES["status"])
        return tuple(SourceStatus(row["source"], _begun(row), row["touched_at"]) for row in rows)

    async def stewards_page(self, after: tuple[datetime, str] | None, most: int) -> Sequence[QuarantineRow]:
        """At most `most` of the entries that wait, as stewards may see them, after that one by time and reference."""
        async with self._taken() as connection:
            rows = await connection.fetch(QUERIES["stewards_page"], *(after or (None, None)), most)
        return [quarantine_row(row) for row in rows]

    async def resolve_entry(self, word: StewardsWord) -> bool:
        """A steward's word on what waits, recorded in the same commit; False where nothing of theirs is called so."""
        async with self._taken() as connection, connection.transaction():
            done = bool(
                await connection.fetchval(
                    QUERIES["resolve_entry"], word.entry, word.resolution, word.number, word.steward, word.reason
                )
            )
            record = word.done if done else word.refused
            await connection.execute(QUERIES["record_act"], "resolveQuarantine", *msgspec.structs.astuple(record))
        return done


_CAME_TO = {word.value: word for word in CameTo}


def quarantine_row(row: asyncpg.Record) -> QuarantineRow:
    """A row of either listing of what waits; of somebody else's entry only that it does."""
    if row["entry"] is None:
        return QuarantineRow(row["reference"], row["received_at"])
    return QuarantineRow(
        row["reference"],
        row["received_at"],
        row["source"],
        QuarantineOutcome(row["outcome"]),
        entry_of(row["entry"]),
        tuple((found.number, found.reasons) for found in _candidates.decode(row["candidates"] or "[]")),
        row.get("anothers", False),  # stewards are told of all, or of nothing
    )


def _begun(row: asyncpg.Record) -> Begun:
    return Begun(row["as_of"], row["rows_done"], row["finished"], _counts.decode(row["counts"]))


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]


def _sorted_out(rows: Sequence[asyncpg.Record], entries: int) -> list[Found]:
    found = [Found([]) for _ in range(entries)]
    for row in rows:
        of_entry = found[row["position"]]
        of_entry.candidates.append(candidate_of(row))
        of_entry.crowded = of_entry.crowded or row["crowded"]
    return found
