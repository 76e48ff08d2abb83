"""Who is at the other end: the socket's address, and the certificate shown in TLS, on both loops that we run on."""

import asyncio
import hashlib
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import uvloop

from gateway.settings import SettingError, Settings
from gateway.wire.exchange import Reply, Request, head
from gateway.wire.peer import Peer
from gateway.wire.port import Port
from gateway.wire.tls import tls_context
from tests.certificates import CertificateAuthority, Certified

LARGE = b"x" * 3_000_000
REQUEST = b"GET / HTTP/1.1\r\nHost: gateway.example\r\n"


class Asked:
    """A port over TLS whose handler remembers the peer of every request."""

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        self._tls = tls
        self.peers: list[Peer] = []

    async def __call__(self, request: Request) -> Reply:
        self.peers.append(request.peer)
        return Reply(head(200, {}), LARGE)

    async def after(self, requests: bytes, caller: ssl.SSLContext | None) -> bytes:
        """All that comes back for these bytes until we are hung up on; nothing where we are turned away."""
        port = Port(lambda request: self, most_body=1_000, failed=print)
        number = await port.listen("127.0.0.1", 0, tls=self._tls)
        try:
            return await _asked(number, requests, caller)
        except (ssl.SSLError, ConnectionError):
            return b""
        finally:
            await port.close(1.0)


async def _asked(port: int, requests: bytes, caller: ssl.SSLContext | None) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=caller)
    try:
        writer.write(requests)
        return await reader.read()
    finally:
        writer.close()


Loops = Callable[[Awaitable[bytes]], bytes]


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Loops:
    """Have it done on one of the loops."""

    async def waited(work: Awaitable[bytes]) -> bytes:
        async with asyncio.timeout(20):
            return await work

    def on_a_loop(work: Awaitable[bytes]) -> bytes:
        with asyncio.Runner(loop_factory=request.param) as runner:
            return runner.run(waited(work))

    return on_a_loop


@pytest.fixture
def authority(tmp_path: Path) -> CertificateAuthority:
    return CertificateAuthority(tmp_path)


@pytest.fixture
def tls(authority: CertificateAuthority) -> ssl.SSLContext:
    """Our own certificate, and callers' of the authority."""
    return context(authority.certify("gateway"), client_ca=authority.file)


def context(own: Certified, client_ca: Path = Path()) -> ssl.SSLContext:
    settings = Settings(tls_certificate_file=own.certificate, tls_key_file=own.key, tls_client_ca_file=client_ca)
    made = tls_context(settings)
    assert made is not None
    return made


def test_a_caller_in_plain_has_an_address_and_no_certificate(run: Loops) -> None:
    """The socket's own address, whatever a header says of it."""
    asked = Asked(None)
    run(asked.after(REQUEST + b"X-Forwarded-For: 192.0.2.1\r\nConnection: close\r\n\r\n", None))
    assert asked.peers == [Peer("127.0.0.1")]


def test_a_caller_without_a_certificate_is_let_in(
    run: Loops, authority: CertificateAuthority, tls: ssl.SSLContext
) -> None:
    """What a token is bound to, the token's check asks for."""
    asked = Asked(tls)
    caller = ssl.create_default_context(cafile=str(authority.file))
    answer = run(asked.after(REQUEST + b"Connection: close\r\n\r\n", caller))
    assert answer.endswith(b"\r\n\r\n" + LARGE)
    assert asked.peers == [Peer("127.0.0.1")]


def test_a_certificate_shown_is_every_requests_of_its_connection(
    run: Loops, authority: CertificateAuthority, tls: ssl.SSLContext
) -> None:
    """CASES 26: the SHA-256 of the certificate itself; requests one after another, each large reply whole."""
    asked = Asked(tls)
    cms = authority.certify("cms")
    two = REQUEST + b"\r\n" + REQUEST + b"Connection: close\r\n\r\n"
    answer = run(asked.after(two, cms.shown_to(authority.file)))
    assert answer.count(LARGE) == 2
    assert asked.peers == [Peer("127.0.0.1", hashlib.sha256(cms.der).digest())] * 2


def test_a_certificate_of_another_authority_is_turned_away(
    run: Loops, authority: CertificateAuthority, tls: ssl.SSLContext, tmp_path: Path
) -> None:
    """Before anything is read of what its holder asks."""
    asked = Asked(tls)
    stranger = CertificateAuthority(tmp_path, "another").certify("stranger")
    assert run(asked.after(REQUEST + b"Connection: close\r\n\r\n", stranger.shown_to(authority.file))) == b""
    assert asked.peers == []


def test_old_tls_is_not_spoken(tls: ssl.SSLContext) -> None:
    """1.2 at least, whatever the machine's own configuration allows."""
    assert tls.minimum_version is ssl.TLSVersion.TLSv1_2


def test_no_cipher_is_taken_that_could_be_opened_later_or_changed_unseen(tls: ssl.SSLContext) -> None:
    """Keys that last no longer than the connection, and every message sealed with what it says."""
    offered = tls.get_ciphers()
    assert all(cipher["aead"] for cipher in offered)
    assert all(cipher["protocol"] == "TLSv1.3" or cipher["name"].startswith("ECDHE-") for cipher in offered)
    assert len(offered) > 3


def test_a_session_is_not_taken_up_again(authority: CertificateAuthority, tls: ssl.SSLContext) -> None:
    """Each connection's certificate is looked at anew, by today's date and authorities."""
    assert tls.num_tickets == 0
    assert tls.options & ssl.OP_NO_TICKET


def test_without_a_certificate_there_is_no_tls() -> None:
    """A proxy ends it for us."""
    assert tls_context(Settings()) is None


@pytest.mark.parametrize("setting", ["tls_certificate_file", "tls_key_file", "tls_client_ca_file"])
def test_a_file_that_is_no_certificate_is_named(authority: CertificateAuthority, tmp_path: Path, setting: str) -> None:
    """In the words of the settings, on one line."""
    own = authority.certify("gateway")
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("no certificate")
    files = {"tls_certificate_file": own.certificate, "tls_key_file": own.key, "tls_client_ca_file": authority.file}
    with pytest.raises(SettingError, match=f"CONTACTPOINT_{setting.upper()}"):
        tls_context(Settings(**(files | {setting: wrong})))
