"""Officers' acts in the store, under the role `shield`: one turn at a time, with nobody else's hand on any shield.

Nothing is judged here, but the store's own triggers refuse what no act, or no second officer, stands behind. No message
that leaves holds a value.
"""

import secrets
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from adapters.identity import Decided, Decision, IdentityEntry
from adapters.number import new_number
from adapters.records import Tier
from adapters.shield_records import (
    CaseRow,
    CircleTerm,
    HoldRow,
    Member,
    OpenProposal,
    QuarantineRow,
    ShieldState,
)
from adapters.store.entries import SealedEntry
from adapters.store.failures import ShieldUnreadable
from adapters.store.feed_rows import as_row
from adapters.store.feeding import quarantine_row
from adapters.store.pool import Connection, Pool, bounded, open_pool, taken
from adapters.store.postgres import read_queries

SHIELD = "`CONTACTPOINT_SHIELD_DSN` or `CONTACTPOINT_DSN`"  # where the address stands
HOUSEHOLD = "household"  # whose hold it is that somebody joined one
QUERIES = read_queries((Path(__file__).parent / "shields.sql").read_text(encoding="utf-8"))
_BY_NUMBER = f"{QUERIES['by_number']}\n{QUERIES['states']}"
_HOUSEHOLD = f"{QUERIES['household']}\n{QUERIES['states']}"
_CASES = f"{QUERIES['case_page']}\n{QUERIES['states']}"

_circle = msgspec.json.Decoder(tuple[CircleTerm, ...])
_holds = msgspec.json.Decoder(tuple[HoldRow, ...])
_proposals = msgspec.json.Decoder(tuple[OpenProposal, ...])


class NotMergeable(Exception):
    """One of two records may be merged with none; the turn must not be let stand."""


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom something is listed: an officer, their authority, and whether they are a custodian of its sealed.

    `prints` are the officer's own: nothing is listed of a child who is theirs.
    """

    authority: str
    subject: str
    custodian: bool
    prints: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Act:
    """What one officer, or two, did to one child and why. `second` completed what `officer` had proposed."""

    reference: str  # random
    child_id: int
    act: str
    officer: str
    second: str | None
    authority: str
    reason: str
    content: Mapping[str, Any]


class Turn:
    """One transaction in which nobody else changes identity or a shield. Nothing of it stands unless all of it does."""

    def __init__(self, connection: Connection, today: date) -> None:
        self._connection = connection
        self.today = today  # in England, by the store's clock

    async def state(self, number: str, prints: Collection[bytes] = ()) -> ShieldState | None:
        """How the child stands; None where there is none, it has a new identity, or one of `prints` is in its kin."""
        rows = await self._connection.fetch(_BY_NUMBER, number, list(prints))
        return _state(rows[0]) if rows else None

    async def household(self, child_id: int) -> tuple[Member, ...]:
        """Who shares a home or a parent with the child, and whom its shield covers."""
        rows = await self._connection.fetch(_HOUSEHOLD, child_id)
        return tuple(Member(_state(row), row["released"]) for row in rows)

    async def propose(self, act: Act) -> None:
        """A first officer's word; it waits for thirty days."""
        await self._run("lapse", act.child_id)
        await self._run(
            "propose",
            *(act.reference, act.child_id, act.act, _json(act.content), act.officer, act.authority, act.reason),
        )

    async def act(self, act: Act, proposal: str | None = None) -> None:
        """Begin an act: what changes after is its doing. `proposal` is completed by it, every other one void."""
        await self._run("settle", act.child_id, proposal)
        await self._run(
            "act",
            *(act.reference, act.child_id, act.act, act.officer, act.second, act.authority, act.reason),
            _json(act.content),
        )

    async def put(self, before: ShieldState, after: ShieldState, officer: str, authority: str) -> None:
        """Have the shield stand as in `after`, circle and holds apart; `officer` raises or confirms it."""
        withheld, stands = sorted(after.withheld), (after.child_id, after.tier.value, after.authority)
        if before.tier is Tier.OPEN:
            await self._run(
                "raise",
                *(*stands, withheld, after.ground, after.review_on),
                *(officer, authority, after.household_of),
            )
        else:
            await self._run(
                "change",
                *(*stands, withheld, after.ground, after.review_on, after.household_of, after.confirmed, officer),
            )

    async def remove(self, child_id: int) -> None:
        """Take the shield away, its circle with it; whom it covered keep shields of their own."""
        for statement in ("end_circle", "leave_household", "remove"):
            await self._run(statement, child_id)

    async def release(self, child_id: int, act: str, root: int | None = None) -> None:
        """Have nobody's shield in the household, nor that of `root`, cover the child, or hold it for joining."""
        await self._run("release", child_id, act, root)

    async def circle(self, child_id: int, terms: Sequence[CircleTerm]) -> None:
        """Let these behind the shield, and nobody else."""
        await self._run("narrow_circle", child_id, [term.organisation for term in terms])
        await self._run("set_circle", child_id, _json(terms))

    async def clear_holds(self, child_id: int, officer: str, reason: str, agency: str | None = None) -> None:
        """End the holds in force: those of one agency, or all."""
        await self._run("clear_holds", child_id, officer, reason, agency)

    async def new_identity(self, child_id: int, entry: IdentityEntry, authority: str, officer: str) -> str | None:
        """Close the record and begin another of that authority; its number.

        None where a key of it is or was somebody's: then the turn must not be let stand.
        """
        row = as_row(replace(entry, authority=authority), Decision(Decided.CREATE), new_number(), secrets.token_hex(16))
        await self._run("close_child", child_id)
        made = await self._connection.fetchval(QUERIES["new_identity"], _json(row), authority, officer)
        return None if made is None else row.number

    async def entry(self, reference: str, reader: Reader) -> QuarantineRow | None:
        """An entry that waits for this officer; None: there is none."""
        rows = await self._connection.fetch(QUERIES["quarantine_entry"], *_who(reader), reference, list(reader.prints))
        return quarantine_row(rows[0]) if rows else None

    async def resolve(self, reference: str, resolution: str, number: str | None) -> bool:
        """Carry out, within an act, what was said of an entry; False where it does not wait for that."""
        return bool(await self._connection.fetchval(QUERIES["resolve"], reference, resolution, number))

    async def merge(self, survivor: int, loser: int) -> None:
        """Make two records one, within an act of two officers. Raises NotMergeable."""
        try:
            await self._run("merge", survivor, loser)
        except asyncpg.InsufficientPrivilegeError:
            raise NotMergeable("one of the records is closed, or a new identity") from None

    async def circle_members(self, organisations: Collection[str]) -> frozenset[str]:
        """Those of the organisations that are registered schools or practices."""
        rows = await self._connection.fetch(QUERIES["circle_members"], list(organisations))
        return frozenset(row["id"] for row in rows)

    async def is_authority(self, code: str) -> bool:
        """Whether an authority of that GSS code is registered."""
        return bool(await self._connection.fetchval(QUERIES["authority"], code))

    async def record(self, act: str, entry: SealedEntry) -> None:
        """The act's own record, which stands or falls with the act."""
        await self._run("record", act, *msgspec.structs.astuple(entry))

    async def _run(self, query: str, *arguments: Any) -> None:
        await self._connection.execute(QUERIES[query], *arguments)


class ShieldBook:
    """A bounded pool of connections as the role `shield`; every method raises StoreUnavailable rather than wait."""

    def __init__(self, pool: Pool, wait: float) -> None:
        self._pool = pool
        self._wait = wait

    @classmethod
    async def connect(cls, dsn: str, *, connections: int = 2, wait: float = 1.0, timeout: float = 3.0) -> "ShieldBook":  # noqa: ASYNC109
        """Open the pool: `connections` at most, `wait` seconds for a free one, `timeout` seconds for a statement.

        Raises StoreSetupError, whose one line names the fix and never the password.
        """
        pool = await open_pool(
            dsn, SHIELD, connections=connections, to_connect=timeout, to_answer=timeout, settings=bounded(timeout)
        )
        return cls(pool, wait)

    async def close(self) -> None:
        """Let statements in flight end, then close every connection."""
        await self._pool.close()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[Turn]:
        """A turn, committed at the end of the block; whatever leaves it early undoes all of it."""
        async with taken(self._pool, self._wait) as connection, connection.transaction():
            await connection.execute(QUERIES["turn"])
            yield Turn(connection, await connection.fetchval(QUERIES["today"]))

    async def cases(self, reader: Reader, listing: str, after: str | None, most: int) -> tuple[CaseRow, ...]:
        """Children of the officer's authority with a shield, a hold or a proposal, by number, after that number."""
        who, prints = _who(reader), list(reader.prints)
        async with taken(self._pool, self._wait) as connection:
            rows = await connection.fetch(_CASES, *who, listing, after, most, prints)
            households: dict[int, list[str]] = {row["id"]: [] for row in rows}
            for child, number in await connection.fetch(QUERIES["households"], *who, list(households), prints):
                households[child].append(number)
        return tuple(
            CaseRow(_state(row), bool(row["overdue"]), _holds_of(row), tuple(households[row["id"]])) for row in rows
        )

    async def quarantine(
        self, reader: Reader, after: tuple[datetime, str] | None, most: int
    ) -> tuple[QuarantineRow, ...]:
        """What waits for the officer, by (received_at, reference), after that one."""
        at, reference = after or (None, None)
        async with taken(self._pool, self._wait) as connection:
            rows = await connection.fetch(
                QUERIES["quarantine"], *_who(reader), at, reference, most, list(reader.prints)
            )
        return tuple(quarantine_row(row) for row in rows)


def _who(reader: Reader) -> tuple[str, str, bool]:
    return reader.authority, reader.subject, reader.custodian


def _state(row: asyncpg.Record) -> ShieldState:
    """Raises ShieldUnreadable where what is read makes no sense."""
    try:
        holds = _holds_of(row)
        bare = ShieldState(
            child_id=row["id"],
            number=row["number"],
            child_authority=row["child_authority"],
            tier=Tier.OPEN,
            holds=len(holds),
            joined=any(hold.agency == HOUSEHOLD for hold in holds),
            proposals=_proposals.decode(row["proposals"]) if row["proposals"] else (),
        )
        if row["tier"] is None:
            return bare
        return replace(
            bare,
            tier=Tier(row["tier"]),
            authority=row["authority"],
            withheld=frozenset(row["withheld"]),
            ground=row["ground"],
            review_on=row["review_on"],
            raised_by=row["raised_by"],
            confirmed=row["confirmed"],
            household_of=row["household_of"],
            circle=_circle.decode(row["circle"]) if row["circle"] else (),
        )
    except (ValueError, TypeError, KeyError, msgspec.MsgspecError):
        raise ShieldUnreadable("a child's shield cannot be understood") from None


def _holds_of(row: asyncpg.Record) -> tuple[HoldRow, ...]:
    return _holds.decode(row["holds"]) if row["holds"] else ()


def _json(content: Any) -> str:
    return msgspec.json.encode(content).decode()
