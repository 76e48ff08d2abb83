"""Bearer tokens for agencies: OAuth 2 client credentials, proved by a secret or by a signed JWT (RFC 7523).

One token serves every concurrent caller and is fetched once for all of them; no failure to fetch one is remembered.
Nothing here is ever printed.
"""

import asyncio
import base64
import time
import uuid
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote_plus, urlencode

import msgspec
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey
from yarl import URL

from adapters.agency import AgencyBroken, AgencyTimeout
from adapters.client import AgencyClient, Call

FORM = "application/x-www-form-urlencoded"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_LIFE = 300  # seconds; NHS England's longest
FETCH_PATIENCE = 5.0  # seconds a fetch may take; each caller waits no longer than its own deadline


class ClientProof(Protocol):
    """How we prove to a token endpoint which client we are."""

    @abstractmethod
    def headers(self) -> Mapping[str, str]: ...

    @abstractmethod
    def form(self, token_url: str) -> Mapping[str, str]: ...


class ClientSecret:
    """A shared secret, sent by HTTP Basic as OneRoster 1.2 asks."""

    def __init__(self, client_id: str, secret: str) -> None:
        pair = f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()
        self._basic = "Basic " + base64.b64encode(pair).decode()

    def headers(self) -> Mapping[str, str]:
        return {"Authorization": self._basic}

    def form(self, token_url: str) -> Mapping[str, str]:
        return {}


class PrivateKeyJwt:
    """A JWT signed with our own key, as NHS England asks (`algorithm` RS512, `key_id` as registered)."""

    def __init__(self, client_id: str, key: RSAKey | ECKey | OKPKey, *, key_id: str, algorithm: str = "RS512") -> None:
        self._client_id = client_id
        self._key = key
        self._header = {"alg": algorithm, "typ": "JWT", "kid": key_id}

    def headers(self) -> Mapping[str, str]:
        return {}

    def form(self, token_url: str) -> Mapping[str, str]:
        claims = {
            "iss": self._client_id,
            "sub": self._client_id,
            "aud": token_url,
            "jti": str(uuid.uuid4()),
            "exp": int(time.time()) + ASSERTION_LIFE,
        }
        signed = jwt.encode(self._header, claims, self._key, algorithms=[self._header["alg"]])
        return {"client_assertion_type": ASSERTION, "client_assertion": signed}


class _Granted(msgspec.Struct):
    """A token endpoint's answer. NHS England sends `expires_in` as a string."""

    access_token: str
    expires_in: int | str = 300


@dataclass(frozen=True, slots=True)
class _Token:
    value: str
    stale_at: float

    def __repr__(self) -> str:
        return "_Token(***)"


class ClientCredentials:
    """A bearer token by the client credentials grant, renewed a tenth of its life before it ends and once on a 401.

    `system` names the token endpoint in failures and contracts; it is not the system the token is for, so that its
    calls take none of that one's places.
    """

    def __init__(self, system: str, token_url: str, proof: ClientProof, *, scopes: tuple[str, ...] = ()) -> None:
        self._system = system
        self._token_url = token_url
        self._proof = proof
        self._scopes = scopes
        self._decoder = msgspec.json.Decoder(_Granted)
        self._token: _Token | None = None
        self._fetching: asyncio.Task[_Token] | None = None

    async def headers(self, client: AgencyClient, deadline: float) -> Mapping[str, str]:
        token = self._token
        if token is None or asyncio.get_running_loop().time() >= token.stale_at:
            token = await self._fetched_once_for_all(client, deadline)
        return {"Authorization": f"Bearer {token.value}"}

    def refused(self, headers: Mapping[str, str]) -> bool:
        """Forget the token these headers carried, unless another caller has renewed it already."""
        if self._token is not None and headers.get("Authorization") == f"Bearer {self._token.value}":
            self._token = None
        return True

    async def _fetched_once_for_all(self, client: AgencyClient, deadline: float) -> _Token:
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._fetch(client))
            self._fetching.add_done_callback(self._fetched)
        try:
            async with asyncio.timeout_at(deadline):
                # Shielded: a caller that leaves takes nobody's token along.
                return await asyncio.shield(self._fetching)
        except TimeoutError:
            raise AgencyTimeout(f"`{self._system}` gave no token in time") from None

    def _fetched(self, task: asyncio.Task[_Token]) -> None:
        self._fetching = None
        if not task.cancelled() and task.exception() is None:
            self._token = task.result()

    async def _fetch(self, client: AgencyClient) -> _Token:
        now = asyncio.get_running_loop().time()
        form = {"grant_type": "client_credentials", **self._proof.form(self._token_url)}
        if self._scopes:
            form["scope"] = " ".join(self._scopes)
        call = Call(
            system=self._system,
            url=URL(self._token_url),
            method="POST",
            headers={"Content-Type": FORM, **self._proof.headers()},
            body=urlencode(form).encode(),
        )
        granted = (await client.ask(call, now + FETCH_PATIENCE)).decoded(self._decoder)
        try:
            life = int(granted.expires_in)
        except ValueError:
            raise AgencyBroken(f"`{self._system}` gave a token of no readable life") from None
        return _Token(granted.access_token, now + 0.9 * life)
