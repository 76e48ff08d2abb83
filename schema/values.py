"""Value types: names, addresses, and whose word a fact is. Each takes the category of the field that leads to it."""

from datetime import datetime

import strawberry

from adapters import records

# Strawberry marks the records' own enums, so that one class serves both.
strawberry.enum(records.Gender, description="As the source recorded it.")
strawberry.enum(records.AddressStatus, description="What an address says about where somebody is.")


@strawberry.type(description='A name as recorded; "John Paul" may be one given name.')
class PersonName:
    given: list[str]
    family: str | None

    @staticmethod
    def of(name: records.Name) -> "PersonName":
        return PersonName(given=list(name.given), family=name.family)


@strawberry.type(description="An address; its lines leave out the postcode.")
class Address:
    status: records.AddressStatus
    lines: list[str]
    postcode: str | None
    uprn: str | None

    @staticmethod
    def of(address: records.PostalAddress | None) -> "Address | None":
        if address is None:
            return None
        return Address(status=address.status, lines=list(address.lines), postcode=address.postcode, uprn=address.uprn)


@strawberry.type(description="Whose word a fact is, and since when.")
class Origin:
    agency: str
    as_of: datetime

    @staticmethod
    def of(origin: records.Origin) -> "Origin":
        return Origin(agency=origin.agency, as_of=origin.as_of)
