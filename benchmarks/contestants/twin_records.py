"""What the twin reads of agencies and writes into its answer; the two differ in the spelling of two names."""

from datetime import date

import asyncpg
import msgspec


class Variables(msgspec.Struct):
    number: str = ""
    numbers: list[str] = []


class Asked(msgspec.Struct):
    query: str
    variables: Variables


class Keys(msgspec.Struct):
    NHS_NUMBER: str = ""
    UPN: str = ""
    BIRTH_ENTRY: str = ""


class Name(msgspec.Struct):
    given: list[str]
    family: str | None


class Address(msgspec.Struct):
    status: str
    lines: list[str]
    postcode: str | None
    uprn: str | None


class School(msgspec.Struct):
    urn: str
    name: str
    phase: str | None
    phone: str | None
    address: Address | None


class OriginHeld(msgspec.Struct):
    agency: str
    as_of: str


class EnrolmentHeld(msgspec.Struct):
    school: School | None
    start: date | None
    end: date | None
    origin: OriginHeld


class PracticeHeld(msgspec.Struct):
    ods_code: str
    name: str | None
    phone: str | None
    address: Address | None
    origin: OriginHeld


class ParentHeld(msgspec.Struct):
    name: Name
    relationship: str


class ContactHeld(msgspec.Struct):
    name: Name
    phone: str | None
    email: str | None
    address: Address | None


class Origin(msgspec.Struct, rename="camel"):
    agency: str
    as_of: str


class Enrolment(msgspec.Struct):
    start: date | None
    end: date | None
    school: School | None
    origin: Origin


class Practice(msgspec.Struct, rename="camel"):
    ods_code: str
    name: str | None
    phone: str | None
    address: Address | None
    origin: Origin


class Parent(msgspec.Struct):
    name: Name
    relationship: str
    phone: str | None
    email: str | None
    address: Address | None


class Child(msgspec.Struct, rename="camel"):
    number: str
    name: Name
    birth_date: date
    gender: str
    address: Address
    enrolments: list[Enrolment]
    practice: Practice | None
    parents: list[Parent]


class One(msgspec.Struct):
    child: Child | None


class Many(msgspec.Struct):
    children: list[Child | None]


class Answer(msgspec.Struct):
    data: One | Many


def child_of(
    row: asyncpg.Record, enrolments: list[EnrolmentHeld], practice: PracticeHeld, parents: list[Parent]
) -> Child:
    """A child as the answer has one, from the store's row and what the agencies hold."""
    return Child(
        row["number"],
        Name(row["given"], row["family"]),
        row["birth_date"],
        row["gender"],
        Address(row["address_status"], row["address_lines"], row["postcode"], row["uprn"]),
        [Enrolment(held.start, held.end, held.school, _origin(held.origin)) for held in enrolments],
        Practice(practice.ods_code, practice.name, practice.phone, practice.address, _origin(practice.origin)),
        parents,
    )


def parent_of(parent: ParentHeld, contact: ContactHeld | None) -> Parent:
    """A parent as the answer has one."""
    if contact is None:
        return Parent(parent.name, parent.relationship, None, None, None)
    return Parent(parent.name, parent.relationship, contact.phone, contact.email, contact.address)


def _origin(held: OriginHeld) -> Origin:
    return Origin(held.agency, held.as_of)
