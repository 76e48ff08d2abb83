"""A parent named on the birth entry: the name is identity, the way to reach them is contact."""

from collections.abc import Sequence

import strawberry

from adapters import records
from adapters.parent_names import contacts_of
from adapters.records import ChildRecord, Name, NhsNumber, ParentContactRecord, ParentRecord, PostalAddress
from resolvers.disclosure import Category, Disclosure
from resolvers.questions import CONTACTS
from schema.asked import asks
from schema.standing import shown_as
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
    record: strawberry.Private[ParentRecord]
    subject: strawberry.Private[ChildRecord]
    position: strawberry.Private[int]
    kin: strawberry.Private[Kin]
    disclosure: strawberry.Private[Disclosure]

    @shown_as(PersonName)
    def name(self) -> Name:
        return self.record.name

    @strawberry.field
    def relationship(self) -> str:
        return self.record.relationship

    @shown_as(Origin)
    def origin(self) -> records.Origin:
        return self.record.origin

    @asks(CONTACTS, Category.CONTACT, key=_childs_number)
    def phone(self, relatives: Sequence[ParentContactRecord] | None) -> str | None:
        contact = self.kin.contact(self.position, relatives)
        return contact.phone if contact else None

    @asks(CONTACTS, Category.CONTACT, key=_childs_number)
    def email(self, relatives: Sequence[ParentContactRecord] | None) -> str | None:
        contact = self.kin.contact(self.position, relatives)
        return contact.email if contact else None

    @asks(CONTACTS, Category.CONTACT, key=_childs_number, gives=Address | None)
    def address(self, relatives: Sequence[ParentContactRecord] | None) -> PostalAddress | None:
        contact = self.kin.contact(self.position, relatives)
        return contact.address if contact else None

    @staticmethod
    def all_of(parents: Sequence[ParentRecord], subject: ChildRecord, disclosure: Disclosure) -> "list[Parent]":
        kin = Kin(parents)
        return [
            Parent(record=record, subject=subject, position=position, kin=kin, disclosure=disclosure)
            for position, record in enumerate(parents)
        ]
