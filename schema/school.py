"""The school a child is at, and since when."""

from datetime import date

import strawberry

from adapters.records import EnrolmentRecord, SchoolRecord
from schema.values import Address, Origin


@strawberry.type(description="A school, as the register of establishments describes it.")
class School:
    urn: strawberry.ID
    name: str
    phase: str | None
    phone: str | None
    address: Address | None

    @staticmethod
    def of(school: SchoolRecord | None) -> "School | None":
        if school is None:
            return None
        return School(
            urn=strawberry.ID(school.urn),
            name=school.name,
            phase=school.phase,
            phone=school.phone,
            address=Address.of(school.address),
        )


@strawberry.type(description="A child's place at a school; `school` is null where the one named is in no register.")
class Enrolment:
    school: School | None
    start: date | None
    end: date | None
    origin: Origin

    @staticmethod
    def of(enrolment: EnrolmentRecord) -> "Enrolment":
        return Enrolment(
            school=School.of(enrolment.school),
            start=enrolment.start,
            end=enrolment.end,
            origin=Origin.of(enrolment.origin),
        )
