"""A router's representations come as a variable, and are read as often as the answer is made."""

from typing import Any

import pytest

from tests.running import RunningGateway

ROUTER = "query($r: [_Any!]!) { _entities(representations: $r) { ... on Child { number practice { odsCode } } } }"


def representations(gateway: RunningGateway, *names: str) -> dict[str, Any]:
    return {"r": [{"__typename": "Child", "number": gateway.child(name).number} for name in names]}


async def test_an_answer_done_again_reads_the_same_representations(gateway: RunningGateway) -> None:
    """The child is held, and the second attempt finds the variable as it came."""
    reply = await gateway.ask(ROUTER, representations(gateway, "gp-restricted"), viewer="gp")
    assert "errors" not in reply.body
    assert reply.data["_entities"] == [{"number": gateway.child("gp-restricted").number, "practice": None}]


async def test_one_variable_may_be_asked_for_twice(gateway: RunningGateway) -> None:
    """Under two aliases, in one operation."""
    query = """query($r: [_Any!]!) {
        a: _entities(representations: $r) { ... on Child { number } }
        b: _entities(representations: $r) { ... on Child { number } }
    }"""
    reply = await gateway.ask(query, representations(gateway, "open"))
    assert "errors" not in reply.body
    assert reply.data["a"] == reply.data["b"]


NO_CHILD: list[object] = [
    {},
    {"__typename": "Child"},
    {"number": "F12R0749SBD38"},
    {"__typename": "School", "urn": "100000"},
    {"__typename": "Nothing", "number": "F12R0749SBD38"},
    {"__typename": "ChildCriteria", "family": "A"},
    {"__typename": ["Child"], "number": "F12R0749SBD38"},
    {"__typename": "Child", "number": None},
    {"__typename": "Child", "number": 7},
    {"__typename": "Child", "number": ["F12R0749SBD38"]},
    {"__typename": "Child", "cls": "F12R0749SBD38", "info": {}},
    "Child",
    7,
    True,
    [],
]


async def test_what_names_no_child_is_an_error_in_its_own_place(
    gateway: RunningGateway, caplog: pytest.LogCaptureFixture
) -> None:
    """Told what is wrong with it; the others are answered, and it is no alarm of ours."""
    caplog.set_level("ERROR")
    good = representations(gateway, "open")["r"][0]
    reply = await gateway.ask(ROUTER, {"r": [good, *NO_CHILD, good]})
    assert reply.status == 200
    assert reply.codes == ["BAD_REPRESENTATION"] * len(NO_CHILD)
    assert [error["path"] for error in reply.body["errors"]] == [["_entities", n + 1] for n in range(len(NO_CHILD))]
    first, *between, last = reply.data["_entities"]
    assert first == last
    assert first["number"] == gateway.child("open").number
    assert between == [None] * len(NO_CHILD)
    assert not caplog.records


async def test_a_number_mistyped_is_said_to_be(gateway: RunningGateway) -> None:
    """By a router's way as by any other."""
    reply = await gateway.ask(ROUTER, {"r": [{"__typename": "Child", "number": "F12R0749SBD39"}]})
    assert (reply.data["_entities"], reply.codes) == ([None], ["BAD_NUMBER"])


async def test_what_else_a_router_knows_of_a_child_is_left_alone(gateway: RunningGateway) -> None:
    """Routers send what other subgraphs require."""
    [good] = representations(gateway, "open")["r"]
    reply = await gateway.ask(ROUTER, {"r": [good | {"info": 1, "self": {"a": []}}]})
    assert "errors" not in reply.body
    assert reply.data["_entities"][0]["number"] == gateway.child("open").number
