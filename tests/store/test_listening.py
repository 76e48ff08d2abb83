"""That the registry changed is heard at once, and what was missed is made good: a hint, on a real connection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import asyncpg
import pytest

from adapters.store.failures import StoreUnavailable
from adapters.store.listening import Listener
from adapters.store.roles import Role
from tests.databases import Database
from tests.store.rows import Rows

CHANGE = "UPDATE organisations SET name = name"


class Ear:
    """Counts what is heard, and lets a test wait for the next time."""

    def __init__(self) -> None:
        self.times = asyncio.Semaphore(0)
        self.fails = 0

    async def heard(self) -> None:
        self.times.release()
        if self.fails:
            self.fails -= 1
            raise StoreUnavailable("not now")

    async def again(self) -> None:
        async with asyncio.timeout(20):
            await self.times.acquire()


@asynccontextmanager
async def listening(listener: Listener, ear: Ear) -> AsyncIterator[None]:
    task = asyncio.create_task(listener.listen(ear.heard))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.fixture
def listener(database: Database) -> Listener:
    """One of the gateway's role, impatient."""
    return Listener(database.dsn(Role.GATEWAY), again_in=0.01, look_after=0.05)


async def test_a_change_is_heard(listener: Listener, rows: Rows) -> None:
    """First for what may have been missed, then for each change: once, without a word of what it was."""
    ear = Ear()
    async with listening(listener, ear):
        await ear.again()
        for _ in range(3):
            await rows.connection.execute(CHANGE)
            await ear.again()
        await asyncio.sleep(0)
        assert ear.times.locked()


async def test_a_lost_connection_is_made_again(database: Database, listener: Listener, rows: Rows) -> None:
    """What changed meanwhile is heard as soon as somebody listens again."""
    ear = Ear()
    superuser = await asyncpg.connect(database.cluster.superuser_dsn())
    async with listening(listener, ear):
        await ear.again()
        for _ in range(3):
            await superuser.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND usename = $2",
                database.name,
                Role.GATEWAY.database_role,
            )
            await ear.again()
        await rows.connection.execute(CHANGE)
        await ear.again()
    await superuser.close()


async def test_who_cannot_look_now_looks_again(listener: Listener) -> None:
    """A store that is unavailable is asked again until it answers."""
    ear = Ear()
    ear.fails = 3
    async with listening(listener, ear):
        for _ in range(4):
            await ear.again()


async def test_a_server_that_is_not_there_ends_nothing() -> None:
    """It goes on trying, and hears nothing."""
    ear = Ear()
    async with listening(Listener("postgresql://nobody@127.0.0.1:1/nowhere", again_in=0.001), ear):
        for _ in range(50):
            await asyncio.sleep(0)
        assert ear.times.locked()
