"""The instrument as a command: pairs of worlds without end, and the first thing about them that differs."""

import argparse
import asyncio
import itertools
import json
import sys
import time
from dataclasses import asdict, dataclass

from tests.worlds.comparing import Difference
from tests.worlds.operations import Sent
from tests.worlds.pair import Pair, a_pair
from tests.worlds.stage import a_stage
from tests.worlds.viewings import VIEWINGS, Viewing

OPERATIONS = 250  # in each pair of worlds


@dataclass
class Ran:
    """What a run came to."""

    pairs: int = 0
    differences: int = 0
    first: str = ""
    seconds: float = 0.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.worlds", description=__doc__)
    parser.add_argument("--pairs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--viewing", default="", help="only this one, such as `teacher:EDUCATION`")
    parser.add_argument("--until-difference", action="store_true")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    ran = asyncio.run(run(given.pairs, given.seed, given.viewing, until_difference=given.until_difference))
    print(
        json.dumps(asdict(ran))
        if given.json
        else f"{ran.pairs} pairs, {ran.differences} differences, {ran.seconds:.0f} s"
    )
    sys.exit(1 if ran.differences else 0)


async def run(pairs: int, seed: int, viewing: str, *, until_difference: bool) -> Ran:
    viewings = [Viewing.named(viewing)] if viewing else [v for v in VIEWINGS if v.persona.name != "partner-cms"]
    ran, began = Ran(), time.monotonic()
    async with a_stage() as stage:
        for number, viewing_ in zip(itertools.count(seed * 1_000_000), itertools.cycle(viewings)):
            if ran.pairs >= pairs:
                break
            async with a_pair(stage, viewing_, number) as pair:
                for sent in itertools.islice(pair.operations(), min(OPERATIONS, pairs - ran.pairs)):
                    difference = await pair.run(sent)
                    ran.pairs += 1
                    if difference is not None:
                        ran.differences += 1
                        print(told(pair, sent, difference), file=sys.stderr)
                        if not ran.first:
                            ran.first = f"first difference after {ran.pairs} pairs: {difference.observable}"
                            print(ran.first)
                        break
            if until_difference and ran.differences:
                break
            print(f"{time.monotonic() - began:6.0f} s {ran.pairs:7} {viewing_}", file=sys.stderr)
    ran.seconds = time.monotonic() - began
    return ran


def told(pair: Pair, sent: Sent, difference: Difference) -> str:
    """A difference whole: everything that repeats it."""
    return "\n".join(
        [
            f"--- {pair.viewing}, worlds {pair.seed}: {difference.observable} differs",
            f"operation: {sent}",
            *(f"{side}: {value}" for side, value in zip("AB", difference.excerpts(), strict=True)),
        ]
    )


if __name__ == "__main__":
    main()
