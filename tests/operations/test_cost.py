"""What an operation costs is known from its plan and its arguments, and is never less than what a run really asks."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import LimitExceeded
from gateway.operations.cost import BY_NUMBER, CALL, SEARCHES, Cost
from gateway.operations.limits import Limits
from gateway.purpose import Purpose
from schema.built import graphql_schema
from schema.roots import CHILDREN_OF
from tests.operations.test_batches import World
from tests.operations.whole import ANYBODY, whole_documents

LIBRARY = whole_documents()
LIFT = 'liftShield(number: "x", reason: "y") { state }'


def cost(text: str) -> Cost:
    return LIBRARY.operation(text, None, ANYBODY).cost


@pytest.mark.parametrize(
    ("text", "variables", "comes_to"),
    [
        ('{ child(number: "x") { number } }', {}, 1),
        ('{ child(number: "x") { number name { family given } } }', {}, 4),
        ('{ child(number: "x") { practice { odsCode } enrolments { start } } }', {}, 4 + 2 * CALL),
        ('{ child(number: "x") { a: practice { odsCode } practice { name } } }', {}, 4 + CALL),
        ('{ child(number: "x") { parents { name { family } phone email } } }', {}, 5 + 2 * CALL),
        ('{ a: child(number: "x") { number } b: child(number: "y") { number } }', {}, 2),
        ("query($n: [ID!]!) { children(numbers: $n) { number services { kind } } }", {"n": ["a", "b"]}, 2 * (3 + CALL)),
        ("query($n: [ID!]!) { children(numbers: $n) { number } }", {"n": "alone"}, 1),
        ('query($n: ID!) { children(numbers: ["x", $n]) { number } }', {"n": "y"}, 2),
        ('query($n: [ID!]! = ["x", "y", "z"]) { children(numbers: $n) { number } }', {}, 3),
        ('{ findChildren(by: {family: "A", birthYear: 2015}) { children { number } } }', {}, 10 * 2),
        ('{ findChildren(by: {family: "A", birthYear: 2015}, first: 3) { children { number } } }', {}, 3 * 2),
        ('{ findChildren(by: {family: "A", birthYear: 2015}, first: -3) { children { number } } }', {}, 0),
        ("{ shields(first: 3) { nodes { number } } }", {}, 6 * 2),
        ("{ quarantine { nodes { reference } } }", {}, 250 * 2),
        ("{ viewer { subject } __typename __schema { types { name } } }", {}, 1),
        ('mutation { liftShield(number: "x", reason: "y") { state reference } }', {}, 2),
        ('query($no: Boolean!) { child(number: "x") @skip(if: $no) { number } }', {"no": True}, 0),
        ('query($no: Boolean!) { child(number: "x") @skip(if: $no) { number } }', {"no": False}, 1),
        ("query($n: [ID!]!) { children(numbers: $n) { number } }", {}, 0),
    ],
)
def test_children_times_fields_and_calls(text: str, variables: Mapping[str, Any], comes_to: int) -> None:
    """A record asked for twice is one call; what has no value, or will not run, costs nothing."""
    assert cost(text).of(variables) == comes_to


def test_of_several_types_the_dearest_counts() -> None:
    """A router may ask for any of them."""
    text = """query($r: [_Any!]!) { _entities(representations: $r) {
        __typename ... on Child { number practice { odsCode } } } }"""
    assert cost(text).of({"r": [{}, {}]}) == 2 * (4 + CALL)


@pytest.mark.parametrize(
    ("text", "limits", "code"),
    [
        ('{ a: child(number: "x") { number } b: children(numbers: ["y"]) { number } }', Limits(children=1), "CHILDREN"),
        ("{ shields { endCursor } quarantine { endCursor } }", Limits(searches=1), "SEARCHES"),
        ("{ a: statistics(by: []) { month } b: statistics(by: []) { month } }", Limits(searches=1), "SEARCHES"),
        (f"mutation {{ a: {LIFT} b: {LIFT} }}", Limits(acts=1), "ACTS"),
        ('{ child(number: "x") { number gender } }', Limits(cost=1), "COST"),
    ],
)
def test_what_is_too_much_is_refused_by_name(text: str, limits: Limits, code: str) -> None:
    """At the limit it passes; one more is refused, whatever door it comes by."""
    cost(text).check({}, Limits())
    with pytest.raises(LimitExceeded) as refused:
        cost(text).check({}, limits)
    assert refused.value.code == f"LIMIT_{code}"


def test_a_caseload_passes_and_all_of_a_hundred_children_just_so() -> None:
    """The limit is for what nobody needs, not for a social worker's morning."""
    whole = """query($n: [ID!]!) { children(numbers: $n) {
        number name { given family } birthDate gender shield { brokerReference } formerNames { family }
        address { lines postcode } enrolments { start school { urn name phone } } practice { odsCode name phone }
        parents { name { family } relationship phone email } services { kind organisation practitioner phone } } }"""
    cost(whole).check({"n": ["x"] * 50}, Limits())
    cost(whole).check({"n": ["x"] * 100}, Limits())


@given(st.integers(0, 100), st.integers(-5, 50))
def test_no_variables_make_it_dearer_than_it_is_said_to_be_at_most(numbers: int, first: int) -> None:
    """Whoever publishes a document is told the most that it will cost."""
    text = """query($n: [ID!]!, $f: Int) { child(number: "x") { number } children(numbers: $n) { practice { name } }
        findChildren(by: {family: "A", birthYear: 2015}) { children { services { kind } } }
        shields(first: $f) { nodes { number } } quarantine(first: $f) { nodes { reference } } }"""
    known = cost(text)
    assert known.of({"n": ["x"] * numbers, "f": first}) <= known.at_most(Limits())
    assert known.of({"n": ["x"] * 100, "f": 50}) == known.at_most(Limits())


def test_every_field_that_leads_to_children_is_counted_once() -> None:
    """By number, as a search, or as an act: one that were none of these could be asked without end. So are counts."""
    assert graphql_schema.mutation_type is not None
    acts = set(graphql_schema.mutation_type.fields)
    assert not BY_NUMBER & SEARCHES
    assert BY_NUMBER | SEARCHES | acts == CHILDREN_OF.keys() | {"statistics"}


_ASKS = ["enrolments { start }", "services { kind lead }", "practice { odsCode name }", "parents { phone }", "gender"]


@given(st.lists(st.sampled_from(_ASKS), min_size=1, max_size=6), st.integers(1, 12), st.booleans())
async def test_no_run_asks_more_of_agencies_than_was_reckoned(asks: list[str], children: int, aliased: bool) -> None:
    """Counted at the agencies: every key that any call asked for."""
    fields = " ".join(f"a{n}: {ask}" if aliased else ask for n, ask in enumerate(asks))
    text = f"query($n: [ID!]!) {{ children(numbers: $n) {{ number {fields} }} }}"
    world = World(children)
    executed = await world.ask(text, Purpose.SAFEGUARDING)
    assert executed.data is not None
    numbers = {"n": [child.number for child in world.children]}
    asked = sum(sum(calls) for calls in world.calls.values())
    told = sum(len(child) for child in executed.data["children"])
    assert cost(text).of(numbers) >= told + CALL * asked
