"""The pretended children's services: a federated subgraph that answers as Apollo Server does."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from adapters.credentials import ClientSecret
from adapters.sandbox.agencies import Sandbox
from adapters.sandbox.population import NOTABLE, child_at
from adapters.sandbox.services_server import SCHEMA
from adapters.sandbox.tokens import SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET

OPEN = child_at(NOTABLE["open"])

SDL = """type Child @key(fields: "nhsNumber") {
  nhsNumber: ID!
  services: [Service!]!
  sensitiveServices: [Service!]!
  consentedMarkers: [ServiceMarker!]!
}"""


@pytest.fixture
async def subgraph(sandbox: Sandbox) -> AsyncIterator[aiohttp.ClientSession]:
    """A session that bears a token for the subgraph."""
    basic = ClientSecret(SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET).headers()
    form = {"grant_type": "client_credentials"}
    async with (
        aiohttp.ClientSession() as desk,
        desk.post(sandbox.urls.services_token, data=form, headers=basic) as answer,
    ):
        token = (await answer.json())["access_token"]
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
        yield session


async def ask(subgraph: aiohttp.ClientSession, url: str, query: str, **variables: object) -> tuple[int, dict[str, Any]]:
    async with subgraph.post(url, json={"query": query, "variables": variables}) as answer:
        return answer.status, await answer.json()


async def test_it_tells_its_schema_as_federation_wants_it(sandbox: Sandbox, subgraph: aiohttp.ClientSession) -> None:
    """`_service { sdl }` names version 2, and the child by NHS number."""
    status, body = await ask(subgraph, sandbox.urls.services, "{ _service { sdl } }")
    sdl = body["data"]["_service"]["sdl"]
    assert status == 200
    assert SDL in sdl
    assert "https://specs.apollo.dev/federation/v2" in sdl


async def test_a_child_is_reached_by_entities_alone(sandbox: Sandbox, subgraph: aiohttp.ClientSession) -> None:
    """In the order asked, null for one it does not know; no other root field leads to a child."""
    assert OPEN.keys.nhs_number is not None
    query = "query($c: [_Any!]!) { _entities(representations: $c) { ... on Child { nhsNumber services { kind } } } }"
    known = {"__typename": "Child", "nhsNumber": OPEN.keys.nhs_number.value}
    status, body = await ask(subgraph, sandbox.urls.services, query, c=[known | {"nhsNumber": "1"}, known])
    kinds = [{"kind": service.kind} for service in OPEN.services if not service.sensitive]
    child = {"nhsNumber": OPEN.keys.nhs_number.value, "services": kinds}
    assert (status, body) == (200, {"data": {"_entities": [None, child]}})
    assert "type Query {\n  _entities(representations: [_Any!]!): [_Entity]!\n  _service: _Service!\n}" in str(SCHEMA)


async def test_a_reference_without_its_key_is_an_error_at_that_child(
    sandbox: Sandbox, subgraph: aiohttp.ClientSession
) -> None:
    """The path says whose trouble it is."""
    query = "query($c: [_Any!]!) { _entities(representations: $c) { ... on Child { nhsNumber } } }"
    status, body = await ask(subgraph, sandbox.urls.services, query, c=[{"__typename": "Child"}])
    [error] = body["errors"]
    assert (status, error["path"], error["extensions"]) == (200, ["_entities", 0], {"code": "INTERNAL_SERVER_ERROR"})
    assert body["data"] == {"_entities": [None]}


@pytest.mark.parametrize(
    "query", ["{ nothing }", "{", "query($c: [_Any!]!) { _entities(representations: $c) { __typename } }"]
)
async def test_what_cannot_be_executed_is_400(sandbox: Sandbox, subgraph: aiohttp.ClientSession, query: str) -> None:
    """With errors that carry a code, and no data beside them."""
    status, body = await ask(subgraph, sandbox.urls.services, query)
    assert status == 400
    assert "data" not in body
    assert body["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


async def test_a_request_that_is_no_operation_is_400(sandbox: Sandbox, subgraph: aiohttp.ClientSession) -> None:
    """Neither another media type nor a body that is no operation gets as far as the schema."""
    bodies = [(b"{}", "text/plain"), (b"{}", "application/json"), (b"[", "application/json")]
    for body, media_type in bodies:
        headers = {"Content-Type": media_type}
        async with subgraph.post(sandbox.urls.services, data=body, headers=headers) as answer:
            assert answer.status == 400
            assert (await answer.json())["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


async def test_a_token_is_demanded(sandbox: Sandbox) -> None:
    """Whoever bears none is told so in Apollo's words."""
    async with aiohttp.ClientSession() as session:
        status, body = await ask(session, sandbox.urls.services, "{ _service { sdl } }")
    assert (status, body["errors"][0]["extensions"]["code"]) == (401, "UNAUTHENTICATED")
