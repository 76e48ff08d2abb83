"""Lists of what waits and of who is protected are cut after everything hidden is left out (case 5).

The twin says by the design's words which entries and children a reader is told of; pages of any length must be those,
in order, each full but the last.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from adapters.identity import LikenessReason
from adapters.records import Tier
from adapters.shield_records import QuarantineRow
from adapters.store.feeding import FeedStore
from adapters.store.roles import Role
from adapters.store.shields import Reader, ShieldBook
from tests.builders import ELSEWHERE, HERE
from tests.databases import Database
from tests.officers import an_entry, put_in_quarantine
from tests.shield.twin import ANOTHERS, ME, MY_PRINT, OTHER
from tests.store.rows import Rows

Row = TypeVar("Row")

BEGAN: Final = datetime(2026, 1, 1, tzinfo=UTC)
EMPTY: Final = ";".join(
    f"DELETE FROM {table}"  # noqa: S608 - words of this file
    for table in ("quarantine_candidates", "quarantine", "holds", "shields", "children")
)
several = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@dataclass(frozen=True)
class Kept:
    """A child whom an entry may be like; `mine`: the reader's own."""

    tier: Tier
    held: bool
    here: bool
    raised_by: str | None
    mine: bool

    @property
    def protected(self) -> bool:
        return self.held or self.tier is not Tier.OPEN

    @property
    def own_raise(self) -> bool:
        return self.tier is not Tier.OPEN and self.raised_by == ME


@dataclass(frozen=True)
class Waits:
    """An entry, and how much it is like which children, by their places."""

    like: dict[int, int]


kept = st.builds(
    Kept,
    tier=st.sampled_from(Tier),
    held=st.sampled_from([False, False, True]),
    here=st.sampled_from([True, True, False]),
    raised_by=st.sampled_from([None, None, None, ME, OTHER]),
    mine=st.sampled_from([False] * 6 + [True]),
)
children = st.lists(kept, min_size=3, max_size=5)
waiting = st.lists(
    st.dictionaries(st.integers(0, 2), st.integers(8, 30), min_size=1, max_size=3).map(Waits), max_size=8
)
readers = st.builds(
    Reader,
    authority=st.sampled_from([HERE, ELSEWHERE]),
    subject=st.just(ME),
    custodian=st.booleans(),
    prints=st.sampled_from([(), (MY_PRINT,)]),
)
PARENT: Final = Reader(HERE, ME, custodian=False, prints=(MY_PRINT,))


@pytest.fixture
async def rows(database: Database) -> AsyncIterator[Rows]:
    """A pen for the test's own database."""
    owner = await database.connect(Role.OWNER)
    yield Rows(owner)
    await owner.close()


@pytest.fixture
async def book(database: Database) -> AsyncIterator[ShieldBook]:
    """Shields and quarantine as officers read them."""
    opened = await ShieldBook.connect(database.dsn(Role.SHIELD))
    yield opened
    await opened.close()


@pytest.fixture
async def feeds(database: Database) -> AsyncIterator[FeedStore]:
    """Quarantine as stewards read it."""
    opened = await FeedStore.connect(database.dsn(Role.FEED))
    yield opened
    await opened.close()


def number_of(place: int) -> str:
    return f"{place:013}"


async def lay(rows: Rows, world: Sequence[Kept], entries: Sequence[Waits] = ()) -> list[str]:
    """Have the store hold these and nothing else; the entries' references, the longest waiting first."""
    await rows.connection.execute(EMPTY)
    ids = []
    for place, child in enumerate(world):
        here = HERE if child.here else ELSEWHERE
        ids.append(await rows.child(number_of(place), authority=here))
        if child.tier is not Tier.OPEN:
            await rows.shield(ids[-1], child.tier.value, here, unconfirmed_by=child.raised_by)
        if child.held:
            await rows.hold(ids[-1])
    prints = [ANOTHERS + MY_PRINT if child.mine else ANOTHERS for child in world]
    await rows.connection.executemany("UPDATE children SET kin = $2 WHERE id = $1", zip(ids, prints, strict=True))
    references = [f"entry-{9 - serial}" for serial in range(len(entries))]  # so that not they alone make the order
    for serial, (reference, entry) in enumerate(zip(references, entries, strict=True)):
        alike = {ids[place]: [LikenessReason.NAME_ALIKE] for place in entry.like}
        await put_in_quarantine(rows.connection, reference, an_entry(digest=serial), alike)
        await rows.connection.executemany(
            "UPDATE quarantine_candidates SET score = $3 WHERE reference = $1 AND child_id = $2",
            [(reference, ids[place], score) for place, score in entry.like.items()],
        )
        at = BEGAN + timedelta(seconds=serial // 2)  # two at a time come at one moment
        await rows.connection.execute("UPDATE quarantine SET received_at = $2 WHERE reference = $1", reference, at)
    return sorted(references, key=lambda reference: (references.index(reference) // 2, reference))


def told_of_entry(reader: Reader, world: Sequence[Kept], entry: Waits) -> bool:
    """An entry goes to the officers of whom it is most like: a sealed child before any other, for custodians alone."""
    foremost = min(
        (place for place in entry.like if world[place].protected),
        key=lambda place: (world[place].tier is not Tier.SEALED, -entry.like[place], place),
        default=None,
    )
    if foremost is None or any(world[place].own_raise for place in entry.like):
        return False
    own = bool(reader.prints) and any(world[place].mine for place in entry.like)
    return may_be_told(reader, world[foremost]) and not own


def may_be_told(reader: Reader, child: Kept) -> bool:
    return child.here == (reader.authority == HERE) and (child.tier is not Tier.SEALED or reader.custodian)


def told_of_case(reader: Reader, child: Kept) -> bool:
    """A protected child of one's own authority: not one's own, nor one whose shield one raised alone."""
    own = child.mine and bool(reader.prints)
    return child.protected and may_be_told(reader, child) and not child.own_raise and not own


def pages(told: Sequence[str], length: int) -> list[list[str]]:
    """Full ones, but for the last; one of none where there is nothing."""
    return [list(told[at : at + length]) for at in range(0, len(told), length)] or [[]]


async def read(
    page_after: Callable[[Row | None, int], Awaitable[Sequence[Row]]], name: Callable[[Row], str], length: int
) -> list[list[str]]:
    """Page after page as a request reads them: one more than it gives, to know whether there are more."""
    found, last = list[list[str]](), None
    while True:
        some = await page_after(last, length + 1)
        found.append([name(row) for row in some[:length]])
        if len(some) <= length:
            return found
        last = some[length - 1]


@several
@given(world=children, entries=waiting, reader=readers, length=st.integers(1, 3))
@example(
    world=[Kept(Tier.SHIELDED, held=False, here=True, raised_by=None, mine=mine) for mine in (True, False, False)],
    entries=[Waits({0: 9})] * 4 + [Waits({1: 9})] * 3,
    reader=PARENT,
    length=1,
)
@example(  # the reader's own child is protected elsewhere, so it is no candidate that they are told of
    world=[Kept(Tier.SHIELDED, held=False, here=not mine, raised_by=None, mine=mine) for mine in (False, True, False)],
    entries=[Waits({0: 20, 1: 9})],
    reader=PARENT,
    length=1,
)
async def test_officers_read_full_pages_of_what_is_theirs(
    rows: Rows, book: ShieldBook, world: list[Kept], entries: list[Waits], reader: Reader, length: int
) -> None:
    """As if nothing else waited."""
    order = await lay(rows, world, entries)
    told = [reference for reference in order if told_of_entry(reader, world, entries[9 - int(reference[-1])])]

    async def page(last: QuarantineRow | None, most: int) -> Sequence[QuarantineRow]:
        return await book.quarantine(reader, None if last is None else (last.received_at, last.reference), most)

    assert await read(page, lambda row: row.reference, length) == pages(told, length)


@several
@given(twins=st.lists(st.tuples(kept, kept), min_size=3, max_size=5), entries=waiting, length=st.integers(1, 3))
async def test_stewards_cannot_tell_whom_an_entry_waits_for(
    rows: Rows, feeds: FeedStore, twins: list[tuple[Kept, Kept]], entries: list[Waits], length: int
) -> None:
    """Two worlds in which the same children are protected, each otherwise; open ones are told of alike."""
    world = [one for one, _ in twins]
    told = []
    for twin in (world, [other if one.protected and other.protected else one for one, other in twins]):
        await lay(rows, twin, entries)
        seen = list[QuarantineRow]()

        async def page(
            last: QuarantineRow | None, most: int, seen: list[QuarantineRow] = seen
        ) -> Sequence[QuarantineRow]:
            some = await feeds.stewards_page(None if last is None else (last.received_at, last.reference), most)
            seen += some
            return some

        told.append((await read(page, lambda row: row.reference, length), seen))
    assert told[0] == told[1]
    for row in told[0][1]:
        hidden = any(world[place].protected for place in entries[9 - int(row.reference[-1])].like)
        assert (row.entry is None, row.candidates is None) == (hidden, hidden)


@several
@given(
    world=st.lists(kept, max_size=8),
    reader=readers,
    listing=st.sampled_from(["ALL", "UNCONFIRMED", "HELD", "OVERDUE"]),
    length=st.integers(1, 3),
)
async def test_officers_read_full_pages_of_their_own_cases(
    rows: Rows, book: ShieldBook, world: list[Kept], reader: Reader, listing: str, length: int
) -> None:
    """As if no other child were protected; a cursor is the number of the last one told of."""
    await lay(rows, world)
    listed = {
        "ALL": lambda child: True,
        "UNCONFIRMED": lambda child: child.tier is not Tier.OPEN and child.raised_by is not None,
        "HELD": lambda child: child.held,
        "OVERDUE": lambda child: False,
    }[listing]
    told = [number_of(place) for place, child in enumerate(world) if told_of_case(reader, child) and listed(child)]

    async def page(last: Any, most: int) -> Sequence[Any]:
        return await book.cases(reader, listing, None if last is None else last.state.number, most)

    assert await read(page, lambda row: row.state.number, length) == pages(told, length)
