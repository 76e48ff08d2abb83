"""A service that works with a child, and its lead practitioner."""

import strawberry

from adapters.records import ServiceRecord


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

    @staticmethod
    def of(service: ServiceRecord) -> "Service":
        reference = service.broker_reference
        return Service(
            kind=service.kind,
            organisation=service.organisation,
            practitioner=service.practitioner,
            phone=service.phone,
            email=service.email,
            lead=service.lead,
            broker_reference=None if reference is None else strawberry.ID(reference),
        )
