"""A parent named on the birth entry: the name is identity, the way to reach them is contact."""

import strawberry

from adapters.records import ChildRecord, ParentContactRecord, ParentRecord
from resolvers.disclosure import Category, Disclosure
from schema.context import AnsweringInfo
from schema.directives import shielded
from schema.values import Address, Origin, PersonName


@strawberry.type(
    description="A registered parent, in the birth entry's order. No statement of parental responsibility."
)
class Parent:
    name: PersonName
    relationship: str
    origin: Origin
    child: strawberry.Private[ChildRecord]
    record: strawberry.Private[ParentRecord]
    disclosure: strawberry.Private[Disclosure]

    @shielded(Category.CONTACT)
    async def phone(self, info: AnsweringInfo) -> str | None:
        contact = await self._contact(info)
        return contact.phone if contact else None

    @shielded(Category.CONTACT)
    async def email(self, info: AnsweringInfo) -> str | None:
        contact = await self._contact(info)
        return contact.email if contact else None

    @shielded(Category.CONTACT)
    async def address(self, info: AnsweringInfo) -> Address | None:
        contact = await self._contact(info)
        return Address.of(contact.address) if contact else None

    async def _contact(self, info: AnsweringInfo) -> ParentContactRecord | None:
        return await info.context.contacts.parent_contact(self.child, self.record)

    @staticmethod
    def of(record: ParentRecord, child: ChildRecord, disclosure: Disclosure) -> "Parent":
        return Parent(
            name=PersonName.of(record.name),
            relationship=record.relationship,
            origin=Origin.of(record.origin),
            child=child,
            record=record,
            disclosure=disclosure,
        )
