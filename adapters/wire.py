"""One HTTP request and its answer, over aiohttp's connections and parser: bytes out, capped bytes in.

Of aiohttp's session, request and response, which cost as much again (docs/decisions/http-client.md), nothing is used.
Nothing here knows a deadline, an agency's contract, or what an answer means; an error's text may hold an address.
"""

import asyncio
import re
import ssl
import zlib
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from typing import Final

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from multidict import CIMultiDictProxy
from yarl import URL

SUCCESS: Final = range(200, 300)
# Methods that a connection found dead may be followed by once more: asking twice asks for nothing new.
REPEATABLE: Final = frozenset({"GET", "HEAD"})
# What could end a line of the head and begin another that the caller never wrote.
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class Unreadable(Exception):
    """An answer that was HTTP and is refused all the same; the text says why, and holds nothing of it."""


class Unsendable(Exception):
    """A request whose head held what would end a line; nothing of it was sent."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent: `target` is the path and query as they stand on the wire."""

    method: str
    url: URL = field(repr=False)
    target: str = field(repr=False)
    headers: Iterable[tuple[str, str]] = field(repr=False)
    body: bytes = field(repr=False)

    def encoded(self) -> bytes:
        """Give the bytes of it all, or raise Unsendable where a name or value could be read as something else."""
        lines = [f"{self.method} {self.target} HTTP/1.1", f"Host: {self.url.host_port_subcomponent}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.body or self.method not in REPEATABLE:
            lines.append(f"Content-Length: {len(self.body)}")
        if _CONTROL.search("".join(lines)):
            raise Unsendable
        return "\r\n".join([*lines, "\r\n"]).encode() + self.body


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the body is empty where the status was none that the asker reads."""

    status: int
    headers: CIMultiDictProxy[str] = field(repr=False)
    body: bytes = field(repr=False)


class Wire:
    """Connections to many systems: no redirect, cookie or proxy, certificates verified, headers and bodies capped.

    Times are in seconds, sizes in bytes as inflated. Build it where a loop runs.
    """

    def __init__(self, *, connect_timeout: float, read_timeout: float, body_cap: int, header_cap: int) -> None:
        self._connector = aiohttp.TCPConnector(limit=0)  # bounded by whoever asks, each system by itself
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=connect_timeout)
        self._read_timeout = read_timeout
        self._body_cap = body_cap
        self._header_cap = header_cap
        self._origins: dict[tuple[str, str, ssl.SSLContext | bool], aiohttp.ClientRequest] = {}

    async def close(self) -> None:
        await self._connector.close()

    async def exchange(self, request: Request, tls: ssl.SSLContext | bool, read: Container[int]) -> Answer:
        """Send, and give the answer, its body read where it succeeded or its status is in `read`.

        Raises Unreadable, Unsendable, UnicodeEncodeError, OSError, or an error of aiohttp's. Cancelled, it hangs up.
        """
        sent = request.encoded()
        try:
            return await self._exchange_once(request, sent, tls, read)
        except aiohttp.ClientConnectorError:
            raise
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            # Mostly a connection kept open that the system closed as we took it up.
            if request.method not in REPEATABLE:
                raise
        return await self._exchange_once(request, sent, tls, read)

    async def _exchange_once(
        self, request: Request, sent: bytes, tls: ssl.SSLContext | bool, read: Container[int]
    ) -> Answer:
        connection, protocol, transport = await self._connected(request.url, tls)
        try:
            protocol.set_response_params(
                skip_payload=request.method == "HEAD",
                read_until_eof=True,
                auto_decompress=False,  # bodies are inflated here, never past the cap
                read_timeout=self._read_timeout,
                max_line_size=self._header_cap,
                max_field_size=self._header_cap,
            )
            protocol.start_timeout()
            transport.write(sent)
            head, content = await protocol.read()
            while 100 <= head.code < 200 and head.code != 101:  # a word in passing; the answer follows
                head, content = await protocol.read()
            wanted = head.code in SUCCESS or head.code in read
            body = await self._body(head.headers.get("Content-Encoding"), content) if wanted else b""
        except BaseException:
            connection.close()
            raise
        connection.release()  # which closes it where anything is left unread
        return Answer(head.code, head.headers, body)

    async def _connected(
        self, url: URL, tls: ssl.SSLContext | bool
    ) -> tuple[Connection, ResponseHandler, asyncio.WriteTransport]:
        """Take up a connection that has nothing to say of itself.

        Bytes that came while nobody asked would be read as the answer to us: one child's record as another's. aiohttp
        hands such a connection out, so it is looked at here.
        """
        while True:
            try:
                connection = await self._connector.connect(self._origin(url, tls), traces=[], timeout=self._timeout)
            except TimeoutError:
                raise aiohttp.ConnectionTimeoutError from None
            protocol, transport = connection.protocol, connection.transport
            if protocol is not None and transport is not None and not protocol.should_close:
                return connection, protocol, transport
            connection.close()

    def _origin(self, url: URL, tls: ssl.SSLContext | bool) -> aiohttp.ClientRequest:
        """Give what the connector knows a system by; made once for each, as it never sees a path."""
        known = (url.scheme, url.raw_authority, tls)
        origin = self._origins.get(known)
        if origin is None:
            if url.scheme not in ("http", "https"):
                raise aiohttp.NonHttpUrlClientError(url)
            origin = self._origins[known] = aiohttp.ClientRequest("GET", url.origin(), ssl=tls)
        return origin

    async def _body(self, encoding: str | None, content: aiohttp.StreamReader) -> bytes:
        inflater = _inflater(encoding)
        body = bytearray()
        while not content.at_eof():
            chunk = await content.readany()
            # One byte past the cap is enough to know; the rest of a bomb is never inflated.
            body += chunk if inflater is None else _inflated(inflater, chunk, self._body_cap + 1 - len(body))
            if len(body) > self._body_cap:
                raise Unreadable(f"with more than {self._body_cap} bytes")
        if inflater is not None and not inflater.eof:
            raise Unreadable("with damaged compression")
        return bytes(body)


def _inflater(encoding: str | None) -> "zlib._Decompress | None":
    match (encoding or "identity").lower():
        case "identity":
            return None
        case "gzip":
            return zlib.decompressobj(zlib.MAX_WBITS | 16)
        case _:
            raise Unreadable("in an encoding we did not offer")


def _inflated(inflater: "zlib._Decompress", chunk: bytes, most: int) -> bytes:
    try:
        return inflater.decompress(chunk, most)
    except zlib.error:
        raise Unreadable("with damaged compression") from None
