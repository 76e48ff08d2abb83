"""The keys that records are sealed with: new every hour, and kept, sealed to their auditors, before their first use."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from typing import Final, Protocol

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from adapters.store.entries import KeptKey
from adapters.store.failures import StoreUnavailable
from gateway.audit.auditors import Auditors
from gateway.audit.record_format import data_key_name
from gateway.audit.sealing import DataKey, seal_data_key

LIFE: Final = 3600.0  # seconds
AHEAD: Final = 600.0  # of these, how many before its end a key is replaced


class KeyStore(Protocol):
    """Where data keys are kept; returns once it is durable, and raises StoreUnavailable."""

    async def keep_data_key(self, key: KeptKey) -> None: ...


class DataKeys:
    """One process's keys: the general one, and one for each authority whose protected children were asked about."""

    def __init__(
        self,
        store: KeyStore,
        auditors: Auditors,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._auditors = auditors
        self._clock = clock
        self._now = now
        self._keys: dict[str | None, tuple[float, DataKey]] = {}
        self._making: dict[str | None, asyncio.Task[DataKey]] = {}

    def at_hand(self, authority: str | None) -> DataKey | None:
        """The key of this hour, or None: it must be made first."""
        until, key = self._keys.get(authority, (0.0, None))
        return key if self._clock() < until else None

    def forget(self) -> None:
        """Make every key anew: the store has lost one, and may have lost others."""
        self._keys.clear()

    async def ready(self, authorities: Sequence[str | None]) -> tuple[DataKey, ...]:
        """A key for each; raises StoreUnavailable where one that is needed cannot be kept."""
        return tuple([self.at_hand(authority) or await self._made(authority) for authority in authorities])

    async def make_ahead(self, authorities: Collection[str]) -> None:
        """Have the general key and those of these authorities at hand for a while; raises StoreUnavailable.

        To make one while somebody waits would tell them that nobody, in this hour, had asked about a protected child of
        the same authority.
        """
        soon = self._clock() + AHEAD
        for authority in (None, *authorities):
            until, _ = self._keys.get(authority, (0.0, None))
            if until <= soon:
                await self._made(authority)

    async def keep_ahead(self, authorities: Callable[[], Awaitable[Collection[str]]]) -> None:
        """Do so, again and again, for those that there are then; what fails is made when it is needed."""
        while True:
            await asyncio.sleep(AHEAD / 2)
            with suppress(StoreUnavailable):
                await self.make_ahead(await authorities())

    async def _made(self, authority: str | None) -> DataKey:
        making = self._making.get(authority)
        if making is None:
            making = asyncio.get_running_loop().create_task(self._make(authority))
            self._making[authority] = making
            making.add_done_callback(self._ended)
        return await asyncio.shield(making)  # others wait for it too

    def _ended(self, making: "asyncio.Task[DataKey]") -> None:
        self._making = {authority: other for authority, other in self._making.items() if other is not making}
        if not making.cancelled():
            making.exception()  # heard, though all who waited for it may be gone

    async def _make(self, authority: str | None) -> DataKey:
        began, began_at = self._clock(), int(self._now() * 1_000_000)
        auditors = self._auditors.of(authority)
        octets = secrets.token_bytes(32)
        sealed = tuple(seal_data_key(octets, authority, began_at, auditor.key) for auditor in auditors)
        names = tuple(auditor.name for auditor in auditors)
        name = data_key_name(authority, began_at, names, sealed)
        await self._store.keep_data_key(KeptKey(name, authority, began_at, names, sealed))
        key = DataKey(name, authority, AESGCM(octets))
        self._keys[authority] = (began + LIFE, key)
        return key
