"""`statistics` at the root, over a cube in memory; and that every root field says how many children it asks for."""

from collections.abc import Collection
from datetime import date
from typing import Any

import pytest
import strawberry
from graphql import ExecutionResult, GraphQLSchema, graphql

from adapters.store.registry_records import CubeMonth, StatisticsCell
from resolvers.answering import Answering
from resolvers.statistics import Cube, Dimension
from schema.built import graphql_schema
from schema.context import AnsweringContext, ViewerCard
from schema.roots import CHILDLESS, CHILDREN_OF, UncountedRootError, check_roots

NOVEMBER = date(2026, 11, 1)


class InMemory:
    """A cube of one month, which remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[frozenset[Dimension], date | None]] = []

    async def statistics(self, by: Collection[Dimension], month: date | None) -> CubeMonth | None:
        self.asked.append((frozenset(by), month))
        if month not in (None, NOVEMBER):
            return None
        cells = (
            StatisticsCell("E08000035", "FROM_15_TO_17", "UNKNOWN", None),
            StatisticsCell("E08000035", "UNDER_1", "FEMALE", 120),
        )
        return CubeMonth(NOVEMBER, cells)


async def ask(query: str, cube: Cube | None) -> ExecutionResult:
    unused: Any = None  # nothing of a child's is within reach of this field
    context = AnsweringContext(
        answering=Answering(0),
        children=unused,
        contacts=unused,
        viewer=ViewerCard("persona-analyst", "statistics-office", "ANALYST", "STATISTICS"),
        statistics=cube,
    )
    return await graphql(graphql_schema, query, context_value=context)


async def test_a_month_with_its_cells() -> None:
    """The month named or the latest; the youngest come first, and null is what is not told."""
    cube = InMemory()
    asked = "(by: [GENDER, AUTHORITY, AGE_BAND, GENDER])"
    result = await ask(f"{{ statistics{asked} {{ month cells {{ authority ageBand gender count }} }} }}", cube)
    assert result.errors is None
    assert result.data == {
        "statistics": {
            "month": "2026-11-01",
            "cells": [
                {"authority": "E08000035", "ageBand": "UNDER_1", "gender": "FEMALE", "count": 120},
                {"authority": "E08000035", "ageBand": "FROM_15_TO_17", "gender": "UNKNOWN", "count": None},
            ],
        }
    }
    assert cube.asked == [(frozenset(Dimension), None)]


async def test_a_month_that_is_not_built_is_null() -> None:
    """And no error: nothing went wrong."""
    cube = InMemory()
    result = await ask('{ statistics(by: [], month: "2026-12-01") { month } }', cube)
    assert (result.data, result.errors) == ({"statistics": None}, None)
    assert cube.asked == [(frozenset(), date(2026, 12, 1))]


async def test_whoever_may_not_count_is_refused() -> None:
    """Without the capability there is no answer, and the error says what would be needed."""
    result = await ask("{ statistics(by: []) { month } }", None)
    assert result.data == {"statistics": None}
    [error] = result.errors or []
    assert error.extensions == {"code": "FORBIDDEN"}


def test_every_root_field_says_how_many_children_it_asks_for() -> None:
    """One that says nothing builds no schema."""
    check_roots(graphql_schema)
    assert not CHILDLESS & CHILDREN_OF.keys()

    @strawberry.type
    class Query:
        @strawberry.field
        def everybody(self) -> int:
            return 0

    built: GraphQLSchema = strawberry.Schema(Query)._schema
    with pytest.raises(UncountedRootError, match="`everybody` needs a place"):
        check_roots(built)


@pytest.mark.parametrize(
    ("field", "given", "children"),
    [
        ("child", {"number": "x"}, 1),
        ("children", {"numbers": ["x"] * 7}, 7),
        ("_entities", {"representations": [{}, {}]}, 2),
        ("findChildren", {}, 10),
        ("findChildren", {"first": None}, 10),
        ("findChildren", {"first": 3}, 3),
        ("findChildren", {"first": -3}, 0),
        ("shields", {"first": 10}, 20),
        ("quarantine", {}, 250),
        ("overrideShield", {}, 1),
    ],
)
def test_how_many_children(field: str, given: dict[str, Any], children: int) -> None:
    """By the field's arguments; what makes no sense asks for none, and is refused by the field itself."""
    assert CHILDREN_OF[field](given) == children
