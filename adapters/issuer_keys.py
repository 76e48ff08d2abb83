"""The keys by which an issuer's tokens are verified: found by OIDC discovery, kept, and asked for again sparingly.

An issuer that cannot be reached costs nothing while its keys are known; a flood of tokens with unknown keys costs one
question in thirty seconds.
"""

import asyncio
import time
from collections.abc import Callable

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from yarl import URL

from adapters.agency import AgencyFailure
from adapters.client import AgencyClient, Call

REFETCH_INTERVAL = 30.0  # seconds between two questions while keys are known
RETRY_INTERVAL = 1.0  # seconds between two questions while none are
PATIENCE = 3.0  # seconds one question may take


class IssuerUnavailable(Exception):
    """No keys are known, and the issuer gives none."""


class _Discovery(msgspec.Struct):
    issuer: str
    jwks_uri: str


class IssuerKeys:
    """One issuer's public keys. `issuer` is its address exactly as tokens name it in `iss`."""

    def __init__(self, client: AgencyClient, issuer: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.issuer = issuer
        self._client = client
        self._clock = clock
        self._keys: KeySet | None = None
        self._asked = float("-inf")
        self._asking = asyncio.Lock()

    async def current(self) -> KeySet:
        """The keys known, asking for them if none are; raises `IssuerUnavailable`."""
        if self._keys is None:
            await self._ask(RETRY_INTERVAL, unless_newer_than=None)
        if self._keys is None:
            raise IssuerUnavailable(f"no keys from the issuer `{self.issuer}`")
        return self._keys

    async def newer_than(self, keys: KeySet) -> KeySet | None:
        """Other keys than these, if the issuer has any and may be asked again already."""
        if self._keys is keys:
            await self._ask(REFETCH_INTERVAL, unless_newer_than=keys)
        return self._keys if self._keys is not keys else None

    async def _ask(self, interval: float, unless_newer_than: KeySet | None) -> None:
        async with self._asking:
            if self._keys is not unless_newer_than or self._clock() - self._asked < interval:
                return
            self._asked = self._clock()
            try:
                self._keys = await self._fetch()
            except (AgencyFailure, JoseError, ValueError):
                return

    async def _fetch(self) -> KeySet:
        deadline = asyncio.get_running_loop().time() + PATIENCE
        address = self.issuer.rstrip("/") + "/.well-known/openid-configuration"
        found = await self._client.ask(Call(system="issuer", url=URL(address)), deadline)
        discovery = found.decoded(msgspec.json.Decoder(_Discovery))
        if discovery.issuer != self.issuer:
            raise ValueError("the discovery document speaks for another issuer")
        keys = await self._client.ask(
            Call(
                system="issuer",
                url=URL(discovery.jwks_uri),
                media_types=("application/json", "application/jwk-set+json"),
            ),
            deadline,
        )
        return KeySet.import_key_set(keys.decoded(msgspec.json.Decoder(dict)))  # type: ignore[arg-type]  # its own shape check follows
