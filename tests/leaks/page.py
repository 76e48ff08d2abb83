"""The table of seeded leaks in docs/non-interference.md: which check sees each of them, and after how many pairs."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from tests.leaks.judging import Judged
from tests.leaks.seeded import ROOT, Leak

PAGE: Final = ROOT / "docs" / "non-interference.md"
BEGIN, END = "<!-- seeded leaks: begin -->", "<!-- seeded leaks: end -->"
HEADING: Final = "## Seeded leaks"
COLUMNS: Final = ("leak", "in", "gives away", "seen by", "after")


def row(judged: Judged) -> str:
    """One leak's line."""
    leak = judged.leak
    where = ", ".join(f"`{file}`" for file in leak.files)
    if not judged.killed:
        seen, after = "**nothing**", judged.saw
    elif judged.pairs is None:
        seen, after = f"`{judged.saw}`", "its own test"
    else:
        seen, after = f"{leak.seen_by}: {judged.saw}", f"{judged.pairs:,} pair{'' if judged.pairs == 1 else 's'}"
    return _line((f"`{leak.name}`", where, leak.gives_away, seen, after))


def rewritten(text: str, judged: Iterable[Judged], leaks: Sequence[Leak]) -> str:
    """The page with these lines in its table, those of other leaks as they were, and none of leaks that are no more."""
    before, found, rest = text.partition(BEGIN)
    if not found:
        before, rest = f"{text.rstrip()}\n\n{HEADING}\n\n", f"{END}\n"
    table, _, after = rest.partition(END)
    rows = _rows(table) | {one.leak.name: row(one) for one in judged}
    kept = [rows[leak.name] for leak in leaks if leak.name in rows]
    lines = (BEGIN, "", _line(COLUMNS), _line("---" for _ in COLUMNS), *kept, "", END)
    return before + "\n".join(lines) + after


def write(judged: Iterable[Judged], leaks: Sequence[Leak], page: Path = PAGE) -> None:
    """Put what was found into the page."""
    text = page.read_text(encoding="utf-8") if page.exists() else "# Non-interference\n"
    page.write_text(rewritten(text, judged, leaks), encoding="utf-8")


def _rows(table: str) -> dict[str, str]:
    """Lines by the leak they are of."""
    return {line.split("`")[1]: line for line in table.splitlines() if line.startswith("| `")}


def _line(cells: Iterable[str]) -> str:
    escaped = [cell.replace("|", "\\|") for cell in cells]
    return f"| {' | '.join(escaped)} |"
