"""Statistics over HTTP: the same bytes for every analyst, however they ask; and nothing at all for anybody else."""

from datetime import date
from typing import Any

import pytest

from adapters.sandbox.personas import PERSONAS
from adapters.store.registering import Registrar
from adapters.store.roles import Role
from gateway.app import Gateway
from gateway.statistics.building import build
from tests.running import RunningGateway

NOVEMBER = date(2026, 11, 1)
CELLS = "month cells { authority ageBand gender count }"
BY_ALL = "{ statistics(by: [AUTHORITY, AGE_BAND, GENDER]) { " + CELLS + " } }"


@pytest.fixture
async def counted(gateway: RunningGateway) -> RunningGateway:
    """The gateway, with November's cube."""
    async with await Registrar.connect(gateway.database.dsn(Role.REGISTRY)) as registrar:
        assert await build(registrar, NOVEMBER)
    return gateway


async def told(gateway: RunningGateway, query: str, url: str = "", **claims: Any) -> bytes:
    """The answer's very bytes, to an analyst of these claims."""
    headers = {
        "Authorization": f"Bearer {gateway.issuer.mint('analyst', **claims)}",
        "Contactpoint-Purpose": "STATISTICS",
        "Accept": "application/graphql-response+json",
    }
    async with gateway.session.post(f"{url or gateway.url}/graphql", json={"query": query}, headers=headers) as answer:
        assert answer.status == 200
        return await answer.read()


async def test_however_it_is_asked_it_is_the_same_bytes(counted: RunningGateway) -> None:
    """Another analyst, order or repetition of `by`, the month named, another worker, a second time: nothing new."""
    first = await told(counted, BY_ALL)
    assert b'"count":null' in first
    for query in (
        BY_ALL,
        BY_ALL.replace("AUTHORITY, AGE_BAND, GENDER", "GENDER, AGE_BAND, AUTHORITY"),
        BY_ALL.replace("AUTHORITY, AGE_BAND, GENDER", "GENDER, GENDER, AUTHORITY, AGE_BAND, AUTHORITY"),
        BY_ALL.replace("]", '], month: "2026-11-01"'),
        BY_ALL.replace("{ statistics", "query Named { statistics"),
    ):
        assert await told(counted, query) == first
    assert await told(counted, BY_ALL, sub="another-analyst") == first
    async with await Gateway.start(counted.gateway.settings, counted.database.dsn(Role.GATEWAY)) as another:
        assert await told(counted, BY_ALL, url=another.url) == first

    twice = await counted.ask(f"{{ a: {BY_ALL[1:-1]} b: {BY_ALL[1:-1]} }}", viewer="analyst")
    assert twice.data["a"] == twice.data["b"]


async def test_what_was_counted_is_recorded_and_touches_no_child(counted: RunningGateway) -> None:
    """The ledger has the analyst, the purpose and the document; no child is matched and no agency called."""
    before = counted.calls
    reply = await counted.ask(BY_ALL, viewer="analyst")
    record = await counted.record_of(reply)
    assert (record.acting_role, record.purpose, record.outcome) == ("ANALYST", "STATISTICS", "ANSWERED")
    assert record.document is not None
    assert record.document.startswith("sha256:")
    assert record.children == ()
    assert counted.calls == before


async def test_counts_may_be_fetched(counted: RunningGateway) -> None:
    """By GET too: an address that names no child may reach a proxy's log."""
    headers = {
        "Authorization": f"Bearer {counted.token('analyst')}",
        "Contactpoint-Purpose": "STATISTICS",
        "Accept": "application/graphql-response+json",
    }
    query = {"query": "{ statistics(by: []) { cells { count } } }"}
    async with counted.session.get(f"{counted.url}/graphql", params=query, headers=headers) as answer:
        body = await answer.json(content_type=None)
    [cell] = body["data"]["statistics"]["cells"]
    assert cell["count"] > 100


async def test_nobody_else_counts(counted: RunningGateway) -> None:
    """To every other role it is a word that the schema does not have."""
    for persona in (name for name, one in PERSONAS.items() if one.acting_role != "ANALYST"):
        reply = await counted.ask("{ statistics(by: []) { month } }", viewer=persona)
        assert reply.status == 400
        assert reply.body["errors"][0]["message"] == "Cannot query field 'statistics' on type 'Query'."
        assert "data" not in reply.body


async def test_an_analyst_addresses_no_child(counted: RunningGateway) -> None:
    """By no root field there is."""
    number = counted.child("open").number
    for field in (f'child(number: "{number}")', f'children(numbers: ["{number}"])', "_entities(representations: [])"):
        reply = await counted.ask(f"{{ {field} {{ __typename }} }}", viewer="analyst")
        assert reply.status == 400
        assert "Cannot query field" in reply.body["errors"][0]["message"]
