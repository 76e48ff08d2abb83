"""The instrument as a command: pairs run, differences, what of the schema was asked, and how long it took."""

import argparse
import asyncio
import json
import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from tests.worlds.against import Unreadable, run_against, told_in
from tests.worlds.runs import EACH, Ran, Wanted, run_alone
from tests.worlds.viewings import VIEWINGS, Viewing

APART = 1_000_000  # worlds between one seed and the next


def main() -> None:
    """Exit 1 where anything differs."""
    given = _given()
    if given.against:
        _against(given)
    wanted = Wanted(
        pairs=given.pairs,
        first=given.seed * APART if given.worlds is None else given.worlds,
        each=given.each,
        viewings=[Viewing.named(given.viewing)] if given.viewing else VIEWINGS,
        until_difference=given.until_difference,
    )
    began = time.monotonic()
    ran = _together(wanted, given.processes) if given.processes > 1 else run_alone(wanted)
    _report(ran, time.monotonic() - began, as_json=given.json)
    sys.exit(1 if ran.differences else 0)


def _given() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.worlds", description=__doc__)
    parser.add_argument("--pairs", type=int, default=10_000, help="operations, each run in both worlds")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--worlds", type=int, help="begin with this pair of worlds, as a difference names it")
    parser.add_argument("--viewing", default="", help="only this one, such as `teacher:EDUCATION`")
    parser.add_argument("--each", type=int, default=EACH, help="operations in one pair of worlds")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--until-difference", action="store_true")
    parser.add_argument("--against", nargs=2, metavar="URL", help="two deployed gateways, instead of worlds made here")
    parser.add_argument("--told", type=Path, metavar="FILE", help="who looks at them, and which children there are")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _against(given: argparse.Namespace) -> NoReturn:
    """Exit 2 where it could not run."""
    began = time.monotonic()
    try:
        told = told_in(given.told or Path())
        ran, differences = asyncio.run(run_against(tuple(given.against), told, given.pairs, given.seed))
    except (Unreadable, OSError, TimeoutError) as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    for words in differences:
        print(words, file=sys.stderr)
    seconds = round(time.monotonic() - began, 1)
    if given.json:
        print(json.dumps({"pairs": ran, "differences": len(differences), "seconds": seconds}))
    else:
        print(f"{ran} pairs, {len(differences)} differences, {seconds:.0f} s")
    sys.exit(1 if differences else 0)


def _together(wanted: Wanted, processes: int) -> Ran:
    """Each process takes every so-manieth pair of worlds, on a stage of its own."""
    shares = [
        replace(wanted, pairs=-(-wanted.pairs // processes), first=wanted.first + place, step=processes)
        for place in range(processes)
    ]
    context = multiprocessing.get_context("spawn")
    together = Ran()
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        for ran in pool.map(run_alone, shares):
            together.pairs += ran.pairs
            together.differences += ran.differences
            together.first = together.first or ran.first
            together.told += ran.told
            together.coverage.add(ran.coverage)
    return together


def _report(ran: Ran, seconds: float, *, as_json: bool) -> None:
    if ran.first:
        print(ran.first)
    missing = ran.coverage.missing()
    if as_json:
        told = {
            "pairs": ran.pairs,
            "differences": ran.differences,
            "coverage": ran.coverage.share(),
            "missing": [" ".join(map(str, cell)) for cell in missing],
            "seconds": round(seconds, 1),
        }
        print(json.dumps(told))
        return
    print("\n".join(ran.coverage.table()))
    print(
        f"{ran.pairs} pairs, {ran.differences} differences, {ran.coverage.share():.1%} of the schema by role and tier, "
        f"{seconds:.0f} s"
    )


if __name__ == "__main__":
    main()
