"""Documents made to cost, to probe or to confuse: refused by their text alone, in one error, with nothing asked."""

import json
from typing import Final

import pytest

from tests.running import GRAPHQL, RunningGateway

JSON: Final = "application/json"


def fragments(count: int, body: str) -> str:
    """A chain of so many; `body` has places for this one's number and the next one's."""
    return " ".join(f"fragment F{n} on Child {{ {body.format(n, n + 1)} }}" for n in range(count))


def inline(beside: int, deep: int) -> str:
    one = "...on Child{" * deep + "number" + "}" * deep
    return "{ child(number: 1) { " + " ".join([one] * beside) + " } }"


LARGE: Final = '{ viewer { subject } } "' + "x" * 1_000_000 + '"'

# Each with the limit that stops it.
ABUSIVE: Final = {
    "1,000 conflicting arguments": (
        "{ " + " ".join(f"child(number:{n}){{number}}" for n in range(1_000)) + " }",
        "TOKENS",
    ),
    "120 conflicting arguments": (
        "{ " + " ".join(f"child(number:{n}){{number}}" for n in range(120)) + " }",
        "REPEATS",
    ),
    "80 x 50 inline fragments": (inline(80, 50), "DOCUMENT"),
    "200 inline fragments within one another": (inline(1, 200), "DEPTH"),
    "300 doubling fragments": (
        "{ child(number: 1) { ...F0 } } " + fragments(300, "...F{1} ...F{1}") + " fragment F300 on Child { number }",
        "TOKENS",
    ),
    "18 doubling fragments": (
        "{ child(number: 1) { ...F0 } } " + fragments(18, "...F{1} ...F{1}") + " fragment F18 on Child { number }",
        "REPEATS",
    ),
    "18 doubling fragments under aliases": (
        "{ child(number: 1) { ...F0 } } "
        + fragments(18, "a{0}: address {{ postcode }} ...F{1} b{0}: address {{ lines }} ...F{1}")
        + " fragment F18 on Child { number }",
        "ALIASES",
    ),
    "16 levels": ("{ a " * 16 + "}" * 16, "DEPTH"),
    "300 levels": ("{a" * 300 + "}" * 300, "DEPTH"),
    "10,000 levels": ("{a" * 10_000 + "}" * 10_000, "BODY"),
    "a fragment that leads to itself": (
        "{ child(number: 1) { ...F } } fragment F on Child { number ...F }",
        "DEPTH",
    ),
    "a round of fragments": (
        "{ child(number: 1) { ...F0 } } " + fragments(10, "number ...F{1}") + " fragment F10 on Child { ...F0 }",
        "DEPTH",
    ),
    "101 aliases": ("{ " + " ".join(f"a{n}: viewer {{ subject }}" for n in range(101)) + " }", "ALIASES"),
    "2,000 directives": ("{ viewer { subject " + "@a" * 2_000 + " } }", "TOKENS"),
    "101 directives": ("{ viewer { subject " + "@a " * 101 + " } }", "DIRECTIVES"),
    "500 repeats": ("{ viewer { " + "subject " * 500 + "} }", "REPEATS"),
    "a list of 10,000": ("{ children(numbers: [" + "1," * 10_000 + "]) { number } }", "TOKENS"),
    "a list of lists": ("{ children(numbers: " + "[" * 1_000 + ") { number } }", "DEPTH"),
    "a list of lists without end": ("{ children(numbers: " + "[" * 15_000 + ") { number } }", "BODY"),
    "21 operations": (" ".join(f"query Q{n} {{ viewer {{ subject }} }}" for n in range(21)), "DEFINITIONS"),
    "a million characters": (LARGE, "BODY"),
}


@pytest.mark.parametrize("what", ABUSIVE)
async def test_a_document_made_to_cost_is_one_error_and_asks_nothing(gateway: RunningGateway, what: str) -> None:
    """CASES 35, 36: 400 by whatever media type, before anything is read of any child or asked of any agency."""
    text, limit = ABUSIVE[what]
    # From here on whoever reads of a child fails.
    await gateway.execute("ALTER TABLE children RENAME TO hidden")
    for media_type in (GRAPHQL, JSON):
        reply = await gateway.ask(text, headers={"Accept": media_type})
        assert (reply.status, reply.codes) == (400, [f"LIMIT_{limit}"])
        assert "data" not in reply.body
    assert not any(gateway.calls.values())


GUESSES: Final = (
    "{ chil(number: 1) { number } }",
    "{ child(numbr: 1) { number } }",
    "{ child(number: 1) { addres { postcode } } }",
    "{ child(number: 1) { number { x } addres } }",
    "{ child(number: 1) { ... on Chil { number } } }",
    "query($by: ChildCriteri!) { findChildren(by: $by) { tooMany } }",
    '{ findChildren(by: {famly: "A"}) { tooMany } }',
    '{ findChildren(by: {family: "A", gender: FEMAL}) { tooMany } }',
    '{ findChildren(by: {family: "A", gender: "FEMALE"}) { tooMany } }',
    "{ childByKey(key: {nhsNumbr: 1}) { number } }",
    "{ viewer { subject @includ(if: true) } }",
    "{ viewer { subject @include(i: true) } }",
    "{ viewer { ...Fiels } } fragment Fields on Viewer { subject }",
    "query($numbr: ID!) { child(number: $number) { number } }",
    "mutation { overridShield(number: 1) { until } }",
    "{ statistic(by: []) { month } }",
)

GUESSED_VARIABLES: Final = (
    {"famly": "A"},
    {"family": "A", "birthYear": 2015, "gender": "FEMAL"},
    {"family": "A", "birthYear": 2015, "postcod": "A"},
    "family",
)


async def test_a_guess_is_never_helped(gateway: RunningGateway) -> None:
    """CASES 39: fields, arguments, types, enums, directives, fragments, variables: no name is offered for another."""
    for query in GUESSES:
        reply = await gateway.ask(query)
        assert reply.status == 400
        assert "did you mean" not in json.dumps(reply.body).lower()
    query = "query($by: ChildCriteria!) { findChildren(by: $by) { tooMany } }"
    for value in GUESSED_VARIABLES:
        reply = await gateway.ask(query, {"by": value})
        assert reply.status == 400
        assert "did you mean" not in json.dumps(reply.body).lower()


async def test_an_error_of_a_large_literal_is_not_much_larger(gateway: RunningGateway) -> None:
    """CASES 36: what is wrong with it is said a few times, not once for each mistake in it."""
    fields = " ".join(f"f{n}: 1" for n in range(600))
    reply = await gateway.ask(f"{{ findChildren(by: {{{fields}}}) {{ tooMany }} }}")
    assert reply.status == 400
    assert len(json.dumps(reply.body)) < 10 * len(fields)
