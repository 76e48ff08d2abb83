"""Children's services, pretended: an Apollo Federation v2 subgraph over the synthetic children's services.

It keeps sensitive services apart from the others, so that whoever may not see them never asks for them; of those whose
stored consent covers the marker it gives a broker reference, and nothing that says what they are.
"""

import hashlib
import hmac
from dataclasses import dataclass

import msgspec
import strawberry
from aiohttp import web
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.types import ExecutionResult

from adapters.agency import AgencyName
from adapters.sandbox.faults import Conduct, Fault
from adapters.sandbox.known import KnownChildren
from adapters.sandbox.population import SyntheticChild, SyntheticService
from adapters.sandbox.tokens import TokenDesk

SERVICES = AgencyName.SERVICES
ANOTHER_CHILD = "9990000042"

_BROKER_KEY = b"references that lead to nobody"


@dataclass(frozen=True, slots=True)
class _Context:
    """What a question is answered from."""

    conduct: Conduct
    known: KnownChildren


@strawberry.federation.type
class Service:
    """A service that works with the child."""

    kind: str
    organisation: str | None
    practitioner: str | None
    phone: str | None
    email: str | None
    lead: bool


@strawberry.federation.type
class ServiceMarker:
    """That some sensitive service works with the child: the handle through which it may be reached, and no more."""

    broker_reference: strawberry.ID


@strawberry.federation.type(keys=["nhsNumber"])
class Child:
    """The child as this subgraph knows one: by NHS number alone."""

    nhs_number: strawberry.ID
    known: strawberry.Private[SyntheticChild]

    @strawberry.field
    def services(self) -> list[Service]:
        return [_service(service) for service in self.known.services if not service.sensitive]

    @strawberry.field
    def sensitive_services(self) -> list[Service]:
        return [_service(service) for service in self.known.services if service.sensitive]

    @strawberry.field
    def consented_markers(self) -> list[ServiceMarker]:
        return [
            ServiceMarker(broker_reference=strawberry.ID(_handle(self.known.index, place)))
            for place, service in enumerate(self.known.services)
            if service.sensitive and service.consented
        ]

    @classmethod
    def resolve_reference(cls, info: strawberry.Info[_Context, None], **representation: str) -> "Child | None":
        number = representation["nhsNumber"]
        index = info.context.known.index_of_nhs_number(number)
        if index is None:
            return None
        if info.context.conduct.acting(SERVICES) is Fault.MISMATCH:
            number = ANOTHER_CHILD
        return cls(nhs_number=strawberry.ID(number), known=info.context.known.child_at(index))


# No root field of its own: a child is reached through `_entities` alone, so nothing here can be browsed.
SCHEMA = strawberry.federation.Schema(types=[Child], extensions=[ParserCache, ValidationCache])


class _Operation(msgspec.Struct, rename="camel"):
    query: str
    variables: dict[str, object] | None = None
    operation_name: str | None = None


def application(conduct: Conduct, known: KnownChildren) -> web.Application:
    tokens = TokenDesk()
    operations = msgspec.json.Decoder(_Operation)
    context = _Context(conduct, known)

    async def graphql(request: web.Request) -> web.Response:
        if not tokens.admits(request):
            return _error(401, "UNAUTHENTICATED", "You must be authenticated.")
        if conduct.acting(SERVICES) is Fault.RESTRICTED:
            return _error(403, "FORBIDDEN", "The record may not be read.")
        if request.content_type != "application/json":
            return _error(400, "BAD_REQUEST", "This operation has been blocked as a potential CSRF.")
        try:
            operation = operations.decode(await request.read())
        except msgspec.DecodeError:
            return _error(400, "BAD_REQUEST", "POST body missing, invalid Content-Type, or JSON object has no keys.")
        result = await SCHEMA.execute(
            operation.query, operation.variables, context_value=context, operation_name=operation.operation_name
        )
        return _answer(result)

    subgraph = web.Application()
    subgraph.add_routes(
        [web.post("/token", tokens.issue), web.post("/graphql", conduct.answering(SERVICES, graphql, _overloaded))]
    )
    return subgraph


def _service(service: SyntheticService) -> Service:
    return Service(
        kind=service.kind,
        organisation=service.organisation,
        practitioner=service.practitioner,
        phone=service.phone,
        email=service.email,
        lead=service.lead,
    )


def _handle(index: int, place: int) -> str:
    """Make a handle that says nothing, the same every time."""
    return hmac.new(_BROKER_KEY, f"{index}/{place}".encode(), hashlib.sha256).hexdigest()[:26].upper()


def _answer(result: ExecutionResult) -> web.Response:
    """Write a result as Apollo Server does: 400 where nothing was executed, 200 with errors beside data otherwise."""
    body: dict[str, object] = {"data": result.data}
    if not result.errors:
        return web.json_response(body)
    executed = any(error.path for error in result.errors)
    code = "INTERNAL_SERVER_ERROR" if executed else "GRAPHQL_VALIDATION_FAILED"
    errors = [{**error.formatted, "extensions": {"code": code}} for error in result.errors]
    return web.json_response({"errors": errors} | (body if executed else {}), status=200 if executed else 400)


def _overloaded() -> web.Response:
    return _error(429, "RATE_LIMITED", "Too many requests.")


def _error(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"errors": [{"message": message, "extensions": {"code": code}}]}, status=status)
