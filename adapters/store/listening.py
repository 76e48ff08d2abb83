"""Hears that the registry has changed, so that workers look at once. A hint: nothing depends on its arriving."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Final

import asyncpg

from adapters.store.connecting import GATEWAY, PATIENCE, connecting
from adapters.store.failures import StoreSetupError, StoreUnavailable
from adapters.store.roles import Connection

CHANNEL: Final = "contactpoint_registry"  # what `registry_changed()` notifies
_LOST = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
    StoreSetupError,
    StoreUnavailable,
)


class Listener:
    """A connection of its own to `dsn`: asked after every `look_after` seconds, made anew `again_in` after a loss."""

    def __init__(self, dsn: str, *, again_in: float = 1.0, look_after: float = 30.0) -> None:
        self._dsn = dsn
        self._again_in = again_in
        self._look_after = look_after

    async def listen(self, heard: Callable[[], Awaitable[None]]) -> None:
        """Call `heard` for every change, for ever; and once more on every connection, for what may have been missed.

        Changes that come while it runs are one. Where it raises StoreUnavailable it is called again.
        """
        while True:
            with contextlib.suppress(*_LOST):
                await self._while_connected(heard)
            await asyncio.sleep(self._again_in)

    async def _while_connected(self, heard: Callable[[], Awaitable[None]]) -> None:
        with connecting(self._dsn, GATEWAY):
            connection = await asyncpg.connect(self._dsn, timeout=PATIENCE, command_timeout=PATIENCE)
        try:
            changed = asyncio.Event()
            connection.add_termination_listener(lambda _: changed.set())
            await connection.add_listener(CHANNEL, lambda *_: changed.set())
            changed.set()
            while await self._still_there(connection, changed):
                changed.clear()
                await heard()
        finally:
            connection.terminate()

    async def _still_there(self, connection: Connection, changed: asyncio.Event) -> bool:
        """Once something changed, or the connection is lost; now and then ask: a server may go without a word."""
        while not changed.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._look_after):
                    await changed.wait()
                    break
            await connection.execute("SELECT")
        return not connection.is_closed()
