"""The records of acts: what one request does, each sealed before the store writes it in the act's own transaction."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from adapters.store.entries import ChildAccess, SealedEntry
from gateway.audit.scribe import Access, Scribe
from gateway.purpose import Ground
from gateway.viewer import Viewer

_NOBODYS: Final[Mapping[str, str | None]] = MappingProxyType({})


class ActRecords:
    """Of one viewer's acts in one request; `part_of` is its answer's reference."""

    def __init__(self, scribe: Scribe, viewer: Viewer, ground: Ground, part_of: str) -> None:
        self._scribe = scribe
        self._viewer = viewer
        self._ground = ground
        self._part_of = part_of

    async def sealed(
        self,
        act: str,
        reference: str,
        reason: str,
        *,
        done: bool,
        whose: Mapping[str, str | None] = _NOBODYS,
        code: str | None = None,
    ) -> SealedEntry:
        """The record of an act; `whose` has by number which authority protects each child, None where nobody does.

        Raises StoreUnavailable where a key that is needed cannot be kept.
        """
        viewer = self._viewer
        return await self._scribe.sealed(
            Access(
                reference=reference,
                viewer=viewer.subject,
                organisation=viewer.organisation,
                acting_role=viewer.role.value,
                purpose=self._ground.purpose.value,
                reason=reason,
                document=None,
                outcome="ANSWERED" if done else "REFUSED",
                code=code,
                act=act,
                part_of=self._part_of,
                children=tuple(
                    [
                        ChildAccess(number, frozenset(), frozenset(), override=False, authority=authority)
                        for number, authority in whose.items()
                    ]
                ),
            )
        )
