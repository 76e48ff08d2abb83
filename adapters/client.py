"""The one HTTP client: every call to an agency passes here, under one deadline, one set of caps, one map of failures.

A call carries hidden values in its address, headers and bodies, so no failure, repr or log line made here holds any of
them: a failure names the system asked and what went wrong, and that is all. Nothing here knows what an agency's answer
means.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType, TracebackType
from typing import Final, Protocol, Self, TypeVar
from urllib.parse import quote, urlencode

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
from adapters.wire import SUCCESS, Dropped, Request, Unreadable, Unsendable, Wire

Decoded = TypeVar("Decoded")

JSON = "application/json"
MEBIBYTE = 1024 * 1024
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


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


class Call(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One question to one system, ready to be asked.

    `system` is the name that failures and contracts know it by. `path` are the steps beneath the address, each quoted
    here (so that one address serves all calls, and nothing in a step is read as two), and `params` are added to it.
    `media_types` are the only ones its answer may have; none: whatever it answers, nobody reads it.
    `judged` are the 4xx statuses whose answer the adapter wants to read; any other becomes a failure.
    """

    system: str
    url: URL
    method: str = "GET"
    path: tuple[str, ...] = ()
    params: Mapping[str, str] = _NOTHING
    headers: Mapping[str, str] = _NOTHING
    body: bytes | None = None
    media_types: tuple[str, ...] = (JSON,)
    credential: Credential | None = None
    judged: frozenset[int] = frozenset()

    def __repr__(self) -> str:
        return f"Call(system={self.system!r}, method={self.method!r})"


class Response(msgspec.Struct, frozen=True, gc=False):
    """What a system answered: 2xx, or a status the call had `judged`; always of a media type the call named.

    `lines` are its headers as they came.
    """

    system: str
    status: int
    lines: Sequence[tuple[bytes, bytes]]
    body: bytes

    def __repr__(self) -> str:
        return f"Response(system={self.system!r}, status={self.status})"

    @property
    def headers(self) -> CIMultiDictProxy[str]:
        """Its headers by name; made when looked at, which is seldom."""
        return CIMultiDictProxy(
            CIMultiDict([(name.decode("latin-1"), value.decode("latin-1")) for name, value in self.lines])
        )

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

    def __init__(self, contract: Contract, loop: asyncio.AbstractEventLoop) -> None:
        self.tls: ssl.SSLContext | bool = contract.tls if contract.tls is not None else True
        self._loop = loop
        self._free = contract.at_once
        self._queue: deque[asyncio.Future[None]] = deque()
        self._rate: AsyncLimiter | None = None
        if contract.per_second is not None:
            together = max(1.0, contract.per_second / 20)
            self._rate = AsyncLimiter(together, together / contract.per_second)

    def enter_at_once(self) -> bool:
        """Take a place where nothing need be waited for; `leave` gives it back."""
        if not self._free or self._rate is not None:
            return False
        self._free -= 1
        return True

    async def enter(self, system: str, deadline: float) -> None:
        """Come back with a place, or raise AgencyOverloaded, holding none."""
        try:
            async with asyncio.timeout_at(deadline):
                await self._place()
        except TimeoutError:
            raise AgencyOverloaded(f"`{system}` had no free place within the deadline") from None
        if self._rate is not None:
            try:
                async with asyncio.timeout_at(deadline):
                    await self._rate.acquire()
            except TimeoutError:
                self.leave()
                raise AgencyOverloaded(f"`{system}` had no turn at its agreed rate within the deadline") from None
            except BaseException:
                self.leave()
                raise

    async def _place(self) -> None:
        if self._free:
            self._free -= 1
            return
        turn: asyncio.Future[None] = self._loop.create_future()
        self._queue.append(turn)
        try:
            await turn
        except BaseException:
            if turn.cancelled():
                with suppress(ValueError):  # passed over already
                    self._queue.remove(turn)
            else:
                self.leave()  # it was given a place while it left
            raise

    def leave(self) -> None:
        """Give the place to who has waited longest, or back: it is never free for a moment that another could take."""
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


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
        self._loop = asyncio.get_running_loop()  # to ask for it anew costs a call into the kernel each time
        self._contracts = contracts or {}
        self._gates: dict[str, _Gate] = {}
        self._wire = Wire(
            connect_timeout=connect_timeout, read_timeout=read_timeout, body_cap=body_cap, header_cap=header_cap
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._wire.close()

    async def ask(self, call: Call, deadline: float) -> Response:
        """Ask, by `deadline` on the running loop's clock; raises a branch of AgencyFailure and nothing else.

        A 401 is asked once more where the credential has a fresh proof to give.
        """
        credential = call.credential
        if credential is None:
            return _trusted(call, await self._exchange(call, _NOTHING, deadline))
        proof = await credential.headers(self, deadline)
        response = await self._exchange(call, proof, deadline)
        if response.status == 401 and credential.refused(proof):
            response = await self._exchange(call, await credential.headers(self, deadline), deadline)
        return _trusted(call, response)

    async def _exchange(self, call: Call, proof: Mapping[str, str], deadline: float) -> Response:
        """Send one request and read its answer. The only place a call leaves this process."""
        gate = self._gates.get(call.system)
        if gate is None:
            gate = self._gates[call.system] = _Gate(self._contracts.get(call.system, Contract()), self._loop)
        if deadline <= self._loop.time():
            # Looked at here, as over an open connection the request would be gone before any timer rang.
            raise AgencyTimeout(f"`{call.system}` was not asked: the deadline had passed")
        if not gate.enter_at_once():
            await gate.enter(call.system, deadline)
        try:
            answer = await self._wire.exchange(_request(call, proof), gate.tls, call.judged, deadline)
            return Response(call.system, answer.status, answer.headers, answer.body)
        except (Unsendable, UnicodeEncodeError, Unreadable, Dropped, aiohttp.ClientError, OSError) as error:
            failure = _failure_of(call.system, error)
        finally:
            gate.leave()
        # Raised out here so that no traceback carries the driver's error, whose text holds the whole address.
        raise failure


def _request(call: Call, proof: Mapping[str, str]) -> Request:
    url = call.url
    target = url.raw_path_qs if not call.path else _beneath(url, call.path)
    if call.params:
        target += ("&" if url.raw_query_string else "?") + urlencode(call.params, quote_via=quote)
    # A later word on a header, spelt the same, takes the place of an earlier one.
    headers = {"Accept": ", ".join(call.media_types) or "*/*", "Accept-Encoding": "gzip", **call.headers, **proof}
    return Request(call.method, url, target, headers, call.body or b"")


def _beneath(url: URL, path: tuple[str, ...]) -> str:
    target = url.raw_path.rstrip("/")
    for step in path:
        if step.isalnum() and step.isascii():
            target += "/" + step
        elif step.strip("."):
            target += "/" + quote(step, safe="")
        else:
            raise Unsendable  # "" and dots are directions, not names
    return f"{target}?{url.raw_query_string}" if url.raw_query_string else target


def _trusted(call: Call, response: Response) -> Response:
    """Give back an answer that an adapter may read; raise what any other status or media type means."""
    system, status = call.system, response.status
    if status in SUCCESS or status in call.judged:
        if call.media_types and _media_type(response.lines) not in call.media_types:
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


def _media_type(lines: Sequence[tuple[bytes, bytes]]) -> str:
    for name, value in lines:
        if len(name) == 12 and name.lower() == b"content-type":
            return value.partition(b";")[0].strip().lower().decode("latin-1")
    return ""


def _failure_of(system: str, error: Exception) -> AgencyFailure:
    match error:
        case Unreadable():
            return AgencyBroken(f"`{system}` answered {error}")
        case Unsendable() | UnicodeEncodeError():
            return AgencyRefused(f"`{system}` was not asked: a header or the address held what cannot be sent")
        case aiohttp.ConnectionTimeoutError():
            return AgencyUnreachable(f"`{system}` took no connection in time")
        case TimeoutError():
            return AgencyTimeout(f"`{system}` did not answer in time")
        case aiohttp.ClientSSLError() | aiohttp.ServerFingerprintMismatch():
            return AgencyUnreachable(f"`{system}` showed a certificate we do not trust")
        case Dropped() | aiohttp.ClientConnectionError() | OSError():
            return AgencyUnreachable(f"`{system}` refused or dropped the connection")
        case _:
            return AgencyBroken(f"`{system}` answered what is not HTTP, or cut its answer short")
