"""Months of the ledger, as the store's owner: made ahead, and dropped whole, each with the stub that it leaves."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Final

import asyncpg

from adapters.store.connecting import connect
from adapters.store.failures import StoreUnavailable

# By the times that a table can hold, never by its name: whoever renames one would choose what is dropped.
_MONTHS: Final = r"""
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), (to_timestamp(b.lower / 1e6) AT TIME ZONE 'UTC')::date
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace,
       LATERAL (SELECT m[1]::bigint AS lower, m[2]::bigint AS upper
                  FROM regexp_match(pg_get_expr(c.relpartbound, c.oid),
                                    '^FOR VALUES FROM \(''?(\d+)''?\) TO \(''?(\d+)''?\)$') AS m) AS b
 WHERE i.inhparent = 'public.ledger'::regclass AND b.upper <= extract(epoch FROM $1::date) * 1000000
 ORDER BY b.lower
"""
_PATIENCE: Final = "SET LOCAL lock_timeout = '2s'"  # while it waits, nothing is recorded, so nothing is answered


async def make_ledger_months(owner_dsn: str) -> None:
    """See that records have room this month and the two after it."""
    connection = await connect(owner_dsn)
    try:
        await connection.execute("SELECT make_ledger_months(2)")
    finally:
        await connection.close()


async def drop_months(
    owner_dsn: str, before: date, stub_of: Callable[[date, int, Sequence[tuple[int, int, bytes]]], str]
) -> list[tuple[date, int]]:
    """Drop every month that was over by that day, the oldest first; each with how many records it held.

    `stub_of` writes the stub: month, records, and of each chain its last position and link in that month. Raises
    StoreUnavailable where somebody reads the ledger meanwhile; what was dropped until then stays dropped.
    """
    connection = await connect(owner_dsn)
    dropped = []
    try:
        for table, month in await connection.fetch(_MONTHS, before):
            async with connection.transaction():
                await connection.execute(_PATIENCE)
                await connection.execute(f"LOCK TABLE ledger, {table} IN ACCESS EXCLUSIVE MODE")
                records = await connection.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608 - quoted above
                lasts = await connection.fetch(
                    f"SELECT DISTINCT ON (chain) chain, position, link FROM {table}"  # noqa: S608
                    " ORDER BY chain, position DESC"
                )
                stub = stub_of(month, records, [tuple(row) for row in lasts])
                await connection.execute("INSERT INTO ledger_stubs (month, text) VALUES ($1, $2)", month, stub)
                await connection.execute(f"DROP TABLE {table}")
            dropped.append((month, records))
    except asyncpg.LockNotAvailableError:
        raise StoreUnavailable("somebody reads the ledger: drop its months when they are done") from None
    finally:
        await connection.close()
    return dropped
