"""Who lives with, or shares a parent with, a shielded child: a household is found, and whoever joins it is held."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime

import msgspec
import pytest

from adapters.identity import Decided, Decision, IdentityEntry
from adapters.number import new_number
from adapters.records import AddressStatus, Keys, Name, PostalAddress
from adapters.store.feed_rows import as_row
from adapters.store.roles import Connection, Role
from tests.databases import Database
from tests.store.rows import Rows, act

HOME = PostalAddress(AddressStatus.CURRENT, ("1 High Street",), "LS1 1AA", "100")  # where children of `rows` live
ELSEWHERE = PostalAddress(AddressStatus.CURRENT, ("9 Low Lane",), "LS9 9ZZ", "900")
MOTHER = b"fingerprint of a parent"


class Feed:
    """A feed's connection: what a source says of one child, written as the feed's role writes it."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    async def creates(self, address: PostalAddress, *, parents: tuple[bytes, ...] = (), given: str = "Bob") -> str:
        return await self._says(Decision(Decided.CREATE), address, parents, given)

    async def updates(self, child: int, address: PostalAddress, *, parents: tuple[bytes, ...] = ()) -> str:
        return await self._says(Decision(Decided.UPDATE, child), address, parents, "Ada")

    async def _says(self, decision: Decision, address: PostalAddress, parents: tuple[bytes, ...], given: str) -> str:
        entry = IdentityEntry(
            line=1,
            name=Name((given,), "Example"),
            birth_date=date(2015, 6, 1),
            gender=None,
            address=address,
            keys=Keys(),
            as_of=datetime.now(UTC),
            digest=secrets.token_bytes(32),
            authority="E08000035",
            parents=parents,
        )
        row = msgspec.json.encode([as_row(entry, decision, new_number(), secrets.token_hex(16))]).decode()
        async with self.connection.transaction():
            await self.connection.execute("SELECT feed_turn()")
            return str(await self.connection.fetchval("SELECT came_to FROM feed_apply('source', $1::jsonb)", row))


@pytest.fixture
async def feed(database: Database) -> AsyncIterator[Feed]:
    connection = await database.connect(Role.FEED)
    yield Feed(connection)
    await connection.close()


async def household(rows: Rows, child: int) -> dict[int, bool]:
    """The members, and whether a parent makes each one."""
    return dict(await rows.connection.fetch("SELECT id, by_parent FROM household_of($1)", child))


async def held(rows: Rows) -> list[int]:
    """Whom the store holds because of a household."""
    found = await rows.connection.fetch(
        "SELECT child_id FROM holds WHERE agency = 'household' AND cleared_at IS NULL ORDER BY child_id"
    )
    return [row[0] for row in found]


async def move(rows: Rows, child: int, **columns: object) -> None:
    for column, value in columns.items():
        await rows.connection.execute(f"UPDATE children SET {column} = $2 WHERE id = $1", child, value)  # noqa: S608


@pytest.mark.parametrize(
    "columns",
    [{}, {"uprn": None, "address_lines": ["1, HIGH Street"]}, {"address_lines": [], "uprn": "100"}],
    ids=["same", "same first line", "same property"],
)
async def test_one_home(rows: Rows, columns: dict[str, object]) -> None:
    """One property, or one first line at one postcode however it is written."""
    child, sibling = await rows.child(), await rows.child(given=["Bob"])
    await move(rows, sibling, **columns)
    assert await household(rows, child) == {sibling: False}
    assert await household(rows, sibling) == {child: False}


@pytest.mark.parametrize(
    "columns",
    [
        {"postcode": "LS1 1AB"},
        {"postcode": None},
        {"uprn": "101", "address_lines": ["2 High Street"]},
        {"uprn": None, "address_lines": []},
        {"address_status": "NO_FIXED"},
        {"address_status": "LEFT_ENGLAND"},
        {"closed": True},
    ],
    ids=str,
)
async def test_not_one_home(rows: Rows, columns: dict[str, object]) -> None:
    """Another house, an address that is none, and a closed record make no household."""
    child, other = await rows.child(), await rows.child(given=["Bob"])
    await move(rows, other, **columns)
    assert await household(rows, child) == {}


async def test_no_home_is_nobodys_home(rows: Rows) -> None:
    """The postcodes that stand for no fixed abode and for nowhere known bring nobody together."""
    child = await rows.child(postcode="ZZ99 3VZ")
    await rows.child(postcode="ZZ99 3VZ", given=["Bob"])
    assert await household(rows, child) == {}


async def test_a_parent_makes_a_household_across_homes(rows: Rows) -> None:
    """Who shares a parent is meant wherever they live; who lives with them besides, once."""
    child, sibling, flatmate = [await rows.child(given=[name]) for name in ("Ada", "Bob", "Cleo")]
    far = await rows.child(given=["Dan"], postcode="LS9 9ZZ")
    for member in (child, sibling, far):
        await rows.connection.execute("INSERT INTO parent_links VALUES ($1, $2)", MOTHER, member)
    assert await household(rows, child) == {sibling: True, far: True, flatmate: False}


async def test_an_institution_is_no_family(rows: Rows) -> None:
    """With more than twenty others at one address, only those who share a parent are meant."""
    child, *others = [await rows.child(given=[f"Child{index}"]) for index in range(21)]
    assert set(await household(rows, child)) == set(others)
    one_more = await rows.child(given=["Last"])
    assert await household(rows, child) == {}
    for member in (child, one_more):
        await rows.connection.execute("INSERT INTO parent_links VALUES ($1, $2)", MOTHER, member)
    assert await household(rows, child) == {one_more: True}


async def test_whoever_joins_is_held(rows: Rows, feed: Feed) -> None:
    """A child that a feed makes at a shielded child's home is held from its first moment; officers are told."""
    shielded = await rows.child()
    await rows.shield(shielded)
    assert await feed.creates(HOME) == "CREATED"
    (joiner,) = await held(rows)
    assert joiner != shielded
    (told,) = await rows.connection.fetch("SELECT authority, kind FROM outbox")
    assert tuple(told) == ("E08000035", "HOLD_PLACED")


async def test_whoever_moves_in_is_held(rows: Rows, feed: Feed) -> None:
    """A child known from elsewhere moves to a shielded child's home; to the feed it is an update like any other."""
    mover, shielded = await rows.child(postcode="LS2 2BB"), await rows.child(given=["Bob"])
    await rows.shield(shielded)
    assert await feed.updates(mover, HOME) == "UPDATED"
    assert await held(rows) == [mover]


async def test_with_whom_a_shielded_child_comes_to_live_is_held(rows: Rows, feed: Feed) -> None:
    """Their address is now the one that is hidden."""
    shielded = await rows.child(postcode="LS2 2BB")
    family = [await rows.child(given=[name]) for name in ("Bob", "Cleo")]
    await rows.shield(shielded)
    await feed.updates(shielded, HOME)
    assert await held(rows) == family


async def test_whoever_turns_out_a_sibling_is_held(rows: Rows, feed: Feed) -> None:
    """A feed names the parent of both, wherever they live, and nothing else that is new."""
    shielded, sibling = await rows.child(given=["Bob"]), await rows.child(postcode="LS9 9ZZ")
    await rows.shield(shielded)
    await rows.connection.execute("INSERT INTO parent_links VALUES ($1, $2)", MOTHER, shielded)
    await feed.updates(sibling, ELSEWHERE)
    assert await held(rows) == []
    await feed.updates(sibling, ELSEWHERE, parents=(MOTHER,))
    assert await held(rows) == [sibling]


async def test_an_open_household_holds_nobody(rows: Rows, feed: Feed) -> None:
    """Nor does one of a child that is merely held: no officer has said that the home is secret."""
    await rows.hold(await rows.child())
    await feed.creates(HOME)
    assert await held(rows) == []


async def test_who_has_a_shield_is_not_held_besides(rows: Rows, feed: Feed) -> None:
    """A shield of one's own says more than a hold."""
    shielded, sibling = await rows.child(given=["Bob"]), await rows.child(postcode="LS2 2BB")
    await rows.shield(shielded)
    await rows.shield(sibling)
    await feed.updates(sibling, HOME)
    assert await held(rows) == []


async def test_who_was_released_is_not_held_again(rows: Rows, feed: Feed, database: Database) -> None:
    """Two officers released the child from this household: it comes and goes unheld."""
    shielded, sibling = await rows.child(given=["Bob"]), await rows.child(postcode="LS2 2BB")
    await rows.shield(shielded)
    officer = await database.connect(Role.SHIELD)
    async with officer.transaction():
        reference = await act(officer, sibling, "RELEASED", second="officer-2")
        await officer.execute("INSERT INTO household_releases VALUES ($1, $2, $3)", shielded, sibling, reference)
    await officer.close()
    await feed.updates(sibling, HOME)
    assert await held(rows) == []


async def test_a_cleared_hold_stays_cleared_until_they_move(rows: Rows, feed: Feed) -> None:
    """The same file again changes nothing; moving away and back is a new doubt."""
    mover, shielded = await rows.child(postcode="LS2 2BB"), await rows.child(given=["Bob"])
    await rows.shield(shielded)
    await feed.updates(mover, HOME)
    await rows.connection.execute("UPDATE holds SET cleared_at = now()")
    await feed.updates(mover, HOME)
    assert await held(rows) == []
    await feed.updates(mover, ELSEWHERE)
    await feed.updates(mover, HOME)
    assert await held(rows) == [mover]


async def test_a_joiner_is_held_while_an_answer_waits_to_hold_another(
    rows: Rows, feed: Feed, database: Database
) -> None:
    """The batch has its turn already and wants it alone: it goes before whoever waits for that, so neither is stuck."""
    mover, shielded = await rows.child(postcode="LS2 2BB"), await rows.child(given=["Bob"])
    other = await rows.child(given=["Cleo"], postcode="LS3 3CC")
    await rows.shield(shielded)
    gateway = await database.connect(Role.GATEWAY)
    async with feed.connection.transaction():
        await feed.connection.execute("SELECT feed_turn()")
        placing = asyncio.create_task(
            gateway.execute("INSERT INTO holds (child_id, agency, mark) VALUES ($1, 'school', 'MARK')", other)
        )
        await waits(rows, gateway)
        await feed.updates(mover, HOME)
    await placing
    await gateway.close()
    assert await rows.connection.fetchval("SELECT count(*) FROM holds WHERE cleared_at IS NULL") == 2


async def waits(rows: Rows, connection: Connection) -> None:
    """Return once that connection is seen to wait for a lock."""
    waiting = "SELECT EXISTS (SELECT FROM pg_locks WHERE pid = $1 AND NOT granted)"
    async with asyncio.timeout(20):
        while not await rows.connection.fetchval(waiting, connection.get_server_pid()):
            pass
