"""The frozen records that the store and the agencies yield, and identifiers that mask themselves when printed.

Nothing here reads or writes anything, and nothing here knows who asks. An identifier's value is reached by `.value`
alone: printed, logged or put into an f-string it shows stars, so that no log line can hold one by accident.
"""

from datetime import date, datetime
from enum import Enum
from typing import Final

import msgspec

# Structs rather than dataclasses, as there are dozens in an answer: made, compared and hashed in a tenth of the time.
# They hold nothing that could hold them, so the collector need not look at them.


class Identifier(msgspec.Struct, frozen=True, order=True, gc=False, cache_hash=True):
    """Another system's word for a child or a relative; equal by value, masked in print."""

    value: str

    def __str__(self) -> str:
        return "*" * len(self.value)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self})"


class NhsNumber(Identifier, frozen=True):
    """Ten digits without spaces."""


class Upn(Identifier, frozen=True):
    """A unique pupil number: letter, authority, establishment, year and serial."""


class BirthEntry(Identifier, frozen=True):
    """A birth registration's system number (Home Office LEV)."""


class Gender(Enum):
    """As the source recorded it."""

    FEMALE = "FEMALE"
    MALE = "MALE"
    OTHER = "OTHER"
    UNKNOWN = "UNKNOWN"


class AddressStatus(Enum):
    """What an address says about where somebody is."""

    CURRENT = "CURRENT"
    LAST_KNOWN = "LAST_KNOWN"
    NO_FIXED = "NO_FIXED"
    UNKNOWN = "UNKNOWN"
    LEFT_ENGLAND = "LEFT_ENGLAND"


class Tier(Enum):
    """How far a child is protected; the order of strictness is the order written."""

    OPEN = "OPEN"
    SHIELDED = "SHIELDED"
    SEALED = "SEALED"


class Name(msgspec.Struct, frozen=True, gc=False):
    """A person's name. `given` holds names as recorded: "John Paul" may be one of them."""

    given: tuple[str, ...]
    family: str | None


class PostalAddress(msgspec.Struct, frozen=True, gc=False):
    """An address; `lines` excludes the postcode, `postcode` is upper case with its one space, `uprn` is digits."""

    status: AddressStatus
    lines: tuple[str, ...] = ()
    postcode: str | None = None
    uprn: str | None = None


class Keys(msgspec.Struct, frozen=True, gc=False):
    """The identifiers by which other systems know a child."""

    nhs_number: NhsNumber | None = None
    upn: Upn | None = None
    birth_entry: BirthEntry | None = None


class CircleMember(msgspec.Struct, frozen=True, gc=False):
    """An organisation that an officer let behind a shield, for the categories named, until the date named."""

    organisation: str
    categories: frozenset[str]


class Override(msgspec.Struct, frozen=True, gc=False):
    """One viewer's live look behind one shield, bound to the token it was asked with."""

    viewer: str
    token: str


_OPEN: Final = Tier.OPEN  # asked for several times of every child, and to ask an enum is dear


class Protection(msgspec.Struct, frozen=True, gc=False):
    """Everything the store knows about a child's shield at one moment; read with the child, never cached.

    `withheld` holds what the officer withheld besides ("KEY", "PARENT_NAMES"); `circle` and `overrides` only what is
    in force now. A held child has a hold that no officer has cleared. `unconfirmed_by` is who raised the shield, as
    long as the responsible authority has not confirmed it.
    """

    tier: Tier = Tier.OPEN
    held: bool = False
    withheld: frozenset[str] = frozenset()
    circle: tuple[CircleMember, ...] = ()
    overrides: tuple[Override, ...] = ()
    unconfirmed_by: str | None = None

    @property
    def protected(self) -> bool:
        return self.held or self.tier is not _OPEN


class ChildRecord(msgspec.Struct, frozen=True, gc=False):
    """A child as the core store holds one: identity alone.

    `id` is the store's own key and never leaves the gateway. `authority` is the responsible authority's GSS code; it
    derives from the address and is as secret as the address is. `kin` holds keyed fingerprints of the child and of its
    known parents, end to end, for the own-record rule alone.
    """

    id: int
    number: str
    name: Name
    birth_date: date
    gender: Gender
    address: PostalAddress | None
    former_names: tuple[Name, ...]
    keys: Keys
    authority: str | None
    protection: Protection
    kin: bytes = b""

    def __repr__(self) -> str:
        """Leave out whereabouts, history and shield."""
        told = ("id", "number", "name", "birth_date", "gender", "keys")
        return f"ChildRecord({', '.join(f'{name}={getattr(self, name)!r}' for name in told)})"


class Origin(msgspec.Struct, frozen=True, gc=False):
    """Whose word a fact is (the agency's public name) and since when the agency has said so."""

    agency: str
    as_of: datetime


class SchoolRecord(msgspec.Struct, frozen=True, gc=False):
    """A school as the register of establishments describes it; `urn` has five or six digits."""

    urn: str
    name: str
    phase: str | None = None
    phone: str | None = None
    address: PostalAddress | None = None


class EnrolmentRecord(msgspec.Struct, frozen=True, gc=False):
    """A child's place at a school; `school` is None where the school named is in no register."""

    school: SchoolRecord | None
    start: date | None
    end: date | None
    origin: Origin


class PracticeRecord(msgspec.Struct, frozen=True, gc=False):
    """The GP practice a child is registered with; name, phone and address are None where ODS has no such practice."""

    ods_code: str
    name: str | None
    phone: str | None
    address: PostalAddress | None
    origin: Origin


class ParentRecord(msgspec.Struct, frozen=True, gc=False):
    """A parent named on the birth entry, in the entry's order. Not a statement of parental responsibility."""

    name: Name
    relationship: str
    origin: Origin


class ParentContactRecord(msgspec.Struct, frozen=True, gc=False):
    """How to reach a relative, from PDS; joined to a parent on equal normalised names."""

    name: Name
    phone: str | None
    email: str | None
    address: PostalAddress | None
    origin: Origin


class ServiceRecord(msgspec.Struct, frozen=True, gc=False):
    """A service that works with a child; of a sensitive one seen by consent alone, only the marker is filled."""

    kind: str
    organisation: str | None
    practitioner: str | None
    phone: str | None
    email: str | None
    lead: bool
    broker_reference: str | None
    sensitive: bool
