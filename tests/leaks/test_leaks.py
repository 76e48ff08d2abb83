"""Seeded leaks: that each of them can still be made, that a check sees one, and that what is found is written down."""

import ast
from pathlib import Path

import pytest

from tests.leaks.copies import copied, runs_itself
from tests.leaks.judging import Judge, Judged
from tests.leaks.page import BEGIN, END, rewritten, row
from tests.leaks.seeded import LEAKS, ROOT, BadLeak, Leak, read_leaks
from tests.worlds.viewings import VIEWINGS

FEWEST = 45
AREAS = {"policy", "plans", "redaction", "batching", "search", "errors", "kept", "statistics", "ledger", "feeds"}
BY_NAME = {leak.name: leak for leak in LEAKS}


@pytest.mark.parametrize("leak", LEAKS, ids=lambda leak: leak.name)
def test_every_leak_can_be_made(leak: Leak) -> None:
    """What it changes stands in this tree exactly once, what it makes of Python is Python, and its test is there."""
    leak.make(write=False)
    assert not leak.viewing or leak.viewing in map(str, VIEWINGS)
    if not leak.in_worlds:
        file, _, name = leak.seen_by.partition("::")
        tests = ast.parse((ROOT / file).read_text(encoding="utf-8")).body
        assert not name or name in {
            test.name for test in tests if isinstance(test, ast.FunctionDef | ast.AsyncFunctionDef)
        }


def test_there_are_enough_of_all_kinds() -> None:
    """Each under a name of its own."""
    assert len(LEAKS) == len(BY_NAME) >= FEWEST
    assert {leak.area for leak in LEAKS} >= AREAS


def test_a_copy_runs_its_own_code() -> None:
    """Though the tree it was made of is the one that is installed."""
    with copied() as root:
        assert runs_itself(root)


@pytest.mark.parametrize(
    "name", ["shielded-leaves-address", "last-look-knows-no-alias", "likeness-to-the-protected-is-no-rule"]
)
def test_a_leak_is_seen(name: str) -> None:
    """In paired worlds, or by a test of its own."""
    judged = Judge(pairs=300, seed=7).look(BY_NAME[name])
    assert judged.killed, judged.saw
    assert (judged.pairs is None) == (not judged.leak.in_worlds)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("leak a\ngives away b\n", "needs `gives away` and a change"),
        ("leak a\n--- README.md\n-x\n", "needs `gives away` and a change"),
        ("leak a\ngives away b\nsees c\n--- README.md\n-x\n", "nothing else but `seen by`"),
        ("leak a\ngives away b\n--- README.md\n*x\n", "begins with none of"),
        ("gives away b\nleak a\n", "neither remark nor leak"),
    ],
)
def test_what_is_no_leak_is_not_read(text: str, words: str) -> None:
    """The message says what is missing."""
    with pytest.raises(BadLeak, match=words):
        list(read_leaks("policy", text))


@pytest.mark.parametrize(
    ("change", "words"),
    [("-one\n+two", "2 times"), ("-three\n+two", "0 times"), ("-two = 2\n+two = (", "would be no Python at line 2")],
)
def test_what_does_not_fit_is_not_made(tmp_path: Path, change: str, words: str) -> None:
    """A leak that would be made elsewhere, nowhere, or break the file, is none; and nothing is written."""
    file = tmp_path / "three.py"
    file.write_text("one\ntwo = 2\none\n")
    [leak] = read_leaks("policy", f"leak a\ngives away b\n--- three.py\n{change}\n")
    with pytest.raises(BadLeak, match=words):
        leak.make(tmp_path)
    assert file.read_text() == "one\ntwo = 2\none\n"


def test_a_leak_changes_what_it_says_and_nothing_else(tmp_path: Path) -> None:
    """Several changes of one file are one leak; lines that only show where stay."""
    file = tmp_path / "four.py"
    file.write_text("one = 1\ntwo = 2\n\nfour = 4\n")
    text = "leak a\ngives away b\n--- four.py\n one = 1\n-two = 2\n+two = 3\n\n--- four.py\n-four = 4\n"
    [leak] = read_leaks("policy", text)
    leak.make(tmp_path)
    assert file.read_text() == "one = 1\ntwo = 3\n\n"


def test_the_table_keeps_what_was_not_looked_at() -> None:
    """Lines of other leaks stay, those of leaks that are no more go, and the rest of the page is as it was."""
    first, second = LEAKS[:2]
    gone = Leak("gone", "policy", "nothing", first.changes)
    text = rewritten("# A page\n", [Judged(one, True, "body", 1_234, 1.0) for one in (second, gone)], [second, gone])
    assert "1,234 pairs" in text
    text = text + "\nAfter.\n"
    again = rewritten(text, [Judged(first, False, "no difference in 9 pairs", 9, 1.0)], LEAKS)
    assert again.startswith("# A page\n")
    assert again.endswith("\nAfter.\n")
    table = again.partition(BEGIN)[2].partition(END)[0].splitlines()
    assert [line.split("`")[1] for line in table if line.startswith("| `")] == [first.name, second.name]
    assert "**nothing**" in row(Judged(first, False, "no difference in 9 pairs", 9, 1.0))
