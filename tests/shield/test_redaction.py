"""The last look: whatever the resolvers did, no value leaves that its child's decision does not cover."""

import pytest
from graphql import get_operation_ast, parse

from gateway.operations.shape import shape_of
from gateway.shield.redaction import MOST_KEPT, LeakCaught, look
from gateway.shield.shape import Shape
from resolvers.disclosure import Category, Disclosure
from schema.built import field_guards, graphql_schema


def shape(text: str) -> Shape:
    document = parse(text)
    operation = get_operation_ast(document, None)
    assert operation is not None
    return shape_of(graphql_schema, field_guards, document, operation)[0]


def told(*shown: Category) -> Disclosure:
    return Disclosure("0", frozenset({Category.IDENTITY, Category.PARENT_NAMES, *shown}))


IDENTITY_ALONE = told()


def test_values_that_are_covered_leave() -> None:
    """The look is no second decision: what the first one shows, it lets pass."""
    asked = shape("{ child(number: 1) { number address { postcode } } }")
    look({"child": {"number": "1", "address": {"postcode": "B1"}}}, asked, {("child",): told(Category.ADDRESS)})


def test_a_value_that_is_not_covered_does_not_leave() -> None:
    """A resolver that answered although its guard should have refused."""
    asked = shape("{ child(number: 1) { number address { postcode } } }")
    with pytest.raises(LeakCaught, match=r"child\.address"):
        look({"child": {"number": "1", "address": {"postcode": "B1"}}}, asked, {("child",): IDENTITY_ALONE})


def test_a_child_without_a_decision_does_not_leave() -> None:
    """Doubt closes: a child nobody decided about is one nobody may be told of."""
    with pytest.raises(LeakCaught, match=r"child\.number"):
        look({"child": {"number": "1"}}, shape("{ child(number: 1) { number } }"), {})


def test_nulls_and_empty_answers_pass() -> None:
    """There is nothing to cover."""
    asked = shape("{ child(number: 1) { number address { postcode } } }")
    look({"child": {"number": "1", "address": None}}, asked, {("child",): IDENTITY_ALONE})
    look({"child": None}, asked, {})
    look(None, asked, {})


def test_each_child_of_a_list_is_held_against_its_own_decision() -> None:
    """CASES 32: what one child's decision shows covers no other child."""
    asked = shape("{ children(numbers: [1, 2]) { address { postcode } } }")
    open_child, shielded_child = told(Category.ADDRESS), IDENTITY_ALONE
    address = {"address": {"postcode": "B1"}}
    look(
        {"children": [address, {"address": None}]},
        asked,
        {("children", 0): open_child, ("children", 1): shielded_child},
    )
    with pytest.raises(LeakCaught):
        look({"children": [address, address]}, asked, {("children", 0): open_child, ("children", 1): shielded_child})


@pytest.mark.parametrize(
    "query",
    [
        "{ child(number: 1) { home: address { postcode } } }",
        "{ child(number: 1) { ... on Child { home: address { postcode } } } }",
        "{ child(number: 1) { ...f } } fragment f on Child { home: address { postcode } }",
        "{ child(number: 1) { ...f @include(if: true) } } fragment f on Child { ... { home: address { postcode } } }",
    ],
)
def test_aliases_and_fragments_hide_nothing_from_it(query: str) -> None:
    """CASES 14: it looks at response keys, wherever in the document they come from."""
    with pytest.raises(LeakCaught, match=r"child\.home"):
        look({"child": {"home": {"postcode": "B1"}}}, shape(query), {("child",): IDENTITY_ALONE})


def test_a_parents_phone_is_held_against_the_childs_decision() -> None:
    """A category below another: the names are shown, the way to reach them is not."""
    asked = shape("{ child(number: 1) { parents { name { family } phone } } }")
    look({"child": {"parents": [{"name": {"family": "A"}, "phone": None}]}}, asked, {("child",): IDENTITY_ALONE})
    with pytest.raises(LeakCaught, match=r"child\.parents\.phone"):
        look({"child": {"parents": [{"name": {"family": "A"}, "phone": "1"}]}}, asked, {("child",): IDENTITY_ALONE})


def test_what_was_found_for_one_decision_covers_no_other() -> None:
    """A shape is looked at under many decisions, in any order, and under more than it keeps."""
    asked = shape("{ child(number: 1) { number address { postcode } } }")
    answer = {"child": {"number": "1", "address": {"postcode": "B1"}}}
    others = [category for category in Category if category is not Category.ADDRESS]
    for some in range(2 ** (len(others) - 2)):
        shown = [category for place, category in enumerate(others) if some >> place & 1]
        look(answer, asked, {("child",): told(Category.ADDRESS, *shown)})
        with pytest.raises(LeakCaught, match=r"child\.address"):
            look(answer, asked, {("child",): told(*shown)})
    assert len(asked.fields["child"].looked_for) <= MOST_KEPT
