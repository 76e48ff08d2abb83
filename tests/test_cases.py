"""Cases of the catalogue that concern who asks are each named by a test, in its docstring."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent

# 25 and 28 are numbers that were given up.
WHO_ASKS = (21, 22, 23, 24, 26, 27, 29, 30, 31, 32, 36, 38)


def named(docstring: str) -> Iterator[int]:
    """The cases that a docstring says it shows: `CASES 22:`, `CASES 29 and 30:`, `CASES 22-24:`."""
    for listed in re.findall(r"CASES? ([\d ,and-]+):", docstring):
        for first, last in re.findall(r"(\d+)(?:-(\d+))?", listed):
            yield from range(int(first), int(last or first) + 1)


@pytest.fixture(scope="module")
def shown() -> frozenset[int]:
    """Every case that some test of ours names."""
    docstrings = (
        ast.get_docstring(node) or ""
        for file in TESTS.rglob("test_*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    )
    return frozenset(case for docstring in docstrings for case in named(docstring))


@pytest.mark.parametrize("case", WHO_ASKS)
def test_every_case_of_who_asks_is_named_by_a_test(shown: frozenset[int], case: int) -> None:
    """A case that no test names is one that nobody can find, and that may have been lost."""
    assert case in shown


def test_a_case_is_named_by_number_by_list_or_by_range() -> None:
    """As docstrings do it; a number that stands elsewhere names nothing."""
    assert list(named("CASES 22-24: a token.")) == [22, 23, 24]
    assert list(named("CASES 29 and 31, 32: refused.")) == [29, 31, 32]
    assert not list(named("Fifty numbers, CASES aside: 32 of them."))
