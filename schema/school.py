"""The school a child is at, and since when."""

from datetime import date

import strawberry

from adapters.records import EnrolmentRecord, SchoolRecord
from schema.standing import stands_for
from schema.values import Address, Origin


@stands_for(SchoolRecord)
@strawberry.type(description="A school, as the register of establishments describes it.")
class School:
    urn: strawberry.ID
    name: str
    phase: str | None
    phone: str | None
    address: Address | None


@stands_for(EnrolmentRecord)
@strawberry.type(description="A child's place at a school; `school` is null where the one named is in no register.")
class Enrolment:
    school: School | None
    start: date | None
    end: date | None
    origin: Origin
