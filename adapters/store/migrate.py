"""Brings a database to the present: the roles, then every migration not yet applied, in order and forward only.

A migration that was applied and then edited is refused: the database would no longer be what the files say.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from adapters.store.connecting import connect
from adapters.store.failures import StoreSetupError
from adapters.store.roles import Connection, create_roles, database_grants

MIGRATIONS = Path(__file__).parent / "migrations"
OLDEST_SERVER = 15
LOCK = 7233370361917466470  # two commands migrating at once take turns

RECORD = """
CREATE TABLE IF NOT EXISTS migrations (
    name       text PRIMARY KEY,
    checksum   text NOT NULL,                      -- sha256 of the file
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of SQL."""

    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations(folder: Path = MIGRATIONS) -> tuple[Migration, ...]:
    """Every migration, in the order of their names."""
    return tuple(Migration(path.stem, path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.sql")))


async def migrate(
    owner_dsn: str, passwords: Mapping[str, str], steps: tuple[Migration, ...] | None = None
) -> tuple[str, ...]:
    """Apply what is missing and return its names, in order; again changes nothing.

    `passwords` are the working roles', by database name: what a missing role is made with. One that is there keeps its
    own. Raises StoreSetupError, whose one line names the fix.
    """
    connection = await connect(owner_dsn)
    try:
        _demand_fit(connection)
        await connection.execute("SELECT pg_advisory_lock($1)", LOCK)
        await create_roles(connection, passwords)
        await connection.execute(database_grants(await connection.fetchval("SELECT current_database()")))
        return await _apply(connection, migrations() if steps is None else steps)
    except asyncpg.InsufficientPrivilegeError as error:
        raise StoreSetupError(
            f"the owner may not do this ({error.args[0]}): make it the database's owner, with CREATEROLE"
        ) from None
    finally:
        await connection.close()


def _demand_fit(connection: Connection) -> None:
    version = connection.get_server_version().major
    if version < OLDEST_SERVER:
        raise StoreSetupError(f"the database runs PostgreSQL {version}: {OLDEST_SERVER} or newer is needed")
    encoding = connection.get_settings().server_encoding
    if encoding != "UTF8":
        raise StoreSetupError(
            f"the database keeps text as {encoding}, not UTF8: create it with `ENCODING 'UTF8' TEMPLATE template0`"
        )


async def _apply(connection: Connection, steps: tuple[Migration, ...]) -> tuple[str, ...]:
    await connection.execute(RECORD)
    applied = {row["name"]: row["checksum"] for row in await connection.fetch("SELECT name, checksum FROM migrations")}
    for unknown in sorted(applied.keys() - {step.name for step in steps}):
        raise StoreSetupError(f"the database has migration `{unknown}`, which this version lacks: use a newer version")
    missing = []
    for step in steps:
        if step.name not in applied:
            missing.append(step)
        elif applied[step.name] != step.checksum:
            raise StoreSetupError(
                f"migration `{step.name}` was edited after it was applied: restore it and add another"
            )
        elif missing:
            raise StoreSetupError(
                f"migration `{missing[0].name}` comes before `{step.name}`, applied: give it a later name"
            )
    for step in missing:
        try:
            await _take(connection, step)
        except (asyncpg.UniqueViolationError, asyncpg.InternalServerError):
            # Roles and their settings are the whole cluster's: whoever migrates another database of it, in this very
            # moment, may have written the same row. What fails for any other reason fails again.
            await _take(connection, step)
    return tuple(step.name for step in missing)


async def _take(connection: Connection, step: Migration) -> None:
    async with connection.transaction():
        await connection.execute(step.sql)
        await connection.execute("INSERT INTO migrations (name, checksum) VALUES ($1, $2)", step.name, step.checksum)
