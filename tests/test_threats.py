"""The written threats point to tests that are there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_threat_names_a_test_that_exists() -> None:
    """A page that promises a test nobody wrote would be worse than none."""
    page = (ROOT / "docs" / "threats.md").read_text()
    named = set(re.findall(r"`(tests/[^`]+)`", page))
    assert len(named) > 10
    assert {name for name in named if not (ROOT / name).exists()} == set()
