"""The questions put to agencies: what each is called, whose answer it is, and how it is reached for a child."""

from dataclasses import dataclass

from adapters.agency import AgencyName


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """One question, equal to itself alone; `name` is how plans print it and `Agencies` holds who answers it."""

    name: str
    agency: AgencyName


SCHOOL = Question("school", AgencyName.SCHOOL)
PRACTICE = Question("practice", AgencyName.PRACTICE)
PARENTS = Question("parents", AgencyName.PARENTS)
CONTACTS = Question("contacts", AgencyName.PARENTS)
SERVICES = Question("services", AgencyName.SERVICES)
