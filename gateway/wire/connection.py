"""One connection of HTTP/1.1: bytes become requests, answered one at a time and in order.

llhttp parses, as strictly as it can; sizes, times and numbers, which it leaves open, are bounded here. Nothing that was
received is ever logged.
"""

import asyncio
import logging
import math
import socket
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol, cast

import httptools

from gateway.wire.exchange import BAD_REQUEST, Handler, Reply, Request, Unread, error_reply
from gateway.wire.peer import Peer, peer_of

logger = logging.getLogger("contactpoint.http")

LONGEST_HEAD: Final = 16 * 1024  # bytes; well above the longest token, so that it is the token's check that speaks
MOST_HEADERS: Final = 128
MOST_WAITING: Final = 32  # requests sent ahead, before the replies to earlier ones

# Seconds, no two of them the same: by them it is known what is waited for.
HEAD_PATIENCE: Final = 10.0  # for a head that has begun
BODY_PATIENCE: Final = 5.0  # for a body, once its head is there
REPLY_PATIENCE: Final = 300.0  # for whoever does not take their reply: the explorer's largest file, over a slow line
IDLE_PATIENCE: Final = 3_600.0  # between requests: longer than proxies keep a connection, so that they end it
LAST_PATIENCE: Final = 8.0  # for the caller to hang up once the last reply is sent

UNREADABLE: Final = error_reply(400, "this cannot be read as HTTP", BAD_REQUEST)
UNEXPECTED: Final = error_reply(417, "expect `100-continue` or nothing", BAD_REQUEST)
FAILED: Final = error_reply(503, "no answer can be given now; try again", "UNAVAILABLE", {"Retry-After": "2"})


class Port(Protocol):
    """What a connection asks of the port it came to."""

    loop: asyncio.AbstractEventLoop
    handler_of: Callable[[Request], Handler]
    most_body: int
    failed: Callable[[Exception], None]
    closing: bool

    def date(self) -> bytes: ...

    def came(self, connection: "Connection") -> None: ...

    def left(self, connection: "Connection") -> None: ...


class Connection(asyncio.Protocol):
    """Reads, has answered, and writes. Whatever it cannot read, it says so once and hangs up."""

    def __init__(self, port: Port) -> None:
        self._port = port
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport
        self._peer = Peer()
        self._lost = False
        # What is arriving.
        self._begun = self._headed = self._behind_another = False
        self._received = self._size = 0
        self._target = b""
        self._headers: dict[bytes, bytes] = {}
        self._repeated: set[bytes] = set()
        self._body: list[bytes] = []
        # What has arrived: requests, each with whether another may follow, or a reply to what was none.
        self._waiting: deque[tuple[Request | Reply, bool]] = deque()
        self._answering: asyncio.Task[None] | None = None
        self._deaf = False  # nothing more is read
        self._paused = False  # nothing is read for now
        self._stuffed = False  # what was written is not taken
        self._finished = False  # the last reply is sent
        self._patience = math.inf
        self._until = math.inf
        self._timer: asyncio.TimerHandle | None = None

    # The transport speaks.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # asyncio's own signature is wider
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._peer = peer_of(transport)
        self._port.came(self)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = self._deaf = True
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()
        if self._answering is None:
            self._port.left(self)

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        self._behind_another = False
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._deaf = True  # what follows is not HTTP, and we speak nothing else
        except httptools.HttpParserError as error:
            self._refuse(UNREADABLE, type(error).__name__)
        if self._begun:
            # What is unfinished the parser keeps to itself, trailers and all, however long it grows.
            if not self._behind_another:
                self._received += len(data)
            if self._received > (LONGEST_HEAD + 2 * self._port.most_body if self._headed else LONGEST_HEAD):
                self._refuse(UNREADABLE, "too long a message")
        if self._waiting and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        self._watch()

    def pause_writing(self) -> None:
        self._stuffed = True

    def resume_writing(self) -> None:
        self._stuffed = False
        self._next()
        self._watch()

    # The parser speaks.

    def on_message_begin(self) -> None:
        self._begun, self._headed, self._received, self._size = True, False, 0, 0
        self._target, self._headers, self._repeated, self._body = b"", {}, set(), []

    def on_url(self, part: bytes) -> None:
        self._target += part
        self._grow(len(part))

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._headed:
            return  # a trailer: what comes after a body never says who asks or why
        name = name.lower()
        headers = self._headers
        if name in headers:
            self._repeated.add(name)
            value = headers[name] + b", " + value
        headers[name] = value
        self._grow(len(name) + len(value))
        if len(headers) > MOST_HEADERS:
            self._refuse(UNREADABLE, "too many headers")

    def on_headers_complete(self) -> None:
        self._headed, self._size = True, 0
        headers = self._headers
        version = self._parser.get_http_version()
        if version != "1.1" and version != "1.0":
            self._refuse(UNREADABLE, "another HTTP")
        elif b"host" in self._repeated or (version == "1.1" and b"host" not in headers):
            self._refuse(UNREADABLE, "more than one host, or none")
        elif headers.get(b"transfer-encoding", b"chunked").lower() != b"chunked":
            self._refuse(UNREADABLE, "another coding")
        elif int(headers.get(b"content-length", 0)) > self._port.most_body:
            self._deliver(Unread.TOO_LARGE)
        elif b"expect" in headers and not self._deaf:
            if headers[b"expect"].lower() != b"100-continue":
                self._refuse(UNEXPECTED, "an expectation")
            elif self._answering is None and not self._waiting:
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > self._port.most_body:
            self._deliver(Unread.TOO_LARGE)
        else:
            self._body.append(part)

    def on_message_complete(self) -> None:
        self._deliver(b"".join(self._body))

    # What arrives is asked, and answered in its turn.

    def _grow(self, size: int) -> None:
        self._size += size
        if self._size > LONGEST_HEAD:
            self._refuse(UNREADABLE, "too long a head")

    def _refuse(self, reply: Reply, why: str) -> None:
        if not self._deaf:
            logger.info("a request was refused: %s", why)
            self._deaf = True
            self._waiting.append((reply, False))
            self._next()

    def _deliver(self, body: bytes | Unread) -> None:
        if self._deaf:
            return
        if len(self._waiting) >= MOST_WAITING:
            self._refuse(UNREADABLE, "too many requests ahead")
            return
        self._begun, self._behind_another = False, True
        parser = self._parser
        request = Request(parser.get_method(), self._target, self._headers, self._repeated, body, self._peer)
        # What is left of an unread body would be read as a request.
        self._deaf = isinstance(body, Unread)
        another = not self._deaf and parser.should_keep_alive() and parser.get_http_version() == "1.1"
        self._waiting.append((request, another))
        self._next()

    def _next(self) -> None:
        if self._answering is not None or self._stuffed or not self._waiting:
            return
        asked, another = self._waiting.popleft()
        if isinstance(asked, Reply):
            self._send(asked, another=False)
        else:
            self._answering = self._port.loop.create_task(self._answer(asked, another))

    async def _answer(self, request: Request, another: bool) -> None:
        try:
            reply = await self._port.handler_of(request)(request)
        except Exception as error:
            self._port.failed(error)
            reply, another = FAILED, False
        finally:
            self._answering = None
        self._send(reply, another=another, bare=request.method == b"HEAD")

    def _send(self, reply: Reply, *, another: bool, bare: bool = False) -> None:
        if self._lost:
            self._port.left(self)
            return
        another = another and (bool(self._waiting) or not (self._deaf or self._port.closing))
        self._transport.write(
            b"%b%bContent-Length: %d\r\n%b\r\n%b"
            % (
                reply.head,
                self._port.date(),
                len(reply.body),
                b"" if another else b"Connection: close\r\n",
                b"" if bare else reply.body,
            )
        )
        if not another:
            self._hang_up()
        elif self._waiting:
            self._next()
        elif self._paused:
            self._paused = False
            self._transport.resume_reading()
        self._watch()

    # Time passes.

    @property
    def idle(self) -> bool:
        """Whether nothing has arrived that is still to be answered."""
        return self._answering is None and not self._waiting

    def hang_up_when_idle(self) -> None:
        """The port closes: what has arrived is still answered."""
        if self.idle:
            self._transport.close()

    def make_room(self) -> None:
        """Others want to come: an idle caller may come again."""
        self._transport.abort()

    async def end(self) -> None:
        """Hang up now, whoever waits."""
        self._transport.abort()
        if self._answering is not None:
            self._answering.cancel()
            await asyncio.wait({self._answering})
            if self._lost:
                self._port.left(self)

    def _hang_up(self) -> None:
        """Say that nothing follows. Closed at once, bytes not read yet would take the reply away from the caller."""
        self._deaf = self._finished = True
        self._waiting.clear()
        if self._port.closing or not self._transport.can_write_eof():
            self._transport.close()
        else:
            self._transport.write_eof()
            self._transport.resume_reading()

    def _watch(self) -> None:
        """See to it that what we wait for now comes in its time; the time of what we go on waiting for runs on."""
        if self._stuffed:
            patience = REPLY_PATIENCE
        elif self._finished:
            patience = LAST_PATIENCE
        elif self._answering is not None:
            patience = math.inf  # whoever answers has a time of their own
        elif self._begun:
            patience = BODY_PATIENCE if self._headed else HEAD_PATIENCE
        else:
            patience = IDLE_PATIENCE
        if patience == self._patience:
            return
        self._patience = patience
        self._until = self._port.loop.time() + patience
        if self._timer is not None and self._timer.when() > self._until:
            self._timer.cancel()
            self._timer = None
        if self._timer is None and patience < math.inf:
            self._timer = self._port.loop.call_at(self._until, self._ring)

    def _ring(self) -> None:
        # One timer is left to ring too early and is set again, as setting one for every request would cost more.
        self._timer = None
        if self._port.loop.time() < self._until:
            if self._until < math.inf:
                self._timer = self._port.loop.call_at(self._until, self._ring)
        elif self._patience == BODY_PATIENCE:
            self._deliver(Unread.TOO_SLOW)
            self._watch()
        elif self._stuffed:
            self._transport.abort()
        else:
            self._transport.close()
