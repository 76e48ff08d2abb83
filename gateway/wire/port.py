"""A port that is listened on, and the orderly end of it: no more is taken, what was taken is answered."""

import asyncio
import resource
import ssl
import time
from collections import OrderedDict
from collections.abc import Callable
from email.utils import formatdate
from typing import Final

from gateway.wire.connection import Connection
from gateway.wire.exchange import Handler, Request

MOST_CONNECTIONS: Final = 16_384
HANDSHAKE_PATIENCE: Final = 5.0  # seconds a caller has for a TLS handshake
SHUTDOWN_PATIENCE: Final = 2.0  # seconds a caller has to say goodbye over TLS


def most_connections() -> int:
    """How many callers may stay at once: half of the files a process may open are left to what it asks itself."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_CONNECTIONS if files == resource.RLIM_INFINITY else min(MOST_CONNECTIONS, files // 2)


class Port:
    """Has every request answered by the handler that `handler_of` gives for it. Build it where its loop runs.

    `failed` hears what a handler raised; its caller is told that there is no answer, and nothing of it.
    """

    def __init__(
        self, handler_of: Callable[[Request], Handler], *, most_body: int, failed: Callable[[Exception], None]
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.handler_of = handler_of
        self.most_body = most_body
        self.failed = failed
        self.closing = False
        self.most_connections = most_connections()
        self.connections: OrderedDict[Connection, None] = OrderedDict()  # in the order they came
        self._server: asyncio.Server | None = None
        self._empty = asyncio.Event()
        self._second = 0
        self._date = b""

    async def listen(self, host: str, port: int, *, reuse_port: bool = False, tls: ssl.SSLContext | None = None) -> int:
        """Begin, in plain or over TLS; gives the port's number. Raises OSError where something else listens there."""
        self._server = await self.loop.create_server(
            lambda: Connection(self),
            host,
            port,
            reuse_port=reuse_port or None,
            backlog=128,
            ssl=tls,
            ssl_handshake_timeout=HANDSHAKE_PATIENCE if tls else None,
            ssl_shutdown_timeout=SHUTDOWN_PATIENCE if tls else None,
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

    def came(self, connection: Connection) -> None:
        """One more. Where that is one too many, the oldest goes on which nothing is being answered."""
        self.connections[connection] = None
        if len(self.connections) > self.most_connections:
            idle = next(one for one in self.connections if one.idle)  # the one that came is, at worst
            del self.connections[idle]
            idle.make_room()

    def left(self, connection: Connection) -> None:
        """The connection is lost, and nothing is being answered on it."""
        self.connections.pop(connection, None)
        if self.closing and not self.connections:
            self._empty.set()

    def date(self) -> bytes:
        """The header that says when a reply was sent, made once a second."""
        now = int(time.time())
        if now != self._second:
            self._second, self._date = now, f"Date: {formatdate(now, usegmt=True)}\r\n".encode()
        return self._date
