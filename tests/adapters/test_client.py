"""What the one HTTP client promises of every call: an answer to read, or a failure that gives nothing away."""

import asyncio
import datetime
import gzip
import ipaddress
import itertools
import socket
import ssl
import traceback
import tracemalloc
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path

import msgspec
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from yarl import URL

from adapters.agency import (
    AgencyBroken,
    AgencyFailure,
    AgencyOverloaded,
    AgencyRefused,
    AgencyTimeout,
    AgencyUnreachable,
)
from adapters.client import AgencyClient, ApiKey, Call, Contract
from tests.adapters.conftest import Serve

SECRETS = ("9990000018", "B801200005001", "key-nobody-may-see", "body-nobody-may-see")


def a_call(url: str, **changes: object) -> Call:
    """A call that carries a secret everywhere a call can carry one."""
    fields: dict[str, object] = {
        "system": "pds",
        "url": URL(url) / "Patient" / SECRETS[0],
        "method": "POST",
        "params": {"filter": SECRETS[1]},
        "body": SECRETS[3].encode(),
        "credential": ApiKey("apikey", SECRETS[2]),
    }
    return Call(**(fields | changes))  # type: ignore[arg-type]  # the test names the fields it changes


async def failure_of(client: AgencyClient, call: Call, deadline: float) -> AgencyFailure:
    """The failure that a call ends in, having looked that neither it nor its traceback gives anything away."""
    with pytest.raises(AgencyFailure) as caught:
        await client.ask(call, deadline)
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + repr(call)
    assert not [secret for secret in SECRETS if secret in told]
    assert "\n" not in str(caught.value)
    return caught.value


def says(
    status: int = 200, text: str = "{}", media_type: str = "application/json", **headers: str
) -> Callable[[web.Request], "asyncio.Future[web.Response]"]:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=status, text=text, content_type=media_type, headers=headers)

    return handler  # type: ignore[return-value]  # a coroutine function is what aiohttp wants


def bytes_of(body: bytes, **headers: str) -> Callable[[web.Request], "asyncio.Future[web.Response]"]:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json", headers=headers)

    return handler  # type: ignore[return-value]  # as above


@asynccontextmanager
async def raw(answer: bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """A server that reads a request's head, writes these bytes whatever was asked, and hangs up."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=tls)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield f"{'https' if tls else 'http'}://127.0.0.1:{port}"


async def test_an_answer_comes_with_status_headers_and_body(client: AgencyClient, serve: Serve, soon: float) -> None:
    """What the agency said is handed on unread."""
    url = await serve(says(text='{"id": 1}', ETag='W/"2"'))
    response = await client.ask(a_call(url), soon)
    assert (response.status, response.headers["etag"], response.body) == (200, 'W/"2"', b'{"id": 1}')


async def test_what_is_sent_is_what_the_call_says(client: AgencyClient, serve: Serve, soon: float) -> None:
    """Query, body, headers and the credential's header arrive; nothing tells who we are besides."""
    asked: list[tuple[str, dict[str, str], bytes]] = []

    async def handler(request: web.Request) -> web.Response:
        asked.append((request.query["filter"], dict(request.headers), await request.read()))
        return web.json_response({})

    await client.ask(a_call(await serve(handler), params={"filter": "a='b' OR c='d&e+f'"}), soon)
    [(query, headers, body)] = asked
    assert (query, body) == ("a='b' OR c='d&e+f'", SECRETS[3].encode())
    assert headers["apikey"] == SECRETS[2]
    assert set(headers) == {"Host", "Accept", "Accept-Encoding", "Content-Length", "apikey"}


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (400, AgencyRefused),
        (401, AgencyRefused),
        (403, AgencyRefused),
        (404, AgencyRefused),
        (408, AgencyTimeout),
        (422, AgencyRefused),
        (429, AgencyOverloaded),
        (500, AgencyBroken),
        (502, AgencyBroken),
        (503, AgencyOverloaded),
        (301, AgencyBroken),
        (304, AgencyBroken),
    ],
)
async def test_each_status_has_its_failure(
    client: AgencyClient, serve: Serve, soon: float, status: int, failure: type[AgencyFailure]
) -> None:
    """A status that is no answer becomes the one failure that says what it means."""
    url = await serve(says(status, SECRETS[3], "text/html"))
    assert type(await failure_of(client, a_call(url), soon)) is failure


async def test_an_adapter_may_read_a_refusal_it_wants_to_judge(client: AgencyClient, serve: Serve, soon: float) -> None:
    """A status that the call judges is an answer, body and all."""
    url = await serve(says(404, '{"code": "RESOURCE_NOT_FOUND"}'))
    response = await client.ask(a_call(url, judged=frozenset({404})), soon)
    assert (response.status, response.body) == (404, b'{"code": "RESOURCE_NOT_FOUND"}')


@pytest.mark.parametrize("status", [200, 404])
async def test_a_page_for_people_is_no_answer(client: AgencyClient, serve: Serve, soon: float, status: int) -> None:
    """HTML is what a proxy says, never the agency: not even a judged status makes it one."""
    url = await serve(says(status, "<html>", "text/html"))
    assert isinstance(await failure_of(client, a_call(url, judged=frozenset({404})), soon), AgencyBroken)


async def test_what_is_asked_for_is_added_to_a_query_that_was_there(
    client: AgencyClient, serve: Serve, soon: float
) -> None:
    """An address that names a tenant by its query keeps it."""
    asked = []

    async def handler(request: web.Request) -> web.Response:
        asked.append(dict(request.query))
        return web.json_response({})

    call = Call(system="lev", url=URL(await serve(handler)) % {"tenant": "a/b"}, params={"surname": "O'Neil & Sön"})
    await client.ask(call, soon)
    assert asked == [{"tenant": "a/b", "surname": "O'Neil & Sön"}]


async def test_a_word_in_passing_is_not_the_answer(client: AgencyClient, soon: float) -> None:
    """An early hint is passed over; the answer is what follows."""
    hint = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n"
    said = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    async with raw(hint + said) as url:
        assert (await client.ask(a_call(url), soon)).body == b"{}"


async def test_a_body_may_end_with_its_connection(client: AgencyClient, soon: float) -> None:
    """An answer that names no length ends where the agency hangs up."""
    async with raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[1]") as url:
        assert (await client.ask(a_call(url), soon)).body == b"[1]"


async def test_an_answer_in_chunks_is_put_together(client: AgencyClient, soon: float) -> None:
    """Chunks and what may follow them are the wire's business; an adapter reads one body."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with raw(head + b"3\r\n[1,\r\n3\r\n 2]\r\n0\r\nContent-Type: text/html\r\n\r\n") as url:
        response = await client.ask(a_call(url), soon)
    assert (response.body, response.headers.getall("Content-Type")) == (b"[1, 2]", ["application/json"])


async def test_the_answer_to_a_call_for_a_head_has_no_body(client: AgencyClient, soon: float) -> None:
    """A length is told without its body; nobody waits for it."""
    async with raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n") as url:
        assert (await client.ask(a_call(url, method="HEAD", body=None), soon)).body == b""


@pytest.mark.parametrize("step", ["", ".", "..", "..."])
async def test_a_direction_is_no_step_of_a_path(client: AgencyClient, serve: Serve, soon: float, step: str) -> None:
    """A key that reads as a way through somebody's folders is sent to nobody."""
    paths = []

    async def handler(request: web.Request) -> web.Response:
        paths.append(request.raw_path)
        return web.json_response({})

    url = await serve(handler)
    assert isinstance(await failure_of(client, a_call(url, path=(step,), params={}), soon), AgencyRefused)
    await client.ask(a_call(url, path=("a/b?c", "Jørn"), params={"d": "e"}), soon)
    assert paths == [f"/Patient/{SECRETS[0]}/a%2Fb%3Fc/J%C3%B8rn?d=e"]


async def test_a_redirect_is_never_followed(client: AgencyClient, serve: Serve, soon: float) -> None:
    """An agency that points inward makes us ask nobody."""
    paths = []

    async def handler(request: web.Request) -> web.Response:
        paths.append(request.path)
        raise web.HTTPTemporaryRedirect("/inward")

    assert isinstance(await failure_of(client, a_call(await serve(handler)), soon), AgencyBroken)
    assert paths == [f"/Patient/{SECRETS[0]}"]


async def test_an_endless_body_is_cut_off(client: AgencyClient, serve: Serve, soon: float) -> None:
    """Reading stops at the cap, and the agency that goes on writing finds nobody there."""
    hung_up = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        try:
            while True:
                await response.write(b" " * 8192)
        finally:
            hung_up.set()

    assert isinstance(await failure_of(client, a_call(await serve(handler)), soon), AgencyBroken)
    await hung_up.wait()


async def test_a_body_as_large_as_the_cap_is_read(client: AgencyClient, serve: Serve, soon: float) -> None:
    """The cap is the largest body that is taken, and one byte more is refused."""
    fits = await client.ask(a_call(await serve(bytes_of(b"x" * 65536))), soon)
    assert len(fits.body) == 65536
    assert isinstance(await failure_of(client, a_call(await serve(bytes_of(b"x" * 65537))), soon), AgencyBroken)


async def test_a_compressed_body_is_inflated(client: AgencyClient, serve: Serve, soon: float) -> None:
    """The one encoding we offer is understood."""
    url = await serve(bytes_of(gzip.compress(b'{"a": 1}' * 100), **{"Content-Encoding": "gzip"}))
    assert (await client.ask(a_call(url), soon)).body == b'{"a": 1}' * 100


async def test_a_compressed_bomb_is_never_inflated(client: AgencyClient, serve: Serve, soon: float) -> None:
    """Sixty-four megabytes of noughts cost us no more memory than the cap."""
    bomb = gzip.compress(bytes(64 * 1024 * 1024))
    call = a_call(await serve(bytes_of(bomb, **{"Content-Encoding": "gzip"})))
    tracemalloc.start()
    try:
        assert isinstance(await failure_of(client, call, soon), AgencyBroken)
        assert tracemalloc.get_traced_memory()[1] < 4 * 1024 * 1024
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("body", "encoding"),
    [(gzip.compress(b"{}" * 500)[:-20], "gzip"), (b"not gzip at all", "gzip"), (b"{}", "br"), (b"{}", "deflate")],
    ids=["cut short", "no gzip", "not offered", "not offered either"],
)
async def test_damaged_compression_is_no_answer(
    client: AgencyClient, serve: Serve, soon: float, body: bytes, encoding: str
) -> None:
    """A body that cannot be inflated whole is not half an answer."""
    url = await serve(bytes_of(body, **{"Content-Encoding": encoding}))
    assert isinstance(await failure_of(client, a_call(url), soon), AgencyBroken)


@pytest.mark.parametrize(
    "answer",
    [
        b"220 smtp.example.org ESMTP\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Long: " + b"a" * 9000 + b"\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + b"A: b\r\n" * 500 + b"\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Type: appl",
        b"HTTP/1.1 000 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"  # noqa: ISC004 - one answer
        b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: gzip\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"1;" + b"x" * 300_000 + b"\r\n",
    ],
    ids=[
        "another protocol",
        "a huge header",
        "a body cut short",
        "countless headers",
        "a head cut short",
        "no status",
        "two lengths",
        "a length and chunks",
        "an encoding of the wire's that nobody knows",
        "endless talk around a chunk",
    ],
)
async def test_broken_http_is_named(client: AgencyClient, soon: float, answer: bytes) -> None:
    """What is not HTTP, or not all of it, is a broken agency."""
    async with raw(answer) as url:
        assert isinstance(await failure_of(client, a_call(url), soon), AgencyBroken)


async def test_a_dropped_connection_is_unreachable(client: AgencyClient, soon: float) -> None:
    """An agency that hangs up without a word was not reached."""
    async with raw(b"") as url:
        assert isinstance(await failure_of(client, a_call(url), soon), AgencyUnreachable)


async def test_a_refused_connection_is_unreachable(client: AgencyClient, soon: float) -> None:
    """Where nobody listens, nobody is reached."""
    async with raw(b"") as url:
        pass
    assert isinstance(await failure_of(client, a_call(url), soon), AgencyUnreachable)


async def test_an_agency_that_takes_no_connection_is_unreachable(soon: float) -> None:
    """A machine that swallows our knocking is given up after the connect timeout, long before the deadline."""
    with socket.socket() as deaf, ExitStack() as knocking:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        for _ in range(4):  # more than its queue holds, and it never takes one in
            visitor = knocking.enter_context(socket.socket())
            visitor.setblocking(False)
            visitor.connect_ex(deaf.getsockname())
        async with AgencyClient(connect_timeout=0.05) as client:
            failure = await failure_of(client, a_call(f"http://127.0.0.1:{deaf.getsockname()[1]}"), soon)
    assert isinstance(failure, AgencyUnreachable)
    assert "took no connection" in str(failure)


async def test_a_certificate_nobody_vouches_for_is_refused(client: AgencyClient, tmp_path: Path, soon: float) -> None:
    """An agency that cannot prove who it is gets no request, and never a plain one."""
    async with raw(b"HTTP/1.1 200 OK\r\n\r\n", self_signed(tmp_path)) as url:
        failure = await failure_of(client, a_call(url), soon)
    assert isinstance(failure, AgencyUnreachable)
    assert "certificate" in str(failure)


async def test_a_private_authority_and_our_certificate_open_an_agency_to_us_alone(tmp_path: Path, soon: float) -> None:
    """With the contract's authority and certificate we are answered; without either, nobody is."""
    ours, theirs = issue(tmp_path / "ours"), issue(tmp_path / "theirs")
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=ours)
    serving.load_cert_chain(theirs)
    serving.verify_mode = ssl.CERT_REQUIRED
    said = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    known, unknown = ssl.create_default_context(cafile=theirs), ssl.create_default_context(cafile=theirs)
    known.load_cert_chain(ours)
    contracts = {"known": Contract(tls=known), "unknown": Contract(tls=unknown)}
    async with raw(said, serving) as url, AgencyClient(contracts=contracts) as client:
        assert (await client.ask(a_call(url, system="known"), soon)).body == b"{}"
        for system in ("unknown", "without a contract"):
            assert isinstance(await failure_of(client, a_call(url, system=system), soon), AgencyUnreachable)
        assert (await client.ask(a_call(url, system="known"), soon)).body == b"{}"


def self_signed(folder: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issue(folder / "chain"))
    return context


def issue(chain: Path) -> Path:
    """Write a key and a certificate of its own word for 127.0.0.1, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    today = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=1))
        .add_extension(here, critical=False)
        .sign(key, hashes.SHA256())
    )
    chain.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return chain


async def test_an_agency_that_hangs_is_given_up_at_the_deadline(client: AgencyClient, serve: Serve) -> None:
    """The deadline is the caller's, and the agency's handler hears that nobody waits any more."""
    left = asyncio.Event()

    async def handler(request: web.Request) -> web.Response:
        try:
            await asyncio.sleep(3600)
        finally:
            left.set()
        return web.json_response({})

    call = a_call(await serve(handler))
    assert isinstance(await failure_of(client, call, asyncio.get_running_loop().time() + 0.1), AgencyTimeout)
    await left.wait()


async def test_an_agency_that_says_nothing_for_too_long_is_given_up(serve: Serve, soon: float) -> None:
    """The read timeout ends a silence long before a patient caller's deadline does."""

    async def handler(request: web.Request) -> web.Response:
        await asyncio.sleep(3600)
        return web.json_response({})

    async with AgencyClient(read_timeout=0.05) as impatient:
        assert isinstance(await failure_of(impatient, a_call(await serve(handler)), soon), AgencyTimeout)


async def test_a_deadline_already_past_asks_nobody(client: AgencyClient, serve: Serve) -> None:
    """A caller with no time left is told so, and costs the agency nothing."""
    calls = []

    async def handler(request: web.Request) -> web.Response:
        calls.append(request.path)
        return web.json_response({})

    call = a_call(await serve(handler))
    assert isinstance(await failure_of(client, call, asyncio.get_running_loop().time() - 1), AgencyTimeout)
    assert calls == []


async def test_an_agency_that_drips_is_given_up_at_the_deadline(client: AgencyClient, serve: Serve) -> None:
    """A byte now and then keeps the read timeout quiet for ever; the deadline ends it."""
    left = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        try:
            while True:
                await response.write(b" ")
                await asyncio.sleep(0.01)
        finally:
            left.set()

    call = a_call(await serve(handler))
    assert isinstance(await failure_of(client, call, asyncio.get_running_loop().time() + 0.1), AgencyTimeout)
    await left.wait()


class Lines:
    """A server of its own making: each connection's every request is answered by `answer(connection, request)`.

    Both count from one; None hangs up.
    """

    def __init__(self, answer: Callable[[int, int], bytes | None]) -> None:
        self.answer = answer
        self.asked: list[tuple[int, int]] = []
        self.writers: list[asyncio.StreamWriter] = []

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        connection = len(self.writers)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            for request in itertools.count(1):
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(int((head.partition(b"Content-Length: ")[2] or b"0").partition(b"\r\n")[0]))
                self.asked.append((connection, request))
                said = self.answer(connection, request)
                if said is None:
                    break
                writer.write(said)
        writer.close()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self.talk, "127.0.0.1", 0)
        async with server:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def json_bytes(text: str) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n"
    return head.encode() + text.encode()


async def test_a_connection_is_used_again(client: AgencyClient, soon: float) -> None:
    """Calls one after another cost an agency one connection."""
    lines = Lines(lambda connection, request: json_bytes("{}"))
    async with lines.running() as url:
        for _ in range(3):
            await client.ask(a_call(url), soon)
    assert lines.asked == [(1, 1), (1, 2), (1, 3)]


@pytest.mark.parametrize(
    "value", [f"{SECRETS[2]}\r\nHost: elsewhere", f"{SECRETS[2]}\n", f"{SECRETS[2]}\0", f"{SECRETS[2]}\ud800"]
)
async def test_a_header_can_never_become_two(client: AgencyClient, soon: float, value: str) -> None:
    """A value that would end its line is sent to nobody, and told to nobody."""
    lines = Lines(lambda connection, request: json_bytes("{}"))
    async with lines.running() as url:
        failure = await failure_of(client, a_call(url, headers={"X-Request-ID": value}), soon)
        await client.ask(a_call(url), soon)  # behind which nothing can still be on its way
    assert isinstance(failure, AgencyRefused)
    assert lines.asked == [(1, 1)]


async def test_a_deadline_already_past_asks_nobody_over_an_open_connection_either(
    client: AgencyClient, soon: float
) -> None:
    """With a connection at hand a request could leave before any timer rings; it does not."""
    lines = Lines(lambda connection, request: json_bytes("{}"))
    async with lines.running() as url:
        await client.ask(a_call(url), soon)
        late = await failure_of(client, a_call(url), asyncio.get_running_loop().time() - 1)
        await client.ask(a_call(url), soon)  # behind which nothing can still be on its way
    assert isinstance(late, AgencyTimeout)
    assert lines.asked == [(1, 1), (1, 2)]


async def test_what_nobody_asked_for_is_never_the_answer_to_the_next_caller(client: AgencyClient, soon: float) -> None:
    """An answer too many, left lying on an open connection, is another child's; the connection goes, and it too."""
    lines = Lines(lambda connection, request: json_bytes(f"[{connection}]"))
    async with lines.running() as url:
        first = await client.ask(a_call(url), soon)
        lines.writers[0].write(json_bytes('["another child"]'))
        async with AgencyClient() as bystander:  # by the time it has its answer, what was sent before it has arrived
            await bystander.ask(a_call(url), soon)
        second = await client.ask(a_call(url), soon)
    assert (first.body, second.body) == (b"[1]", b"[3]")


@pytest.mark.parametrize("more", [json_bytes('["another child"]'), b"HTT"], ids=["whole", "begun"])
async def test_what_comes_behind_an_answer_is_nobodys(client: AgencyClient, soon: float, more: bytes) -> None:
    """One question has one answer, the first; with more on its heels, the connection goes."""
    lines = Lines(lambda connection, request: json_bytes(f"[{connection}]") + more)
    async with lines.running() as url:
        assert [(await client.ask(a_call(url), soon)).body for _ in range(2)] == [b"[1]", b"[2]"]


async def test_a_connection_on_which_an_answer_is_unread_is_not_used_again(client: AgencyClient, soon: float) -> None:
    """A refusal's body is nobody's business; a connection that still has to bring it is given up."""
    refused = b"HTTP/1.1 500 Oh\r\nContent-Length: 9\r\n\r\n"
    lines = Lines(lambda connection, request: refused + b"whole one" if connection == 1 else refused + b"half")
    async with lines.running() as url:
        for _ in range(2):
            await failure_of(client, a_call(url), soon)
        lines.writers[0].close()
        for _ in range(2):
            await failure_of(client, a_call(url, method="GET", body=None), soon)
    assert lines.asked[:2] == [(1, 1), (1, 2)]
    assert lines.asked[2:] == [(2, 1), (3, 1)]


@pytest.mark.parametrize(
    ("method", "asked"), [("GET", [(1, 1), (1, 2), (2, 1)]), ("POST", [(1, 1), (1, 2)])], ids=["reading", "telling"]
)
async def test_a_connection_closed_as_we_took_it_up_is_replaced_for_a_reading_call_alone(
    client: AgencyClient, soon: float, method: str, asked: list[tuple[int, int]]
) -> None:
    """Asking twice asks for nothing new; telling twice might."""
    lines = Lines(lambda connection, request: None if (connection, request) == (1, 2) else json_bytes("{}"))
    async with lines.running() as url:
        call = a_call(url, method=method, body=None)
        await client.ask(call, soon)
        if method == "GET":
            assert (await client.ask(call, soon)).status == 200
        else:
            assert isinstance(await failure_of(client, call, soon), AgencyUnreachable)
    assert lines.asked == asked


async def test_a_caller_who_leaves_leaves_nothing_running(client: AgencyClient, serve: Serve, soon: float) -> None:
    """A cancelled call ends there and then: no task goes on with it, and the agency hears that nobody waits."""
    tally = Tally()
    call = a_call(await serve(tally.answer))
    before = asyncio.all_tasks()
    leaving = asyncio.create_task(client.ask(call, soon))
    await tally.full.wait()
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert not {task for task in asyncio.all_tasks() - before if "AgencyClient" in repr(task) or "Wire" in repr(task)}
    await tally.left.wait()


async def test_no_cookie_is_kept(client: AgencyClient, serve: Serve, soon: float) -> None:
    """One agency session can never follow a child to the next call."""
    cookies = []

    async def handler(request: web.Request) -> web.Response:
        cookies.append(dict(request.cookies))
        return web.json_response({}, headers={"Set-Cookie": "who=me; Path=/"})

    url = await serve(handler)
    await client.ask(a_call(url), soon)
    await client.ask(a_call(url), soon)
    assert cookies == [{}, {}]


async def test_a_proxy_in_the_environment_is_ignored(
    monkeypatch: pytest.MonkeyPatch, serve: Serve, soon: float
) -> None:
    """No variable of the machine's can put another party between us and an agency."""
    async with raw(b"") as nobody:
        pass
    for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(variable, nobody)
    monkeypatch.setenv("NO_PROXY", "")
    async with AgencyClient() as client:
        assert (await client.ask(a_call(await serve(says())), soon)).status == 200


class Tally:
    """A handler that holds each caller until told, and remembers how many it held; `full` once there are `expected`."""

    def __init__(self, expected: int = 1) -> None:
        self.expected = expected
        self.now = self.most = self.all = 0
        self.full = asyncio.Event()
        self.left = asyncio.Event()
        self.go = asyncio.Event()

    async def answer(self, request: web.Request) -> web.Response:
        self.now, self.all = self.now + 1, self.all + 1
        self.most = max(self.most, self.now)
        if self.now == self.expected:
            self.full.set()
        try:
            await self.go.wait()
        finally:
            self.now -= 1
            self.left.set()
        return web.json_response({})


async def test_no_more_calls_at_once_than_the_contract_says(serve: Serve, soon: float) -> None:
    """Callers past the bulkhead's places wait for one, and all are answered."""
    tally = Tally(expected=2)
    call = a_call(await serve(tally.answer))
    async with AgencyClient(contracts={"pds": Contract(at_once=2)}) as client:
        asking = [asyncio.create_task(client.ask(call, soon)) for _ in range(6)]
        await tally.full.wait()
        tally.go.set()
        assert [response.status for response in await asyncio.gather(*asking)] == [200] * 6
    assert (tally.most, tally.all) == (2, 6)


async def test_one_agency_full_takes_no_place_of_anothers(serve: Serve, soon: float) -> None:
    """With every place of one system taken, its next caller is told so; another system answers at once."""
    tally = Tally()
    held, free = await serve(tally.answer), await serve(says())
    loop = asyncio.get_running_loop()
    async with AgencyClient(contracts={"pds": Contract(at_once=1)}) as client:
        first = asyncio.create_task(client.ask(a_call(held), soon))
        await tally.full.wait()
        assert isinstance(await failure_of(client, a_call(held), loop.time() + 0.05), AgencyOverloaded)
        assert (await client.ask(a_call(free, system="ods"), soon)).status == 200
        tally.go.set()
        assert (await first).status == 200
        assert (await client.ask(a_call(held), soon)).status == 200
    assert tally.all == 2


async def test_a_caller_who_leaves_gives_its_place_back(serve: Serve, soon: float) -> None:
    """A cancelled call frees its place, and the agency's handler with it."""
    tally = Tally()
    call = a_call(await serve(tally.answer))
    async with AgencyClient(contracts={"pds": Contract(at_once=1)}) as client:
        leaving = asyncio.create_task(client.ask(call, soon))
        await tally.full.wait()
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        tally.go.set()
        assert (await client.ask(call, soon)).status == 200


async def test_no_more_calls_a_second_than_the_contract_says(serve: Serve, soon: float) -> None:
    """A caller whose turn would come too late is told so, and the agency is not asked."""
    tally = Tally()
    tally.go.set()
    call = a_call(await serve(tally.answer))
    loop = asyncio.get_running_loop()
    async with AgencyClient(contracts={"pds": Contract(per_second=0.01)}) as client:
        assert (await client.ask(call, soon)).status == 200
        assert isinstance(await failure_of(client, call, loop.time() + 0.05), AgencyOverloaded)
    assert tally.all == 1


async def test_an_answer_that_does_not_fit_is_named_by_its_place(
    client: AgencyClient, serve: Serve, soon: float
) -> None:
    """The failure says where the answer stopped making sense, and nothing of what stood there."""
    url = await serve(says(text='{"children": [1, "body-nobody-may-see"]}'))
    response = await client.ask(a_call(url), soon)
    with pytest.raises(AgencyBroken, match=r"\$\[\.\.\.\]\[1\]") as caught:
        response.decoded(msgspec.json.Decoder(dict[str, list[int]]))
    assert SECRETS[3] not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("body", [b"{", b"", b'{"a": "\xff"}', b"[" * 100_000], ids=["cut", "empty", "bytes", "deep"])
async def test_an_answer_that_is_no_json_is_named(client: AgencyClient, serve: Serve, soon: float, body: bytes) -> None:
    """Nothing that only looks like JSON gets past the decoder, and nothing breaks it."""
    async with AgencyClient() as wide:
        response = await wide.ask(a_call(await serve(bytes_of(body))), soon)
    with pytest.raises(AgencyBroken, match="syntax"):
        response.decoded(msgspec.json.Decoder(object))
