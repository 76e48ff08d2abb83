"""Who may come: organisations as registered, kept for seconds so that each request need not ask again.

What is kept decides purposes alone. Shields are never kept anywhere.
"""

from typing import Protocol

from adapters.store.entries import Organisation
from gateway.kept import Kept

KEPT_SECONDS = 10
MOST_KEPT = 10_000


class OrganisationStore(Protocol):
    """What the registry asks of the store."""

    async def organisation(self, id: str) -> tuple[int, Organisation | None]: ...  # noqa: A002 - the store's own word


class Registry:
    """Finds organisations; one that is not registered is asked for anew each time."""

    def __init__(self, store: OrganisationStore) -> None:
        self._store = store
        self._kept: Kept[str, Organisation] = Kept(MOST_KEPT, KEPT_SECONDS)

    async def organisation(self, organisation_id: str) -> Organisation | None:
        known = self._kept.get(organisation_id)
        if known is None:
            _, known = await self._store.organisation(organisation_id)
            if known is not None:
                self._kept.keep(organisation_id, known)
        return known
