"""The one HTTP client: every call to an agency passes here, under one deadline, one set of caps, one map of failures.

A call carries hidden values in its address, headers and bodies, so no failure, repr or log line made here holds any of
them: a failure names the system asked and what went wrong, and that is all. Nothing here knows what an agency's answer
means.
"""

import asyncio
import ssl
import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self, TypeVar

import aiohttp
import msgspec
from aiolimiter import AsyncLimiter
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from adapters.agency import (
    AgencyBroken,
    AgencyFailure,
    AgencyOverloaded,
    AgencyRefused,
    AgencyTimeout,
    AgencyUnreachable,
)

Decoded = TypeVar("Decoded")

JSON = "application/json"
MEBIBYTE = 1024 * 1024


class Credential(Protocol):
    """How we prove to a system who we are."""

    async def headers(self, client: "AgencyClient", deadline: float) -> Mapping[str, str]:
        """Give the headers that carry the proof, fetching it first where none is at hand."""

    def refused(self, headers: Mapping[str, str]) -> bool:
        """Hear that the system answered 401 to these headers; True when asking once more with fresh ones may help."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key that a system wants in a header of its own."""

    header: str
    key: str = field(repr=False)

    async def headers(self, client: "AgencyClient", deadline: float) -> Mapping[str, str]:
        return {self.header: self.key}

    def refused(self, headers: Mapping[str, str]) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Contract:
    """What a system has agreed to: calls a second (None: nothing agreed), calls at once, and our certificate for it.

    The rate is smoothed: at most a twentieth of a second's calls go out together.
    """

    per_second: float | None = None
    at_once: int = 64
    tls: ssl.SSLContext | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One question to one system, ready to be asked.

    `system` is the name that failures and contracts know it by. `media_types` are the only ones its answer may have.
    `judged` are the 4xx statuses whose answer the adapter wants to read; any other becomes a failure.
    """

    system: str
    url: URL = field(repr=False)
    method: str = "GET"
    params: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    media_types: tuple[str, ...] = (JSON,)
    credential: Credential | None = field(default=None, repr=False)
    judged: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Response:
    """What a system answered: 2xx, or a status the call had `judged`; always of a media type the call named."""

    system: str
    status: int
    headers: CIMultiDictProxy[str] = field(repr=False)
    body: bytes = field(repr=False)

    def decoded(self, decoder: msgspec.json.Decoder[Decoded]) -> Decoded:
        """Decode the body, or raise AgencyBroken naming the place that did not fit, never the value found there."""
        try:
            return decoder.decode(self.body)
        except msgspec.ValidationError as error:
            place = str(error).rpartition(" - at ")[2] if " - at " in str(error) else "`$`"
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            place = "its syntax"
        raise AgencyBroken(f"`{self.system}` answered what is not its protocol: {place}")


class _Gate:
    """Keeps one system's calls within its contract; a caller waits here no longer than its own deadline."""

    def __init__(self, contract: Contract) -> None:
        self.tls: ssl.SSLContext | bool = contract.tls if contract.tls is not None else True
        self._slots = asyncio.Semaphore(contract.at_once)
        self._rate: AsyncLimiter | None = None
        if contract.per_second is not None:
            together = max(1.0, contract.per_second / 20)
            self._rate = AsyncLimiter(together, together / contract.per_second)

    @asynccontextmanager
    async def passed(self, system: str, deadline: float) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout_at(deadline):
                await self._slots.acquire()
        except TimeoutError:
            raise AgencyOverloaded(f"`{system}` had no free place within the deadline") from None
        try:
            await self._wait_for_turn(system, deadline)
            yield
        finally:
            self._slots.release()

    async def _wait_for_turn(self, system: str, deadline: float) -> None:
        if self._rate is None:
            return
        try:
            async with asyncio.timeout_at(deadline):
                await self._rate.acquire()
        except TimeoutError:
            raise AgencyOverloaded(f"`{system}` had no turn at its agreed rate within the deadline") from None


class AgencyClient:
    """Asks systems over HTTP: no redirect, cookie or proxy, certificates verified, bodies and headers capped.

    Times are in seconds, sizes in bytes as decoded. Build it where a loop runs; leave it with `close` or `async with`.
    """

    def __init__(
        self,
        *,
        contracts: Mapping[str, Contract] | None = None,
        connect_timeout: float = 1.0,
        read_timeout: float = 3.0,
        body_cap: int = 2 * MEBIBYTE,
        header_cap: int = 8190,
    ) -> None:
        self._contracts = contracts or {}
        self._gates: dict[str, _Gate] = {}
        self._body_cap = body_cap
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),  # the gates bound it, each system by itself
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect_timeout, sock_read=read_timeout),
            auto_decompress=False,  # bodies are inflated here, never past the cap
            trust_env=False,
            skip_auto_headers=("User-Agent", "Content-Type"),
            headers={"Accept-Encoding": "gzip"},
            max_line_size=header_cap,
            max_field_size=header_cap,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._session.close()

    async def ask(self, call: Call, deadline: float) -> Response:
        """Ask, by `deadline` on the running loop's clock; raises a branch of AgencyFailure and nothing else.

        A 401 is asked once more where the credential has a fresh proof to give.
        """
        proof = await self._proof(call, deadline)
        response = await self._exchange(call, proof, deadline)
        if response.status == 401 and call.credential is not None and call.credential.refused(proof):
            response = await self._exchange(call, await self._proof(call, deadline), deadline)
        return _trusted(call, response)

    async def _proof(self, call: Call, deadline: float) -> Mapping[str, str]:
        return {} if call.credential is None else await call.credential.headers(self, deadline)

    async def _exchange(self, call: Call, proof: Mapping[str, str], deadline: float) -> Response:
        """Send one request and read its answer. The only place a call leaves this process."""
        gate = self._gates.get(call.system)
        if gate is None:
            gate = self._gates[call.system] = _Gate(self._contracts.get(call.system, Contract()))
        async with gate.passed(call.system, deadline):
            try:
                async with asyncio.timeout_at(deadline):
                    return await self._send(call, proof, gate.tls)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                failure = _failure_of(call.system, error)
            # Raised out here so that no traceback carries the driver's error, whose text holds the whole address.
            raise failure

    async def _send(self, call: Call, proof: Mapping[str, str], tls: ssl.SSLContext | bool) -> Response:
        headers = CIMultiDict({"Accept": ", ".join(call.media_types)})
        headers.update(call.headers)
        headers.update(proof)
        async with self._session.request(
            call.method,
            call.url.update_query(call.params) if call.params else call.url,
            headers=headers,
            data=call.body,
            allow_redirects=False,
            ssl=tls,
        ) as answer:
            if answer.status >= 300 and answer.status not in call.judged:
                answer.close()  # its body means nothing to us, so it is not read
                return Response(call.system, answer.status, answer.headers, b"")
            return Response(call.system, answer.status, answer.headers, await self._body(call.system, answer))

    async def _body(self, system: str, answer: aiohttp.ClientResponse) -> bytes:
        inflater = _inflater(system, answer.headers.get("Content-Encoding", "identity").lower())
        body = bytearray()
        async for chunk in answer.content.iter_any():
            try:
                # One byte past the cap is enough to know; the rest of a bomb is never inflated.
                body += chunk if inflater is None else inflater.decompress(chunk, self._body_cap + 1 - len(body))
            except zlib.error:
                raise AgencyBroken(f"`{system}` answered with damaged compression") from None
            if len(body) > self._body_cap:
                answer.close()
                raise AgencyBroken(f"`{system}` answered with more than {self._body_cap} bytes")
        if inflater is not None and not inflater.eof:
            raise AgencyBroken(f"`{system}` answered with damaged compression")
        return bytes(body)


def _inflater(system: str, encoding: str) -> "zlib._Decompress | None":
    if encoding == "identity":
        return None
    if encoding == "gzip":
        return zlib.decompressobj(zlib.MAX_WBITS | 16)
    raise AgencyBroken(f"`{system}` answered in an encoding we did not offer")


def _trusted(call: Call, response: Response) -> Response:
    """Give back an answer that an adapter may read; raise what any other status or media type means."""
    system, status = call.system, response.status
    if 200 <= status < 300 or status in call.judged:
        media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if media_type not in call.media_types:
            raise AgencyBroken(f"`{system}` answered {status} in a media type that is not its protocol's")
        return response
    if status in (429, 503):
        raise AgencyOverloaded(f"`{system}` asked us to slow down ({status})")
    if status == 408:
        raise AgencyTimeout(f"`{system}` gave up waiting for its own source (408)")
    if 300 <= status < 400:
        raise AgencyBroken(f"`{system}` redirected us ({status}), and redirects are never followed")
    if 400 <= status < 500:
        raise AgencyRefused(f"`{system}` refused our credential or our request ({status})")
    raise AgencyBroken(f"`{system}` failed ({status})")


def _failure_of(system: str, error: Exception) -> AgencyFailure:
    match error:
        case aiohttp.ConnectionTimeoutError():
            return AgencyUnreachable(f"`{system}` took no connection in time")
        case TimeoutError():
            return AgencyTimeout(f"`{system}` did not answer in time")
        case aiohttp.ClientSSLError() | aiohttp.ServerFingerprintMismatch():
            return AgencyUnreachable(f"`{system}` showed a certificate we do not trust")
        case aiohttp.ClientConnectionError() | OSError():
            return AgencyUnreachable(f"`{system}` refused or dropped the connection")
        case _:
            return AgencyBroken(f"`{system}` answered what is not HTTP, or cut its answer short")
