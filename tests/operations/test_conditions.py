"""What variables decide: a plan costs no more than its document is long, and keeps GraphQL's own order of keys."""

from typing import Any

import pytest

from gateway.errors import LimitExceeded
from gateway.operations.limits import Limits
from tests.operations.test_plan_and_twin import EXECUTOR, TWIN, ran
from tests.operations.whole import ANYBODY, whole_documents
from tests.operations.world import Box, Context

RECORDS: dict[str, dict[Any, Any]] = {"weight": {}, "owners": {"a": ["Ada"]}}


def a_box() -> Box:
    return Box(title="box", key="a", values={"code": "b-1", "things": [], "best": None, "later": None})


def doubling(levels: int) -> str:
    """Fragments that spread the next one twice, each under a condition of its own."""
    declared = ", ".join(f"$a{level}: Boolean!, $b{level}: Boolean!" for level in range(levels))
    fragments = " ".join(
        f"fragment F{n} on Child {{ ...F{n + 1} @include(if: $a{n}) ...F{n + 1} @include(if: $b{n}) }}"
        for n in range(levels)
    )
    return (
        f'query({declared}) {{ child(number: "x") {{ ...F0 }} }} {fragments} fragment F{levels} on Child {{ number }}'
    )


def test_conditions_do_not_multiply_what_a_document_costs() -> None:
    """CASES 35: two to the fifteenth conditions are refused while they are counted, and not kept."""
    library = whole_documents(limits=Limits(directives=2**17, repeats=2**17, fields=2**17))
    with pytest.raises(LimitExceeded) as refused:
        library.operation(doubling(15), None, ANYBODY)
    assert refused.value.code == "LIMIT_FIELDS"
    assert len(library._operations) == 0


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("query($n: Boolean!) { box { title @include(if: $n) code title } }", {"n": False}),
        ("query($n: Boolean!) { box { title @include(if: $n) code title } }", {"n": True}),
        ("query($n: Boolean!) { box { ...A @include(if: $n) code ...A } } fragment A on Box { title }", {"n": False}),
        (
            "query($n: Boolean!) { b: box { code } box @skip(if: $n) { code } a: box { code } box { title } }",
            {"n": True},
        ),
        ("query($n: Boolean = true) { box @include(if: $n) { code } }", {}),
        ("query($n: Boolean!) { box { ...A @include(if: $n) ...A } } fragment A on Box { sure { code } }", {"n": True}),
    ],
)
def test_order_and_places_are_those_of_the_run(text: str, variables: dict[str, Any]) -> None:
    """A key stands where it first stands in this run, and an error names each place that asks once."""
    plan = ran(EXECUTOR, text, variables, Context([a_box()], RECORDS))
    assert plan == ran(TWIN, text, variables, Context([a_box()], RECORDS))


def test_a_condition_that_is_null_ends_the_request() -> None:
    """It is neither true nor false: nothing runs, wherever in the document it stands."""
    text = "query($n: Boolean = true) { box { code title @include(if: $n) } }"
    assert ran(EXECUTOR, text, {"n": None}, Context([a_box()], RECORDS))[0] == "invalid"
