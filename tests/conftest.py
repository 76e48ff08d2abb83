"""What every test may ask for: a real PostgreSQL per test process, a database of its own per test, a store on it."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from adapters.store.embedded import EmbeddedCluster
from adapters.store.migrate import migrate
from adapters.store.postgres import Store
from adapters.store.roles import Role, credentials
from tests.databases import Database, fresh_database, reachable_folder

pytest_plugins = ["tests.running"]

# How long an example takes is no property: a busy machine is no counter-example.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

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
    async with fresh_database(cluster, f"test_{next(_serial)}") as copied:
        yield copied


@pytest.fixture
async def store(database: Database) -> AsyncIterator[Store]:
    """The store as the gateway has it."""
    opened = await Store.connect(database.dsn(Role.GATEWAY))
    yield opened
    await opened.close()
