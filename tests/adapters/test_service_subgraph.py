"""Which services work with a child: what may not be seen is not asked for, and each child's answer stands by itself."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

import msgspec
import pytest
from aiohttp import web
from graphql import build_schema, parse, validate

from adapters.agency import (
    AgencyBroken,
    AgencyFailure,
    AgencyMismatch,
    AgencyName,
    AgencyOverloaded,
    AgencyRefused,
    AgencyTimeout,
    AgencyUnreachable,
    Answer,
    Failed,
    Found,
    NotRecorded,
)
from adapters.client import AgencyClient, ApiKey
from adapters.credentials import ClientCredentials, ClientSecret
from adapters.records import NhsNumber, ServiceRecord
from adapters.sandbox.agencies import Sandbox
from adapters.sandbox.faults import Fault
from adapters.sandbox.population import SyntheticChild, SyntheticService, child_at
from adapters.sandbox.services_server import SCHEMA
from adapters.sandbox.tokens import SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET
from adapters.service_subgraph import CHUNK, DOCUMENT, SENSITIVE_DOCUMENT, ServicesKey, SubgraphServices
from tests.adapters.conftest import Serve

ALAN = ServicesKey(NhsNumber("9990000018"), sensitive=False)
BETH = ServicesKey(NhsNumber("9990000026"), sensitive=False)

Services = tuple[ServiceRecord, ...]


def at_the_sandbox(sandbox: Sandbox, client: AgencyClient) -> SubgraphServices:
    secret = ClientSecret(SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET)
    credential = ClientCredentials("services-token", sandbox.urls.services_token, secret)
    return SubgraphServices(client, url=sandbox.urls.services, credential=credential)


def children_with(count: int, wanted: Callable[[SyntheticService], bool]) -> list[SyntheticChild]:
    """So many synthetic children that have such a service."""
    found = (child for child in map(child_at, range(10_000)) if any(map(wanted, child.services)))
    return list(islice(found, count))


def key_of(child: SyntheticChild, *, sensitive: bool = False) -> ServicesKey:
    assert child.keys.nhs_number is not None
    return ServicesKey(child.keys.nhs_number, sensitive)


def record_of(service: SyntheticService) -> ServiceRecord:
    return ServiceRecord(
        service.kind,
        service.organisation,
        service.practitioner,
        service.phone,
        service.email,
        service.lead,
        None,
        service.sensitive,
    )


def services_in(answer: Answer[Services]) -> Services:
    assert isinstance(answer, Found)
    return answer.record


def failure_in(answer: Answer[Services]) -> AgencyFailure:
    assert isinstance(answer, Failed)
    return answer.failure


class Subgraph:
    """A subgraph that gives a scripted answer, and remembers the operations it was sent."""

    def __init__(self, body: object) -> None:
        self.body = body
        self.asked: list[dict[str, Any]] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(msgspec.json.decode(await request.read()))
        return web.json_response(self.body)

    async def told(self, serve: Serve, keys: Sequence[ServicesKey]) -> dict[ServicesKey, Answer[Services]]:
        """What the adapter makes of it."""
        url = await serve(self.answer)
        async with AgencyClient() as client:
            services = SubgraphServices(client, url=url, credential=ApiKey("a", "b"))
            return dict(await services.fetch(keys, asyncio.get_running_loop().time() + 20))


def a_child(key: ServicesKey, *services: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"nhsNumber": key.nhs_number.value, "services": list(services), "consentedMarkers": [], **changes}


def a_service(kind: str = "Early help", **changes: Any) -> dict[str, Any]:
    absent = dict.fromkeys(("organisation", "practitioner", "phone", "email"))
    return {"kind": kind, "lead": False, **absent, **changes}


async def test_a_childs_services_are_given_in_full(sandbox: Sandbox, client: AgencyClient, soon: float) -> None:
    """Kind, organisation, practitioner, telephone, e-mail and who leads, in the agency's order."""
    child = next(c for c in children_with(50, lambda s: True) if not any(s.sensitive for s in c.services))
    answers = await at_the_sandbox(sandbox, client).fetch([key_of(child)], soon)
    assert answers == {key_of(child): Found(tuple(map(record_of, child.services)))}


async def test_a_sensitive_service_without_consent_is_not_there(
    sandbox: Sandbox, client: AgencyClient, soon: float
) -> None:
    """Not even that there is one may be seen."""
    child = children_with(1, lambda service: service.sensitive and not service.consented)[0]
    answers = await at_the_sandbox(sandbox, client).fetch([key_of(child)], soon)
    plain = tuple(record_of(service) for service in child.services if not service.sensitive)
    assert answers == {key_of(child): Found(plain)}


async def test_a_consented_sensitive_service_is_a_reference_alone(
    sandbox: Sandbox, client: AgencyClient, soon: float
) -> None:
    """Its marker says that somebody can be reached through the broker, and nothing of who or for what."""
    child = children_with(1, lambda service: service.consented)[0]
    answers = await at_the_sandbox(sandbox, client).fetch([key_of(child)], soon)
    [marker] = [service for service in services_in(answers[key_of(child)]) if service.sensitive]
    assert marker.broker_reference
    bare = ServiceRecord("SENSITIVE", None, None, None, None, False, marker.broker_reference, True)
    assert marker == bare


async def test_who_may_see_sensitive_services_sees_them_once(
    sandbox: Sandbox, client: AgencyClient, soon: float
) -> None:
    """In full, marked as sensitive, and without the marker that would name them twice."""
    child = children_with(1, lambda service: service.consented)[0]
    key = key_of(child, sensitive=True)
    services = services_in((await at_the_sandbox(sandbox, client).fetch([key], soon))[key])
    assert sorted(services, key=repr) == sorted(map(record_of, child.services), key=repr)


async def test_both_kinds_of_key_of_one_child_are_answered_apart(
    sandbox: Sandbox, client: AgencyClient, soon: float
) -> None:
    """One request's right to see gives another request nothing, though both are asked for together."""
    child = children_with(1, lambda service: service.sensitive and not service.consented)[0]
    plain, full = key_of(child), key_of(child, sensitive=True)
    answers = await at_the_sandbox(sandbox, client).fetch([plain, full], soon)
    assert [service.sensitive for service in services_in(answers[plain]) if service.sensitive] == []
    assert [service.sensitive for service in services_in(answers[full]) if service.sensitive] == [True]
    assert sandbox.calls[AgencyName.SERVICES] == 2


async def test_a_batch_is_one_call(sandbox: Sandbox, client: AgencyClient, soon: float) -> None:
    """A hundred and twenty children are two operations, and every one of them is answered."""
    children = [child for index in range(200) if (child := child_at(index)).keys.nhs_number][: CHUNK + 20]
    answers = await at_the_sandbox(sandbox, client).fetch([key_of(child) for child in children], soon)
    assert {key: type(answer) for key, answer in answers.items()} == {key_of(child): Found for child in children}
    assert sandbox.calls[AgencyName.SERVICES] == 2


async def test_a_child_the_agency_does_not_know_is_not_recorded(
    sandbox: Sandbox, client: AgencyClient, soon: float
) -> None:
    """A null among the entities is an answer."""
    unknown = ServicesKey(NhsNumber("9990000042"), sensitive=False)
    assert await at_the_sandbox(sandbox, client).fetch([unknown], soon) == {unknown: NotRecorded()}


def test_the_documents_are_valid_and_differ_in_what_may_not_be_asked() -> None:
    """Both fit the subgraph's own schema; only the one for the sensitive names sensitive services."""
    schema = build_schema(SCHEMA.as_str(), assume_valid_sdl=True)
    assert [validate(schema, parse(document)) for document in (DOCUMENT, SENSITIVE_DOCUMENT)] == [[], []]
    assert "sensitiveServices" not in DOCUMENT
    assert "sensitiveServices" in SENSITIVE_DOCUMENT


async def test_what_is_asked_travels_in_the_variables(serve: Serve) -> None:
    """The document is a constant: no log of documents can hold a child."""
    subgraph = Subgraph({"data": {"_entities": [a_child(ALAN), a_child(BETH)]}})
    await subgraph.told(serve, [BETH, ALAN])
    children = [{"__typename": "Child", "nhsNumber": key.nhs_number.value} for key in (ALAN, BETH)]
    assert subgraph.asked == [{"query": DOCUMENT, "variables": {"children": children}}]


async def test_an_answer_about_another_child_is_a_mismatch(serve: Serve) -> None:
    """Order is not trusted alone: each child's number is compared, and only who it fits is answered."""
    stranger = ServicesKey(NhsNumber("9990000034"), sensitive=False)
    answers = await Subgraph({"data": {"_entities": [a_child(stranger), a_child(BETH)]}}).told(serve, [ALAN, BETH])
    assert isinstance(failure_in(answers[ALAN]), AgencyMismatch)
    assert answers[BETH] == Found(())


@pytest.mark.parametrize("entity", [None, a_child(ALAN, a_service())], ids=["nothing", "something"])
async def test_an_error_at_a_child_fails_that_child_alone(serve: Serve, entity: object) -> None:
    """A child whose services could not be read is not a child without services, whatever data came beside the error."""
    error = {"message": "9990000018 failed", "path": ["_entities", 0, "services", 1, "phone"]}
    body = {"data": {"_entities": [entity, a_child(BETH, a_service())]}, "errors": [error]}
    answers = await Subgraph(body).told(serve, [ALAN, BETH])
    assert isinstance(failure_in(answers[ALAN]), AgencyBroken)
    assert ALAN.nhs_number.value not in str(failure_in(answers[ALAN]))
    assert [service.kind for service in services_in(answers[BETH])] == ["Early help"]


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        ({"message": "no", "extensions": {"code": "UNAUTHENTICATED"}}, AgencyRefused),
        ({"message": "no", "extensions": {"code": "FORBIDDEN"}}, AgencyRefused),
        ({"message": "no", "path": ["_entities"]}, AgencyBroken),
        ({"message": "no", "path": ["_entities", 7]}, AgencyBroken),
        ({"message": "no"}, AgencyBroken),
    ],
)
async def test_an_error_at_no_child_fails_them_all(
    serve: Serve, error: dict[str, Any], failure: type[AgencyFailure]
) -> None:
    """Where it is not said whose trouble it is, it is everybody's, though data came with it."""
    body = {"data": {"_entities": [a_child(ALAN), a_child(BETH)]}, "errors": [error]}
    answers = await Subgraph(body).told(serve, [ALAN, BETH])
    assert [type(failure_in(answers[key])) for key in (ALAN, BETH)] == [failure, failure]


@pytest.mark.parametrize(
    "body",
    [{}, {"data": None}, {"data": {}}, {"data": {"_entities": [None]}}, {"data": {"_entities": "two"}}, [], "data"],
)
async def test_an_answer_not_for_each_child_fails_them_all(serve: Serve, body: object) -> None:
    """Fewer entities than children cannot be told apart."""
    answers = await Subgraph(body).told(serve, [ALAN, BETH])
    assert [type(failure_in(answers[key])) for key in (ALAN, BETH)] == [AgencyBroken, AgencyBroken]


@pytest.mark.parametrize(
    "damaged",
    [
        {"nhsNumber": ALAN.nhs_number.value},
        a_child(ALAN, {"kind": "Early help"}),
        a_child(ALAN, a_service(lead="yes")),
        a_child(ALAN, consentedMarkers=[{"brokerReference": None}]),
        "a child",
    ],
)
async def test_a_damaged_child_costs_no_other(serve: Serve, damaged: object) -> None:
    """What cannot be read fails by itself."""
    answers = await Subgraph({"data": {"_entities": [damaged, a_child(BETH)]}}).told(serve, [ALAN, BETH])
    assert isinstance(failure_in(answers[ALAN]), AgencyBroken)
    assert answers[BETH] == Found(())


@pytest.mark.parametrize(
    ("fault", "failure"),
    [
        (Fault.DOWN, AgencyUnreachable),
        (Fault.SLOW, AgencyTimeout),
        (Fault.OVERLOADED, AgencyOverloaded),
        (Fault.MALFORMED, AgencyBroken),
        (Fault.HTML_500, AgencyBroken),
        (Fault.DRIP, AgencyTimeout),
        (Fault.RESTRICTED, AgencyRefused),
        (Fault.MISMATCH, AgencyMismatch),
    ],
)
async def test_each_fault_has_its_failure_and_heals(
    sandbox: Sandbox,
    client: AgencyClient,
    soon: float,
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
    failure: type[AgencyFailure],
) -> None:
    """Whatever goes wrong the key is answered, nothing told or logged holds it, and healing is enough."""
    caplog.set_level(logging.DEBUG)
    services, key = at_the_sandbox(sandbox, client), key_of(children_with(1, lambda service: True)[0])
    await services.fetch([key], soon)
    sandbox.fault(AgencyName.SERVICES, fault)
    patience = 0.2 if failure is AgencyTimeout else 20
    answers = await services.fetch([key], asyncio.get_running_loop().time() + patience)
    assert type(failure_in(answers[key])) is failure
    assert key.nhs_number.value not in f"{answers!r} {failure_in(answers[key])} {caplog.text}"
    sandbox.fault(AgencyName.SERVICES, Fault.NONE)
    assert isinstance((await services.fetch([key], soon))[key], Found)
