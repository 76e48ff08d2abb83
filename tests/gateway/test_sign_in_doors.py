"""Where the explorer may send people to sign in: to issuers that can be reached, for the client that settings name."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.client import AgencyClient
from adapters.issuer_keys import IssuerKeys
from adapters.sandbox.issuer import Issuer
from gateway.settings import Settings
from gateway.sign_in import Door, SignIn, origins

GONE = "http://127.0.0.1:9"  # nobody listens there


@pytest.fixture
async def issuer(tmp_path: Path) -> AsyncIterator[Issuer]:
    running = await Issuer.start(tmp_path / "issuer-key.json")
    yield running
    await running.close()


@pytest.fixture
async def client() -> AsyncIterator[AgencyClient]:
    async with AgencyClient() as connected:
        yield connected


async def test_the_doors_are_those_of_issuers_that_answer(issuer: Issuer, client: AgencyClient) -> None:
    """One that is away is none today; the others are as ever, each by its name."""
    settings = Settings(issuer=f"here={issuer.url} gone={GONE}", explorer_client="explorer", explorer_scope="openid")
    keys = {address: IssuerKeys(client, address) for address in (issuer.url, GONE)}
    offered = SignIn.of(settings, keys)
    assert offered is not None
    doors = await offered.doors()
    assert doors == [
        Door(
            name="here",
            issuer=issuer.url,
            authorization_endpoint=f"{issuer.url}/authorize",
            token_endpoint=f"{issuer.url}/token",
            client_id="explorer",
            scope="openid",
            audience="contactpoint",
        )
    ]
    assert origins(doors) == [issuer.url]


def test_nobody_is_sent_anywhere_without_a_client() -> None:
    """As long as the explorer is no client of the issuer's, a token can be pasted and nothing else."""
    assert SignIn.of(Settings(issuer=GONE), {}) is None


def test_an_origin_is_let_be_asked_once_and_by_itself() -> None:
    """No path, no name and nothing that could be read as another rule."""
    door = Door("", GONE, f"{GONE}/a", "https://login.example.org:8443/oauth/token?for=us", "explorer", "openid", "us")
    assert origins([door, door]) == ["https://login.example.org:8443"]
