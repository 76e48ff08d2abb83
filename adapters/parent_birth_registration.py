"""The parents named on a child's birth entry, from LEV, in the entry's order.

A name on an entry is not a statement of parental responsibility. How to reach a parent is another agency's word
(`parent_contact_pds`).
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import date

import msgspec
from yarl import URL

from adapters.agency import (
    AgencyFailure,
    AgencyMismatch,
    AgencyRefused,
    Answer,
    Failed,
    Found,
    Mark,
    NotRecorded,
    Restricted,
)
from adapters.client import AgencyClient, Call, Credential, Response
from adapters.clock import Clock, now_in_utc
from adapters.lev_birth import LEV, LEV_SYSTEM, BirthRegistration, read_entry, read_search
from adapters.parent_names import folded
from adapters.records import BirthEntry, Name, Origin, ParentRecord

_log = logging.getLogger(__name__)


class ParentsKey(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """A child as the birth register can find one.

    By the number of the entry; without one, by name and birth date, and then for an unprotected child alone (`open`):
    a search tells LEV who is being looked for.
    """

    birth_entry: BirthEntry | None
    name: Name
    birth_date: date
    open: bool


class BirthRegistrationParents:
    """`Agency[ParentsKey, tuple[ParentRecord, ...]]`: one entry a call, for LEV has no bulk call.

    `lev_url` is the service's root. `username` and `client_name` are who LEV's audit says asked. Parents come mother
    first; an entry that names no second parent has one. A cancelled entry is none.
    """

    def __init__(
        self,
        client: AgencyClient,
        *,
        lev_url: str,
        username: str,
        client_name: str,
        credential: Credential | None = None,
        clock: Clock = now_in_utc,
    ) -> None:
        self._client = client
        self._births = URL(lev_url) / "v1/registration/birth"
        self._headers = {"X-Auth-Username": username, "x-original-client": client_name}
        self._credential = credential
        self._clock = clock

    async def fetch(
        self, keys: Sequence[ParentsKey], deadline: float
    ) -> Mapping[ParentsKey, Answer[tuple[ParentRecord, ...]]]:
        """Answer every key by itself, within `deadline` (the running loop's clock, seconds)."""
        async with asyncio.TaskGroup() as group:
            tasks = {key: group.create_task(self._parents(key, deadline)) for key in dict.fromkeys(keys)}
        return {key: task.result() for key, task in tasks.items()}

    async def _parents(self, key: ParentsKey, deadline: float) -> Answer[tuple[ParentRecord, ...]]:
        try:
            if key.birth_entry is not None:
                return await self._looked_up(key.birth_entry, deadline)
            if key.open and key.name.given and key.name.family:
                return await self._searched(key, deadline)
        except AgencyFailure as failure:
            return Failed(failure)
        return NotRecorded()

    async def _looked_up(self, number: BirthEntry, deadline: float) -> Answer[tuple[ParentRecord, ...]]:
        if not (number.value.isascii() and number.value.isdigit()):
            raise AgencyRefused("the birth entry on file is not a system number: correct it at its source")
        entry = read_entry(await self._ask((number.value,), {}, deadline))
        if entry is None:
            return NotRecorded()
        if str(entry.id) != number.value:
            raise AgencyMismatch(f"`{LEV_SYSTEM}` answered about another entry than the one asked for")
        return self._judged(entry)

    async def _searched(self, key: ParentsKey, deadline: float) -> Answer[tuple[ParentRecord, ...]]:
        """Search by name and birth date; anything but one child's entry is none.

        A hit that LEV hides could be this child's, and cannot be shown not to be: then the child is held.
        """
        wanted = {
            "forenames": " ".join(key.name.given),
            "surname": key.name.family or "",
            "dateOfBirth": key.birth_date.isoformat(),
        }
        hits = read_search(await self._ask((), wanted, deadline))
        if any(hit.status.blocked is not False for hit in hits):
            return Restricted(Mark.BIRTH_BLOCKED)
        exact = {str(hit.newest.id): hit for hit in hits if _is_exactly(hit, key)}  # an entry made again is found twice
        if len(exact) != 1:
            _log.info("birth search joined nothing: %s exact hit", "more than one" if exact else "no")
            return NotRecorded()
        return self._judged(next(iter(exact.values())))

    async def _ask(self, path: tuple[str, ...], params: Mapping[str, str], deadline: float) -> Response:
        call = Call(
            system=LEV_SYSTEM,
            url=self._births,
            path=path,
            params=params,
            headers=self._headers,
            credential=self._credential,
            judged=frozenset({404}),
        )
        return await self._client.ask(call, deadline)

    def _judged(self, entry: BirthRegistration) -> Answer[tuple[ParentRecord, ...]]:
        if entry.mark is not None:
            return Restricted(entry.mark)
        newest = entry.newest
        if newest.status.cancelled:
            return NotRecorded()
        origin = Origin(LEV, newest.as_of or self._clock())
        return Found(tuple(ParentRecord(name, relationship, origin) for name, relationship in newest.parents))


def _is_exactly(entry: BirthRegistration, key: ParentsKey) -> bool:
    child = entry.child
    return (
        folded(child.forenames) == folded(" ".join(key.name.given))
        and folded(child.surname) == folded(key.name.family)
        and child.date_of_birth == key.birth_date.isoformat()
    )
