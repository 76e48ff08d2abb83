"""Migrations: forward only, each once, by one command at a time; an applied one is never edited."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from adapters.store.embedded import EmbeddedCluster
from adapters.store.failures import StoreSetupError
from adapters.store.migrate import Migration, migrate, migrations
from adapters.store.roles import WORKING_ROLES, Role
from tests.databases import Database

FIRST = Migration("0001_first", "CREATE TABLE first ()")
SECOND = Migration("0002_second", "CREATE TABLE second ()")


@pytest.fixture
async def empty(cluster: EmbeddedCluster) -> AsyncIterator[str]:
    """The owner's address of a database that no migration has touched."""
    superuser = await asyncpg.connect(cluster.superuser_dsn())
    await superuser.execute("CREATE DATABASE untouched OWNER contactpoint_owner")
    yield cluster.dsn(Role.OWNER, "untouched")
    await superuser.execute("DROP DATABASE untouched WITH (FORCE)")
    await superuser.close()


async def tables(dsn: str) -> list[str]:
    connection = await asyncpg.connect(dsn)
    try:
        found = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        return [row[0] for row in found]
    finally:
        await connection.close()


async def test_applied_in_order_and_once(empty: str) -> None:
    """All of them the first time, none the second, only the new one after that."""
    assert await migrate(empty, {}, (FIRST,)) == ("0001_first",)
    assert await migrate(empty, {}, (FIRST,)) == ()
    assert await migrate(empty, {}, (FIRST, SECOND)) == ("0002_second",)
    assert await tables(empty) == ["first", "migrations", "second"]


async def test_ours_apply_whole(empty: str) -> None:
    """Every file of ours applies to an empty database, in the order of its number, and leaves nothing to do."""
    names = [step.name for step in migrations()]
    assert [name[:4] for name in names] == [f"{number:04d}" for number in range(1, len(names) + 1)]
    assert list(await migrate(empty, {})) == names
    assert await migrate(empty, {}) == ()


async def test_two_at_once_take_turns(empty: str) -> None:
    """Two commands migrating the same database both succeed, and each migration is applied by one of them."""
    first, second = await asyncio.gather(migrate(empty, {}), migrate(empty, {}))
    assert sorted([*first, *second]) == [step.name for step in migrations()]


async def test_edited_migration_is_refused(empty: str) -> None:
    """What was applied must stay what the file says."""
    await migrate(empty, {}, (FIRST,))
    with pytest.raises(StoreSetupError, match=r"`0001_first` was edited after it was applied: restore it"):
        await migrate(empty, {}, (Migration("0001_first", "CREATE TABLE first (edited int)"), SECOND))
    assert await tables(empty) == ["first", "migrations"]


async def test_migration_squeezed_in_is_refused(empty: str) -> None:
    """A new migration comes after all that were applied."""
    await migrate(empty, {}, (SECOND,))
    with pytest.raises(StoreSetupError, match=r"`0001_first` comes before `0002_second`.*give it a later name"):
        await migrate(empty, {}, (FIRST, SECOND))


async def test_newer_database_is_refused(empty: str) -> None:
    """An older version keeps its hands off a database that a newer one has migrated."""
    await migrate(empty, {}, (FIRST, SECOND))
    with pytest.raises(StoreSetupError, match=r"`0002_second`, which this version lacks: use a newer version"):
        await migrate(empty, {}, (FIRST,))


async def test_failed_migration_leaves_nothing(empty: str) -> None:
    """A migration that fails half-way is undone whole, and may be tried again when mended."""
    with pytest.raises(asyncpg.PostgresError):
        await migrate(empty, {}, (FIRST, Migration("0002_second", "CREATE TABLE second (); SELECT 1 / 0")))
    assert await tables(empty) == ["first", "migrations"]
    assert await migrate(empty, {}, (FIRST, SECOND)) == ("0002_second",)


async def test_owner_without_the_rights(cluster: EmbeddedCluster) -> None:
    """A role that owns nothing cannot migrate, and is told what it lacks."""
    with pytest.raises(StoreSetupError, match="make it the database's owner, with CREATEROLE"):
        await migrate(cluster.dsn(Role.GATEWAY), {}, ())


async def test_passwords_stay(database: Database) -> None:
    """A role that is there keeps its password, whatever `migrate` is given."""
    await migrate(database.dsn(Role.OWNER), {role.database_role: "another" for role in WORKING_ROLES})
    for role in WORKING_ROLES:
        await (await database.connect(role)).close()


async def test_server_too_old(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server older than we can serve from is refused before anything is made in it."""
    monkeypatch.setattr("adapters.store.migrate.OLDEST_SERVER", 99)
    with pytest.raises(StoreSetupError, match=r"the database runs PostgreSQL 18: 99 or newer is needed"):
        await migrate(empty, {})
    assert await tables(empty) == []


async def test_text_not_kept_as_utf8(cluster: EmbeddedCluster) -> None:
    """A database that could not fold or count the letters of a name is refused before anything is made in it."""
    superuser = await asyncpg.connect(cluster.superuser_dsn())
    try:
        await superuser.execute(
            "CREATE DATABASE bytes OWNER contactpoint_owner TEMPLATE template0 ENCODING 'SQL_ASCII'"
            " LOCALE_PROVIDER libc LOCALE 'C'"
        )
        fix = "keeps text as SQL_ASCII, not UTF8: create it with `ENCODING 'UTF8' TEMPLATE template0`"
        with pytest.raises(StoreSetupError, match=fix):
            await migrate(cluster.dsn(Role.OWNER, "bytes"), {})
        assert await tables(cluster.dsn(Role.OWNER, "bytes")) == []
    finally:
        await superuser.execute("DROP DATABASE IF EXISTS bytes WITH (FORCE)")
        await superuser.close()
