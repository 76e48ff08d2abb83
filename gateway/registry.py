"""Who may come, by which door and what for: the registry in memory as of one epoch, and who each bearer is by it.

Every answer's record depends on that epoch, so that what is kept here is never believed longer than it is true.
Shields are never kept anywhere.
"""

import asyncio
from typing import Final, Protocol

from adapters.store.entries import Organisation
from adapters.store.registry_records import RegistrySnapshot
from gateway.admission import admit
from gateway.viewer import Bearer, Standing

MOST_KEPT: Final = 10_000  # bearers, and organisations, until the epoch moves


class RegistryStore(Protocol):
    """What the registry asks of the store."""

    async def registry_epoch(self) -> int: ...
    async def registry_snapshot(self) -> RegistrySnapshot: ...
    async def organisation(self, id: str) -> tuple[int, Organisation | None]: ...  # noqa: A002 - the store's own word
    async def staff_print(self, organisation: str, subject: str) -> bytes | None: ...


class Registry:
    """The registry as of `snapshot`, one for all requests of a process. Before the first `refresh` it knows nobody."""

    def __init__(self, store: RegistryStore) -> None:
        self._store = store
        self._one_at_a_time = asyncio.Lock()
        self.snapshot = RegistrySnapshot(0, {}, {}, {}, frozenset())  # no epoch is 0, so nothing is recorded under it
        self._standings: dict[Bearer, Standing] = {}
        self._organisations: dict[str, Organisation | None] = {}

    @property
    def epoch(self) -> int:
        """As of which the registry is known."""
        return self.snapshot.epoch

    async def standing(self, bearer: Bearer) -> Standing:
        """Who the bearer is by the snapshot in hand. Raises Unauthenticated for a token that was called back."""
        return self._standings.get(bearer) or await self._admitted(bearer)

    async def refresh(self, unless_newer_than: int | None = None) -> None:
        """Look whether the registry has changed, and read it where it has; not at all where what is known is newer.

        Whatever was changed before this was called is known when it returns.
        """
        async with self._one_at_a_time:
            if unless_newer_than is not None and self.epoch > unless_newer_than:
                return
            if await self._store.registry_epoch() != self.epoch:
                self.snapshot = await self._store.registry_snapshot()
                self._standings = {}
                self._organisations = {}

    async def organisation(self, organisation_id: str) -> Organisation | None:
        """The organisation of that name as of the snapshot, or None."""
        kept = self._organisations
        if organisation_id not in kept:
            _, found = await self._store.organisation(organisation_id)
            if len(kept) >= MOST_KEPT:
                kept.clear()
            kept[organisation_id] = found
        return kept[organisation_id]

    async def _admitted(self, bearer: Bearer) -> Standing:
        snapshot, standings = self.snapshot, self._standings
        organisation = await self.organisation(bearer.organisation)
        # Whatever the token says: an issuer may let people write their own number down, and an employer does not.
        print_ = await self._store.staff_print(bearer.organisation, bearer.subject)
        # Both were read at the snapshot's epoch or after it: if after, no record will accept what follows from them.
        standing = admit(bearer, snapshot, organisation, print_)
        if len(standings) >= MOST_KEPT:
            standings.clear()
        standings[bearer] = standing
        return standing
