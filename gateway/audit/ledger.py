"""One record per operation, durable before its answer leaves, and written only under what it was decided by."""

import secrets
from collections.abc import Awaitable
from typing import Protocol

from adapters.store.entries import AccessEntry, ChildAccess, Conditions
from gateway.admission import flags_of
from gateway.purpose import Ground
from gateway.viewer import Viewer


class Records(Protocol):
    """What the ledger writes to; what became of the entry is said as `Store.record_accesses` says it."""

    def record(self, entry: AccessEntry, conditions: Conditions) -> Awaitable[int]: ...


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
        conditions: Conditions,
    ) -> int:
        """Record an answer about to leave; whatever is not RECORDED is not recorded, so the answer may not leave."""
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
            flags=flags_of(viewer),
        )
        return await self._records.record(entry, conditions)

    async def refused(
        self,
        reference: str,
        viewer: Viewer,
        purpose: str | None,
        document: str | None,
        code: str,
        registered: int | None = None,
    ) -> int:
        """Record that somebody known was refused; `registered` is the registry's epoch that they were known under.

        Their words are kept as short as the longest that means anything. REGISTRY_MOVED: it is to be done again.
        """
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
            flags=flags_of(viewer),
        )
        return await self._records.record(entry, Conditions(registered=registered))
