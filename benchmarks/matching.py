"""`python -m benchmarks.matching`: how often a record is known for whose it is, in a million of them with slips.

The real `decide` over the store's blocks in memory; the records and their truth are the sandbox's (`slips.py`).
"""

import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from adapters.identity import Decided, Decision
from adapters.sandbox.slips import KeysSaid, LabelledUpdate, Newcomer, Slip, update_at
from benchmarks.matching_blocks import Blocks, candidate
from benchmarks.table import Sheet
from gateway.feeds.matching import decide, plainly_known

PAGE: Final = Path(__file__).parent.parent / "docs" / "matching.md"
MEASURED: Final = "<!-- measured: everything below is written by `python -m benchmarks.matching --write` -->\n"
PORTION: Final = 10_000
HEADINGS: Final = ("records", "count", "rightly updated", "wrongly updated", "created", "quarantined")
RIGHT, WRONG, CREATED, ASIDE = "right", "wrong", "created", "aside"

out = Console()


@dataclass(frozen=True, slots=True)
class Judged:
    """One record, and whether what was decided of it is the truth."""

    update: LabelledUpdate
    decision: Decision

    @property
    def came_to(self) -> str:
        if self.decision.decided is Decided.QUARANTINE:
            return ASIDE
        if self.decision.decided is Decided.CREATE:
            return CREATED
        return RIGHT if self.decision.child_id == self.update.truth else WRONG

    @property
    def unshielded_double(self) -> bool:
        """A protected child's record came to stand open: as a new child, or written into an open one."""
        if not self.update.protected:
            return False
        given_to = self.decision.child_id
        return self.came_to == CREATED or (
            self.came_to == WRONG and given_to is not None and not candidate(given_to).protected
        )


def judged(blocks: Blocks, update: LabelledUpdate) -> Judged:
    """As the loader does it: only what a key leaves nothing to doubt of is not looked for by likeness."""
    entry = update.entry
    by_key = [candidate(index) for index in blocks.by_key(entry)]
    plainly = plainly_known(entry, by_key[0]) if len(by_key) == 1 else None
    if plainly is not None:
        return Judged(update, plainly)
    found = blocks.by_likeness(entry)
    candidates = {one.child_id: one for one in (*by_key, *map(candidate, found.indexes))}
    return Judged(update, decide(entry, candidates.values(), crowded=found.crowded))


def rows_of(judged: Judged) -> Iterator[str]:
    """The rows of the table that a record counts in."""
    update = judged.update
    yield "all"
    if update.truth is None:
        assert update.newcomer is not None
        yield f"new: {_NEWCOMERS[update.newcomer]}"
        return
    yield "of children we know"
    if update.protected:
        yield "of protected children"
    if not update.slips:
        yield f"no slip, {_SAID[update.said]}"
    for slip in update.slips:
        yield f"{_SLIPS[slip]}"
    if len(update.slips) > 1:
        yield "two slips or more"


_SAID: Final = {KeysSaid.ALL: "all keys", KeysSaid.ONE: "one key", KeysSaid.NONE: "no key"}
_SLIPS: Final = {
    Slip.MISSPELT: "a name misspelt",
    Slip.EXCHANGED: "names exchanged",
    Slip.RENAMED: "another surname",
    Slip.DATE_SWAPPED: "day and month swapped",
    Slip.DATE_DIGIT: "a digit of the date wrong",
    Slip.KEYS_LOST: "keys lost",
    Slip.KEY_OF_ANOTHER: "another child's key",
    Slip.MOVED: "moved house",
}
_NEWCOMERS: Final = {
    Newcomer.STRANGER: "strangers",
    Newcomer.SIBLING: "siblings",
    Newcomer.TWIN: "twins",
    Newcomer.NAMESAKE: "namesakes born the same day",
}
ROWS: Final = (
    "all",
    "of children we know",
    "of protected children",
    *(f"no slip, {said}" for said in _SAID.values()),
    *_SLIPS.values(),
    "two slips or more",
    *(f"new: {newcomer}" for newcomer in _NEWCOMERS.values()),
)

_blocks: Blocks  # inherited by the workers, which are forks


def _tally(start: int, stop: int) -> Counter[tuple[str, str]]:
    return tally(_blocks, start, stop)


def tally(blocks: Blocks, start: int, stop: int) -> Counter[tuple[str, str]]:
    """How many records of each row came to what; and, as rows of their own, why they were put aside, and the leaks."""
    counts: Counter[tuple[str, str]] = Counter()
    for place in range(start, stop):
        result = judged(blocks, update_at(place, blocks.children))
        for row in rows_of(result):
            counts[row, result.came_to] += 1
        if result.decision.outcome is not None:
            counts["outcome", result.decision.outcome.value] += 1
        counts["leaks", ""] += result.unshielded_double
        counts["doubles", ""] += result.came_to == CREATED and result.update.truth is not None
    return counts


def measure(updates: int, children: int) -> Counter[tuple[str, str]]:
    """Decide on so many records against so many children, on all cores."""
    global _blocks
    with ProcessPoolExecutor(os.cpu_count(), get_context("fork")) as pool:
        _blocks = Blocks(children, pool.map)
    counts: Counter[tuple[str, str]] = Counter()
    starts = range(0, updates, PORTION)
    with ProcessPoolExecutor(os.cpu_count(), get_context("fork")) as pool:
        for part in pool.map(_tally, starts, (min(start + PORTION, updates) for start in starts)):
            counts.update(part)
    return counts


def sheets(counts: Counter[tuple[str, str]]) -> Iterable[Sheet]:
    """What was promised beside what was measured; then kind by kind; then why records wait."""
    known, everybody = "of children we know", sum(counts["all", what] for what in (RIGHT, WRONG, CREATED, ASIDE))
    right, wrong = counts["all", RIGHT], counts["all", WRONG]
    of_known = sum(counts[known, what] for what in (RIGHT, WRONG, CREATED, ASIDE))
    yield Sheet(
        "In all",
        ("figure", "measured", "promised"),
        (
            ("precision of sure matches", f"{right / (right + wrong):.5f}", "≥ 0.999"),
            ("recall", f"{right / of_known:.4f}", "≥ 0.95"),
            ("quarantined, of all records", f"{counts['all', ASIDE] / everybody:.2%}", "≤ 2 %"),
            ("protected children's records that came to stand open", str(counts["leaks", ""]), "0"),
            ("open children that were made twice", f"{counts['doubles', ''] / everybody:.4%}", "-"),
        ),
    )
    rows = []
    for row in ROWS:
        total = sum(counts[row, what] for what in (RIGHT, WRONG, CREATED, ASIDE))
        shares = (f"{counts[row, what] / total:.3%}" if total else "-" for what in (RIGHT, WRONG, CREATED, ASIDE))
        rows.append((row, f"{total:,}", *shares))
    yield Sheet("Kind by kind", HEADINGS, rows)
    reasons = Counter({what: number for (row, what), number in counts.items() if row == "outcome"})
    yield Sheet("Why records wait", ("outcome", "records"), [(what, f"{n:,}") for what, n in reasons.most_common()])


def run(
    updates: Annotated[int, typer.Option(help="How many records.", min=1)] = 1_000_000,
    children: Annotated[int, typer.Option(help="How many children the store holds; thousands, even.")] = 1_000_000,
    write: Annotated[bool, typer.Option(help=f"Write the tables into `docs/{PAGE.name}`.")] = False,
) -> None:
    """Measure, print, and write the tables where asked."""
    began = time.monotonic()
    tables = list(sheets(measure(updates, children)))
    for sheet in tables:
        out.print(sheet.on_terminal())
    out.print(f"{time.monotonic() - began:.0f} s")
    if write:
        said = f"{updates:,} records against {children:,} children, {datetime.now(UTC):%-d %B %Y}.\n"
        kept, _, _ = PAGE.read_text().partition(MEASURED)
        PAGE.write_text("\n".join((kept + MEASURED, said, *(sheet.in_markdown() for sheet in tables))))


if __name__ == "__main__":
    typer.run(run)
