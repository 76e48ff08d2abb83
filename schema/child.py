"""The child, and where each of its contacts hangs. Every field has a category; none of them sees who asks."""

from datetime import date

import strawberry

from adapters.records import ChildRecord, Gender
from resolvers.children import DecidedChild
from resolvers.disclosure import Category, Disclosure
from schema.context import AnsweringInfo
from schema.directives import shielded
from schema.parent import Parent
from schema.practice import PracticeRegistration
from schema.school import Enrolment
from schema.service import Service
from schema.values import Address, PersonName


@strawberry.type(description="The child is protected; contact is arranged through the broker reference.")
class Shield:
    broker_reference: strawberry.ID


@strawberry.type(description="Other systems' identifiers of the child.")
class Keys:
    record: strawberry.Private[ChildRecord]
    disclosure: strawberry.Private[Disclosure]

    @shielded(Category.KEY)
    def nhs_number(self) -> strawberry.ID | None:
        key = self.record.keys.nhs_number
        return None if key is None else strawberry.ID(key.value)

    @shielded(Category.SCHOOL, "It encodes an authority and a school.")
    def upn(self) -> strawberry.ID | None:
        key = self.record.keys.upn
        return None if key is None else strawberry.ID(key.value)

    @shielded(Category.KEY)
    def birth_entry(self) -> strawberry.ID | None:
        key = self.record.keys.birth_entry
        return None if key is None else strawberry.ID(key.value)


@strawberry.federation.type(keys=["number"], description="A child: one record, never a redacted copy.")
class Child:
    record: strawberry.Private[ChildRecord]
    disclosure: strawberry.Private[Disclosure]

    @shielded(Category.IDENTITY, "The ContactPoint number.")
    def number(self) -> strawberry.ID:
        return strawberry.ID(self.record.number)

    @shielded(Category.IDENTITY)
    def name(self) -> PersonName:
        return PersonName.of(self.record.name)

    @shielded(Category.IDENTITY)
    def birth_date(self) -> date:
        return self.record.birth_date

    @shielded(Category.IDENTITY)
    def gender(self) -> Gender:
        return self.record.gender

    @shielded(Category.IDENTITY, "Null when the child is open.")
    def shield(self) -> Shield | None:
        reference = self.disclosure.broker_reference
        return None if reference is None else Shield(broker_reference=strawberry.ID(reference))

    @shielded(Category.HISTORY, "The latest first.")
    def former_names(self) -> list[PersonName] | None:
        return [PersonName.of(name) for name in self.record.former_names]

    @shielded(Category.ADDRESS)
    def address(self) -> Address | None:
        return Address.of(self.record.address)

    @shielded(Category.SCHOOL, "Current ones first; [] where none is on record.")
    async def enrolments(self, info: AnsweringInfo) -> list[Enrolment] | None:
        return [Enrolment.of(enrolment) for enrolment in await info.context.contacts.enrolments(self.record)]

    @shielded(Category.PRACTICE)
    async def practice(self, info: AnsweringInfo) -> PracticeRegistration | None:
        return PracticeRegistration.of(await info.context.contacts.practice(self.record))

    @shielded(Category.PARENT_NAMES)
    async def parents(self, info: AnsweringInfo) -> list[Parent] | None:
        parents = await info.context.contacts.parents(self.record)
        return [Parent.of(parent, self.record, self.disclosure) for parent in parents]

    @shielded(Category.SERVICES)
    async def services(self, info: AnsweringInfo) -> list[Service] | None:
        sensitive = self.disclosure.shows(Category.SENSITIVE_SERVICE)
        services = await info.context.contacts.services(self.record, sensitive=sensitive)
        if sensitive:
            info.context.answering.shown(self.disclosure, Category.SENSITIVE_SERVICE)
        return [Service.of(service) for service in services]

    @shielded(Category.IDENTITY)
    def keys(self) -> Keys | None:
        return Keys(record=self.record, disclosure=self.disclosure)

    @staticmethod
    def of(child: DecidedChild | None) -> "Child | None":
        return None if child is None else Child(record=child.record, disclosure=child.disclosure)

    @classmethod
    async def resolve_reference(cls, info: AnsweringInfo, number: strawberry.ID) -> "Child | None":
        """A federated router's way in: the same finder, and so the same decision."""
        return cls.of(await info.context.children.by_number(number))
