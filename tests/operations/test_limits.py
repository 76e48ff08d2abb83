"""How much one operation may ask: measured in its text, fragments spread out, and refused before anything is read."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

import pytest
from graphql import get_introspection_query, parse
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import LimitExceeded
from gateway.operations.limits import ENDLESS, Limits, Measured, check_document, measured
from gateway.settings import Settings
from tests.running import GRAPHQL, RunningGateway

JSON = "application/json"
OFFICER = "shield-officer"

LIFT = 'liftShield(number: 1, reason: "x") { state }'
BY_KEY = "childByKey(key: {upn: 1}) { number }"

# A request that comes to exactly so much.
Amounting: TypeAlias = Callable[[int], tuple[str, dict[str, Any]]]

_OF_VIEWER = ["subject", "organisation", "actingRole", "purpose", "__typename"]


def viewer(fields: str) -> tuple[str, dict[str, Any]]:
    return f"{{ viewer {{ {fields} }} }}", {}


def times(count: int, field: str) -> str:
    return " ".join(f"a{n}: {field}" for n in range(count))


def definitions(count: int) -> tuple[str, dict[str, Any]]:
    named = [f"F{n}" for n in range(count - 1)]
    fragments = " ".join(f"fragment {name} on Viewer {{ subject }}" for name in named)
    return f"{{ viewer {{ {' '.join(f'...{name}' for name in named)} }} }} {fragments}", {}


def depth(levels: int) -> tuple[str, dict[str, Any]]:
    path = ["child(number: 1)", "enrolments", "school", "address", "postcode"]
    if levels < len(path):
        path = ["child(number: 1)", "parents", "address", "postcode"]
    return "{ " + " { ".join(path) + " }" * len(path), {}


def cost(amount: int) -> tuple[str, dict[str, Any]]:
    """Two fields of each of two hundred children, and so many of the viewer's."""
    own = " ".join(_OF_VIEWER[: amount - 400])
    query = f"query($n: [ID!]!) {{ children(numbers: $n) {{ number gender }} viewer {{ {own} }} }}"
    return query, {"n": ["x"] * 200}


LIMITS: dict[str, tuple[int, str, Amounting]] = {
    "DOCUMENT": (900, "teacher", lambda n: ("{ viewer { subject } } #".ljust(n, "x"), {})),
    "TOKENS": (100, "teacher", lambda n: (f"{{ children(numbers: [{'1 ' * (n - 12)}]) {{ number }} }}", {})),
    "DEFINITIONS": (3, "teacher", definitions),
    "DEPTH": (4, "teacher", depth),
    "ALIASES": (5, "teacher", lambda n: viewer(times(n, "subject"))),
    "DIRECTIVES": (6, "teacher", lambda n: viewer("subject @include(if: true) " * n)),
    "REPEATS": (7, "teacher", lambda n: viewer("subject " * n)),
    "FIELDS": (30, "teacher", lambda n: viewer(" ".join(itertools.islice(itertools.cycle(_OF_VIEWER), n - 1)))),
    "VARIABLES": (300, "teacher", lambda n: ("{ viewer { subject } }", {"unused": [1] * (n - 1)})),
    "VALUE": (20, "teacher", lambda n: ("{ viewer { subject } }", {"unused": ["x" * n]})),
    "CHILDREN": (
        200,
        "teacher",
        lambda n: ("query($n: [ID!]!) { children(numbers: $n) { number } }", {"n": ["x"] * n}),
    ),
    "SEARCHES": (2, "teacher", lambda n: (f"{{ {times(n, BY_KEY)} }}", {})),
    "ACTS": (
        2,
        OFFICER,
        lambda n: ("mutation { " + times(n, 'liftShield(number: 1, reason: "x") { state }') + " }", {}),
    ),
    "COST": (401, "teacher", cost),
}


class TestOverHttp:
    """One gateway of small limits, asked for as much as each allows, and for one more."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return replace(settings, **{f"limit_{name.lower()}": most for name, (most, _, _) in LIMITS.items()})

    async def test_each_limit_lets_through_what_it_allows_and_no_more(self, gateway: RunningGateway) -> None:
        """CASES 36: one error of its name, 400 whatever the media type, and nothing was read to find it out."""
        for name, (most, who, amounting) in LIMITS.items():
            query, variables = amounting(most)
            reply = await gateway.ask(query, variables, viewer=who)
            assert reply.status == 200, (name, reply.body)
        # From here on nothing can be read of any child.
        await gateway.execute("ALTER TABLE children RENAME TO hidden")
        for name, (most, who, amounting) in LIMITS.items():
            for media_type in (GRAPHQL, JSON):
                query, variables = amounting(most + 1)
                reply = await gateway.ask(query, variables, viewer=who, headers={"Accept": media_type})
                assert (reply.status, reply.codes) == (400, [f"LIMIT_{name}"]), (name, reply.body)
                assert "data" not in reply.body
        assert not any(gateway.calls.values())
        told = {seen.code for seen in await gateway.ledger() if seen.outcome == "REFUSED"}
        assert told == {f"LIMIT_{name}" for name in LIMITS}


@pytest.mark.parametrize(
    ("text", "comes_to"),
    [
        ("{ a }", Measured(1, 0, 0, 1, 1)),
        ("{ a { b { c } } }", Measured(3, 0, 0, 1, 3)),
        ("{ x: a a y: a }", Measured(1, 2, 0, 1, 3)),
        ("{ x: a x: a a }", Measured(1, 2, 0, 2, 3)),
        ("query($v: I @d) @d { a @d ... @d { b } ...F @d } fragment F on T @d { c }", Measured(1, 0, 6, 2, 3)),
        ("{ a ... on T { a ... { a } } }", Measured(1, 0, 0, 3, 3)),
        ("{ a { ...F ...F } } fragment F on T { x: b @d { c } }", Measured(3, 2, 2, 2, 5)),
        ("{ ...F a { ...F } } fragment F on T { b { c { d } } }", Measured(4, 0, 0, 2, 7)),
        ("query A { a { b } } query B { x: a b c }", Measured(2, 1, 0, 1, 3)),
        ("{ ...Nowhere }", Measured(0, 0, 0, 0, 0)),
        ("fragment F on T { a { b } }", Measured(0, 0, 0, 0, 0)),
        ("{ __schema { a { b { c } } } __type(name: 1) { a { b } } }", Measured(1, 0, 0, 1, 7)),
    ],
)
def test_a_text_amounts_to_what_stands_in_it_spread_out(text: str, comes_to: Measured) -> None:
    """Each fragment as often as it is spread, of several operations the most."""
    assert measured(parse(text)) == comes_to


@pytest.mark.parametrize(
    "text",
    [
        "{ ...F } fragment F on T { ...F }",
        "{ a { ...F } } fragment F on T { b { ...G } } fragment G on T { ...F }",
    ],
)
def test_a_fragment_that_leads_to_itself_is_deeper_than_anything(text: str) -> None:
    """It is not walked round, and no limit lets it through."""
    assert measured(parse(text)).depth >= ENDLESS
    with pytest.raises(LimitExceeded) as refused:
        check_document(parse(text), Limits(depth=10**8))
    assert refused.value.code == "LIMIT_DEPTH"


def test_doubling_fragments_are_measured_once_each() -> None:
    """CASES 35: two to the two-hundredth fields are counted in as many steps as there are fragments."""
    text = "{ ...F0 } " + " ".join(f"fragment F{n} on T {{ ...F{n + 1} ...F{n + 1} }}" for n in range(200))
    assert measured(parse(text + " fragment F200 on T { a }")).fields == 2**200


def test_fragments_deep_below_one_another_are_too_deep() -> None:
    """Each as deep as can be parsed, so that together no stack would hold them."""
    deep = "a { " * 150
    text = "{ ...F0 } " + " ".join(f"fragment F{n} on T {{ {deep} ...F{n + 1} {'}' * 150} }}" for n in range(15))
    with pytest.raises(LimitExceeded) as refused:
        check_document(parse(text + " fragment F15 on T { a }"), Limits(document=10**6))
    assert refused.value.code == "LIMIT_DEPTH"


def test_what_tools_ask_of_types_is_within_the_limits() -> None:
    """The explorer's own question, whose `ofType` nests deeper than any of ours."""
    check_document(parse(get_introspection_query(input_value_deprecation=True)), Limits())


_NAMES = st.sampled_from("abc")
_SELECTIONS = st.recursive(
    st.builds(lambda name, alias: [f"{alias}: {name}" if alias else name], _NAMES, st.none() | _NAMES),
    lambda inner: st.one_of(
        st.builds(lambda name, below: [f"{name} {{ {' '.join(below)} }}"], _NAMES, inner),
        st.builds(lambda one, other: one + other, inner, inner),
        st.builds(lambda below: [f"... {{ {' '.join(below)} }}"], inner),
    ),
    max_leaves=12,
)


@given(_SELECTIONS, st.lists(_SELECTIONS, max_size=3))
def test_spreading_a_fragment_measures_as_writing_it_out(selections: list[str], spread: list[list[str]]) -> None:
    """P: what a fragment stands for, in its place, has the same depth, aliases, directives and fields."""
    named = " ".join([*selections, *(f"...F{n}" for n in range(len(spread)))])
    fragments = " ".join(f"fragment F{n} on T {{ {' '.join(one)} }}" for n, one in enumerate(spread))
    written = " ".join([*selections, *(f"... on T {{ {' '.join(one)} }}" for one in spread)])
    short, long = measured(parse(f"{{ {named} }} {fragments}")), measured(parse(f"{{ {written} }}"))
    assert replace(short, repeats=0) == replace(long, repeats=0)
    assert short.repeats >= long.repeats  # never less than what is really there
