"""A parent named on the birth entry: the name is identity, the way to reach them is contact."""

from collections.abc import Sequence

import strawberry

from adapters.parent_names import contacts_of
from adapters.records import ChildRecord, NhsNumber, ParentContactRecord, ParentRecord
from resolvers.disclosure import Category, Disclosure
from resolvers.questions import CONTACTS
from schema.asked import asks
from schema.values import Address, Origin, PersonName


class Kin:
    """The parents of one child in one answer, and which relative each of them is: joined once for all their fields."""

    def __init__(self, parents: Sequence[ParentRecord]) -> None:
        self._parents = parents
        self._relatives: Sequence[ParentContactRecord] | None = None
        self._contacts: Sequence[ParentContactRecord | None] = ()

    def contact(self, position: int, relatives: Sequence[ParentContactRecord] | None) -> ParentContactRecord | None:
        if not relatives:
            return None
        if relatives is not self._relatives:
            self._relatives, self._contacts = relatives, contacts_of(self._parents, relatives)
        return self._contacts[position]


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
    position: strawberry.Private[int]
    kin: strawberry.Private[Kin]
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
        return self.kin.contact(self.position, relatives)

    @staticmethod
    def all_of(parents: Sequence[ParentRecord], subject: ChildRecord, disclosure: Disclosure) -> "list[Parent]":
        kin = Kin(parents)
        return [
            Parent(
                name=PersonName.of(record.name),
                relationship=record.relationship,
                origin=Origin.of(record.origin),
                subject=subject,
                position=position,
                kin=kin,
                disclosure=disclosure,
            )
            for position, record in enumerate(parents)
        ]
