"""Whose word is believed: what the settings may name, and that a wrong word is told before anything listens."""

from ipaddress import ip_network

import pytest

from adapters.records import NhsNumber
from gateway.confirmation import ProxyRule
from gateway.settings import SettingError, Settings
from gateway.trust import issuers, token_rules
from gateway.viewer import Role


def test_one_issuer_needs_no_name() -> None:
    """Its people and tokens are then named as it names them."""
    settings = Settings(issuer="https://issuer.example/realms/main")
    assert issuers(settings) == {"https://issuer.example/realms/main": ""}
    assert token_rules(settings, None).names == {}


def test_several_issuers_each_have_a_name() -> None:
    """By which their people and tokens are told apart in every record."""
    settings = Settings(issuer="nhs=https://nhs.example leeds=https://leeds.example/a=b")
    named = {"https://nhs.example": "nhs", "https://leeds.example/a=b": "leeds"}
    assert issuers(settings) == named
    assert token_rules(settings, None).names == named


def test_an_issuer_of_this_machine_may_do_without_tls() -> None:
    """As the demonstration's does."""
    for address in ("http://127.0.0.1:8081", "http://localhost:8081", "http://[::1]:8081"):
        assert issuers(Settings(issuer=address)) == {address: ""}


@pytest.mark.parametrize(
    "said",
    [
        "http://issuer.example", "issuer.example", "ftp://issuer.example", "https://", "https://issuer.example?a=b",
        "https://issuer.example#a", "https://me@issuer.example", "NHS=https://issuer.example",
        "n:s=https://issuer.example", "=https://issuer.example", "https://a.example https://b.example",
        "a=https://a.example https://b.example https://c.example", "a=https://a.example a=https://b.example",
        "a=https://a.example b=https://a.example",
    ],
)  # fmt: skip
def test_what_names_no_issuer_is_told(said: str) -> None:
    """On one line, by the setting's own name."""
    with pytest.raises(SettingError, match="`CONTACTPOINT_ISSUER` must") as told:
        issuers(Settings(issuer=said))
    assert "\n" not in str(told.value)


def test_what_a_token_must_keep_to_is_as_set() -> None:
    """Each rule from its setting."""
    settings = Settings(
        issuer="https://issuer.example",
        audience="gateway",
        longest_token_life=600,
        strong_roles="PRACTITIONER AUDITOR",
        strong_acr="high higher",
        strong_amr="mfa hwk",
        trusted_proxies="192.0.2.0/24 2001:db8::1",
        client_certificate_header="Client-Cert",
    )
    rules = token_rules(settings, lambda number: b"print")
    assert (rules.audience, rules.longest_life) == ("gateway", 600)
    assert rules.strong_roles == {Role.PRACTITIONER, Role.AUDITOR}
    assert (rules.strong_acr, rules.strong_amr) == ({"high", "higher"}, {"mfa", "hwk"})
    assert rules.forwarded_by == ProxyRule("client-cert", (ip_network("192.0.2.0/24"), ip_network("2001:db8::1")))
    assert rules.print_of is not None
    assert rules.print_of(NhsNumber("9990000018")) == b"print"


def test_without_a_proxy_no_header_is_believed() -> None:
    """The default."""
    assert token_rules(Settings(issuer="https://issuer.example"), None).forwarded_by is None
