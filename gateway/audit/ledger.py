"""One record per operation, durable before its answer leaves, and written only under the shields it was decided by."""

import secrets
from collections.abc import Awaitable
from typing import Protocol

from adapters.store.entries import AccessEntry, ChildAccess
from gateway.purpose import Ground
from gateway.viewer import Viewer


class Records(Protocol):
    """What the ledger writes to: False where the shields' epoch has moved and nothing was written."""

    def record(self, entry: AccessEntry, epoch: int | None) -> Awaitable[bool]: ...


def new_reference() -> str:
    """A random reference into the ledger: 128 bits, and no word of order or time."""
    return secrets.token_hex(16)


class Ledger:
    """Writes accesses. Whatever it raises means: not recorded, so nothing may be answered."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def answered(
        self,
        reference: str,
        viewer: Viewer,
        ground: Ground,
        document: str,
        children: tuple[ChildAccess, ...],
        epoch: int | None,
    ) -> bool:
        """Record an answer about to leave; False: a shield has changed since it was decided, so decide again."""
        entry = AccessEntry(
            reference=reference,
            viewer=viewer.subject,
            organisation=viewer.organisation,
            acting_role=viewer.role.value,
            purpose=ground.purpose.value,
            reason=ground.reason,
            document=document,
            outcome="ANSWERED",
            code=None,
            children=children,
        )
        return await self._records.record(entry, epoch)

    async def refused(
        self, reference: str, viewer: Viewer, purpose: str | None, document: str | None, code: str
    ) -> None:
        """Record that somebody known was refused; their words are kept as short as the longest that means anything."""
        entry = AccessEntry(
            reference=reference,
            viewer=viewer.subject,
            organisation=viewer.organisation,
            acting_role=viewer.role.value,
            purpose=purpose,
            reason=None,
            document=document,
            outcome="REFUSED",
            code=code,
        )
        await self._records.record(entry, None)
