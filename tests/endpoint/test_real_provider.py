"""CASES 23: an OpenID provider that we did not write. What it gives for signing in is no access token of ours."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from joserfc.jwk import RSAKey
from yarl import URL

from adapters.client import AgencyClient
from adapters.issuer_keys import Endpoints, IssuerKeys
from gateway.errors import Unauthenticated
from gateway.tokens import TokenRules, TokenVerifier
from gateway.wire.peer import Peer
from tests.token_making import AUDIENCE, Signer, good_claims, read_back

REPOSITORY = Path(__file__).parents[2]
REDIRECT = "http://127.0.0.1:9/callback"
CLIENT = {"client_id": "front-end", "client_secret": "any"}


@dataclass
class Provider:
    """It, running, and a verifier that trusts it alone."""

    url: str
    session: aiohttp.ClientSession
    keys: IssuerKeys
    verifier: TokenVerifier

    async def sign_in(self, **claims: Any) -> dict[str, str]:
        """What somebody with these claims of their own is given: `id_token`, `access_token`, `refresh_token`."""
        async with self.session.put(f"{self.url}/users/teacher-1", json=claims) as put:
            assert put.status == 204
        asked = {"response_type": "code", "redirect_uri": REDIRECT, "scope": "openid profile", "state": "s", **CLIENT}
        authorize = URL(f"{self.url}/oauth2/authorize").with_query(asked)
        async with self.session.post(authorize, data={"sub": "teacher-1"}, allow_redirects=False) as redirected:
            code = URL(redirected.headers["Location"]).query["code"]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, **CLIENT}
        async with self.session.post(f"{self.url}/oauth2/token", data=form) as granted:
            given: dict[str, str] = await granted.json()
        return given

    async def signer(self) -> Signer:
        async with self.session.get(f"{self.url}/signing-key") as key:
            return Signer(RSAKey.import_key(await key.json()), "RS256")

    async def bearer(self, token: str) -> str:
        return (await self.verifier.bearer(f"Bearer {token}", Peer(), None)).subject


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Where it listens."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.openid_provider"],  # what its own libraries warn of is theirs
        cwd=REPOSITORY,
        env=os.environ | {"AUTHLIB_INSECURE_TRANSPORT": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.kill()


@pytest.fixture
async def provider(address: str) -> AsyncIterator[Provider]:
    async with aiohttp.ClientSession() as session, AgencyClient() as client:
        keys = IssuerKeys(client, address)
        yield Provider(address, session, keys, TokenVerifier({address: keys}, TokenRules(audience=AUDIENCE)))


async def test_what_is_given_for_signing_in_is_no_access_token_of_ours(provider: Provider) -> None:
    """The ID token bears its good signature and every claim that we ask for, and is still no access token."""
    claims = good_claims(provider.url)
    given = await provider.sign_in(
        **{name: claims[name] for name in ("acting_role", "organisation", "client_id", "jti")}
    )
    said = read_back(given["id_token"].split(".")[1])
    assert (said["iss"], said["sub"], said["acting_role"]) == (provider.url, "teacher-1", "PRACTITIONER")
    for kind in ("id_token", "access_token", "refresh_token"):
        with pytest.raises(Unauthenticated):
            await provider.bearer(given[kind])


async def test_an_access_token_by_its_key_is_good(provider: Provider) -> None:
    """Found by its own discovery, under whatever name it gives its key."""
    signer = await provider.signer()
    assert await provider.bearer(signer.nameless(good_claims(provider.url))) == "teacher-1"
    async with provider.session.get(f"{provider.url}/jwks") as answer:
        (published,) = (await answer.json())["keys"]
    named = signer.token(good_claims(provider.url), {"kid": published["kid"]})
    assert await provider.bearer(named) == "teacher-1"
    with pytest.raises(Unauthenticated):
        await provider.bearer(signer.token(good_claims(provider.url), {"kid": published["kid"], "typ": "JWT"}))


async def test_its_addresses_for_signing_in_are_found(provider: Provider) -> None:
    """For the explorer."""
    assert await provider.keys.endpoints() == Endpoints(
        f"{provider.url}/oauth2/authorize", f"{provider.url}/oauth2/token"
    )
