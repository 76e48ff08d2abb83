"""What every test may ask for: a real PostgreSQL per test process, a database of its own per test, a store on it."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from adapters.store.embedded import DATABASE, EmbeddedCluster
from adapters.store.migrate import migrate
from adapters.store.postgres import Store
from adapters.store.roles import Role, credentials, database_grants
from tests.databases import Database, reachable_folder

pytest_plugins = ["tests.running"]

_serial = itertools.count(1)


@pytest.fixture
def data() -> Iterator[Path]:
    """A data folder of the test's own, not yet there."""
    with reachable_folder() as folder:
        yield folder / "data"


@pytest.fixture(scope="session")
def cluster() -> Iterator[EmbeddedCluster]:
    """One embedded PostgreSQL for this process, its database `contactpoint` migrated: the template of all others."""
    with reachable_folder() as data, EmbeddedCluster.start(data) as running:
        asyncio.run(migrate(running.dsn(Role.OWNER), credentials(data)))
        yield running


@pytest.fixture
async def database(cluster: EmbeddedCluster) -> AsyncIterator[Database]:
    """A fresh copy of the migrated database, gone after the test."""
    name = f"test_{next(_serial)}"
    superuser = await asyncpg.connect(cluster.superuser_dsn())
    try:
        await superuser.execute(
            f"CREATE DATABASE {name} TEMPLATE {DATABASE} OWNER {Role.OWNER.database_role} STRATEGY wal_log"
        )
        await superuser.execute(database_grants(name))  # what may connect is no part of a copy
        yield Database(cluster, name)
    finally:
        await superuser.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await superuser.close()


@pytest.fixture
async def store(database: Database) -> AsyncIterator[Store]:
    """The store as the gateway has it."""
    opened = await Store.connect(database.dsn(Role.GATEWAY))
    yield opened
    await opened.close()
