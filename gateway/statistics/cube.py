"""The finished months as an analyst's request may read them. Whoever else asks has no such thing in hand."""

from collections.abc import Collection
from datetime import date
from typing import Protocol

from adapters.store.registry_records import CubeMonth
from gateway.purpose import Purpose
from gateway.viewer import Role, Viewer
from resolvers.statistics import Cube, Dimension


class CubeStore(Protocol):
    """What is asked of the store: a grouping is its dimensions' words, in their order."""

    async def statistics(self, grouping: str, month: date | None) -> CubeMonth | None: ...


class StoredCube:
    """Dimensions may come in any order, and twice: the grouping is the same, and so is the answer."""

    def __init__(self, store: CubeStore) -> None:
        self._store = store

    async def statistics(self, by: Collection[Dimension], month: date | None) -> CubeMonth | None:
        return await self._store.statistics(" ".join(one.value for one in Dimension if one in by), month)


def cube_for(viewer: Viewer, purpose: Purpose, store: CubeStore) -> Cube | None:
    """What this viewer may count for this purpose; None where that is nothing."""
    may_count = viewer.role is Role.ANALYST and purpose is Purpose.STATISTICS
    return StoredCube(store) if may_count else None
