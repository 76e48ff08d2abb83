"""What one call to an agency costs in each HTTP client that could make it: `python -m benchmarks.http_clients`.

Every client has the same duties: three headers of its own, an absolute deadline, a status and media type looked at, a
body read whole under a cap, gzip inflated under the same cap. Each runs in a process of its own on one core, the stub
on another. CPU is the process's whole account, all threads and the kernel's work for it. A client that is not installed
is named as such; those not among our dependencies are compared with

    pip install pyreqwest==0.15.1 pyqwest==0.12.0 aiosonic==1.3.3 httpx==0.28.1 niquests==3.21.2
"""

import argparse
import asyncio
import contextlib
import importlib.metadata
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import uvloop

from benchmarks.http_clients_stub import BODIES

Fetch = Callable[[str], Awaitable[bytes]]

CAP = 2 * 1024 * 1024
PATIENCE = 5.0
HEADERS = {
    "Accept": "application/json",
    "Authorization": "Bearer " + "k" * 400,
    "X-Request-ID": "60e0b220-8136-4ca5-ae46-1d97ef59d068",
}
OFFERED = {**HEADERS, "Accept-Encoding": "gzip"}
CONNECTIONS = (1, 16, 128)


class _Refused(Exception):
    """The answer was not one that an adapter may read; here it would mean that a client was measured doing nothing."""


def _judge(status: int, media_type: str | None) -> None:
    if status != 200 or (media_type or "").partition(";")[0] != "application/json":
        raise _Refused


async def _capped(chunks: AsyncIterator[bytes], encoding: str | None) -> bytes:
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 16) if encoding == "gzip" else None
    body = bytearray()
    async for chunk in chunks:
        body += chunk if inflater is None else inflater.decompress(chunk, CAP + 1 - len(body))
        if len(body) > CAP:
            raise _Refused
    return bytes(body)


@asynccontextmanager
async def ours(base: str) -> AsyncIterator[Fetch]:
    """The gateway's own client, with its gate and its failures."""
    from yarl import URL

    from adapters.client import AgencyClient, Call, Contract

    async with AgencyClient(contracts={"stub": Contract(at_once=256)}) as client:
        loop, root = asyncio.get_running_loop(), URL(base)

        async def fetch(path: str) -> bytes:
            call = Call(system="stub", url=root / path[1:], headers=HEADERS)
            return (await client.ask(call, loop.time() + PATIENCE)).body

        yield fetch


@asynccontextmanager
async def aiohttp_as_it_comes(base: str) -> AsyncIterator[Fetch]:
    """What most people write: the session's own cookie jar, timeouts and inflating; no cap."""
    import aiohttp

    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=PATIENCE)
    ) as session:

        async def fetch(path: str) -> bytes:
            async with session.get(base + path, headers=HEADERS, allow_redirects=False) as answer:
                _judge(answer.status, answer.headers.get("Content-Type"))
                return await answer.read()

        yield fetch


@asynccontextmanager
async def aiohttp_lean(base: str) -> AsyncIterator[Fetch]:
    """A session with everything off that can be: no cookies, total timer, automatic headers or requoting of URLs."""
    import aiohttp
    from multidict import CIMultiDict
    from yarl import URL

    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=1, sock_read=3),
        auto_decompress=False,
        skip_auto_headers=("User-Agent",),
        requote_redirect_url=False,
    ) as session:
        loop, prepared = asyncio.get_running_loop(), CIMultiDict(OFFERED)

        async def fetch(path: str) -> bytes:
            async with (
                asyncio.timeout_at(loop.time() + PATIENCE),
                session.get(URL(base + path, encoded=True), headers=prepared, allow_redirects=False) as answer,
            ):
                _judge(answer.status, answer.headers.get("Content-Type"))
                return await _capped(answer.content.iter_any(), answer.headers.get("Content-Encoding"))

        yield fetch


@asynccontextmanager
async def aiohttp_connector(base: str) -> AsyncIterator[Fetch]:
    """Its connector and parser alone, without its session, request and response."""
    import aiohttp
    from aiohttp.client_reqrep import ClientRequest
    from yarl import URL

    async with aiohttp.TCPConnector(limit=0) as connector:
        loop = asyncio.get_running_loop()
        origin = ClientRequest("GET", URL(base), loop=loop)
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=1, sock_read=3)
        lines = "".join(f"{name}: {value}\r\n" for name, value in OFFERED.items())
        rest = f" HTTP/1.1\r\nHost: {origin.url.host_port_subcomponent}\r\n{lines}\r\n".encode()

        async def fetch(path: str) -> bytes:
            async with asyncio.timeout_at(loop.time() + PATIENCE):
                connection = await connector.connect(origin, traces=[], timeout=timeout)
                try:
                    protocol, transport = connection.protocol, connection.transport
                    assert protocol is not None
                    assert transport is not None
                    protocol.set_response_params(read_until_eof=True, auto_decompress=False, read_timeout=3)
                    protocol.start_timeout()
                    transport.write(f"GET {path}".encode() + rest)
                    head, content = await protocol.read()
                    _judge(head.code, head.headers.get("Content-Type"))
                    body = await _capped(content.iter_any(), head.headers.get("Content-Encoding"))
                except BaseException:
                    connection.close()
                    raise
                connection.release()
                return body

        yield fetch


@asynccontextmanager
async def pyreqwest_streamed(base: str) -> AsyncIterator[Fetch]:
    """Rust's reqwest on a thread of its own; the body handed over chunk by chunk, so that a cap can hold."""
    from pyreqwest.client import ClientBuilder

    builder = (
        ClientBuilder().gzip(False).brotli(False).zstd(False).deflate(False).follow_redirects(False).no_proxy()
        .connect_timeout(timedelta(seconds=1)).read_timeout(timedelta(seconds=3))
        .pool_max_idle_per_host(256)
    )  # fmt: skip
    async with builder.build() as client:
        loop = asyncio.get_running_loop()

        async def chunks(reader: Any) -> AsyncIterator[bytes]:
            while (chunk := await reader.read_chunk()) is not None:
                yield chunk

        async def fetch(path: str) -> bytes:
            async with (
                asyncio.timeout_at(loop.time() + PATIENCE),
                client.get(base + path).headers(OFFERED).build_streamed() as answer,
            ):
                _judge(answer.status, answer.get_header("Content-Type"))
                return await _capped(chunks(answer.body_reader), answer.get_header("Content-Encoding"))

        yield fetch


@asynccontextmanager
async def pyreqwest_whole(base: str) -> AsyncIterator[Fetch]:
    """The same, its body read and inflated in Rust: as fast as it goes, and without a cap."""
    from pyreqwest.client import ClientBuilder

    builder = (
        ClientBuilder().follow_redirects(False).no_proxy().pool_max_idle_per_host(256)
        .connect_timeout(timedelta(seconds=1)).read_timeout(timedelta(seconds=3)).timeout(timedelta(seconds=PATIENCE))
    )  # fmt: skip
    async with builder.build() as client:

        async def fetch(path: str) -> bytes:
            answer = await client.get(base + path).headers(HEADERS).build().send()
            _judge(answer.status, answer.get_header("Content-Type"))
            return bytes(await answer.bytes())

        yield fetch


@asynccontextmanager
async def pyqwest(base: str) -> AsyncIterator[Fetch]:
    """Another binding of reqwest; reads the proxies of the environment, which cannot be switched off."""
    from pyqwest import Client, Headers, HTTPTransport, HTTPVersion

    async with HTTPTransport(
        http_version=HTTPVersion.HTTP1, connect_timeout=1, read_timeout=3, pool_max_idle_per_host=256,
        enable_gzip=False, enable_brotli=False, enable_zstd=False, follow_redirects=False, enable_otel=False,
    ) as transport:  # fmt: skip
        client, loop, prepared = Client(transport), asyncio.get_running_loop(), Headers(OFFERED)

        async def chunks(content: AsyncIterator[Any]) -> AsyncIterator[bytes]:
            async for chunk in content:
                yield chunk

        async def fetch(path: str) -> bytes:
            async with (
                asyncio.timeout_at(loop.time() + PATIENCE),
                client.stream("GET", base + path, prepared) as answer,
            ):
                _judge(answer.status, answer.headers.get("Content-Type"))
                return await _capped(chunks(answer.content), answer.headers.get("Content-Encoding"))

        yield fetch


@asynccontextmanager
async def aiosonic(base: str) -> AsyncIterator[Fetch]:
    """Plain Python over asyncio's streams; the body read whole, without a cap (its chunks work only where sent so)."""
    import aiosonic as sonic
    from aiosonic.pools import PoolConfig
    from aiosonic.timeout import Timeouts

    connector = sonic.TCPConnector({":default": PoolConfig(size=256)}, timeouts=Timeouts(1, 3, None, None))
    async with sonic.HTTPClient(connector) as client:
        loop = asyncio.get_running_loop()

        async def fetch(path: str) -> bytes:
            async with asyncio.timeout_at(loop.time() + PATIENCE):
                answer = await client.get(base + path, headers=OFFERED)
                _judge(answer.status_code, answer.headers.get("Content-Type"))
                return bytes(await answer.content())

        yield fetch


@asynccontextmanager
async def httpx(base: str) -> AsyncIterator[Fetch]:
    """The client most people know."""
    import httpx as x

    async with x.AsyncClient(
        trust_env=False, limits=x.Limits(max_keepalive_connections=256), timeout=x.Timeout(3, connect=1)
    ) as client:
        loop = asyncio.get_running_loop()

        async def fetch(path: str) -> bytes:
            async with (
                asyncio.timeout_at(loop.time() + PATIENCE),
                client.stream("GET", base + path, headers=OFFERED) as answer,
            ):
                _judge(answer.status_code, answer.headers.get("Content-Type"))
                return await _capped(answer.aiter_raw(), answer.headers.get("Content-Encoding"))

        yield fetch


@asynccontextmanager
async def niquests(base: str) -> AsyncIterator[Fetch]:
    """The successor of requests, over a fork of urllib3; the body read whole, without a cap."""
    import niquests as n

    async with n.AsyncSession(
        pool_maxsize=256, disable_http2=True, disable_http3=True, headers=OFFERED, timeout=(1, 3)
    ) as session:
        session.trust_env = False
        loop = asyncio.get_running_loop()

        async def fetch(path: str) -> bytes:
            async with asyncio.timeout_at(loop.time() + PATIENCE):
                answer = await session.get(base + path, allow_redirects=False)
                _judge(answer.status_code or 0, str(answer.headers.get("Content-Type")))
                return answer.content or b""

        yield fetch


@asynccontextmanager
async def floor(base: str) -> AsyncIterator[Fetch]:
    """No client at all: one protocol that writes bytes and finds a length. What the loop and the kernel cost alone."""
    host, port = base.removeprefix("http://").split(":")
    loop = asyncio.get_running_loop()
    idle: list[_Bare] = []
    rest = f" HTTP/1.1\r\nHost: {host}:{port}\r\n".encode()
    rest += "".join(f"{name}: {value}\r\n" for name, value in OFFERED.items()).encode() + b"\r\n"

    async def fetch(path: str) -> bytes:
        async with asyncio.timeout_at(loop.time() + PATIENCE):
            bare = idle.pop() if idle else (await loop.create_connection(_Bare, host, int(port)))[1]
            head, body = await bare.exchange(f"GET {path}".encode() + rest)
            idle.append(bare)
            return zlib.decompress(body, zlib.MAX_WBITS | 16) if b"Content-Encoding: gzip" in head else body

    yield fetch


class _Bare(asyncio.Protocol):
    def connection_made(self, transport: asyncio.WriteTransport) -> None:  # type: ignore[override]  # what TCP gives
        self._transport = transport

    def exchange(self, request: bytes) -> "asyncio.Future[tuple[bytes, bytes]]":
        self._got = b""
        self._answered: asyncio.Future[tuple[bytes, bytes]] = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answered

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, _, body = self._got.partition(b"\r\n\r\n")
        if len(body) == int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0]):
            self._answered.set_result((head, body))


CONTENDERS: dict[str, tuple[Callable[[str], contextlib.AbstractAsyncContextManager[Fetch]], str]] = {
    "ours (AgencyClient)": (ours, "aiohttp"),
    "aiohttp as it comes": (aiohttp_as_it_comes, "aiohttp"),
    "aiohttp lean session": (aiohttp_lean, "aiohttp"),
    "aiohttp connector": (aiohttp_connector, "aiohttp"),
    "pyreqwest streamed": (pyreqwest_streamed, "pyreqwest"),
    "pyreqwest whole": (pyreqwest_whole, "pyreqwest"),
    "pyqwest": (pyqwest, "pyqwest"),
    "aiosonic": (aiosonic, "aiosonic"),
    "httpx": (httpx, "httpx"),
    "niquests": (niquests, "niquests"),
    "floor (no client)": (floor, "uvloop"),
}


async def _measure(name: str, base: str, path: str, connections: int, seconds: float) -> dict[str, float]:
    async with CONTENDERS[name][0](base) as fetch:
        waits: list[float] = []

        async def keep_asking(until: float) -> None:
            while (began := time.perf_counter()) < until:
                if len(await fetch(path)) != len(BODIES[path]):
                    raise _Refused
                waits.append(time.perf_counter() - began)

        async def all_ask(seconds: float) -> None:
            until = time.perf_counter() + seconds
            async with asyncio.TaskGroup() as asking:
                for _ in range(connections):
                    asking.create_task(keep_asking(until))

        await all_ask(seconds / 4)  # connections made, caches warm
        waits.clear()
        spent, began = _cpu(), time.perf_counter()
        await all_ask(seconds)
        spent, took = _cpu() - spent, time.perf_counter() - began
        return {
            "cpu": spent / len(waits) * 1e6,
            "rate": len(waits) / took,
            "p99": statistics.quantiles(waits, n=100)[98] * 1e3,
            "threads": _threads(),
        }


def _threads() -> int:
    """Count the system's threads where it tells: a client's own are none of Python's."""
    tasks = Path("/proc/self/task")
    return len(list(tasks.iterdir())) if tasks.exists() else threading.active_count()


def _cpu() -> float:
    account = resource.getrusage(resource.RUSAGE_SELF)
    return account.ru_utime + account.ru_stime


def _on_core(core: int, *arguments: str, **options: Any) -> "subprocess.Popen[str]":
    """Start ourselves on one core, set before any thread of the child's exists."""
    pinned = (lambda: os.sched_setaffinity(0, {core})) if hasattr(os, "sched_setaffinity") else None
    return subprocess.Popen(  # noqa: S603 - our own interpreter and our own modules
        [sys.executable, *arguments], stdout=subprocess.PIPE, text=True, preexec_fn=pinned, **options
    )


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _table(seconds: float, names: list[str]) -> None:
    first, *others = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0, 1]
    stub = _on_core(others[0] if others else first, "-m", "benchmarks.http_clients_stub", stdin=subprocess.PIPE)
    assert stub.stdout is not None
    base = f"http://127.0.0.1:{stub.stdout.readline().strip()}"
    print(f"{date.today()}, Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores\n")  # noqa: DTZ011
    cases = [(path, connections) for path in BODIES for connections in CONNECTIONS]
    print("| µs of CPU a call (ratio to the first line) | " + " | ".join(f"{p[1:]} {c}" for p, c in cases), end="")
    print(" | calls/s, small 128 | p99 ms, small 128 | threads |\n|" + " --- |" * (len(cases) + 4))
    yardstick: dict[tuple[str, int], float] = {}
    try:
        for name in names:
            package = CONTENDERS[name][1]
            if (version := _version(package)) is None:
                print(f"| {name} | not installed: `pip install {package}` |")
                continue
            cells, last = [f"{name} ({package} {version})"], {}
            for path, connections in cases:
                child = _on_core(
                    first, "-m", "benchmarks.http_clients", "--one", name, base, path, str(connections), str(seconds)
                )
                told = child.communicate(timeout=60 + 10 * seconds)[0]
                if child.returncode:
                    cells.append("failed")
                    continue
                result = json.loads(told)
                cost = result["cpu"]
                cells.append(f"{cost:.0f} ({cost / yardstick.setdefault((path, connections), cost):.2f})")
                if (path, connections) == ("/small", 128):
                    last = result
            if last:
                cells += [f"{last['rate']:,.0f}", f"{last['p99']:.1f}", f"{last['threads']:.0f}"]
            print("| " + " | ".join(cells) + " |", flush=True)
    finally:
        assert stub.stdin is not None
        stub.stdin.close()
        stub.wait(timeout=10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=2.0, help="how long each case is measured")
    parser.add_argument("--only", action="append", choices=CONTENDERS, help="a contender; may be given again")
    parser.add_argument("--one", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        name, base, path, connections, seconds = options.one
        print(json.dumps(uvloop.run(_measure(name, base, path, int(connections), float(seconds)))))
    else:
        _table(options.seconds, options.only or list(CONTENDERS))


if __name__ == "__main__":
    main()
