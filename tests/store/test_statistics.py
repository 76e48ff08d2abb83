"""Months of counts in the store: drafted and published by the registry's role, read by the gateway's."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import date

import asyncpg
import pytest

from adapters.store.postgres import Store
from adapters.store.registry_records import StatisticsCell
from adapters.store.roles import Connection, Role
from tests.databases import Database
from tests.store.rows import Rows

LEEDS, BRADFORD = "E08000035", "E08000032"
OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
BANDS = ("UNDER_1", "FROM_1_TO_4", "FROM_5_TO_9", "FROM_10_TO_14", "FROM_15_TO_17")
GENDERS = ("FEMALE", "MALE", "OTHER", "UNKNOWN")
GROUPINGS = {
    "": 1,
    "AUTHORITY": 2,
    "AGE_BAND": 5,
    "GENDER": 4,
    "AUTHORITY AGE_BAND": 10,
    "AUTHORITY GENDER": 8,
    "AGE_BAND GENDER": 20,
    "AUTHORITY AGE_BAND GENDER": 40,
}


@pytest.fixture
async def builder(database: Database) -> AsyncIterator[Connection]:
    """A connection of the role that builds months."""
    connection = await database.connect(Role.REGISTRY)
    yield connection
    await connection.close()


@pytest.fixture
async def children(rows: Rows) -> Rows:
    """Two authorities; in Leeds forty girls and five boys of nine years."""
    await rows.connection.execute(
        "INSERT INTO organisations VALUES ('leeds', 'Leeds', 'LOCAL_AUTHORITY', $1),"
        " ('bradford', 'Bradford', 'LOCAL_AUTHORITY', $2)",
        LEEDS,
        BRADFORD,
    )
    for n in range(45):
        await rows.child(born=date(2017, 3, 3), gender="FEMALE" if n < 40 else "MALE", authority=LEEDS)
    return rows


async def build(builder: Connection, month: date) -> int:
    async with builder.transaction():
        cells = int(await builder.fetchval("SELECT draft_statistics($1)", month))
        await builder.execute("SELECT publish_statistics()")
    return cells


async def test_every_combination_has_its_cell(children: Rows, builder: Connection, store: Store) -> None:
    """Whether or not anybody is in it, by each of the eight groupings, in the order of their words."""
    assert await build(builder, OCTOBER) == sum(GROUPINGS.values())
    for grouping, cells in GROUPINGS.items():
        cube = await store.statistics(grouping, None)
        assert cube is not None
        assert (cube.month, len(cube.cells)) == (OCTOBER, cells)
    by_two = await store.statistics("AUTHORITY GENDER", OCTOBER)
    assert by_two is not None
    assert [(cell.authority, cell.age_band, cell.gender) for cell in by_two.cells] == [
        (authority, None, gender) for authority in (BRADFORD, LEEDS) for gender in GENDERS
    ]


async def test_a_count_is_near_and_never_small(children: Rows, builder: Connection, store: Store) -> None:
    """Within noise and rounding, to the nearest five; fewer than ten are not said, and none are not either."""
    await build(builder, OCTOBER)
    cube = await store.statistics("GENDER", None)
    assert cube is not None
    girls, *others = cube.cells
    assert girls.gender == "FEMALE"
    assert girls.count in (35, 40, 45)
    assert others == [StatisticsCell(None, None, gender, None) for gender in GENDERS[1:]]


async def test_a_month_that_was_not_built_is_none(children: Rows, builder: Connection, store: Store) -> None:
    """Before the first, between and after; without a month it is the latest."""
    assert await store.statistics("", None) is None
    await build(builder, OCTOBER)
    assert await store.statistics("", NOVEMBER) is None
    assert await store.statistics("HEIGHT", OCTOBER) is None
    await build(builder, NOVEMBER)
    months = [(await store.statistics("", month)) for month in (None, OCTOBER)]
    assert [cube and cube.month for cube in months] == [NOVEMBER, OCTOBER]


async def test_whoever_asks_however_often_reads_the_same(
    database: Database, children: Rows, builder: Connection, store: Store
) -> None:
    """Law 13b: nothing is drawn when it is read, so no worker, order or repetition tells anything."""
    await build(builder, OCTOBER)
    other = await Store.connect(database.dsn(Role.GATEWAY))
    for grouping in GROUPINGS:
        read = await asyncio.gather(*(one.statistics(grouping, None) for one in (store, other, store)))
        assert read[0] == read[1] == read[2]
    await other.close()


async def test_what_was_drawn_is_counted_over_who_is_in_the_open(children: Rows, builder: Connection) -> None:
    """Law 13d, twin over rows: no shielded, sealed, held or closed child, none unborn, grown up or from nowhere."""
    connection = children.connection
    await children.shield(await children.child(authority=LEEDS))
    await children.shield(await children.child(authority=LEEDS), "SEALED")
    await children.hold(await children.child(authority=LEEDS))
    await children.hold(await children.child(authority=LEEDS, born=date(2026, 9, 30)), cleared=True)
    await children.child(authority=None)
    for born in (date(2008, 10, 1), OCTOBER, date(2026, 10, 2)):
        await children.child(authority=LEEDS, born=born)
    for born in (date(2008, 10, 2), date(2025, 10, 1), date(2025, 10, 2), date(2021, 10, 1)):
        await children.child(authority=BRADFORD, born=born)
    await connection.execute(
        "UPDATE children SET closed = true WHERE id = $1", await children.child(authority=LEEDS, gender="OTHER")
    )
    await build(builder, OCTOBER)
    drawn = await connection.fetch(
        "SELECT authority, age_band, sum(base) FROM statistics_cells"
        " WHERE grouping = 'AUTHORITY AGE_BAND' AND base > 0 GROUP BY 1, 2"
    )
    assert {(row[0], row[1]): row[2] for row in drawn} == {
        (LEEDS, "FROM_5_TO_9"): 45,
        (LEEDS, "UNDER_1"): 1,
        (BRADFORD, "FROM_15_TO_17"): 1,
        (BRADFORD, "UNDER_1"): 1,
        (BRADFORD, "FROM_1_TO_4"): 1,
        (BRADFORD, "FROM_5_TO_9"): 1,
    }


@pytest.mark.parametrize("difference", [-9, -1, 1, 9])
async def test_nine_who_come_or_go_move_nothing(
    children: Rows, builder: Connection, store: Store, difference: int
) -> None:
    """Law 13a: the next month says what this one said, in every grouping; ten more may be told of."""
    await build(builder, OCTOBER)
    if difference > 0:
        for _ in range(difference):
            await children.child(born=date(2017, 3, 3), authority=LEEDS)
    else:
        await children.connection.execute(
            "DELETE FROM children WHERE id IN (SELECT id FROM children WHERE gender = 'FEMALE' LIMIT $1)", -difference
        )
    await build(builder, NOVEMBER)
    for grouping in GROUPINGS:
        before, after = [await store.statistics(grouping, month) for month in (OCTOBER, NOVEMBER)]
        assert before is not None
        assert after is not None
        assert before.cells == after.cells
    drawn = "SELECT base FROM statistics_cells WHERE grouping = '' AND month = $1"
    assert await children.connection.fetchval(drawn, NOVEMBER) == 45, "as when it was drawn"


async def test_ten_who_come_are_drawn_anew(children: Rows, builder: Connection) -> None:
    """A cell follows the world, in steps too large to tell of one."""
    await build(builder, OCTOBER)
    for _ in range(10):
        await children.child(born=date(2017, 3, 3), authority=LEEDS)
    await build(builder, NOVEMBER)
    drawn = "SELECT base FROM statistics_cells WHERE grouping = '' AND month = $1"
    assert await children.connection.fetchval(drawn, NOVEMBER) == 55


async def test_what_is_withheld_is_told_to_nobody(children: Rows, builder: Connection, store: Store) -> None:
    """The builder takes counts out of its draft; there is no way to put one in. And nobody reads a draft."""
    async with builder.transaction():
        await builder.execute("SELECT draft_statistics($1)", OCTOBER)
        await builder.execute("SELECT withhold_statistics('{GENDER}', '{\"\"}', '{\"\"}', '{FEMALE}')")
        assert await store.statistics("GENDER", None) is None
        await builder.execute("SELECT publish_statistics()")
    cube, total = await store.statistics("GENDER", None), await store.statistics("", None)
    assert cube is not None
    assert total is not None
    assert {cell.count for cell in cube.cells} == {None}
    assert total.cells[0].count is not None


async def test_two_builders_make_one_month(database: Database, children: Rows, builder: Connection) -> None:
    """The second waits for the first and finds it done; nor is a month behind it ever built."""
    second = await database.connect(Role.REGISTRY)
    async with builder.transaction():
        await builder.execute("SELECT draft_statistics($1)", OCTOBER)
        waiting = asyncio.create_task(build(second, OCTOBER))
        waits = "SELECT EXISTS (SELECT FROM pg_locks WHERE pid = $1 AND NOT granted)"
        while not await children.connection.fetchval(waits, second.get_server_pid()):
            pass
        await builder.execute("SELECT publish_statistics()")
    assert await waiting == 0
    await second.close()
    assert await build(builder, date(2026, 9, 1)) == 0
    assert await children.connection.fetchval("SELECT count(*) FROM statistics_cells") == sum(GROUPINGS.values())


@pytest.mark.parametrize("role", [Role.GATEWAY, Role.REGISTRY])
@pytest.mark.parametrize(
    "secret", ["base FROM statistics_cells", "base FROM statistics_draft", "seed FROM statistics_seed"]
)
async def test_what_would_undo_it_is_the_owners(database: Database, role: Role, secret: str) -> None:
    """How many there really were, and the seed of the noise."""
    connection = await database.connect(role)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(f"SELECT {secret}")
    await connection.close()


async def test_noise_is_even(rows: Rows) -> None:
    """Over all cell keys: from -4 to 4, nothing on average, a variance of 4.2, and as often above as below."""
    drawn = [row[0] for row in await rows.connection.fetch("SELECT noise(k) FROM generate_series(0, 255) k")]
    counted = Counter(drawn)
    assert set(counted) == set(range(-4, 5))
    assert all(counted[n] == counted[-n] for n in range(5))
    assert sum(n * n for n in drawn) / 256 == pytest.approx(4.2, abs=0.05)


async def drafted(rows: Rows, seed: int) -> dict[str, set[int | None]]:
    """What a draft under that seed says of each grouping, nothing apart."""
    connection = rows.connection
    await connection.execute("UPDATE statistics_seed SET seed = $1", seed)
    await connection.fetchval("SELECT draft_statistics($1)", OCTOBER)
    told = await connection.fetch("SELECT grouping, shown FROM statistics_draft WHERE base > 0")
    return {grouping: {row[1] for row in told if row[0] == grouping} for grouping in GROUPINGS}


async def test_a_count_is_off_by_what_the_seed_says(children: Rows) -> None:
    """Law 13: of the same children another seed tells another count, so that nobody knows by how much one is off."""
    told: set[int | None] = set()
    for seed in range(20):
        told |= (await drafted(children, seed))["AUTHORITY"]
    assert len(told) > 1


async def test_the_same_children_are_as_far_off_in_every_table(children: Rows) -> None:
    """Law 13: whoever asks in eight ways for the very same children hears one count, and no mean of eight."""
    await children.connection.execute("UPDATE children SET gender = 'FEMALE'")
    for seed in range(5):
        told = (await drafted(children, seed)).values()
        assert len(set().union(*told)) == 1


async def test_each_store_has_a_seed_of_its_own(database: Database, rows: Rows) -> None:
    """Made by the server where the store is made."""
    seed = await rows.connection.fetchval("SELECT seed FROM statistics_seed")
    assert seed != 0
    with pytest.raises(asyncpg.UniqueViolationError):
        await rows.connection.execute("INSERT INTO statistics_seed (seed) VALUES (1)")
