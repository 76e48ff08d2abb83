"""The frozen records that the store and the agencies yield, and identifiers that mask themselves when printed.

Nothing here reads or writes anything, and nothing here knows who asks. An identifier's value is reached by `.value`
alone: printed, logged or put into an f-string it shows stars, so that no log line can hold one by accident.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum


@dataclass(frozen=True, slots=True, order=True)
class Identifier:
    """Another system's word for a child or a relative; equal by value, masked in print."""

    value: str

    def __str__(self) -> str:
        return "*" * len(self.value)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self})"


class NhsNumber(Identifier):
    """Ten digits without spaces."""

    __slots__ = ()


class Upn(Identifier):
    """A unique pupil number: letter, authority, establishment, year and serial."""

    __slots__ = ()


class BirthEntry(Identifier):
    """A birth registration's system number (Home Office LEV)."""

    __slots__ = ()


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


@dataclass(frozen=True, slots=True)
class Name:
    """A person's name. `given` holds names as recorded: "John Paul" may be one of them."""

    given: tuple[str, ...]
    family: str | None


@dataclass(frozen=True, slots=True)
class PostalAddress:
    """An address; `lines` excludes the postcode, `postcode` is upper case with its one space, `uprn` is digits."""

    status: AddressStatus
    lines: tuple[str, ...] = ()
    postcode: str | None = None
    uprn: str | None = None


@dataclass(frozen=True, slots=True)
class Keys:
    """The identifiers by which other systems know a child."""

    nhs_number: NhsNumber | None = None
    upn: Upn | None = None
    birth_entry: BirthEntry | None = None


@dataclass(frozen=True, slots=True)
class CircleMember:
    """An organisation that an officer let behind a shield, for the categories named, until the date named."""

    organisation: str
    categories: frozenset[str]


@dataclass(frozen=True, slots=True)
class Override:
    """One viewer's live look behind one shield, bound to the token it was asked with."""

    viewer: str
    token: str


@dataclass(frozen=True, slots=True)
class Protection:
    """Everything the store knows about a child's shield at one moment; read with the child, never cached.

    `withheld` holds what the officer withheld besides ("KEY", "PARENT_NAMES"); `circle` and `overrides` only what is
    in force now. A held child has a hold placed by the gateway that no officer has cleared.
    """

    tier: Tier = Tier.OPEN
    held: bool = False
    withheld: frozenset[str] = frozenset()
    circle: tuple[CircleMember, ...] = ()
    overrides: tuple[Override, ...] = ()

    @property
    def protected(self) -> bool:
        return self.held or self.tier is not Tier.OPEN


@dataclass(frozen=True, slots=True)
class ChildRecord:
    """A child as the core store holds one: identity alone.

    `id` is the store's own key and never leaves the gateway. `authority` is the responsible authority's GSS code; it
    derives from the address and is as secret as the address is.
    """

    id: int
    number: str
    name: Name
    birth_date: date
    gender: Gender
    address: PostalAddress | None = field(repr=False)
    former_names: tuple[Name, ...] = field(repr=False)
    keys: Keys
    authority: str | None = field(repr=False)
    protection: Protection = field(repr=False)


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose word a fact is (the agency's public name) and since when the agency has said so."""

    agency: str
    as_of: datetime


@dataclass(frozen=True, slots=True)
class SchoolRecord:
    """A school as the register of establishments describes it; `urn` has five or six digits."""

    urn: str
    name: str
    phase: str | None = None
    phone: str | None = None
    address: PostalAddress | None = None


@dataclass(frozen=True, slots=True)
class EnrolmentRecord:
    """A child's place at a school; `school` is None where the school named is in no register."""

    school: SchoolRecord | None
    start: date | None
    end: date | None
    origin: Origin


@dataclass(frozen=True, slots=True)
class PracticeRecord:
    """The GP practice a child is registered with; name, phone and address are None where ODS has no such practice."""

    ods_code: str
    name: str | None
    phone: str | None
    address: PostalAddress | None
    origin: Origin


@dataclass(frozen=True, slots=True)
class ParentRecord:
    """A parent named on the birth entry, in the entry's order. Not a statement of parental responsibility."""

    name: Name
    relationship: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class ParentContactRecord:
    """How to reach a relative, from PDS; joined to a parent on equal normalised names."""

    name: Name
    phone: str | None
    email: str | None
    address: PostalAddress | None
    origin: Origin


@dataclass(frozen=True, slots=True)
class ServiceRecord:
    """A service that works with a child; of a sensitive one seen by consent alone, only the marker is filled."""

    kind: str
    organisation: str | None
    practitioner: str | None
    phone: str | None
    email: str | None
    lead: bool
    broker_reference: str | None
    sensitive: bool
