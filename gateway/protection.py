"""What metrics show of the whole store's protection: how much waits for somebody, and of no authority by itself."""

import asyncio
from collections.abc import Mapping
from typing import Protocol

from adapters.store.failures import StoreUnavailable
from gateway.events import Event, Observer

KEPT_FOR = 30.0  # seconds: however often metrics are asked for, the store is not


class Counted(Protocol):
    """What is asked of the store."""

    async def protection_counts(self) -> Mapping[str, int]: ...


class ProtectionCounts:
    """Keeps the observer's counts fresh where somebody reads them. Build it where its loop runs."""

    def __init__(self, store: Counted, observer: Observer, kept_for: float = KEPT_FOR) -> None:
        self._store = store
        self._observer = observer
        self._kept_for = kept_for
        self._loop = asyncio.get_running_loop()
        self._stale_at = self._loop.time()

    async def refresh(self) -> None:
        """Count anew where the last count is stale; where nothing can be counted, none is shown."""
        if self._loop.time() < self._stale_at:
            return
        try:
            self._observer.protection(await self._store.protection_counts())
            self._stale_at = self._loop.time() + self._kept_for
        except StoreUnavailable as error:
            self._observer.protection({})
            self._observer.happened(Event.STORE_UNAVAILABLE, type(error).__name__)
