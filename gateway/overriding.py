"""Begins an override: reads whose child it is, seals what it may come to, and has the store do all of it or nothing."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Protocol

from adapters.store.entries import Begun, Override
from adapters.store.failures import StoreUnavailable
from adapters.store.reading import Reading
from gateway.audit.acts import ActRecords
from gateway.audit.ledger import new_reference
from gateway.events import Event, Observer
from gateway.viewer import Viewer
from resolvers.children import protecting_authority

MANY: Final = 3  # of one viewer in a day: more is a signal, and no more than that
MOST_TRIES: Final = 5  # a child that changes hands while its record is sealed is rare

_ACT: Final = "overrideShield"


class Overrides(Protocol):
    """What the gateway's store does for overrides."""

    async def children_by_number(self, numbers: Sequence[str]) -> Reading: ...

    async def begin_override(self, asked: Override) -> Begun | None: ...


async def begin_override(
    store: Overrides, records: ActRecords, observer: Observer, viewer: Viewer, number: str, reason: str
) -> datetime | None:
    """Until when the viewer may look behind the child's shield; None alike where there is none to look behind.

    Raises StoreUnavailable.
    """
    for _ in range(MOST_TRIES):
        begun = await store.begin_override(await _asked(store, records, viewer, number, reason))
        if begun is None:
            continue  # the child was another authority's by then
        if begun.until is not None:
            observer.happened(Event.OVERRIDE_BEGUN)
        if begun.lately > MANY:
            observer.happened(Event.MISUSE_SUSPECTED, "many overrides")
        return begun.until
    raise StoreUnavailable("a child's authority changed again and again")


async def _asked(store: Overrides, records: ActRecords, viewer: Viewer, number: str, reason: str) -> Override:
    """The request, with its record sealed for either outcome: which it is, is known under the shields' lock alone."""
    found = (await store.children_by_number((number,))).children
    authority = protecting_authority(found[0]) if found else None
    whose = {child.number: authority for child in found}
    granted, refused = [
        await records.sealed(_ACT, new_reference(), reason, done=done, whose=whose) for done in (True, False)
    ]
    return Override(
        granted=granted,
        refused=refused,
        authority=authority,
        number=number,
        viewer=viewer.subject,
        token=viewer.token,
        organisation=viewer.organisation,
        reason=reason,
        prints=viewer.prints,
    )
