"""A port that is listened on, and the orderly end of it: no more is taken, what was taken is answered."""

import asyncio
import time
from collections.abc import Callable
from email.utils import formatdate

from gateway.wire.connection import Connection
from gateway.wire.exchange import Handler, Request


class Port:
    """Has every request answered by the handler that `handler_of` gives for it. Build it where its loop runs."""

    def __init__(self, handler_of: Callable[[Request], Handler], *, most_body: int) -> None:
        self.loop = asyncio.get_running_loop()
        self.handler_of = handler_of
        self.most_body = most_body
        self.closing = False
        self.connections: set[Connection] = set()
        self._server: asyncio.Server | None = None
        self._empty = asyncio.Event()
        self._second = 0
        self._date = b""

    async def listen(self, host: str, port: int, *, reuse_port: bool = False) -> int:
        """Begin; gives the port's number. Raises OSError where something else listens there."""
        self._server = await self.loop.create_server(
            lambda: Connection(self), host, port, reuse_port=reuse_port or None, backlog=128
        )
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self, seconds: float) -> None:
        """End; what is being answered has so many seconds."""
        if self._server is not None:
            self._server.close()
        self.closing = True
        for connection in tuple(self.connections):
            connection.hang_up_when_idle()
        if self.connections:
            try:
                async with asyncio.timeout(seconds):
                    await self._empty.wait()
            except TimeoutError:
                for connection in tuple(self.connections):
                    await connection.end()
                await self._empty.wait()

    def left(self, connection: Connection) -> None:
        """The connection is lost, and nothing is being answered on it."""
        self.connections.discard(connection)
        if self.closing and not self.connections:
            self._empty.set()

    def date(self) -> bytes:
        """The header that says when a reply was sent, made once a second."""
        now = int(time.time())
        if now != self._second:
            self._second, self._date = now, f"Date: {formatdate(now, usegmt=True)}\r\n".encode()
        return self._date
