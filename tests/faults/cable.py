"""The cable between gateway and store: a socket of ours before the store's own, to be cut or to lose what it says."""

import asyncio
from contextlib import suppress
from pathlib import Path

SOCKET = ".s.PGSQL.5432"
AT_ONCE = 1 << 16


class Cable:
    """Passes bytes both ways between `folder`, where the gateway connects, and the store's own folder."""

    def __init__(self, folder: Path, store: Path) -> None:
        self._place = folder / SOCKET
        self._store = store / SOCKET
        self._ends: set[asyncio.StreamWriter] = set()
        self._whole = True
        self._loses_replies = False

    async def start(self) -> None:
        self._server = await asyncio.start_unix_server(self._connected, self._place)

    async def close(self) -> None:
        self.cut()
        self._server.close()

    def cut(self) -> None:
        """Cut every connection, and let none be made until it is `mended`."""
        self._whole = False
        for end in self._ends:
            end.transport.abort()

    def lose_replies(self) -> None:
        """From now on, and until it is `mended`, what the store says is lost, and what it is told still comes to it."""
        self._loses_replies = True

    def mended(self) -> None:
        if self._loses_replies:
            self.cut()  # what was lost of a connection does not come back to it
        self._whole, self._loses_replies = True, False

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._whole:
            writer.transport.abort()
            return
        try:
            from_store, to_store = await asyncio.open_unix_connection(self._store)
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, to_store}
        self._ends |= ends
        try:
            async with asyncio.TaskGroup() as passing:
                passing.create_task(self._pass(reader, to_store, replies=False))
                passing.create_task(self._pass(from_store, writer, replies=True))
        finally:
            self._ends -= ends
            for end in ends:
                end.transport.abort()

    async def _pass(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, replies: bool) -> None:
        with suppress(OSError):
            while data := await source.read(AT_ONCE):
                if replies and self._loses_replies:
                    continue
                target.write(data)
                await target.drain()
        target.close()
