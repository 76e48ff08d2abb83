"""CASES 26: a token bound to a certificate, over real TLS to our own port and through a proxy that settings name."""

import base64
import hashlib
import ssl
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from gateway.settings import Settings
from tests.certificates import CertificateAuthority, Certified
from tests.running import RunningGateway
from tests.token_making import unpadded

HEADER = "Client-Cert"
VIEWER = {"query": "{ viewer { subject } }"}
REFUSED = {"errors": [{"message": "a valid access token is needed", "extensions": {"code": "UNAUTHENTICATED"}}]}


@dataclass(frozen=True)
class Certificates:
    """An authority, our own certificate, and two callers'."""

    authority: CertificateAuthority
    ours: Certified
    cms: Certified
    another: Certified


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    authority = CertificateAuthority(tmp_path)
    return Certificates(authority, *map(authority.certify, ("ours", "cms", "another")))


def bound_to(gateway: RunningGateway, certificate: Certified) -> str:
    thumbprint = unpadded(hashlib.sha256(certificate.der).digest())
    return gateway.issuer.mint("teacher", cnf={"x5t#S256": thumbprint})


def shown(certificate: Certified) -> str:
    """As a proxy shows it on."""
    return f":{base64.b64encode(certificate.der).decode()}:"


async def ask(
    gateway: RunningGateway, token: str, headers: list[tuple[str, str]] | None = None, tls: ssl.SSLContext | bool = True
) -> tuple[int, Any]:
    said = [("Authorization", f"Bearer {token}"), ("Contactpoint-Purpose", "SAFEGUARDING"), *(headers or ())]
    async with gateway.session.post(f"{gateway.url}/graphql", json=VIEWER, headers=said, ssl=tls) as answer:
        return answer.status, await answer.json()


class TestOverTls:
    """We end TLS ourselves, and see who is there."""

    @pytest.fixture
    def settings(self, settings: Settings, certificates: Certificates) -> Settings:
        return replace(
            settings,
            tls_certificate_file=certificates.ours.certificate,
            tls_key_file=certificates.ours.key,
            tls_client_ca_file=certificates.authority.file,
        )

    async def test_it_is_good_from_whoever_shows_the_certificate(
        self, gateway: RunningGateway, certificates: Certificates
    ) -> None:
        """And from nobody else, though it was found good a moment ago; an unbound one is as good without."""
        assert gateway.url.startswith("https://")
        authority = certificates.authority.file
        token = bound_to(gateway, certificates.cms)
        nameless = ssl.create_default_context(cafile=str(authority))
        assert (await ask(gateway, token, tls=certificates.cms.shown_to(authority)))[0] == 200
        assert await ask(gateway, token, tls=nameless) == (401, REFUSED)
        assert await ask(gateway, token, tls=certificates.another.shown_to(authority)) == (401, REFUSED)
        assert (await ask(gateway, gateway.token("teacher"), tls=nameless))[0] == 200

    async def test_no_header_stands_for_a_certificate(
        self, gateway: RunningGateway, certificates: Certificates
    ) -> None:
        """No proxy is named, so none speaks for anybody."""
        nameless = ssl.create_default_context(cafile=str(certificates.authority.file))
        token = bound_to(gateway, certificates.cms)
        assert await ask(gateway, token, [(HEADER, shown(certificates.cms))], nameless) == (401, REFUSED)


class TestThroughAProxy:
    """A proxy at this address ends TLS for us."""

    @pytest.fixture(params=["127.0.0.1", "127.0.0.0/8 2001:db8::/32"])
    def settings(self, settings: Settings, request: pytest.FixtureRequest) -> Settings:
        return replace(settings, trusted_proxies=request.param, client_certificate_header=HEADER)

    async def test_its_header_says_who_is_there(self, gateway: RunningGateway, certificates: Certificates) -> None:
        """Looked at with every request, as one connection of a proxy's serves many callers."""
        token = bound_to(gateway, certificates.cms)
        assert (await ask(gateway, token, [(HEADER, shown(certificates.cms))]))[0] == 200
        assert await ask(gateway, token, [(HEADER, shown(certificates.another))]) == (401, REFUSED)
        assert await ask(gateway, token) == (401, REFUSED)

    async def test_its_header_is_said_once(self, gateway: RunningGateway, certificates: Certificates) -> None:
        """Else the caller's own word might be the one we read."""
        token = bound_to(gateway, certificates.cms)
        twice = [(HEADER, shown(certificates.cms)), (HEADER, shown(certificates.another))]
        status, body = await ask(gateway, token, twice)
        assert (status, body["errors"][0]["extensions"]["code"]) == (400, "BAD_REQUEST")


class TestThroughAStranger:
    """Another address is our proxy's."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return replace(settings, trusted_proxies="192.0.2.1", client_certificate_header=HEADER)

    async def test_its_header_says_nothing(self, gateway: RunningGateway, certificates: Certificates) -> None:
        """Anybody can write one."""
        token = bound_to(gateway, certificates.cms)
        assert await ask(gateway, token, [(HEADER, shown(certificates.cms))]) == (401, REFUSED)
