"""CASES 26: a token bound to a certificate is nobody's who does not show it, to us or to a proxy we were told of."""

import base64
import hashlib
from ipaddress import ip_network
from typing import Any

import pytest

from gateway.confirmation import ProxyRule, confirmed
from gateway.viewer import Bearer, Role
from gateway.wire.peer import Peer

DER = b"a certificate"
THUMBPRINT = hashlib.sha256(DER).digest()
HEADER = f":{base64.b64encode(DER).decode()}:"
PROXIES = ProxyRule("client-cert", (ip_network("192.0.2.0/24"), ip_network("2001:db8::1")))
PROXY, CALLER = Peer("192.0.2.7"), Peer("198.51.100.1")


def a_bearer(thumbprint: bytes | None = THUMBPRINT) -> Bearer:
    return Bearer(
        issuer="https://issuer.example",
        subject="system-1",
        client="partner-cms",
        token="token-1",
        jti="token-1",
        role=Role.PARTNER,
        organisation="partner-cms",
        authority=None,
        scopes=frozenset(),
        thumbprint=thumbprint,
    )


def test_a_token_bound_to_nothing_is_anybodys_who_brings_it() -> None:
    """Whatever certificate comes with it."""
    for peer in (CALLER, Peer("198.51.100.1", THUMBPRINT), PROXY):
        assert confirmed(a_bearer(None), peer, HEADER, PROXIES)


def test_the_certificate_shown_in_tls_is_the_tokens() -> None:
    """To the byte."""
    assert confirmed(a_bearer(), Peer("198.51.100.1", THUMBPRINT), None, None)
    assert not confirmed(a_bearer(), Peer("198.51.100.1", hashlib.sha256(b"another").digest()), None, None)
    assert not confirmed(a_bearer(), CALLER, None, None)


def test_a_header_counts_from_a_proxy_that_settings_name_and_from_nobody_else() -> None:
    """Anybody can write one."""
    assert confirmed(a_bearer(), PROXY, HEADER, PROXIES)
    assert confirmed(a_bearer(), Peer("2001:db8::1"), HEADER, PROXIES)
    assert confirmed(a_bearer(), Peer("::ffff:192.0.2.7"), HEADER, PROXIES)
    assert not confirmed(a_bearer(), CALLER, HEADER, PROXIES)
    assert not confirmed(a_bearer(), Peer("2001:db8::2"), HEADER, PROXIES)
    assert not confirmed(a_bearer(), Peer(""), HEADER, PROXIES)
    assert not confirmed(a_bearer(), PROXY, HEADER, None)


def test_a_proxys_own_certificate_is_no_callers() -> None:
    """Else a token bound to it would be everybody's who comes through that proxy."""
    proxy = Peer("192.0.2.7", THUMBPRINT)
    assert not confirmed(a_bearer(), proxy, None, PROXIES)
    assert confirmed(a_bearer(), proxy, HEADER, PROXIES)


def test_whoever_speaks_to_us_directly_needs_no_header() -> None:
    """Beside a proxy there may be callers of our own port, and theirs is the certificate that TLS saw."""
    other = f":{base64.b64encode(b'another').decode()}:"
    assert confirmed(a_bearer(), Peer("198.51.100.1", THUMBPRINT), other, PROXIES)


@pytest.mark.parametrize(
    "header",
    [
        None, "", ":", "::", HEADER[1:], HEADER[:-1], HEADER[1:-1], HEADER + ";a=1", HEADER + ", " + HEADER,
        f" {HEADER}",
        HEADER.replace("=", ""), HEADER.replace(":", '"'), ":YSBjZXJ0aWZpY2F0 ZQ==:", ":YSBjZXJ0aWZpY2F0ZQ=é:",
        hashlib.sha256(DER).hexdigest(), "-----BEGIN CERTIFICATE-----",
    ],
)  # fmt: skip
def test_a_header_that_is_no_certificates_is_none(header: Any) -> None:
    """RFC 9440: one certificate, its bytes in base64 between colons."""
    assert not confirmed(a_bearer(), PROXY, header, PROXIES)
