"""Where keys come from, over loopback: asked for sparingly, asked for anew in time, and from nobody but the issuer."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from adapters.client import AgencyClient
from adapters.issuer_keys import MOST_BYTES, RENEWAL, Endpoints, IssuerKeys, IssuerUnavailable, secured
from tests.token_making import PretendedIssuer, a_signer, an_issuer


@dataclass
class Clock:
    """Time that passes when told."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def issuer() -> AsyncIterator[PretendedIssuer]:
    async with an_issuer(a_signer()) as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def keys(issuer: PretendedIssuer, clock: Clock) -> AsyncIterator[IssuerKeys]:
    async with AgencyClient() as client:
        asked = IssuerKeys(client, issuer.url, clock)
        yield asked
        await asked.close()


async def until_renewed(keys: IssuerKeys) -> None:
    """Until what is asked in the background is answered."""
    assert keys._renewing is not None
    await keys._renewing


async def test_keys_are_asked_for_anew_after_a_quarter_of_an_hour(
    keys: IssuerKeys, issuer: PretendedIssuer, clock: Clock
) -> None:
    """A key that its issuer has withdrawn is believed no longer than that; nobody waits for the answer."""
    first = await keys.current()
    clock.now += RENEWAL - 1
    assert await keys.current() is first
    issuer.keys = [a_signer(kid="key-2").published]
    clock.now += 1
    assert await keys.current() is first
    await until_renewed(keys)
    second = await keys.current()
    assert (second.known("key-1"), second.known("key-2")) == (False, True)
    assert issuer.asked == 2


async def test_keys_go_on_while_their_issuer_cannot_renew_them(
    keys: IssuerKeys, issuer: PretendedIssuer, clock: Clock
) -> None:
    """CASES 27: it is asked again every half minute, however many ask us."""
    first = await keys.current()
    issuer.discovery = {"jwks_uri": f"{issuer.url}/gone"}
    clock.now += RENEWAL
    for _ in range(20):
        assert await keys.current() is first
        await until_renewed(keys)
    issuer.discovery = {}
    clock.now += 31
    assert await keys.current() is first
    await until_renewed(keys)
    assert await keys.current() is not first
    assert issuer.asked == 2


async def test_a_renewal_under_way_is_given_up_when_closed(keys: IssuerKeys, clock: Clock) -> None:
    """Nothing is asked any longer by what has ended."""
    await keys.current()
    clock.now += RENEWAL
    await keys.current()
    await keys.close()
    assert keys._renewing is not None
    assert keys._renewing.done()


@pytest.mark.parametrize(
    "discovery",
    [
        {"issuer": "https://another.example"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": ""},
        {"jwks_uri": 7},
    ],
    ids=str,
)
async def test_a_discovery_that_sends_us_elsewhere_is_none(
    keys: IssuerKeys, issuer: PretendedIssuer, discovery: dict[str, Any]
) -> None:
    """Another's name, or keys that somebody between could have written: no keys, and nobody is believed."""
    issuer.discovery = discovery
    with pytest.raises(IssuerUnavailable):
        await keys.current()


async def test_keys_are_taken_from_no_address_that_others_could_answer_for(
    keys: IssuerKeys, issuer: PretendedIssuer
) -> None:
    """Though it would answer: `0.0.0.0` reaches this very issuer, in plain, and is not this machine's own address."""
    issuer.discovery = {"jwks_uri": f"{issuer.url}/jwks".replace("127.0.0.1", "0.0.0.0")}  # noqa: S104 - asked, not bound
    with pytest.raises(IssuerUnavailable):
        await keys.current()
    assert issuer.asked == 0


async def test_more_than_an_issuer_has_to_say_is_not_read(keys: IssuerKeys, issuer: PretendedIssuer) -> None:
    """Sixty-four kibibytes of keys, and fifty of them."""
    issuer.padding = "x" * MOST_BYTES
    with pytest.raises(IssuerUnavailable):
        await keys.current()


async def test_where_to_sign_in_is_told_where_it_is_known(keys: IssuerKeys, issuer: PretendedIssuer) -> None:
    """Both addresses, or none."""
    issuer.discovery = {
        "authorization_endpoint": "https://issuer.example/authorize",
        "token_endpoint": "https://issuer.example/token",
    }
    assert await keys.endpoints() == Endpoints("https://issuer.example/authorize", "https://issuer.example/token")


@pytest.mark.parametrize("missing", ["authorization_endpoint", "token_endpoint"])
async def test_where_to_sign_in_is_not_told_by_halves(keys: IssuerKeys, issuer: PretendedIssuer, missing: str) -> None:
    """Nor an address that anybody could read a code on its way to."""
    both = {
        "authorization_endpoint": "https://issuer.example/authorize",
        "token_endpoint": "https://issuer.example/token",
    }
    issuer.discovery = both | {missing: "http://issuer.example/plain"}
    assert await keys.endpoints() is None
    assert await keys.current()


async def test_an_issuer_out_of_reach_tells_nowhere_to_sign_in() -> None:
    """And that is no error: a token can still be pasted."""
    async with AgencyClient() as client:
        assert await IssuerKeys(client, "http://127.0.0.1:9").endpoints() is None


async def test_whoever_comes_first_asks_for_all(keys: IssuerKeys, issuer: PretendedIssuer) -> None:
    """A hundred requests at the start are one question."""
    found = await asyncio.gather(*(keys.current() for _ in range(100)))
    assert all(one is found[0] for one in found)
    assert issuer.asked == 1


@pytest.mark.parametrize(
    "address", ["https://issuer.example", "http://127.0.0.1:1", "http://localhost", "http://[::1]:8080/a"]
)
def test_an_issuer_is_asked_by_https_or_on_this_machine(address: str) -> None:
    """Where nobody between can answer for it."""
    assert str(secured(address)).startswith(address)


@pytest.mark.parametrize(
    "address",
    ["http://issuer.example", "http://192.0.2.1", "http://localhost.example", "ftp://issuer.example", "", "/a"],
)
def test_an_issuer_is_asked_no_other_way(address: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whoever reads settings says what is wrong
        secured(address)
