"""What officers and stewards may do, request by request: who may act at all, and that an answer made twice acts once.

This alone knows who acts; what becomes of an act is judged in `gateway/shield/acts.py` and written by `ShieldBook`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from adapters.shield_records import QuarantineRow
from adapters.store.entries import ActEntry, Override
from adapters.store.shields import ShieldBook
from gateway.purpose import Ground
from gateway.viewer import Viewer
from resolvers.acts import Acts


class Stewards(Protocol):
    """What the feed's store does for stewards, whom an entry like a protected child tells nothing."""

    async def stewards_page(self, after: tuple[datetime, str] | None, most: int) -> Sequence[QuarantineRow]:
        """At most `most` waiting entries after that one, by (received_at, reference)."""
        ...

    async def resolve_entry(self, reference: str, resolution: str, number: str | None, entry: ActEntry) -> bool:
        """Whether it was resolved; `entry` is recorded in the same transaction, as REFUSED where it was not."""
        ...


class Overrides(Protocol):
    """What the gateway's store does for overrides."""

    async def begin_override(self, asked: Override) -> datetime | None: ...


class OfficersDesk:
    """Hands each request what its viewer may do. Without `book` or `stewards` what needs them is UNAVAILABLE."""

    def __init__(self, book: ShieldBook | None, stewards: Stewards | None, store: Overrides) -> None:
        self._book = book
        self._stewards = stewards
        self._store = store

    def for_request(self, viewer: Viewer, ground: Ground, reference: str) -> Acts:
        """All that one request may do; `reference` is its answer's."""
        raise NotImplementedError
