"""Months of the ledger, as the store's owner: made ahead, and dropped whole, each with the stub that it leaves."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Final

from adapters.store.connecting import connect

_MONTHS: Final = """
SELECT to_date(substring(c.relname FROM 8), 'YYYY_MM') FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
 WHERE i.inhparent = 'public.ledger'::regclass AND c.relname ~ '^ledger_[0-9]{4}_[0-9]{2}$' ORDER BY 1
"""


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
    """Drop every month that began before that day, the oldest first; each with how many records it held.

    `stub_of` writes the stub: month, records, and of each chain its last position and link in that month.
    """
    connection = await connect(owner_dsn)
    dropped = []
    try:
        months = [row[0] for row in await connection.fetch(_MONTHS)]
        for month in (month for month in months if month < before):
            table = f"ledger_{month:%Y_%m}"  # a month's name: the statements below hold nothing of anybody's
            async with connection.transaction():
                await connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
                records = await connection.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608
                lasts = await connection.fetch(
                    f"SELECT DISTINCT ON (chain) chain, position, link FROM {table}"  # noqa: S608
                    " ORDER BY chain, position DESC"
                )
                stub = stub_of(month, records, [tuple(row) for row in lasts])
                await connection.execute("INSERT INTO ledger_stubs (month, text) VALUES ($1, $2)", month, stub)
                await connection.execute(f"DROP TABLE {table}")
            dropped.append((month, records))
    finally:
        await connection.close()
    return dropped
