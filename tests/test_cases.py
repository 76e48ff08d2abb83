"""Every case of the catalogue up to 42, and 61, is named by a test, in its docstring, and by a line of the threats."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
THREATS = TESTS.parent / "docs" / "threats.md"

LEAKAGE = (1, 2, 3, 4, 5, 6, 8, 9, 11, 12, 14, 15, 16, 17, 19, 20, 21, 61)
WHO_ASKS = (22, 23, 24, 26, 27, 29, 30, 31, 32, 34)
ABUSE = (35, 36, 37, 38, 39, 40, 42)  # 7, 10, 13, 18, 25, 28, 33 and 41 are numbers that were given up


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


@pytest.fixture(scope="module")
def written() -> frozenset[int]:
    """Every case that a threat is written for: the first column of a table's line."""
    firsts = re.findall(r"^\| ([\d, ]+) \|", THREATS.read_text(encoding="utf-8"), re.MULTILINE)
    return frozenset(int(case) for first in firsts for case in first.split(","))


@pytest.fixture(scope="module")
def excused() -> frozenset[int]:
    """Every case of which the written threats say why it does not apply."""
    said = re.findall(r"^- Case (\d+) does not apply: \w", THREATS.read_text(encoding="utf-8"), re.MULTILINE)
    return frozenset(map(int, said))


@pytest.mark.parametrize("case", [*LEAKAGE, *WHO_ASKS, *ABUSE])
def test_every_case_is_shown_and_written_down(
    shown: frozenset[int], written: frozenset[int], excused: frozenset[int], case: int
) -> None:
    """A case that no test names is one that nobody can find, and that may have been lost; or it does not apply."""
    assert (case in shown and case in written) != (case in excused)


def test_a_case_is_named_by_number_by_list_or_by_range() -> None:
    """As docstrings do it; a number that stands elsewhere names nothing."""
    assert list(named("CASES 22-24: a token.")) == [22, 23, 24]
    assert list(named("CASES 29 and 31, 32: refused.")) == [29, 31, 32]
    assert not list(named("Fifty numbers, CASES aside: 32 of them."))
