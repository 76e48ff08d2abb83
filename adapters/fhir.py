"""FHIR R4 as PDS and ODS write it: the shapes they share, and dates and addresses read from them.

Nothing here asks anything of anyone, and nothing here decides who may see what.
"""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Annotated, TypeAlias, TypeVar

import msgspec

from adapters.records import AddressStatus, PostalAddress

FHIR_JSON = "application/fhir+json"
UK_CORE_ADDRESS_KEY = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-AddressKey"

# NHS pseudo-postcodes: what stands in for an address that is not one.
_NOT_AN_ADDRESS = {
    "ZZ99 3VZ": AddressStatus.NO_FIXED,
    "ZZ99 3WZ": AddressStatus.UNKNOWN,
    "ZZ99 3CZ": AddressStatus.UNKNOWN,
}
_FHIR_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2}(T.*)?)?)?", re.ASCII)


class Period(msgspec.Struct, frozen=True):
    """From `start` to `end`, both days included; either may be absent, a year, a month, a day or an instant."""

    start: str | None = None
    end: str | None = None

    def holds(self, today: date) -> bool:
        """Say whether `today` is in it. A date that cannot be read is no proof, so then it does not hold."""
        return _reached(self.start, today) and not _passed(self.end, today)


def _reached(start: str | None, today: date) -> bool:
    if start is None:
        return True
    return _FHIR_DATE.fullmatch(start) is not None and start[:10] <= today.isoformat()[: len(start[:10])]


def _passed(end: str | None, today: date) -> bool:
    if end is None:
        return False
    return _FHIR_DATE.fullmatch(end) is None or end[:10] < today.isoformat()[: len(end[:10])]


def since(text: str | None) -> datetime | None:
    """Read a whole date or an instant, in UTC; None for a year or a month alone, which say too little."""
    try:
        moment = datetime.fromisoformat(text or "")
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


class Coding(msgspec.Struct, frozen=True):
    """A code, and the system it is a word of."""

    code: str | None = None
    system: str | None = None


class CodeableConcept(msgspec.Struct, frozen=True):
    """One idea in the codes of several systems."""

    coding: tuple[Coding, ...] = ()

    @property
    def codes(self) -> frozenset[str]:
        return frozenset(coding.code for coding in self.coding if coding.code)


class Extension(msgspec.Struct, frozen=True, rename="camel"):
    """A field that a profile adds: a value, or more extensions under it."""

    url: str = ""
    extension: "tuple[Extension, ...]" = ()
    value_coding: Coding | None = None
    value_codeable_concept: CodeableConcept | None = None
    value_string: str | None = None
    value_period: Period | None = None

    def part(self, url: str) -> "Extension | None":
        return next((part for part in self.extension if part.url == url), None)

    @property
    def codes(self) -> frozenset[str]:
        """Its codes, whether written as a coding (PDS) or as a concept (ODS)."""
        codes = self.value_codeable_concept.codes if self.value_codeable_concept else frozenset[str]()
        return codes | {self.value_coding.code} if self.value_coding and self.value_coding.code else codes


class Identifier(msgspec.Struct, frozen=True):
    """What a system calls something, and for how long."""

    value: str | None = None
    system: str | None = None
    period: Period | None = None


class Reference(msgspec.Struct, frozen=True):
    """A pointer to another resource; NHS services point by identifier, and sometimes at nothing."""

    identifier: Identifier | None = None


class HumanName(msgspec.Struct, frozen=True):
    """A name in one use; `given` holds names as recorded, and "John Paul" may be one of them."""

    use: str | None = None
    given: tuple[str, ...] = ()
    family: str | None = None
    period: Period | None = None


class ContactPoint(msgspec.Struct, frozen=True):
    """A phone, an e-mail address, a web page."""

    system: str | None = None
    value: str | None = None
    use: str | None = None
    period: Period | None = None


class Address(msgspec.Struct, frozen=True, rename="camel"):
    """An address; ODS has the town in `city`, PDS has it as one of the lines."""

    use: str | None = None
    line: tuple[str | None, ...] = ()
    city: str | None = None
    district: str | None = None
    postal_code: str | None = None
    period: Period | None = None
    extension: tuple[Extension, ...] = ()


class Issue(msgspec.Struct, frozen=True):
    """One thing that went wrong. ODS gives no `details`."""

    details: CodeableConcept | None = None


class OperationOutcome(msgspec.Struct, frozen=True):
    """An error as FHIR says it, under any HTTP status, 200 among them."""

    issue: tuple[Issue, ...] = ()

    @property
    def codes(self) -> frozenset[str]:
        return frozenset().union(*(issue.details.codes for issue in self.issue if issue.details))


class Kind(msgspec.Struct, frozen=True, rename="camel"):
    """Which resource a body holds, before it is read as one."""

    resource_type: str = ""


Part = TypeVar("Part")
# One person's names, addresses or phones: each is looked at by itself, so a list longer than any life's is no FHIR.
Few: TypeAlias = Annotated[tuple[Part, ...], msgspec.Meta(max_length=100)]

KIND = msgspec.json.Decoder(Kind)
OUTCOME = msgspec.json.Decoder(OperationOutcome)

Dated = TypeVar("Dated", HumanName, ContactPoint, Address)


def current(things: Sequence[Dated], today: date) -> list[Dated]:
    """Keep those in use today, in the order given."""
    return [thing for thing in things if thing.use != "old" and (thing.period is None or thing.period.holds(today))]


def first_value(telecom: Sequence[ContactPoint], system: str) -> str | None:
    """Give the first value of one system ("phone", "email"), or None."""
    return next((point.value for point in telecom if point.system == system and point.value), None)


def postal_address(address: Address) -> PostalAddress:
    """Read an address; a pseudo-postcode becomes its status, and says nothing of where anybody is."""
    postcode = _spaced(address.postal_code)
    status = _NOT_AN_ADDRESS.get(postcode or "")
    if status is not None:
        return PostalAddress(status)
    lines = (*address.line, address.city, address.district)
    return PostalAddress(
        AddressStatus.CURRENT, tuple(line.strip() for line in lines if line and line.strip()), postcode, _uprn(address)
    )


def _spaced(postcode: str | None) -> str | None:
    bare = (postcode or "").replace(" ", "").upper()
    return f"{bare[:-3]} {bare[-3:]}" if len(bare) > 3 else bare or None


def _uprn(address: Address) -> str | None:
    for key in address.extension:
        kind, value = key.part("type"), key.part("value")
        if key.url == UK_CORE_ADDRESS_KEY and kind and "UPRN" in kind.codes and value and value.value_string:
            return None if value.value_string.strip("0") == "" else value.value_string  # "0" means none
    return None
