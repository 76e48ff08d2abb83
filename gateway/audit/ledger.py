"""One record per operation, durable before its answer leaves, and written only under what it was decided by."""

import secrets
from collections.abc import Awaitable, Mapping
from typing import Final, Protocol

from msgspec.structs import replace

from adapters.store.entries import ChildAccess, Conditions, SealedEntry
from adapters.store.failures import DataKeyGone
from gateway.admission import flags_of
from gateway.audit.scribe import Access, Scribe
from gateway.purpose import Ground, Purpose
from gateway.viewer import Role, Viewer

# To ask a member for its `value` is a call, for every record.
_WORDS: Final[Mapping[Role | Purpose, str]] = {member: member.value for member in (*Role, *Purpose)}


class Records(Protocol):
    """What the ledger writes to; what became of the entry is said as `Store.record_accesses` says it."""

    def record(self, entry: SealedEntry, conditions: Conditions) -> Awaitable[int]: ...

    async def ready(self) -> None: ...


def new_reference() -> str:
    """A random reference into the ledger: 128 bits, and no word of order or time."""
    return secrets.token_hex(16)


class Ledger:
    """Writes accesses. Whatever it raises means: not recorded, so nothing may be answered."""

    def __init__(self, records: Records, scribe: Scribe) -> None:
        self._records = records
        self._scribe = scribe

    async def ready(self) -> None:
        """Raise StoreUnavailable unless an access can be recorded: then nothing can be answered either."""
        await self._records.ready()

    def answered(
        self,
        reference: str,
        viewer: Viewer,
        ground: Ground,
        document: str,
        children: tuple[ChildAccess, ...],
        several: bool,
        conditions: Conditions,
    ) -> Awaitable[int]:
        """Record an answer about to leave; whatever is not RECORDED is not recorded, so the answer may not leave.

        Where `several` children may have been asked for, the reason is for the auditors of whoever asked: were it kept
        from those of one child because another is protected, its absence would tell them that there is such another.
        """
        access = Access(
            reference=reference,
            viewer=viewer.subject,
            organisation=viewer.organisation,
            acting_role=_WORDS[viewer.role],
            purpose=_WORDS[ground.purpose],
            reason=ground.reason,
            document=document,
            outcome="ANSWERED",
            flags=flags_of(viewer),
            children=_whose(children, viewer),
            reason_to=viewer.authority or "" if several and ground.reason is not None else None,
        )
        return self._record(access, conditions)

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
        access = Access(
            reference=reference,
            viewer=viewer.subject,
            organisation=viewer.organisation,
            acting_role=_WORDS[viewer.role],
            purpose=purpose,
            reason=None,
            document=document,
            outcome="REFUSED",
            code=code,
            flags=flags_of(viewer),
        )
        return await self._record(access, Conditions(registered=registered))

    async def _record(self, access: Access, conditions: Conditions) -> int:
        scribe = self._scribe
        entry = scribe.sealed_at_once(access) or await scribe.sealed(access)
        try:
            return await self._records.record(entry, conditions)
        except DataKeyGone:  # whoever comes next is answered; this one is not, as with any other failure
            self._scribe.forget_keys()
            raise


def _whose(children: tuple[ChildAccess, ...], viewer: Viewer) -> tuple[ChildAccess, ...]:
    """A protected child that no authority is known of is the officer's own authority's, whose act it was."""
    if not viewer.authority:
        return children
    return tuple([replace(child, authority=viewer.authority) if child.authority == "" else child for child in children])
