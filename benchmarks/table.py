"""Measures become tables: in colour on a terminal, in Markdown for `docs/benchmarks.md`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from rich.table import Table

from benchmarks.contestants import CONTESTANTS, OURS
from benchmarks.figures import Figure
from benchmarks.measuring import Case, Measure

Row: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table: a title, a heading for each column, rows of as many words."""

    title: str
    headings: Row
    rows: Sequence[Row]

    def on_terminal(self) -> Table:
        """As rich prints it."""
        table = Table(title=self.title, title_justify="left", title_style="bold")
        for place, heading in enumerate(self.headings):
            table.add_column(heading, justify="right" if place else "left")
        for row in self.rows:
            table.add_row(*row, style="bold" if row[0] == CONTESTANTS[OURS].title else None)
        return table

    def in_markdown(self) -> str:
        """As GitHub prints it."""
        rule = ("---", *("---:" for _ in self.headings[1:]))
        lines = [" | ".join(row) for row in (self.headings, rule, *self.rows)]
        return f"### {self.title}\n\n" + "\n".join(f"| {line} |" for line in lines) + "\n"


@dataclass(frozen=True, slots=True)
class Promise:
    """What must hold of our processor time against another's, in one case."""

    case: Case
    against: str
    at_most: float


_ONE, _CASELOAD = Case(True, 1, 128), Case(True, 50, 16)
_SINGLE, _FEW_SINGLE = Case(False, 1, 128), Case(False, 1, 16)
PROMISES: Final = (
    Promise(_ONE, "mercurius", 0.40),
    Promise(_ONE, "strawberry", 0.10),
    Promise(_ONE, "hive", 0.05),
    Promise(_ONE, "twin", 1.5),
    Promise(_SINGLE, "mercurius", 0.80),
    Promise(_FEW_SINGLE, "mercurius", 0.80),
    Promise(_CASELOAD, "mercurius", 0.60),
    Promise(_CASELOAD, "strawberry", 0.08),
)


def sheets(measures: Sequence[Measure], parts: Sequence[Figure], pauses: Sequence[Figure] = ()) -> Iterator[Sheet]:
    """What was promised and whether it holds, every case, the figures of single parts, the longest pauses first."""
    promised = list(_promised(measures))
    if promised:
        yield Sheet("Ours, by processor time", ("against", "in", "at most", "is", "holds"), promised)
    for case in dict.fromkeys(measure.case for measure in measures):
        yield _case(case, [measure for measure in measures if measure.case == case])
    if parts:
        yield figured("Single parts, processor time", parts)
    if pauses:
        longest = sorted(pauses, key=lambda pause: -pause.microseconds)
        yield figured("How long one request keeps all others waiting, at most", longest)


def figured(title: str, figures: Sequence[Figure]) -> Sheet:
    """Figures, one below the other."""
    rows = [(one.what, f"{one.microseconds / 1000:.3f}", _or_nothing(one.at_most)) for one in figures]
    return Sheet(title, ("what", "ms", "at most"), rows)


def _promised(measures: Sequence[Measure]) -> Iterator[Row]:
    for promise in PROMISES:
        ours = _find(measures, promise.case, OURS)
        theirs = _find(measures, promise.case, promise.against)
        if ours and theirs:
            ratio = ours.cpu / theirs.cpu
            holds = "yes" if ratio <= promise.at_most else "no"
            title = CONTESTANTS[promise.against].title
            yield title, promise.case.title, f"{promise.at_most:.2f} x", f"{ratio:.2f} x", holds


def _case(case: Case, measures: Sequence[Measure]) -> Sheet:
    ours = _find(measures, case, OURS)
    headings = (
        ("contestant", "CPU us/request", "PostgreSQL us/request", "requests/s", "p50 ms", "p99 ms", "memory MB")
        + ("disturbed",)
        + ("ours / it",) * (ours is not None)
        + ("with PostgreSQL",) * (ours is not None)
    )
    rows = []
    for measure in measures:
        row: Row = (
            CONTESTANTS[measure.contestant].title,
            f"{measure.cpu:,.0f}",
            f"{measure.store_cpu:,.0f}",
            f"{measure.per_second:,.0f}",
            f"{measure.p50 / 1000:,.2f}",
            f"{measure.p99 / 1000:,.2f}",
            f"{measure.memory / 1_000_000:,.0f}",
            f"{measure.disturbed:.0%}",
        )
        if ours:
            both = (ours.cpu + ours.store_cpu) / (measure.cpu + measure.store_cpu)
            row += (f"{ours.cpu / measure.cpu:.2f}", f"{both:.2f}")
        rows.append(row)
    return Sheet(case.title, headings, rows)


def _find(measures: Sequence[Measure], case: Case, contestant: str) -> Measure | None:
    return next((one for one in measures if one.case == case and one.contestant == contestant), None)


def _or_nothing(microseconds: float | None) -> str:
    return "" if microseconds is None else f"{microseconds / 1000:g}"
