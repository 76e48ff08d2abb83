"""The long form: every fault at every step, again and again at random moments, and a table of what it came to."""

import argparse
import asyncio
import itertools
import random
import sys
import time
from collections.abc import Iterable, Sequence

import asyncpg

from tests.faults.clients import Answer
from tests.faults.evidence import look
from tests.faults.processes import NeverCame
from tests.faults.runs import Cell, Ran, run
from tests.faults.stage import Stage, a_stage
from tests.faults.steps import STEPS
from tests.faults.striking import FAULTS

LATEST_REFUSAL, LATEST_UNREADINESS = 5.5, 5.0  # seconds: the deadline and a moment; what health is given to say so
AT_RANDOM = 3  # random moments to each of the other steps
HEADINGS = (
    *("fault", *(step.name for step in STEPS), "answers in runs", "without a record"),
    *("refused", "slowest 503", "unready after", "chains verified"),
)


def main() -> None:
    """Run; the exit status is 1 where anything was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--runs", type=int, default=264)
    parser.add_argument("--seed", type=int, default=6)
    parser.add_argument("--only", default="", help="faults whose name has this in it")
    given = parser.parse_args()
    ran, found = asyncio.run(_run_all(given.runs, given.seed, given.only))
    print("\n".join(table(ran)))
    print("\n".join(found), file=sys.stderr)
    sys.exit(1 if found else 0)


async def _run_all(runs: int, seed: int, only: str) -> tuple[list[Ran], list[str]]:
    """What was run, and all that was found; where one comes to no end, they end."""
    chance = random.Random(seed)  # noqa: S311 - the same moments for the same seed
    ran: list[Ran] = []
    found: list[str] = []
    answers: list[Answer] = []
    began = time.monotonic()
    async with a_stage() as stage:
        for number, (fault, step) in enumerate(itertools.islice(_cells(stage, only), runs), start=1):
            where = f"{fault.name}, {step.name}"
            try:
                one, told = await run(stage, fault, step, chance)
            except (NeverCame, asyncpg.PostgresError, OSError, TimeoutError) as error:
                return ran, [*found, f"{where}: it came to no end: {type(error).__name__} {error}"]
            ran.append(one)
            answers += told
            wrong = [f"{where}: {words}" for words in (*one.unrecorded, *one.wrong, *too_late(one))]
            found += wrong
            print(
                f"{time.monotonic() - began:6.0f} s {number:4}  {where}: {'wrong' if wrong else 'good'}",
                file=sys.stderr,
            )
        last = await look(stage, answers, ())  # nothing of the earlier runs was lost in the later ones
        found += [f"at the end: {words}" for words in (*last.unrecorded, *last.findings)]
    return ran, found


def _cells(stage: Stage, only: str) -> Iterable[Cell]:
    """Every fault at every step, over and over; random moments more often than others."""
    faults = [fault for fault in FAULTS if only in fault.name and (stage.disk or not fault.needs_disk)]
    if not stage.disk:
        print(f"no run with a disk: {stage.no_disk}", file=sys.stderr)
    cells = [(fault, step) for step in (*STEPS[:1] * AT_RANDOM, *STEPS[1:]) for fault in faults]
    return itertools.cycle(cells)


def too_late(one: Ran) -> list[str]:
    """What came, and not in its time."""
    late = []
    if (one.slowest_refusal or 0) > LATEST_REFUSAL:
        late.append(f"a refusal after {one.slowest_refusal:.1f} s")
    if (one.unready_after or 0) > LATEST_UNREADINESS:
        late.append(f"unready after {one.unready_after:.1f} s")
    return late


def table(ran: Sequence[Ran]) -> list[str]:
    """The lines of the table: a fault to a line, a step to a column, and all together in the last of each."""
    lines = [_line(HEADINGS), _line(["---"] + ["---:"] * (len(HEADINGS) - 1))]
    for fault in FAULTS:
        of_fault = [one for one in ran if one.fault is fault]
        if of_fault:
            lines.append(_line([fault.name, *_cells_of(of_fault)]))
    return [*lines, _line(["all", *_cells_of(ran)])]


def _cells_of(ran: Sequence[Ran]) -> list[str]:
    by_step = [[one for one in ran if one.step is step] for step in STEPS]
    return [
        *(f"{_disclosed(of_step):,} in {len(of_step)}" for of_step in by_step),
        f"{_disclosed(ran):,} in {len(ran)}",
        str(sum(len(one.unrecorded) for one in ran)),
        f"{sum(one.refused for one in ran):,}",
        _longest(one.slowest_refusal for one in ran),
        _longest(one.unready_after for one in ran),
        f"{sum(one.chains for one in ran if one.good):,} of {sum(one.chains for one in ran):,}",
    ]


def _disclosed(ran: Sequence[Ran]) -> int:
    return sum(one.disclosed for one in ran)


def _longest(seconds: Iterable[float | None]) -> str:
    known = [each for each in seconds if each is not None]
    return f"{max(known):.1f} s" if known else ""


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
