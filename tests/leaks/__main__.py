"""Makes every mistake there is, one at a time, each in a copy of this tree, and looks whether its check sees it."""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.leaks import page
from tests.leaks.copies import copied, runs_itself
from tests.leaks.judging import CouldNotRun, Judge, Judged, fail_without
from tests.leaks.seeded import LEAKS, BadLeak, Leak


def main() -> None:
    """Run. The exit status is 1 where a leak was seen by nothing, 2 where that could not be found out."""
    parser = argparse.ArgumentParser(prog="python -m tests.leaks", description=__doc__)
    parser.add_argument(
        "--only", nargs="+", default=[""], help="leaks whose name, area or check has one of these in it"
    )
    parser.add_argument("--pairs", type=int, default=20_000, help="the most pairs of worlds for each")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--at-once", type=int, default=2, help="copies that are looked at at a time")
    parser.add_argument("--without-control", action="store_true", help="do not look at the tree as it is, first")
    parser.add_argument("--write", action="store_true", help=f"put what is found into {page.PAGE.name}")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    leaks = [one for one in LEAKS if any(word in f"{one.name} {one.area} {one.seen_by}" for word in given.only)]
    judge = Judge(given.pairs, given.seed)
    began = time.monotonic()
    try:
        if not given.without_control:
            _control(leaks)
        judged, lost = _judged(leaks, judge, given.at_once)
        if not given.without_control:
            doubted = _doubted(judged, judge, given.at_once)
            judged, lost = [one for one in judged if one.leak.name not in doubted], [*lost, *doubted]
    except CouldNotRun as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    if given.write:
        page.write(judged, LEAKS)
    seconds = round(time.monotonic() - began)
    survivors = [one.leak.name for one in judged if not one.killed]
    if given.json:
        told = [
            {"leak": one.leak.name, "killed": one.killed, "saw": one.saw, "pairs": one.pairs, "seconds": one.seconds}
            for one in judged
        ]
        print(json.dumps({"leaks": told, "survivors": survivors, "could not run": lost, "seconds": seconds}))
    else:
        print(f"{len(judged) - len(survivors)} of {len(leaks)} seen, in {seconds} s")
        print(
            "\n".join([*(f"seen by nothing: {name}" for name in survivors), *(f"no word of: {name}" for name in lost)])
        )
    sys.exit(2 if lost else 1 if survivors else 0)


def _control(leaks: Sequence[Leak]) -> None:
    """Raise CouldNotRun where a copy would not run its own code, or a test fails in the tree as it is."""
    with copied() as root:
        if not runs_itself(root):
            raise CouldNotRun("a copy of the tree runs the code of another: nothing found there would mean anything")
    tests = list(dict.fromkeys(leak.seen_by for leak in leaks if not leak.in_worlds))
    failed = fail_without(tests) if tests else None
    if failed:
        raise CouldNotRun(f"without any mistake, `{failed}` fails")


def _doubted(judged: Sequence[Judged], judge: Judge, at_once: int) -> list[str]:
    """Leaks of which worlds were no proof: there, something differs without any mistake, and no later."""
    furthest: dict[str, int] = {}
    for one in judged:
        if one.killed and one.pairs is not None:
            furthest[one.leak.viewing] = max(one.pairs, furthest.get(one.leak.viewing, 0))
    with ThreadPoolExecutor(at_once) as several:
        found = dict(zip(furthest, several.map(judge.differs_without, furthest, furthest.values()), strict=True))
    for viewing, after in found.items():
        if after is not None:
            print(f"without any mistake, {viewing or 'worlds'} differ after {after} pairs", file=sys.stderr)
    return [
        one.leak.name
        for one in judged
        if one.killed and one.pairs is not None and one.pairs >= (found[one.leak.viewing] or one.pairs + 1)
    ]


def _judged(leaks: Sequence[Leak], judge: Judge, at_once: int) -> tuple[list[Judged], list[str]]:
    """What became of each, in their order; and the names of those of which nothing could be found out."""
    judged, lost = list[Judged](), list[str]()
    with ThreadPoolExecutor(at_once) as several:
        for leak, future in [(leak, several.submit(judge.look, leak)) for leak in leaks]:
            try:
                one = future.result()
            except (CouldNotRun, BadLeak) as error:
                lost.append(leak.name)
                print(f"{leak.name}: {error}", file=sys.stderr)
                continue
            judged.append(one)
            after = "" if one.pairs is None else f", {one.pairs:,} pairs"
            print(
                f"{one.seconds:5.0f} s {'seen' if one.killed else 'NOT SEEN'}  {leak.name}: {one.saw}{after}",
                file=sys.stderr,
            )
    return judged, lost


if __name__ == "__main__":
    main()
