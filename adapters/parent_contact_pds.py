"""How to reach a child's relatives, from PDS. Which of them are parents is not for PDS to say.

A restricted child's list of relatives comes back empty and unmarked, so an empty list proves nothing: it discloses
nothing either. Whether the child is held is decided by the child's own record, which the practice is read from.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

from adapters.agency import Answer, Failed, Found, NotRecorded
from adapters.client import AgencyClient, Credential
from adapters.clock import Clock, now_in_utc
from adapters.fhir import Address, ContactPoint, HumanName, current, first_value, postal_address, since
from adapters.pds_fhir import PDS, PdsReader, RelatedPerson
from adapters.records import Name, NhsNumber, Origin, ParentContactRecord


class PdsContacts:
    """`Agency[NhsNumber, tuple[ParentContactRecord, ...]]`: the relatives of the child with that NHS number.

    `pds_url` ends in `/FHIR/R4`. One call a child, and one more for each relative that PDS only points at (at most
    `MOST_RELATIVES`). The client keeps these within the rate agreed with PDS, together with the calls for practices.
    """

    def __init__(
        self, client: AgencyClient, *, pds_url: str, pds_credential: Credential, clock: Clock = now_in_utc
    ) -> None:
        self._pds = PdsReader(client, pds_url, pds_credential)
        self._clock = clock

    async def fetch(
        self, keys: Sequence[NhsNumber], deadline: float
    ) -> Mapping[NhsNumber, Answer[tuple[ParentContactRecord, ...]]]:
        """Answer every key by itself, within `deadline` (the running loop's clock, seconds)."""
        async with asyncio.TaskGroup() as group:
            tasks = {key: group.create_task(self._contacts(key, deadline)) for key in dict.fromkeys(keys)}
        return {key: task.result() for key, task in tasks.items()}

    async def _contacts(self, child: NhsNumber, deadline: float) -> Answer[tuple[ParentContactRecord, ...]]:
        answer = await self._pds.relatives(child, deadline)
        if not isinstance(answer, Found):
            return answer
        now = self._clock()
        relatives = [
            one for one in answer.record if one.active and (one.period is None or one.period.holds(now.date()))
        ]
        contacts = await asyncio.gather(*(self._contact(child, relative, now, deadline) for relative in relatives))
        for contact in contacts:
            if isinstance(contact, Failed):
                # Half a list would pass for the whole one, and a parent's missing phone for one not recorded.
                return contact
        # A relative who is restricted, or gone, has no contact; the child is not held for a mark that is theirs.
        return Found(tuple(contact.record for contact in contacts if isinstance(contact, Found)))

    async def _contact(
        self, child: NhsNumber, relative: RelatedPerson, now: datetime, deadline: float
    ) -> Answer[ParentContactRecord]:
        """Read one relative, at their own record where PDS only points at it."""
        start = since(relative.period.start) if relative.period else None
        if relative.name:
            return _contact(relative.name, relative.telecom, relative.address, now, start)
        if relative.number is None or relative.number == child:
            return NotRecorded()
        answer = await self._pds.patient(relative.number, deadline)
        if not isinstance(answer, Found):
            return answer
        person = answer.record
        return _contact(person.name, person.telecom, person.address, now, start)


def _contact(
    names: Sequence[HumanName],
    telecom: Sequence[ContactPoint],
    addresses: Sequence[Address],
    now: datetime,
    start: datetime | None,
) -> Answer[ParentContactRecord]:
    """Keep what is in use today: the usual name, a phone, an e-mail address, the home address."""
    today = now.date()
    name = next((name for name in current(names, today) if name.use in ("usual", None)), None)
    if name is None or not name.family:
        return NotRecorded()
    reachable = current(telecom, today)
    home = next((address for address in current(addresses, today) if address.use == "home"), None)
    return Found(
        ParentContactRecord(
            name=Name(name.given, name.family),
            phone=first_value(reachable, "phone"),
            email=first_value(reachable, "email"),
            address=postal_address(home) if home else None,
            origin=Origin(PDS, start or now),
        )
    )
