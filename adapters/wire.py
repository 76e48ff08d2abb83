"""One HTTP request and its answer: connections made by aiohttp, kept open here, talked over in `adapters.conversation`.

aiohttp resolves names, tries addresses side by side and shakes hands; nothing else of it is used
(docs/decisions/http-client.md). Nothing here knows an agency's contract, or what an answer means; an error's text may
hold an address.
"""

import asyncio
import re
import ssl
from collections.abc import Container, Mapping
from contextvars import Context
from typing import Final

import aiohttp
import msgspec
from yarl import URL

from adapters.conversation import SUCCESS, Answer, Caps, Conversation, Dropped, Unreadable
from adapters.deadlines import Deadlines

__all__ = ["SUCCESS", "Answer", "Dropped", "Request", "Unreadable", "Unsendable", "Wire"]

# Methods that a connection found dead may be followed by once more: asking twice asks for nothing new.
REPEATABLE: Final = frozenset({"GET", "HEAD"})
IDLE: Final = 15.0  # seconds a connection is kept open unused
# What could end a line of the head and begin another that the caller never wrote.
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class Unsendable(Exception):
    """A request whose head held what would end a line; nothing of it was sent."""


class Request(msgspec.Struct, frozen=True, gc=False):
    """What is sent: `target` is the path and query as they stand on the wire."""

    method: str
    url: URL
    target: str
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"Request({self.method})"

    def encoded(self) -> bytes:
        """Give the bytes of it all, or raise Unsendable where a name or value could be read as something else."""
        lines = [f"{self.method} {self.target} HTTP/1.1", f"Host: {self.url.host_port_subcomponent}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.body or self.method not in REPEATABLE:
            lines.append(f"Content-Length: {len(self.body)}")
        text = "".join(lines)
        # To be printable is more than is asked, and looked at in a third of the time.
        if not text.isprintable() and _CONTROL.search(text):
            raise Unsendable
        return "\r\n".join([*lines, "\r\n"]).encode() + self.body


class _Origin:
    """A system as connections know one: what the connector is asked for, and those that are open and unused.

    The last to be used is the first to be used again, so that those not needed grow old.
    """

    def __init__(self, request: aiohttp.ClientRequest) -> None:
        self.request = request
        self.idle: list[Conversation] = []

    def ended(self, conversation: Conversation) -> None:
        if conversation in self.idle:
            self.idle.remove(conversation)


class Wire:
    """Connections to many systems: no redirect, cookie or proxy, certificates verified, headers and bodies capped.

    Times are in seconds, sizes in bytes as inflated. Build it where a loop runs.
    """

    def __init__(self, *, connect_timeout: float, read_timeout: float, body_cap: int, header_cap: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._connector = aiohttp.TCPConnector(limit=0)  # bounded by whoever asks, each system by itself
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=connect_timeout)
        self._caps = Caps(read_timeout, body_cap, header_cap)
        self._deadlines = Deadlines(self._loop, Context())
        self._origins: dict[tuple[str, str, ssl.SSLContext | bool], _Origin] = {}
        self._sweeping: asyncio.TimerHandle | None = None

    async def close(self) -> None:
        if self._sweeping is not None:
            self._sweeping.cancel()
        await self._connector.close()

    async def exchange(
        self, request: Request, tls: ssl.SSLContext | bool, read: Container[int], deadline: float
    ) -> Answer:
        """Send, and give the answer, its body read where it succeeded or its status is in `read`.

        Raises Unreadable, Unsendable, Dropped, UnicodeEncodeError, OSError (TimeoutError at `deadline`, on the loop's
        clock), or an error of aiohttp's. Cancelled, it hangs up.
        """
        sent = request.encoded()
        origin = self._origin(request.url, tls)
        repeatable = request.method in REPEATABLE
        while True:
            conversation = self._at_hand(origin) or await self._connected(origin, deadline)
            asker = conversation.ask(sent, read, deadline, bodiless=request.method == "HEAD")
            try:
                return await asker
            except asyncio.CancelledError:
                conversation.leave(asker)
                raise
            except Dropped:
                # Mostly a connection kept open that the system closed as we took it up.
                if not repeatable:
                    raise
                repeatable = False

    def _at_hand(self, origin: _Origin) -> Conversation | None:
        """Take up a connection that is open and unused."""
        while origin.idle:
            conversation = origin.idle.pop()
            if self._loop.time() - conversation.idle_since < IDLE:
                return conversation
            conversation.hang_up()
        return None

    async def _connected(self, origin: _Origin, deadline: float) -> Conversation:
        """Make a connection, on which nothing was said before we asked."""
        async with asyncio.timeout_at(deadline):
            try:
                connection = await self._connector.connect(origin.request, traces=[], timeout=self._timeout)
            except TimeoutError:
                raise aiohttp.ConnectionTimeoutError from None
        handler, transport = connection.protocol, connection.transport
        if handler is None or transport is None or handler.should_close:
            connection.close()
            raise Dropped

        def freed(conversation: Conversation) -> None:
            conversation.idle_since = self._loop.time()
            origin.idle.append(conversation)
            if self._sweeping is None:
                self._sweeping = self._loop.call_later(IDLE, self._sweep)

        def ended(conversation: Conversation, error: BaseException | None) -> None:
            origin.ended(conversation)
            handler.connection_lost(error)  # so that the connector, which counts it among its own, knows
            connection.close()

        conversation = Conversation(transport, self._loop, self._caps, self._deadlines, freed, ended)
        transport.set_protocol(conversation)
        return conversation

    def _sweep(self) -> None:
        """Hang up where nobody has asked for long."""
        self._sweeping = None
        for origin in self._origins.values():
            while origin.idle and self._loop.time() - origin.idle[0].idle_since >= IDLE:
                origin.idle.pop(0).hang_up()
        if any(origin.idle for origin in self._origins.values()):
            self._sweeping = self._loop.call_later(IDLE, self._sweep)

    def _origin(self, url: URL, tls: ssl.SSLContext | bool) -> _Origin:
        """Give what a system is known by; made once for each, as the connector never sees a path."""
        known = (url.scheme, url.raw_authority, tls)
        origin = self._origins.get(known)
        if origin is None:
            if url.scheme not in ("http", "https"):
                raise aiohttp.NonHttpUrlClientError(url)
            origin = self._origins[known] = _Origin(aiohttp.ClientRequest("GET", url.origin(), ssl=tls))
        return origin
