"""`python -m benchmarks.in_turn`: the ratios that are promised, each measured round against round.

`make bench` loads one contestant after the other, and a shared machine may be a third slower by then. Here all of a
case run side by side, each is loaded for seconds in turn, and what counts is the median of the rounds' ratios. Hive
Gateway is left out: of 128 connections it answers none within the seconds of a round.
"""

import asyncio
import statistics
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Annotated

import typer

from benchmarks.contestants import CONTESTANTS, OURS
from benchmarks.machine import kept_to, two_cores
from benchmarks.measuring import Bench, Case, a_bench
from benchmarks.table import PROMISES


def run(
    rounds: Annotated[int, typer.Option(help="How often each is loaded.", min=2)] = 6,
    seconds: Annotated[int, typer.Option(help="For how long.", min=1)] = 2,
) -> None:
    """Measure and print."""
    asyncio.run(_measured(rounds, seconds))


async def _measured(rounds: int, seconds: int) -> None:
    core, others = two_cores()
    with kept_to(others):
        async with a_bench(core, seconds, 1) as bench:
            for case in dict.fromkeys(promise.case for promise in PROMISES):
                await _told(bench, case, _asked(case), rounds)


def _asked(case: Case) -> Mapping[str, float | None]:
    """What is promised against whom in this case; the twin, with the same duties, is the measure of every one."""
    promised = {promise.against: promise.at_most for promise in PROMISES if promise.case == case}
    return {"twin": None} | {name: at_most for name, at_most in promised.items() if not CONTESTANTS[name].subgraphs}


async def _told(bench: Bench, case: Case, asked: Mapping[str, float | None], rounds: int) -> None:
    async with AsyncExitStack() as running:
        servers = {
            name: await running.enter_async_context(bench.running(CONTESTANTS[name], bulk=case.bulk))
            for name in (OURS, *asked)
        }
        measures = await bench.in_turn(servers, case, rounds)
    found = {name: [measure.cpu for measure in of_one] for name, of_one in measures.items()}
    print(f"{case.title}:")
    for name, at_most in asked.items():
        ratios = [ours / other for ours, other in zip(found[OURS], found[name], strict=True)]
        low, middle, high = statistics.quantiles(ratios, n=4)
        bar = "" if at_most is None else f", at most {at_most:.2f}"
        print(
            f"  {statistics.median(found[OURS]):,.0f} us, {name} {statistics.median(found[name]):,.0f}:"
            f" {middle:.2f} x ({low:.2f} to {high:.2f}){bar}"
        )


if __name__ == "__main__":
    typer.run(run)
