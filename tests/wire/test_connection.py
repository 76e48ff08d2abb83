"""HTTP/1.1 over real sockets: what is a request, what is refused, in which order replies come, and when it ends."""

import asyncio
import json
import logging
import resource
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.wire import connection
from gateway.wire.exchange import Handler, Reply, Request, Unread, head
from gateway.wire.port import Port, most_connections

SHORT = 0.05  # seconds, where a test waits for a time to be over
MOST_BODY = 1_000
FAILURES: list[Exception] = []  # what handlers raised


@dataclass
class Asked:
    """A port whose handler remembers what it was asked, and answers with the target and the body."""

    requests: list[Request] = field(default_factory=list)
    before: Callable[[], Awaitable[None]] | None = None

    async def __call__(self, request: Request) -> Reply:
        self.requests.append(request)
        if self.before is not None:
            await self.before()
        said = request.body if isinstance(request.body, bytes) else request.body.value.encode()
        return Reply(head(200, {"Content-Type": "text/plain"}), request.target + b" " + said)

    @property
    def targets(self) -> list[bytes]:
        return [request.target for request in self.requests]


@dataclass
class Caller:
    """The other end of a connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def send(self, text: bytes) -> None:
        self.writer.write(text)

    async def everything(self) -> bytes:
        """All that comes until we are hung up on."""
        return await self.reader.read()

    async def reply(self) -> tuple[bytes, bytes]:
        """One reply's head and body."""
        begun = await self.reader.readuntil(b"\r\n\r\n")
        length = int(begun.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        return begun, await self.reader.readexactly(length)


@asynccontextmanager
async def a_port(handler: Handler) -> AsyncIterator[tuple[Port, Callable[[], Awaitable[Caller]]]]:
    port = Port(lambda request: handler, most_body=MOST_BODY, failed=FAILURES.append)
    number = await port.listen("127.0.0.1", 0)
    callers: list[Caller] = []

    async def call() -> Caller:
        callers.append(Caller(*await asyncio.open_connection("127.0.0.1", number)))
        return callers[-1]

    try:
        yield port, call
    finally:
        for caller in callers:
            caller.writer.close()
        await port.close(1.0)


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
async def caller(asked: Asked) -> AsyncIterator[Caller]:
    async with a_port(asked) as (_, call):
        yield await call()


async def until(so: Callable[[], object]) -> None:
    """Wait for what must come about, however long it takes."""
    while not so():  # noqa: ASYNC110 - what is waited for has no event of its own
        await asyncio.sleep(0.001)


def get(target: str, *lines: str) -> bytes:
    return "".join(f"{line}\r\n" for line in (f"GET {target} HTTP/1.1", "Host: here", *lines, "")).encode()


def post(body: bytes, *lines: str) -> bytes:
    length = f"Content-Length: {len(body)}"
    return "".join(f"{line}\r\n" for line in ("POST /p HTTP/1.1", "Host: here", length, *lines, "")).encode() + body


CHUNKED = b"POST /p HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n"


async def test_requests_sent_ahead_are_answered_in_order(caller: Caller) -> None:
    """One at a time, each with its own body."""
    caller.send(get("/1") + post(b"two") + CHUNKED + b"3\r\nthr\r\n2\r\nee\r\n0\r\n\r\n" + get("/4"))
    assert [(await caller.reply())[1] for _ in range(4)] == [b"/1 ", b"/p two", b"/p three", b"/4 "]


@given(st.lists(st.integers(1, 60), max_size=40))
@settings(max_examples=30, deadline=None)
def test_however_it_is_cut_the_same_is_read(cuts: list[int]) -> None:
    """Bytes arrive in pieces of any size."""
    text = (
        get("/1", "Accept: a", "Accept: b")
        + post(b"two")
        + CHUNKED
        + b"5;x=y\r\nthree\r\n0\r\nLate: x\r\n\r\n"
        + get("/4")
    )

    async def ask() -> list[bytes]:
        asked = Asked()
        async with a_port(asked) as (_, call):
            caller, start = await call(), 0
            for cut in (*cuts, len(text)):
                caller.send(text[start : start + cut])
                await asyncio.sleep(0)
                start += cut
            bodies = [(await caller.reply())[1] for _ in range(4)]
            assert asked.requests[0].headers[b"accept"] == b"a, b"
            assert b"late" not in asked.requests[2].headers
            return bodies

    assert asyncio.run(ask()) == [b"/1 ", b"/p two", b"/p three", b"/4 "]


@pytest.mark.parametrize("line", ["Connection: close", "connection: Keep-Alive, CLOSE"])
async def test_whoever_asks_for_an_end_gets_it(caller: Caller, line: str) -> None:
    """After the reply, and what was sent behind it is no request."""
    caller.send(get("/1", line) + get("/2"))
    replies = await caller.everything()
    assert b"Connection: close\r\n" in replies
    assert replies.endswith(b"\r\n\r\n/1 ")


async def test_an_older_http_is_answered_once(caller: Caller) -> None:
    """1.0 knows no connection that stays, but by agreements that we do not make."""
    caller.send(b"GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    assert (await caller.everything()).endswith(b"\r\n\r\n/1 ")


@pytest.mark.parametrize(
    "text",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /1 HTTP/9.9\r\n\r\n",
        b"GET /1\r\n\r\n",
        b"FETCH /1 HTTP/1.1\r\nHost: here\r\n\r\n",
        b"GET /1 HTTP/1.1\r\nHost: here\r\nHost: there\r\n\r\n",
        b"GET /1 HTTP/1.1\r\nAccept: a\r\n\r\n",
        b"GET /1 HTTP/1.1\r\nHost : here\r\n\r\n",
        b"GET /1 HTTP/1.1\r\nHost: here\r\nA: b\r\n c\r\n\r\n",
        b"GET /1 HTTP/1.1\r\nHost: here\r\nA: b\x00\r\n\r\n",
        b"GET /1 HTTP/1.1\nHost: here\n\n",
        b"POST /p HTTP/1.1\r\nHost: here\r\nContent-Length: -1\r\n\r\n",
        b"POST /p HTTP/1.1\r\nHost: here\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"POST /p HTTP/1.1\r\nHost: here\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
        b"POST /p HTTP/1.1\r\nHost: here\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /p HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        b"POST /p HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"POST /p HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        CHUNKED + b"x\r\n",
        CHUNKED + b"1\r\nabc\r\n0\r\n\r\n",
    ],
)
async def test_what_could_be_read_in_two_ways_is_not_read(caller: Caller, asked: Asked, text: bytes) -> None:
    """Told so once, and hung up on: a proxy before us may have understood it otherwise."""
    caller.send(text + get("/smuggled"))
    assert (await caller.everything()).startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert asked.requests == []


async def test_what_was_asked_before_is_answered_before_it_is_refused(caller: Caller) -> None:
    """In the order of what was sent."""
    caller.send(get("/1") + b"nonsense\r\n\r\n")
    replies = await caller.everything()
    assert replies.index(b"/1 ") < replies.index(b"400 Bad Request")


@pytest.mark.parametrize("piece", [1_000_000, 1_000])
@pytest.mark.parametrize(
    "text",
    [
        b"GET /" + b"a" * 20_000,
        b"GET / HTTP/1.1\r\nHost: here\r\nA: " + b"a" * 20_000,
        b"GET / HTTP/1.1\r\nHost: here\r\n" + b"Abcdefgh: ijklmnop\r\n" * 2_000,
        b"GET / HTTP/1.1\r\nHost: here\r\n" + b"".join(b"A%d: b\r\n" % n for n in range(200)),
        CHUNKED + b"1\r\na\r\n0\r\nA: " + b"a" * 30_000,
        CHUNKED + b"1;" + b"a" * 30_000,
    ],
)
async def test_a_message_without_end_is_not_kept(caller: Caller, asked: Asked, text: bytes, piece: int) -> None:
    """Lines, headers, their number, and what may follow a body, at once or piece by piece."""
    for start in range(0, len(text), piece):
        caller.send(text[start : start + piece])
        await asyncio.sleep(0)
    assert (await caller.reply())[0].startswith(b"HTTP/1.1 400 ")
    assert asked.requests == []


@pytest.mark.parametrize(
    "text", [post(b"a" * 1_001), post(b"a" * 1_001)[:60], CHUNKED + (b"100\r\n" + b"a" * 256 + b"\r\n") * 9]
)
async def test_a_body_over_the_cap_is_said_to_be(caller: Caller, asked: Asked, text: bytes) -> None:
    """Whoever answers is told, and what is left of it is never taken for a request."""
    caller.send(text + get("/smuggled"))
    assert (await caller.everything()).endswith(b"/p TOO_LARGE")
    assert [request.body for request in asked.requests] == [Unread.TOO_LARGE]


async def test_a_body_at_the_cap_is_read(caller: Caller) -> None:
    """The cap is the most there may be."""
    caller.send(post(b"a" * 1_000))
    assert (await caller.reply())[1] == b"/p " + b"a" * 1_000


async def test_a_body_that_does_not_come_is_not_waited_for(
    caller: Caller, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has its time from the end of the head, and dripping gives it no more."""
    monkeypatch.setattr(connection, "BODY_PATIENCE", SHORT)
    caller.send(get("/1"))
    await caller.reply()
    caller.send(post(b"a" * 1_000)[:-500])
    while not asked.requests[1:]:
        caller.send(b"a")
        await asyncio.sleep(SHORT / 10)
    assert asked.requests[1].body is Unread.TOO_SLOW
    assert (await caller.everything()).endswith(b"/p TOO_SLOW")


async def test_a_head_that_does_not_end_is_hung_up_on(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever opens many and lets them drip keeps none of them."""
    monkeypatch.setattr(connection, "HEAD_PATIENCE", SHORT)
    caller.send(b"GET /")
    with suppress(ConnectionError):
        async with asyncio.timeout(30):
            while not caller.reader.at_eof():
                caller.send(b"a")
                await caller.writer.drain()
                await asyncio.sleep(SHORT / 10)


async def test_whoever_asks_nothing_more_is_hung_up_on(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before a first request, and after one; the time begins anew with each."""
    monkeypatch.setattr(connection, "IDLE_PATIENCE", SHORT)
    async with a_port(asked) as (port, call):
        silent, once = await call(), await call()
        once.send(get("/1"))
        await once.reply()
        for caller in (silent, once):
            assert await caller.everything() == b""
        await until(lambda: not port.connections)


async def test_many_who_ask_nothing_keep_nobody_out(asked: Asked) -> None:
    """CASES 54: where there are too many, who came first and waits for no reply makes room for who comes."""
    gate, begun = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        begun.set()
        await gate.wait()

    asked.before = wait
    async with a_port(asked) as (port, call):
        port.most_connections = 3
        busy = await call()
        busy.send(get("/busy"))
        await begun.wait()
        silent = [await call() for _ in range(5)]
        assert [await caller.everything() for caller in silent[:3]] == [b""] * 3
        gate.set()
        assert (await busy.reply())[1] == b"/busy "
        for caller in silent[3:]:
            caller.send(get("/late"))
            assert (await caller.reply())[1] == b"/late "


def test_callers_leave_files_for_what_the_gateway_asks_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """The store and the agencies are reached through files, too."""
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1_024, 4_096))
    assert most_connections() == 512
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert most_connections() == 16_384


async def test_a_last_reply_is_waited_for_and_no_longer(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller who goes on sending after it is let go."""
    monkeypatch.setattr(connection, "LAST_PATIENCE", SHORT)
    async with a_port(asked) as (port, call):
        caller = await call()
        caller.send(b"nonsense\r\n\r\n")
        assert b"400" in await caller.everything()
        await until(lambda: not port.connections)


async def test_a_trailer_says_nothing_of_who_asks(caller: Caller, asked: Asked) -> None:
    """It comes after the body, where proxies do not look."""
    caller.send(CHUNKED + b"1\r\na\r\n0\r\nAuthorization: Bearer x\r\nHost: there\r\n\r\n")
    assert (await caller.reply())[1] == b"/p a"
    assert asked.requests[0].headers == {b"host": b"here", b"transfer-encoding": b"chunked"}
    assert asked.requests[0].repeated == set()


async def test_whoever_waits_to_be_told_is_told_to_go_on(caller: Caller) -> None:
    """`Expect: 100-continue`."""
    caller.send(post(b"abc", "Expect: 100-continue")[:-3])
    assert await caller.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    caller.send(b"abc")
    assert (await caller.reply())[1] == b"/p abc"


async def test_whoever_waits_with_too_much_is_told_at_once(caller: Caller) -> None:
    """Without having to send it."""
    caller.send(post(b"a" * 2_000, "Expect: 100-continue")[:-2_000])
    assert (await caller.everything()).endswith(b"/p TOO_LARGE")


async def test_another_expectation_is_refused(caller: Caller, asked: Asked) -> None:
    """There is none other."""
    caller.send(post(b"abc", "Expect: miracles"))
    assert (await caller.everything()).startswith(b"HTTP/1.1 417 ")
    assert asked.requests == []


async def test_a_head_is_answered_without_a_body(caller: Caller) -> None:
    """With the length that it would have."""
    caller.send(get("/1").replace(b"GET", b"HEAD", 1) + get("/2"))
    begun = await caller.reader.readuntil(b"\r\n\r\n")
    assert b"Content-Length: 3\r\n" in begun
    follows, body = await caller.reply()
    assert follows.startswith(b"HTTP/1.1 200 ")
    assert body == b"/2 "


@pytest.mark.parametrize(
    "text",
    [get("/1", "Connection: Upgrade", "Upgrade: websocket"), b"CONNECT there:1 HTTP/1.1\r\nHost: there:1\r\n\r\n"],
)
async def test_nothing_else_is_spoken_on_it(caller: Caller, asked: Asked, text: bytes) -> None:
    """An upgrade is answered like any request, and what comes behind it is read as nothing."""
    caller.send(text + get("/smuggled"))
    assert (await caller.everything()).count(b"HTTP/1.1 ") == 1
    assert len(asked.requests) == 1


async def test_whoever_answers_may_fail(caller: Caller, asked: Asked, caplog: pytest.LogCaptureFixture) -> None:
    """503 in the shape of every error, an end, and no word of what it was for anybody but who listens for it."""
    caplog.set_level(logging.DEBUG)
    failure = KeyError("canary")

    async def fail() -> None:
        raise failure

    asked.before = fail
    caller.send(get("/1"))
    replies = await caller.everything()
    assert replies.startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After: 2\r\n" in replies
    told = {"message": "no answer can be given now; try again", "extensions": {"code": "UNAVAILABLE"}}
    assert json.loads(replies.partition(b"\r\n\r\n")[2]) == {"errors": [told]}
    assert FAILURES.pop() is failure
    assert "canary" not in caplog.text


async def test_too_many_sent_ahead_are_not_kept(caller: Caller, asked: Asked) -> None:
    """Those before them are answered."""
    caller.send(b"".join(get(f"/{number}") for number in range(connection.MOST_WAITING + 10)))
    replies = await caller.everything()
    assert replies.count(b"HTTP/1.1 200 ") == len(asked.requests) == connection.MOST_WAITING + 1
    assert replies.count(b"HTTP/1.1 400 ") == 1


async def test_while_one_is_answered_others_wait_unread(caller: Caller, asked: Asked) -> None:
    """What a caller sends ahead, without end, fills their own socket and not our memory."""
    gate = asyncio.Event()

    async def wait() -> None:
        await gate.wait()

    asked.before = wait
    caller.send(get("/1") + get("/2"))
    flood = get("/3") * 200_000
    caller.send(flood)
    await until(lambda: asked.requests)
    await asyncio.sleep(SHORT)
    transport = caller.writer.transport
    assert isinstance(transport, asyncio.WriteTransport)
    assert transport.get_write_buffer_size() > 0
    assert asked.targets == [b"/1"]
    gate.set()


async def test_whoever_takes_no_reply_is_asked_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is answered that would only be kept; after a while they are hung up on."""
    monkeypatch.setattr(connection, "REPLY_PATIENCE", SHORT)
    answered = 0

    async def much(request: Request) -> Reply:
        nonlocal answered
        answered += 1
        return Reply(head(200, {}), b"a" * 16_000_000)

    async with a_port(much) as (port, call):
        caller = await call()
        caller.send(get("/1") + get("/2") + get("/3"))
        await until(lambda: port.connections)
        await until(lambda: not port.connections)
        assert answered == 1


async def test_a_slow_taker_gets_everything() -> None:
    """Whoever takes it late but takes it has all replies, in order."""

    async def much(request: Request) -> Reply:
        return Reply(head(200, {}), request.target * 1_000_000)

    async with a_port(much) as (_, call):
        slow = await call()
        slow.send(get("/1") + get("/2") + get("/3"))
        await asyncio.sleep(SHORT)
        assert [(await slow.reply())[1][:2] for _ in range(3)] == [b"/1", b"/2", b"/3"]


async def test_a_port_that_closes_answers_what_it_took(asked: Asked) -> None:
    """The idle are hung up on at once, nobody new is let in, and those being answered are answered."""
    gate, begun = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        begun.set()
        await gate.wait()

    asked.before = wait
    async with a_port(asked) as (port, call):
        idle, busy = await call(), await call()
        busy.send(get("/1") + get("/2"))
        await begun.wait()
        closing = asyncio.create_task(port.close(60.0))
        assert await idle.everything() == b""
        with pytest.raises(ConnectionRefusedError):
            await call()
        assert not closing.done()
        gate.set()
        replies = await busy.everything()
        assert replies.count(b"HTTP/1.1 200 ") == 2
        assert replies.count(b"Connection: close") == 1
        await closing


async def test_a_port_that_closes_does_not_wait_for_ever(asked: Asked) -> None:
    """Whoever is not answered in time is hung up on, and what answered them is ended."""
    ended = asyncio.Event()

    async def for_ever() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.set()

    asked.before = for_ever
    async with a_port(asked) as (port, call):
        caller = await call()
        caller.send(get("/1"))
        await until(lambda: asked.requests)
        await port.close(SHORT)
        assert ended.is_set()
        assert not port.connections


async def test_whoever_leaves_is_forgotten_once_answered(asked: Asked) -> None:
    """What was begun is ended in its own way: it may be recorded by now."""
    gate, done = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        await gate.wait()
        done.set()

    asked.before = wait
    async with a_port(asked) as (port, call):
        caller = await call()
        caller.send(get("/1"))
        await until(lambda: asked.requests)
        caller.writer.close()
        await caller.writer.wait_closed()
        await asyncio.sleep(SHORT)
        assert port.connections
        gate.set()
        await done.wait()
        await until(lambda: not port.connections)
