"""A parent named on the birth entry: the name is identity, the way to reach them is contact."""

from collections.abc import Sequence

import strawberry

from adapters.parent_names import contact_of
from adapters.records import ChildRecord, NhsNumber, ParentContactRecord, ParentRecord
from resolvers.disclosure import Category, Disclosure
from resolvers.questions import CONTACTS
from schema.asked import asks
from schema.values import Address, Origin, PersonName


def _childs_number(parent: "Parent") -> NhsNumber | None:
    return parent.subject.keys.nhs_number


@strawberry.type(
    description="A registered parent, in the birth entry's order. No statement of parental responsibility."
)
class Parent:
    name: PersonName
    relationship: str
    origin: Origin
    subject: strawberry.Private[ChildRecord]
    record: strawberry.Private[ParentRecord]
    among: strawberry.Private[Sequence[ParentRecord]]
    disclosure: strawberry.Private[Disclosure]

    @asks(CONTACTS, Category.CONTACT, key=_childs_number)
    def phone(self, relatives: Sequence[ParentContactRecord] | None) -> str | None:
        contact = self._contact(relatives)
        return contact.phone if contact else None

    @asks(CONTACTS, Category.CONTACT, key=_childs_number)
    def email(self, relatives: Sequence[ParentContactRecord] | None) -> str | None:
        contact = self._contact(relatives)
        return contact.email if contact else None

    @asks(CONTACTS, Category.CONTACT, key=_childs_number)
    def address(self, relatives: Sequence[ParentContactRecord] | None) -> Address | None:
        contact = self._contact(relatives)
        return Address.of(contact.address) if contact else None

    def _contact(self, relatives: Sequence[ParentContactRecord] | None) -> ParentContactRecord | None:
        return contact_of(self.record, self.among, relatives or ())

    @staticmethod
    def of(
        record: ParentRecord, among: Sequence[ParentRecord], subject: ChildRecord, disclosure: Disclosure
    ) -> "Parent":
        return Parent(
            name=PersonName.of(record.name),
            relationship=record.relationship,
            origin=Origin.of(record.origin),
            subject=subject,
            record=record,
            among=among,
            disclosure=disclosure,
        )
