"""The keys by which an issuer's tokens are verified: found by OIDC discovery, kept, and asked for again sparingly.

An issuer that cannot be reached costs nothing while its keys are known; a flood of tokens with unknown keys costs one
question in thirty seconds.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address
from typing import NamedTuple

import msgspec
from yarl import URL

from adapters.agency import AgencyFailure
from adapters.client import AgencyClient, Call
from adapters.verifying_keys import VerifyingKeys, read_keys

REFETCH_INTERVAL = 30.0  # seconds between two questions while keys are known
RETRY_INTERVAL = 1.0  # seconds between two questions while none are
RENEWAL = 15 * 60.0  # seconds after which keys are asked for anew, so that one withdrawn is believed no longer
PATIENCE = 3.0  # seconds one question may take
MOST_BYTES = 64 * 1024  # of an answer


class IssuerUnavailable(Exception):
    """No keys are known, and the issuer gives none."""


class Endpoints(NamedTuple):
    """Where somebody signs in with an issuer, and where their page then fetches its token."""

    authorization: str
    token: str


class _Discovery(msgspec.Struct):
    issuer: str
    jwks_uri: str
    authorization_endpoint: str = ""
    token_endpoint: str = ""


_discovery = msgspec.json.Decoder(_Discovery)


class IssuerKeys:
    """One issuer's public keys. `issuer` is its address exactly as tokens name it in `iss`."""

    def __init__(self, client: AgencyClient, issuer: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.issuer = issuer
        self._client = client
        self._clock = clock
        self._keys: VerifyingKeys | None = None
        self._endpoints: Endpoints | None = None
        self._asked = float("-inf")
        self._asking = asyncio.Lock()
        self._due = float("inf")
        self._renewing: asyncio.Task[None] | None = None

    async def current(self) -> VerifyingKeys:
        """The keys known, asking for them if none are; raises `IssuerUnavailable`."""
        if self._keys is None:
            await self._ask(RETRY_INTERVAL, unless_newer_than=None)
        if self._keys is None:
            raise IssuerUnavailable(f"no keys from the issuer `{self.issuer}`")
        if self._clock() >= self._due:
            self._renew(self._keys)
        return self._keys

    async def newer_than(self, keys: VerifyingKeys) -> VerifyingKeys | None:
        """Other keys than these, if the issuer has any and may be asked again already."""
        if self._keys is keys:
            await self._ask(REFETCH_INTERVAL, unless_newer_than=keys)
        return self._keys if self._keys is not keys else None

    async def endpoints(self) -> Endpoints | None:
        """Where to sign in; None where the issuer does not say, or cannot be reached."""
        with suppress(IssuerUnavailable):
            await self.current()
        return self._endpoints

    async def close(self) -> None:
        """Ask no longer."""
        if self._renewing is not None:
            self._renewing.cancel()
            await asyncio.wait({self._renewing})

    def _renew(self, keys: VerifyingKeys) -> None:
        """Ask anew in the background: those known go on until then, so that nobody waits for it."""
        self._due = self._clock() + REFETCH_INTERVAL  # if it comes to nothing, ask again then
        self._renewing = asyncio.create_task(self._ask(REFETCH_INTERVAL, unless_newer_than=keys))

    async def _ask(self, interval: float, unless_newer_than: VerifyingKeys | None) -> None:
        async with self._asking:
            if self._keys is not unless_newer_than or self._clock() - self._asked < interval:
                return
            self._asked = self._clock()
            with suppress(AgencyFailure, ValueError):
                self._keys, self._endpoints = await self._fetch()
                self._due = self._clock() + RENEWAL

    async def _fetch(self) -> tuple[VerifyingKeys, Endpoints | None]:
        deadline = asyncio.get_running_loop().time() + PATIENCE
        address = self.issuer.rstrip("/") + "/.well-known/openid-configuration"
        found = await self._client.ask(Call(system="issuer", url=secured(address)), deadline)
        discovery = _discovery.decode(_capped(found.body))
        if discovery.issuer != self.issuer:
            raise ValueError("the discovery document speaks for another issuer")
        keys = await self._client.ask(
            Call(
                system="issuer",
                url=secured(discovery.jwks_uri),
                media_types=("application/json", "application/jwk-set+json"),
            ),
            deadline,
        )
        return read_keys(_capped(keys.body)), _endpoints(discovery)


def _capped(body: bytes) -> bytes:
    if len(body) > MOST_BYTES:
        raise ValueError("more than an issuer has to say")
    return body


def _endpoints(discovery: _Discovery) -> Endpoints | None:
    try:
        secured(discovery.authorization_endpoint)
        secured(discovery.token_endpoint)
    except ValueError:
        return None
    return Endpoints(discovery.authorization_endpoint, discovery.token_endpoint)


def secured(address: str) -> URL:
    """An address that nobody between can answer for: by https, or on this machine. ValueError for any other."""
    url = URL(address)
    if url.scheme == "https" and url.host:
        return url
    if url.scheme == "http" and (url.host == "localhost" or ip_address(url.host or "").is_loopback):
        return url
    raise ValueError("an issuer is asked by https alone")
