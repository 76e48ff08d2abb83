"""Lends the connections of a pool to one statement at a time, and keeps them in hand between.

What asyncpg does each time it lends one costs as much as the statement itself.
"""

from typing import Any

import asyncpg

from adapters.store.pool import Connection, Pool


class Lending:
    """Statements by the connections of `pool`, which is whole again once this is closed.

    A connection whose statement failed, was left or was its last goes back to the pool, which looks after it; so does
    one that somebody waits for there.
    """

    def __init__(self, pool: Pool, wait: float) -> None:
        self._pool = pool
        self._wait = wait  # seconds for a free one
        self._waiting = 0
        self._in_hand: list[Connection] = []
        self._closed = False

    async def fetch(self, statement: str, arguments: tuple[Any, ...]) -> list[asyncpg.Record]:
        """The statement's rows. Raises TimeoutError where no connection was free in time, and what asyncpg raises."""
        connection = await self._free()
        try:
            rows = await connection.fetch(statement, *arguments)
        except BaseException:
            await self._pool.release(connection)
            raise
        if self._waiting or self._closed or connection.is_closed():
            await self._pool.release(connection)
        else:
            self._in_hand.append(connection)
        return rows

    async def close(self) -> None:
        """Let statements in flight end, then close every connection."""
        self._closed = True
        while self._in_hand:
            await self._pool.release(self._in_hand.pop())
        await self._pool.close()

    async def _free(self) -> Connection:
        while self._in_hand:
            connection = self._in_hand.pop()
            if not connection.is_closed():
                return connection
            await self._pool.release(connection)
        self._waiting += 1
        try:
            return await self._pool.acquire(timeout=self._wait)
        finally:
            self._waiting -= 1
