"""Signs, now and then, where every chain of the ledger stands: what a third party keeps, nobody can take back."""

import asyncio
import hashlib
import time
from collections.abc import Callable
from typing import Final, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters.store.entries import Heads
from adapters.store.failures import StoreUnavailable
from gateway.audit.checkpoint_format import (
    NO_CHECKPOINT,
    Checkpoint,
    CheckpointUnreadable,
    Head,
    Signed,
    read_checkpoint,
    sign,
)
from gateway.events import Event, Observer

MONTHS_AHEAD: Final = 2


class CheckpointStore(Protocol):
    """What is asked of the store."""

    async def ledger_heads(self) -> Heads: ...

    async def keep_checkpoint(self, number: int, text: str) -> bool: ...

    async def make_ledger_months(self, ahead: int) -> None: ...


class Checkpoints:
    """One process's share: each takes its turn, and where two do at once the first one's stands."""

    def __init__(
        self,
        store: CheckpointStore,
        key: Ed25519PrivateKey,
        observer: Observer,
        *,
        every: float,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._key = key
        self._observer = observer
        self._every = every
        self._now = now

    async def run(self) -> None:
        """Take a turn at once and then every so many seconds, for as long as the process lives."""
        while True:
            try:
                await self._store.make_ledger_months(MONTHS_AHEAD)
                await self.take_turn()
            except StoreUnavailable as error:
                self._observer.happened(Event.STORE_UNAVAILABLE, type(error).__name__)
            await asyncio.sleep(self._every)

    async def take_turn(self) -> Signed | None:
        """The checkpoint made, or None where nothing was recorded since the last or another process has made one."""
        heads = await self._store.ledger_heads()
        stand = tuple([Head(*head) for head in heads.chains])
        if not stand or _says(heads.last, stand):
            return None
        # Whatever somebody has put there: one more follows it, and `verify` says what the one before is.
        number = heads.number + 1
        before = NO_CHECKPOINT if heads.last is None else hashlib.sha256(heads.last.encode()).digest()
        signed = sign(Checkpoint(number, int(self._now() * 1_000_000), before, stand), self._key)
        if not await self._store.keep_checkpoint(number, signed.text()):
            return None
        self._observer.happened(Event.CHECKPOINT_SIGNED)
        return signed


def _says(text: str | None, heads: tuple[Head, ...]) -> bool:
    """Whether the last checkpoint is of these heads."""
    try:
        return text is not None and read_checkpoint(text).checkpoint.heads == heads
    except CheckpointUnreadable:
        return False
