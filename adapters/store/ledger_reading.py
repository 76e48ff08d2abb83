"""The ledger as auditors' own role reads it: whole, of one moment, and nothing else of the store."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date
from typing import Any, Final

import asyncpg

from adapters.store.connecting import PATIENCE, connecting
from adapters.store.entries import KeptKey
from adapters.store.failures import StoreUnavailable
from adapters.store.roles import Connection

AUDIT: Final = "`CONTACTPOINT_AUDIT_DSN` or `CONTACTPOINT_DSN`"
AT_ONCE: Final = 5_000  # records in memory
LONG: Final = 3600.0  # seconds that one look at a large ledger may take

_RECORDS: Final = "SELECT chain, position, at, reference, key, viewer, children, sealed, link FROM ledger"
_BY_CHAIN: Final = f"{_RECORDS} ORDER BY chain, position"
_BY_TIME: Final = (
    f"{_RECORDS} WHERE at >= $1 AND at < $2 AND ($3::bytea IS NULL OR cut_indexes(children) @> ARRAY[$3])"
    " ORDER BY at, chain, position"
)
# By the index of references: a copy of a record is as well sealed as what it was copied from.
_REPEATED: Final = """
SELECT chain, position FROM (
    SELECT l.chain, l.position, row_number() OVER (PARTITION BY l.reference ORDER BY l.at, l.chain, l.position) AS nth
      FROM ledger l WHERE l.reference IN (SELECT reference FROM ledger GROUP BY reference HAVING count(*) > 1 LIMIT $1)
) AS r WHERE nth > 1 ORDER BY chain, position LIMIT $1
"""


class LedgerSnapshot:
    """All that is kept of the ledger, as it stood at one moment. Records are tuples, as record_format has them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def keys(self) -> list[KeptKey]:
        """Every data key."""
        rows = await self._connection.fetch("SELECT name, authority, began_at, auditors, sealed FROM ledger_keys")
        return [KeptKey(name, authority, at, tuple(who), tuple(sealed)) for name, authority, at, who, sealed in rows]

    async def heads(self) -> list[tuple[int, int, bytes]]:
        """Where the store itself says that each chain stands: chain, position, link."""
        rows = await self._connection.fetch("SELECT chain, position, link FROM ledger_chains ORDER BY chain")
        return [tuple(row) for row in rows]

    async def checkpoints(self) -> list[tuple[int, str]]:
        """The number and text of each, from the first."""
        rows = await self._connection.fetch("SELECT number, text FROM ledger_checkpoints ORDER BY number")
        return [tuple(row) for row in rows]

    async def stubs(self) -> list[tuple[date, str]]:
        """The first day of each month that was dropped, and its stub's text, from the first."""
        rows = await self._connection.fetch("SELECT month, text FROM ledger_stubs ORDER BY month")
        return [tuple(row) for row in rows]

    async def repeated(self, most: int) -> list[tuple[int, int]]:
        """Chain and position of records whose reference another has too, but for the first of them."""
        return [tuple(row) for row in await self._connection.fetch(_REPEATED, most)]

    async def count(self) -> int:
        """How many records there are, by the heads of their chains: what a bar is drawn against."""
        return int(await self._connection.fetchval("SELECT coalesce(sum(position), 0) FROM ledger_chains"))

    def by_chain(self) -> AsyncIterator[Sequence[asyncpg.Record]]:
        """Every record by chain and position, a few thousand at a time."""
        return self._streamed(_BY_CHAIN)

    def by_time(self, since: int, until: int, child: bytes | None) -> AsyncIterator[Sequence[asyncpg.Record]]:
        """Records from one moment until before another (microseconds since 1970), of one child by its keyed index."""
        return self._streamed(_BY_TIME, since, until, child)

    async def _streamed(self, query: str, *arguments: Any) -> AsyncIterator[Sequence[asyncpg.Record]]:
        cursor = await self._connection.cursor(query, *arguments)
        while records := await cursor.fetch(AT_ONCE):
            yield records


@asynccontextmanager
async def ledger_snapshot(dsn: str) -> AsyncIterator[LedgerSnapshot]:
    """The ledger of this moment. Raises StoreSetupError where nobody answers, StoreUnavailable where that ends."""
    with connecting(dsn, AUDIT):
        connection = await asyncpg.connect(dsn, timeout=PATIENCE, command_timeout=LONG)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            yield LedgerSnapshot(connection)
    except asyncpg.PostgresError as error:
        raise StoreUnavailable(f"the store refused a statement (SQLSTATE {error.sqlstate})") from None
    except (asyncpg.InterfaceError, OSError, TimeoutError) as error:
        raise StoreUnavailable(f"the store did not answer ({type(error).__name__})") from None
    finally:
        connection.terminate()
