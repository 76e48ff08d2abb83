"""The child, and where each of its contacts hangs. Every field has a category; none of them sees who asks."""

from collections.abc import Sequence
from datetime import date

import strawberry

from adapters.parent_birth_registration import ParentsKey
from adapters.records import (
    ChildRecord,
    EnrolmentRecord,
    Gender,
    Name,
    NhsNumber,
    ParentRecord,
    PostalAddress,
    PracticeRecord,
    ServiceRecord,
    Upn,
)
from adapters.service_subgraph import ServicesKey
from resolvers.children import DecidedChild
from resolvers.disclosure import Category, Disclosure
from resolvers.questions import PARENTS, PRACTICE, SCHOOL, SERVICES
from schema.asked import asks
from schema.directives import shielded
from schema.parent import Parent
from schema.practice import PracticeRegistration
from schema.school import Enrolment
from schema.service import Service
from schema.values import Address, PersonName

_ENROLMENTS = "Current ones first; [] where none is on record."


def _upn(child: "Child") -> Upn | None:
    return child.subject.keys.upn


def _nhs_number(child: "Child") -> NhsNumber | None:
    return child.subject.keys.nhs_number


def _birth_registration(child: "Child") -> ParentsKey:
    # Without an entry's number the registrar is asked by name and birth date, and of an open child alone.
    record = child.subject
    return ParentsKey(record.keys.birth_entry, record.name, record.birth_date, open=not record.protection.protected)


def _services(child: "Child") -> ServicesKey | None:
    number = child.subject.keys.nhs_number
    return None if number is None else ServicesKey(number, child.disclosure.shows(Category.SENSITIVE_SERVICE))


@strawberry.type(description="The child is protected; contact is arranged through the broker reference.")
class Shield:
    broker_reference: strawberry.ID


@strawberry.type(description="Other systems' identifiers of the child.")
class Keys:
    subject: strawberry.Private[ChildRecord]
    disclosure: strawberry.Private[Disclosure]

    @shielded(Category.KEY)
    def nhs_number(self) -> strawberry.ID | None:
        key = self.subject.keys.nhs_number
        return None if key is None else strawberry.ID(key.value)

    @shielded(Category.SCHOOL, "It encodes an authority and a school.")
    def upn(self) -> strawberry.ID | None:
        key = self.subject.keys.upn
        return None if key is None else strawberry.ID(key.value)

    @shielded(Category.KEY)
    def birth_entry(self) -> strawberry.ID | None:
        key = self.subject.keys.birth_entry
        return None if key is None else strawberry.ID(key.value)


@strawberry.federation.type(keys=["number"], description="A child: one record, never a redacted copy.")
class Child:
    subject: strawberry.Private[ChildRecord]
    disclosure: strawberry.Private[Disclosure]

    @shielded(Category.IDENTITY, "The ContactPoint number.")
    def number(self) -> strawberry.ID:
        return strawberry.ID(self.subject.number)

    @shielded(Category.IDENTITY, gives=PersonName)
    def name(self) -> Name:
        return self.subject.name

    @shielded(Category.IDENTITY)
    def birth_date(self) -> date:
        return self.subject.birth_date

    @shielded(Category.IDENTITY)
    def gender(self) -> Gender:
        return self.subject.gender

    @shielded(Category.IDENTITY, "Null when the child is open.")
    def shield(self) -> Shield | None:
        reference = self.disclosure.broker_reference
        return None if reference is None else Shield(broker_reference=strawberry.ID(reference))

    @shielded(Category.HISTORY, "The latest first.", gives=list[PersonName] | None)
    def former_names(self) -> Sequence[Name]:
        return self.subject.former_names

    @shielded(Category.ADDRESS, gives=Address | None)
    def address(self) -> PostalAddress | None:
        return self.subject.address

    @asks(SCHOOL, Category.SCHOOL, key=_upn, gives=list[Enrolment] | None, description=_ENROLMENTS)
    def enrolments(self, found: Sequence[EnrolmentRecord] | None) -> Sequence[EnrolmentRecord]:
        return found or ()

    @asks(PRACTICE, Category.PRACTICE, key=_nhs_number, gives=PracticeRegistration | None)
    def practice(self, found: PracticeRecord | None) -> PracticeRecord | None:
        return found

    @asks(PARENTS, Category.PARENT_NAMES, key=_birth_registration)
    def parents(self, found: Sequence[ParentRecord] | None) -> list[Parent] | None:
        return Parent.all_of(found or (), self.subject, self.disclosure)

    @asks(SERVICES, Category.SERVICES, key=_services, gives=list[Service] | None)
    def services(self, found: Sequence[ServiceRecord] | None) -> Sequence[ServiceRecord]:
        return found or ()

    @shielded(Category.IDENTITY)
    def keys(self) -> Keys | None:
        return Keys(subject=self.subject, disclosure=self.disclosure)

    @staticmethod
    def of(child: DecidedChild | None) -> "Child | None":
        return None if child is None else Child(subject=child.record, disclosure=child.disclosure)
