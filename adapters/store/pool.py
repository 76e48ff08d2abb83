"""A bounded pool of connections under one role, and what becomes of all that a database may say."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TypeAlias

import asyncpg

from adapters.store.connecting import connecting, quote_no_error
from adapters.store.failures import StoreUnavailable

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"


async def open_pool(
    dsn: str, setting: str, *, connections: int, to_connect: float, to_answer: float, settings: Mapping[str, str]
) -> Pool:
    """Open one to `dsn`, which stands in `setting`: times in seconds, to connect and for a statement.

    Raises StoreSetupError, whose one line names the fix and never the password.
    """
    quote_no_error()
    with connecting(dsn, setting):
        return await asyncpg.create_pool(
            dsn,
            min_size=1,
            max_size=connections,
            timeout=to_connect,
            command_timeout=to_answer,
            max_inactive_connection_lifetime=0,
            reset=_nothing_to_reset,
            server_settings=dict(settings),
        )


def bounded(timeout: float) -> Mapping[str, str]:
    """The server's own settings where it is to give up a statement after so many seconds."""
    return {"search_path": "public", "statement_timeout": f"{timeout * 1000:.0f}"}


@asynccontextmanager
async def taken(pool: Pool, wait: float, advice: str = "") -> AsyncIterator[Connection]:
    """A connection, waited for so many seconds.

    Whatever the database or the driver says becomes StoreUnavailable, without what it may quote.
    """
    try:
        async with pool.acquire(timeout=wait) as connection:
            yield connection
    except asyncpg.PostgresError as error:
        raise StoreUnavailable(f"the store refused a statement (SQLSTATE {error.sqlstate})") from None
    except (TimeoutError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError) as error:
        raise StoreUnavailable(f"the store did not answer ({type(error).__name__}){advice}") from None


async def _nothing_to_reset(_: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Spare a round trip per statement: none of ours leaves a setting, a lock or a cursor behind."""
