"""A service that works with a child, and its lead practitioner."""

import strawberry

from adapters.records import ServiceRecord
from schema.standing import stands_for


@stands_for(ServiceRecord)
@strawberry.type(
    description="A service in contact with the child. Of a sensitive one that consent lets be known, only the "
    "broker reference is given."
)
class Service:
    kind: str
    organisation: str | None
    practitioner: str | None
    phone: str | None
    email: str | None
    lead: bool
    broker_reference: strawberry.ID | None
