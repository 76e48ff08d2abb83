"""The written threats point to tests that are there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "threats.md").read_text(encoding="utf-8")

# Every line of a table, by its threat, with the last of its columns: `file`, or `file::test`.
ROWS = {cells[2].strip(): cells[4] for line in PAGE.splitlines() if len(cells := line.split("|")) == 6}
THREATS = [threat for threat in ROWS if threat not in {"threat", "---"}]


def functions(file: Path) -> set[str]:
    """The names of a file's tests, those that are methods among them."""
    nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize("threat", THREATS)
def test_every_threat_names_tests_that_exist(threat: str) -> None:
    """A page that promises a test nobody wrote would be worse than none."""
    named = re.findall(r"`(tests/[^`:]+)(?:::(\w+))?`", ROWS[threat])
    assert named
    for file, function in named:
        assert (ROOT / file).exists(), file
        assert not function or function in functions(ROOT / file), function


def test_a_row_is_a_line_of_four_columns() -> None:
    """Else it would be read by nobody here, and promise what it likes."""
    assert len(THREATS) > 60
    assert all(line.count("|") == 5 for line in PAGE.splitlines() if line.startswith("|"))
