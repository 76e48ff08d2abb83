"""A child's school, practice, parents and services: one short function each, asked of the agency that holds it.

Each takes the child's record and yields what the agency recorded, `None` or `()` where it recorded nothing. It is
called only for what may be shown: the decision came before.
"""

from typing import TypeVar

from adapters.agency import AgencyName, Answer, Failed, Found, NotRecorded, Restricted
from adapters.parent_birth_registration import ParentsKey
from adapters.parent_names import contact_of
from adapters.records import (
    ChildRecord,
    EnrolmentRecord,
    ParentContactRecord,
    ParentRecord,
    PracticeRecord,
    ServiceRecord,
)
from adapters.service_subgraph import ServicesKey
from resolvers.agencies import Agencies
from resolvers.answering import AgencyMark, Answering
from resolvers.errors import AgencyUnavailableError
from resolvers.loaders import AgencyLoader

Record = TypeVar("Record")


class HeldBackError(Exception):
    """The agency marks its record restricted: the field is withheld, and the child will be held."""


class Contacts:
    """Who is in contact with a child, live, within one deadline."""

    def __init__(self, agencies: Agencies, deadline: float, answering: Answering) -> None:
        self._answering = answering
        self._school = AgencyLoader(agencies.school, deadline)
        self._practice = AgencyLoader(agencies.practice, deadline)
        self._parents = AgencyLoader(agencies.parents, deadline)
        self._contacts = AgencyLoader(agencies.contacts, deadline)
        self._services = AgencyLoader(agencies.services, deadline)

    async def enrolments(self, child: ChildRecord) -> tuple[EnrolmentRecord, ...]:
        if child.keys.upn is None:
            return ()
        answer = await self._school.ask(child.keys.upn)
        return self._recorded(child, AgencyName.SCHOOL, answer) or ()

    async def practice(self, child: ChildRecord) -> PracticeRecord | None:
        if child.keys.nhs_number is None:
            return None
        answer = await self._practice.ask(child.keys.nhs_number)
        return self._recorded(child, AgencyName.PRACTICE, answer)

    async def parents(self, child: ChildRecord) -> tuple[ParentRecord, ...]:
        # Without an entry's number the registrar is asked by name and birth date, and of an open child alone.
        key = ParentsKey(child.keys.birth_entry, child.name, child.birth_date, open=not child.protection.protected)
        answer = await self._parents.ask(key)
        return self._recorded(child, AgencyName.PARENTS, answer) or ()

    async def parent_contact(self, child: ChildRecord, parent: ParentRecord) -> ParentContactRecord | None:
        """The one relative in PDS who can only be this parent."""
        if child.keys.nhs_number is None:
            return None
        answer = await self._contacts.ask(child.keys.nhs_number)
        relatives = self._recorded(child, AgencyName.PARENTS, answer) or ()
        return contact_of(parent, await self.parents(child), relatives)

    async def services(self, child: ChildRecord, *, sensitive: bool) -> tuple[ServiceRecord, ...]:
        """Sensitive services are asked for only where `sensitive`; else only the markers that consent covers come."""
        if child.keys.nhs_number is None:
            return ()
        answer = await self._services.ask(ServicesKey(child.keys.nhs_number, sensitive))
        return self._recorded(child, AgencyName.SERVICES, answer) or ()

    def _recorded(self, child: ChildRecord, agency: AgencyName, answer: Answer[Record]) -> Record | None:
        match answer:
            case Found(record):
                return record
            case NotRecorded():
                return None
            case Restricted(mark):
                self._answering.marks.append(AgencyMark(child.id, child.protection.held, agency, mark))
                raise HeldBackError
            case Failed(failure):
                self._answering.failures.append((agency, failure))
                raise AgencyUnavailableError(agency)
