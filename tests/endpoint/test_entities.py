"""A router's representations come as a variable, and are read as often as the answer is made."""

from tests.running import RunningGateway

ROUTER = "query($r: [_Any!]!) { _entities(representations: $r) { ... on Child { number practice { odsCode } } } }"


def representations(gateway: RunningGateway, *names: str) -> dict[str, object]:
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
