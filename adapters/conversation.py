"""One connection's talk in HTTP/1.1: what is asked goes out, what is answered comes back capped; one thing at a time.

The words are httptools' to read, strictly; what they come to is decided here. Nothing here knows who is asked or why,
and no error made here holds anything of what was said.
"""

import asyncio
import zlib
from collections.abc import Callable, Container, Sequence
from typing import Final

import httptools
import msgspec

from adapters.deadlines import MOMENTS, Deadlines, Due

SUCCESS: Final = range(200, 300)
MOST_HEADERS: Final = 128
# What an answer may spend on its head, on marking off its chunks and on what follows them, all together.
MOST_FRAMING: Final = 256 * 1024
NOT_HTTP: Final = "what is not HTTP, or cut its answer short"


class Unreadable(Exception):
    """An answer that cannot be taken; the text says why, and holds nothing of it."""


class Dropped(Exception):
    """The connection was closed before a word of the answer came."""


class Caps(msgspec.Struct, frozen=True):
    """How long a silence may be, in seconds; how large a body as inflated and one header may be, in bytes."""

    silence: float
    body: int
    header: int


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What came back: the body is empty where the status was none that the asker reads."""

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes

    def __repr__(self) -> str:
        return f"Answer({self.status})"


class Conversation(asyncio.Protocol):
    """One open connection. It is `free` while nobody asks, and `over` once it can be asked no more.

    `freed` and `ended` are called with it as it becomes so. What comes while nobody asks ends it: it would be read as
    the answer to whoever asks next, one child's record as another's.
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        loop: asyncio.AbstractEventLoop,
        caps: Caps,
        deadlines: Deadlines,
        freed: Callable[["Conversation"], None],
        ended: Callable[["Conversation", BaseException | None], None],
    ) -> None:
        self._transport = transport
        self._loop = loop
        self._caps = caps
        self._deadlines = deadlines
        self._freed = freed
        self._ended = ended
        self._parser = httptools.HttpResponseParser(self)
        self._asker: asyncio.Future[Answer] | None = None
        self._due: Due = {}
        self.idle_since = 0.0
        self.over = False

    # --- Asking.

    def ask(
        self, request: bytes, read: Container[int], deadline: float, *, bodiless: bool = False
    ) -> "asyncio.Future[Answer]":
        """Send, and give what to await; the body is read where it succeeded or its status is in `read`.

        `deadline` is on the loop's clock. Awaiting raises Dropped, Unreadable or TimeoutError. `bodiless` is the answer
        to HEAD.
        """
        asker: asyncio.Future[Answer] = self._loop.create_future()
        self._asker = asker
        self._read = read
        self._deadline = deadline
        self._bodiless = bodiless
        self._headers: list[tuple[bytes, bytes]] = []
        self._parts: list[bytes] = []
        self._inflater: zlib._Decompress | None = None
        self._heard = self._framing = self._taken = self._held = self._status = 0
        self._wanted = self._whole = self._keeps = False
        self._refusal: str | None = None
        self._silent_since = self._loop.time()
        self._wait()
        self._transport.write(request)
        return asker

    def leave(self, asker: "asyncio.Future[Answer]") -> None:
        """Hang up, unless the answer to this asker has come already and the connection may be another's."""
        if self._asker is asker:
            self._asker = None
            self.hang_up()

    def hang_up(self) -> None:
        """Say no more and hear no more."""
        self.over = True
        self._due.pop(self, None)
        self._transport.close()

    # --- Time.

    def _wait(self) -> None:
        self._due = self._deadlines.before(min(self._deadline, self._silent_since + self._caps.silence))
        self._due[self] = None

    def time_is_over(self) -> None:
        """Give up, unless something has been heard since this moment was fixed."""
        now = self._loop.time()
        if min(self._deadline, self._silent_since + self._caps.silence) > now + 1 / MOMENTS:
            self._wait()
        else:
            self._fail(TimeoutError())

    # --- What the connection says.

    def data_received(self, data: bytes) -> None:
        if self._asker is None:
            self.hang_up()
            return
        self._silent_since = self._loop.time()
        self._heard += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._keeps = False
            if not self._whole:
                self._refusal = self._refusal or NOT_HTTP
        if self._refusal is not None:
            self._fail(Unreadable(self._refusal))
        elif self._whole or (self._status and not self._wanted):
            self._answered()
        elif self._heard - self._taken > MOST_FRAMING:
            self._fail(Unreadable("with more around its words than a word is worth"))

    def connection_lost(self, error: Exception | None) -> None:
        self.over = True
        if self._asker is not None:
            if not self._heard:
                self._fail(Dropped())
            elif error is None and self._ends_with_the_connection():
                self._whole = True
                self._answered()
            else:
                self._fail(Unreadable(NOT_HTTP))
        self._ended(self, error)

    def _ends_with_the_connection(self) -> bool:
        return bool(self._status) and not any(
            name.lower() in (b"content-length", b"transfer-encoding") for name, _ in self._headers
        )

    # --- What the parser reads in it.

    def on_message_begin(self) -> None:
        if self._whole:
            self._keeps = False  # a second answer to one question

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._status or self._whole:
            return  # after the body, or of an answer too many
        self._headers.append((name, value))
        if len(name) + len(value) > self._caps.header or len(self._headers) > MOST_HEADERS:
            self._refusal = "with a head that is too large"

    def on_headers_complete(self) -> None:
        if self._whole:
            return
        status = self._parser.get_status_code()
        if 100 <= status < 200 and status != 101:  # a word in passing; the answer follows
            self._headers.clear()
            return
        if status < 100:
            self._refusal = NOT_HTTP
        self._status = status
        self._wanted = not self._bodiless and (status in SUCCESS or status in self._read)
        if self._wanted:
            self._begin_body()

    def _begin_body(self) -> None:
        for name, value in self._headers:
            if len(name) == 16 and name.lower() == b"content-encoding":
                encoding = value.lower()
                if encoding == b"gzip":
                    self._inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
                elif encoding != b"identity":
                    self._refusal = "in an encoding we did not offer"

    def on_body(self, part: bytes) -> None:
        self._taken += len(part)
        if not self._wanted or self._whole or self._refusal is not None:
            return
        if self._inflater is not None:
            try:
                # One byte past the cap is enough to know; the rest of a bomb is never inflated.
                part = self._inflater.decompress(part, self._caps.body + 1 - self._held)
            except zlib.error:
                self._refusal = "with damaged compression"
                return
        self._held += len(part)
        if self._held > self._caps.body:
            self._refusal = f"with more than {self._caps.body} bytes"
        else:
            self._parts.append(part)

    def on_message_complete(self) -> None:
        if self._status and not self._whole:
            self._whole = True
            self._keeps = self._parser.should_keep_alive()

    # --- What it comes to.

    def _answered(self) -> None:
        if self._inflater is not None and not self._inflater.eof:
            self._fail(Unreadable("with damaged compression"))
            return
        asker, self._asker = self._asker, None
        parts = self._parts
        answer = Answer(self._status, self._headers, parts[0] if len(parts) == 1 else b"".join(parts))
        del self._headers, self._parts  # a connection kept open keeps nothing that was said
        if self._whole and self._keeps and not self.over:
            self._due.pop(self, None)
            self._freed(self)
        else:
            self.hang_up()
        if asker is not None and not asker.done():
            asker.set_result(answer)

    def _fail(self, error: Exception) -> None:
        asker, self._asker = self._asker, None
        self.hang_up()
        if asker is not None and not asker.done():
            asker.set_exception(error)
