"""A run: pairs of worlds before one viewing after another, and operations in each, until enough have been compared."""

import asyncio
import itertools
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from tests.worlds.canaries import Canaries, server_log
from tests.worlds.comparing import Difference
from tests.worlds.coverage import Coverage
from tests.worlds.operations import Sent
from tests.worlds.pair import Pair, a_pair
from tests.worlds.stage import Stage, a_stage
from tests.worlds.viewings import VIEWINGS, Viewing

EACH: Final = 250  # operations in one pair of worlds, unless told otherwise


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to run: so many pairs, from the worlds of this number on in these steps."""

    pairs: int
    first: int = 0
    step: int = 1
    each: int = EACH
    viewings: Sequence[Viewing] = VIEWINGS
    until_difference: bool = False
    written: int = 60  # documents that hypothesis-graphql writes for each schema, some 15 ms each
    aims: bool = True  # at what of the schema nobody has asked yet, with operations beyond `each`


def run_alone(wanted: Wanted) -> "Ran":
    """Run it on a stage of its own, as a process does that has nothing else to do."""

    async def on_a_stage() -> Ran:
        async with a_stage() as stage:
            return await run(stage, wanted, partial(print, file=sys.stderr, flush=True))

    return asyncio.run(on_a_stage())


@dataclass
class Ran:
    """What a run came to; `first` says where the first difference was and what differed."""

    pairs: int = 0
    differences: int = 0
    first: str = ""
    coverage: Coverage = field(default_factory=Coverage)
    told: list[str] = field(default_factory=list)

    def differs(self, pair: Pair, sent: Sent | None, difference: Difference) -> None:
        self.differences += 1
        self.told.append(told(pair, sent, difference))
        self.first = self.first or f"first difference after {self.pairs} pairs: {difference.observable}"


async def run(stage: Stage, wanted: Wanted, say: Callable[[str], None] = lambda _: None) -> Ran:
    """Run it. A pair of worlds that has differed is left at once, for whatever follows may follow from that."""
    ran, began = Ran(coverage=Coverage(texts=stage.published)), time.monotonic()
    hidden: set[str] = set()
    told_before = 0
    for number in itertools.count(wanted.first, wanted.step):
        if ran.pairs >= wanted.pairs or (ran.differences and wanted.until_difference):
            break
        viewing = wanted.viewings[number // wanted.step % len(wanted.viewings)]
        async with a_pair(stage, viewing, number, ran.coverage) as pair:
            await _run_in(pair, ran, wanted)
            hidden |= pair.canaries.hidden
        for words in ran.told[told_before:]:
            say(words)
        told_before = len(ran.told)
        say(f"{time.monotonic() - began:6.0f} s {ran.pairs:7}  {viewing}, worlds {number}")
    if found := Canaries(hidden).found(server_log(stage.cluster.log_folder)):
        ran.differences += 1
        ran.told.append(f"--- `{found}` is in the database server's log")
    return ran


async def _run_in(pair: Pair, ran: Ran, wanted: Wanted) -> None:
    most = min(wanted.each, wanted.pairs - ran.pairs)
    aimed = pair.aimed() if wanted.aims else ()
    for sent in itertools.chain(itertools.islice(pair.operations(wanted.written), most), aimed):
        difference = await pair.run(sent)
        ran.pairs += 1
        if difference is not None:
            ran.differs(pair, sent, difference)
            return
    for last in (await pair.done(), await pair.left_behind()):
        if last is not None:
            ran.differs(pair, None, last)


def told(pair: Pair, sent: Sent | None, difference: Difference) -> str:
    """A difference whole: everything that repeats it, and what was varied."""
    secrets = {index: names for index, names in pair.secrets().items() if names}
    return "\n".join(
        [
            f"--- {pair.viewing}, worlds {pair.seed}: {difference.observable} differs",
            f"repeat: python -m tests.worlds --viewing {pair.viewing} --worlds {pair.seed} --until-difference",
            f"varied: {secrets}",
            f"operation: {sent}",
            *(f"{side}: {value}" for side, value in zip("AB", difference.excerpts(), strict=True)),
        ]
    )
