"""Filling a store: the children of the population, all of them or none, with nothing of the store's own changed."""

import asyncio
import sys
from collections.abc import AsyncIterator

import pytest

from adapters.records import ChildRecord, Tier
from adapters.sandbox.personas import PERSONAS, organisations
from adapters.sandbox.populate import PORTION, populate
from adapters.sandbox.population import CAPACITY, NOTABLE, SyntheticIdentity, identity_at
from adapters.store.failures import StoreSetupError
from adapters.store.postgres import Store
from adapters.store.roles import Connection, Role
from tests.databases import Database

SOME = 2100  # one stretch of two thousand, and a little

POPULATE = """
import asyncio, sys
from adapters.sandbox.populate import populate
asyncio.run(populate(sys.argv[1], int(sys.argv[2]), lambda written: print(written, flush=True)))
"""

# Everything that a table is made of beside its rows.
STRUCTURE = """
SELECT 'constraint', conrelid::regclass::text, conname::text, pg_get_constraintdef(oid) FROM pg_constraint
UNION ALL SELECT 'index', tablename::text, indexname::text, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT 'trigger', tgrelid::regclass::text, tgname::text, pg_get_triggerdef(oid) || tgenabled::text
            FROM pg_trigger WHERE NOT tgisinternal
ORDER BY 1, 2, 3
"""


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[Connection]:
    """A connection of the store's owner."""
    connection = await database.connect()
    yield connection
    await connection.close()


def silent(_written: int) -> None:
    """Nobody watches."""


async def rows_of(owner: Connection, table: str) -> int:
    return int(await owner.fetchval(f"SELECT count(*) FROM {table}"))  # noqa: S608  a test's own word


def as_populated(child: ChildRecord) -> SyntheticIdentity:
    """What the store gives back, as the population words it."""
    assert child.address is not None
    return SyntheticIdentity(
        index=child.id - 1,
        number=child.number,
        name=child.name,
        former_names=child.former_names,
        birth_date=child.birth_date,
        gender=child.gender,
        address=child.address,
        authority=child.authority,
        keys=child.keys,
        tier=child.protection.tier,
        withheld=child.protection.withheld,
    )


async def test_children_come_back(database: Database, store: Store) -> None:
    """Every child reads back as the population has it: names, keys, address, shield."""
    report = await populate(database.dsn(Role.OWNER), SOME, silent)
    expected = [identity_at(index) for index in range(SOME)]
    for start in range(0, SOME, 100):
        some = expected[start : start + 100]
        reading = await store.children_by_number([child.number for child in some])
        assert sorted((as_populated(child) for child in reading.children), key=lambda child: child.index) == some
    assert report.children == SOME
    assert report.shielded == sum(child.tier is not Tier.OPEN for child in expected)
    assert report.sealed == sum(child.tier is Tier.SEALED for child in expected)
    assert report.former_names == sum(len(child.former_names) for child in expected)


async def test_children_can_be_searched(database: Database, owner: Connection) -> None:
    """Names are folded as searches fold them."""
    await populate(database.dsn(Role.OWNER), 50, silent)
    keys = await owner.fetchrow(
        "SELECT name_key, given_key FROM children WHERE number = $1", identity_at(NOTABLE["compound-name"]).number
    )
    assert keys is not None
    assert tuple(keys) == ("bennett", "johnpaul")
    nobody = "SELECT count(*) FROM children WHERE (name_key IS NULL) <> (family IS NULL) OR given_key = ''"
    assert await owner.fetchval(nobody) == 0


async def test_shields(database: Database, owner: Connection) -> None:
    """A shield has its ground, the day it is looked at again, and the authority of the child's address."""
    await populate(database.dsn(Role.OWNER), SOME, silent)
    odd = """
    SELECT count(*) FROM shields s JOIN children c ON c.id = s.child_id
     WHERE s.authority IS DISTINCT FROM c.authority OR s.ground = '' OR s.review_on < '2026-09-01'
    """
    assert await owner.fetchval(odd) == 0
    assert await rows_of(owner, "shields") == 10


async def test_organisations(database: Database, store: Store) -> None:
    """Everybody's organisation is registered as the population knows it."""
    report = await populate(database.dsn(Role.OWNER), 50, silent)
    known = {organisation.id: organisation for organisation in organisations()}
    for persona in PERSONAS.values():
        assert (await store.organisation(persona.organisation))[1] == known[persona.organisation]
    assert report.organisations == len(known)


async def test_structure_unchanged(database: Database, owner: Connection) -> None:
    """Constraints, indexes and triggers stay what the migrations made them; the next child has the next id."""
    before = await owner.fetch(STRUCTURE)
    await populate(database.dsn(Role.OWNER), 50, silent)
    assert await owner.fetch(STRUCTURE) == before
    assert len(before) > 30
    following = await owner.fetchval(
        "INSERT INTO children (number, given, birth_date, gender, address_status)"
        " VALUES ('0000000000000', '{Ada}', '2015-01-01', 'FEMALE', 'CURRENT') RETURNING id"
    )
    assert following == 51


async def test_portions_and_progress(database: Database, owner: Connection) -> None:
    """More than one portion is rendered by other processes; progress counts up to the last child."""
    seen: list[int] = []
    await populate(database.dsn(Role.OWNER), 2 * PORTION + 1, seen.append)
    assert seen == [PORTION, 2 * PORTION, 2 * PORTION + 1]
    assert await rows_of(owner, "children") == 2 * PORTION + 1
    assert await owner.fetchval("SELECT number FROM children WHERE id = $1", 2 * PORTION + 1) == (
        identity_at(2 * PORTION).number
    )


async def test_full_store_refused(database: Database, owner: Connection) -> None:
    """A store that holds children is left as it is, and the fix is named."""
    await populate(database.dsn(Role.OWNER), 50, silent)
    with pytest.raises(StoreSetupError, match=r"the store is not empty \(50 children\): choose another"):
        await populate(database.dsn(Role.OWNER), 60, silent)
    assert await rows_of(owner, "children") == 50


async def test_failure_leaves_nothing(database: Database, owner: Connection) -> None:
    """What fails halfway leaves an empty store, with its structure."""
    before = await owner.fetch(STRUCTURE)

    def fail(_written: int) -> None:
        raise RuntimeError("the watcher failed")

    with pytest.raises(RuntimeError, match="the watcher failed"):
        await populate(database.dsn(Role.OWNER), 100, fail)
    assert await rows_of(owner, "children") == await rows_of(owner, "organisations") == 0
    assert await owner.fetch(STRUCTURE) == before


async def test_killed_leaves_nothing(database: Database, owner: Connection) -> None:
    """A populate that is killed outright leaves an empty store and no process, and the next one fills it."""
    dsn = database.dsn(Role.OWNER)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", POPULATE, dsn, str(100 * PORTION), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert int(await process.stdout.readline()) == PORTION
    process.kill()
    await process.stdout.read()  # ends when the last process that holds the pipe has ended
    await process.wait()
    assert await rows_of(owner, "children") == 0  # waits for the server to notice
    assert (await populate(dsn, 50, silent)).children == 50


@pytest.mark.parametrize("children", [0, CAPACITY + 1])
async def test_impossible_sizes(children: int) -> None:
    """There are so many synthetic children and no more."""
    with pytest.raises(StoreSetupError, match=f"choose 1 to {CAPACITY}"):
        await populate("postgresql://nobody@127.0.0.1:1/nowhere", children, silent)


async def test_no_database() -> None:
    """A database that does not answer is one line with the fix."""
    with pytest.raises(StoreSetupError, match=r"nothing answers at `127.0.0.1:1`: start the database"):
        await populate("postgresql://nobody@127.0.0.1:1/nowhere", 50, silent)


async def test_not_the_owner(database: Database) -> None:
    """Only the owner may populate."""
    with pytest.raises(StoreSetupError, match="only the store's owner may populate it"):
        await populate(database.dsn(Role.FEED), 50, silent)


async def test_no_tables(database: Database, owner: Connection) -> None:
    """A store that was never migrated is told to be."""
    await owner.execute("DROP TABLE children CASCADE")
    with pytest.raises(StoreSetupError, match="run `contactpoint migrate`"):
        await populate(database.dsn(Role.OWNER), 50, silent)
