"""Every plan agrees with graphql-core's own execution: on data, order of keys, errors, their paths and places."""

import asyncio
import json
import os
from datetime import date
from typing import Any

from graphql import GraphQLError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import queries

from gateway.events import Observer
from gateway.operations.documents import InvalidDocument
from gateway.operations.executor import Executor
from gateway.operations.limits import Limits
from gateway.operations.twin import Twin
from tests.operations.whole import ANYBODY, whole_documents
from tests.operations.world import Boom, Box, Colour, Context, Stone, graphql_world, world

CASES = int(os.environ.get("PLAN_CASES", "300"))

DOCUMENTS = whole_documents(graphql_world, {}, Limits(depth=100, aliases=2_000))
OBSERVER = Observer()
EXECUTOR, TWIN = Executor(OBSERVER), Twin(OBSERVER)


def often(*values: Any, seldom: tuple[Any, ...] = (None, Boom("seldom"))) -> st.SearchStrategy[Any]:
    """Mostly sound values, and now and then a null, a failure, or something of the wrong type."""
    return st.one_of(st.sampled_from(values), st.sampled_from(values), st.sampled_from(values), st.sampled_from(seldom))


STONES = st.builds(
    Stone,
    title=often("granite", "flint", seldom=(None, 7, object)),
    key=often("a", "b", "c"),
    values=st.fixed_dictionaries(
        {
            "code": often("s-1", "s-2", seldom=(None, Boom("code"), 5, 1.5)),
            "colour": often(Colour.RED, Colour.GREEN, seldom=(None, "red", Boom("colour"))),
            "found": often(date(2020, 2, 29), seldom=(None, "2020-02-29", Boom("found"))),
            "grains": often([1, 2], [], [None, 3], seldom=(None, "no list", [1, "two"], 5, Boom("grains"))),
            "mass": often(1, 9, seldom=(None, Boom("mass"))),
        }
    ),
)


def boxes(inside: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(
        Box,
        title=often("box", seldom=(None,)),
        key=often("a", "b", "c"),
        values=st.fixed_dictionaries(
            {
                "code": often("b-1", seldom=(None, Boom("code"))),
                "things": st.one_of(st.lists(inside, max_size=3), often([], seldom=(None, 3, [None], Boom("things")))),
                "best": st.one_of(inside, often(None, seldom=("no thing", Boom("best")))),
                "later": st.one_of(inside.filter(lambda one: isinstance(one, Box)), often(None)),
            }
        ),
    )


LEAVES = st.one_of(STONES, boxes(STONES))
BOXES = st.lists(boxes(LEAVES), min_size=1, max_size=3)
RECORDS = st.fixed_dictionaries(
    {
        "weight": st.dictionaries(st.sampled_from("abc"), often(1.5, 2, seldom=(None, "heavy", Boom("weight")))),
        "owners": st.dictionaries(
            st.sampled_from("abc"), often(["Ada"], ["Bo", "Cy"], [], seldom=(None, [None], Boom("owners"), 4))
        ),
    }
)


def said(errors: tuple[GraphQLError, ...], data: Any) -> tuple[list[str], set[str]]:
    """What must be the same of two runs' errors.

    Each error whose place is in the answer, whole; and each place that null came up to from below. Which of several
    failures below took it there is nobody's promise: the first to happen does.
    """
    there, from_below = [], set()
    for error in errors:
        place = standing(data, error.path or [])
        if place == error.path:
            there.append(json.dumps(error.formatted, sort_keys=True, default=str))
        else:
            from_below.add(json.dumps(place))
    return sorted(there), from_below


def standing(data: Any, path: list[str | int]) -> list[str | int]:
    """As much of the path as there is in the answer."""
    reached: list[str | int] = []
    for step in path:
        if data is None:
            break
        data = data[step]
        reached.append(step)
    return reached


def ran(how: Executor | Twin, text: str, variables: dict[str, Any], context: Context) -> tuple[str, Any, Any]:
    try:
        operation = DOCUMENTS.operation(text, None, ANYBODY)
        executed = asyncio.run(how.run(operation, variables, context))  # type: ignore[arg-type]
    except InvalidDocument as invalid:
        return "invalid", None, sorted(error.message for error in invalid.errors)
    return "ran", json.dumps(executed.data), said(executed.errors, executed.data)


def agree(text: str, variables: dict[str, Any], boxes: list[Any], records: dict[str, Any]) -> None:
    plan = ran(EXECUTOR, text, variables, Context(boxes, records))
    twin = ran(TWIN, text, variables, Context(boxes, records))
    assert plan[0] == twin[0]
    assert plan[1] == twin[1]
    assert plan[2] == twin[2]


@settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck))
@given(queries(str(world), fields=None), BOXES, RECORDS)
def test_generated_operations_over_generated_data(text: str, boxes: list[Any], records: dict[str, Any]) -> None:
    """Aliases, fragments, lists, unions, interfaces, nulls, wrong types and failures, as they come."""
    agree(text, {}, boxes, records)


DIRECTED = """
query($yes: Boolean!, $no: Boolean! = false, $over: Int = 2, $first: Int) {
  boxes(first: $first) {
    ...Named @include(if: $yes)
    ... on Box @skip(if: $no) { again: owners owners @include(if: $no) sure { __typename code } }
    things {
      __typename
      ... on Thing { title }
      ... on Stone { heavy(over: $over) red: heavy(unit: RED) weight @skip(if: $yes) weight colour found grains }
      ... on Box { ...Named things { ... on Stone { code weight @include(if: $no) } } }
    }
    best { title @include(if: $no) ... @skip(if: $yes) { title } ...Deep }
    later { owner ...Named later { title owner } }
    things { ... on Stone { title mine: weight } }
  }
  box(at: 1) { code best { ... on Box { owner } } }
  anything { __typename title code ... on Box { best { code } } }
}
fragment Named on Box { title code owners }
fragment Deep on Thing { code ... on Stone { weight found } ... on Box { sure { code } owner } }
"""


@settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    BOXES,
    RECORDS,
    st.fixed_dictionaries(
        {"yes": st.booleans()},
        optional={
            "no": st.one_of(st.booleans(), st.none()),
            "over": st.one_of(st.integers(-3, 12), st.none(), st.just("x")),
            "first": st.one_of(st.none(), st.integers(0, 3)),
        },
    ),
)
def test_directives_variables_and_merged_keys(
    boxes: list[Any], records: dict[str, Any], variables: dict[str, Any]
) -> None:
    """What the generator does not write: conditions by variable, the same key twice, defaults and coercion."""
    agree(DIRECTED, variables, boxes, records)
