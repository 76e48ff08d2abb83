"""Value types: names, addresses, and whose word a fact is. Each takes the category of the field that leads to it.

Their objects are the records themselves, shown as they are.
"""

from datetime import datetime

import strawberry

from adapters import records
from adapters.records import Gender as Gender
from schema.standing import stands_for

# Strawberry marks the records' own enums, so that one class serves both.
strawberry.enum(Gender, description="As the source recorded it.")
strawberry.enum(records.AddressStatus, description="What an address says about where somebody is.")


@stands_for(records.Name)
@strawberry.type(description='A name as recorded; "John Paul" may be one given name.')
class PersonName:
    given: list[str]
    family: str | None


@stands_for(records.PostalAddress)
@strawberry.type(description="An address; its lines leave out the postcode.")
class Address:
    status: records.AddressStatus
    lines: list[str]
    postcode: str | None
    uprn: str | None


@stands_for(records.Origin)
@strawberry.type(description="Whose word a fact is, and since when.")
class Origin:
    agency: str
    as_of: datetime
