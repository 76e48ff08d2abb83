"""`python -m benchmarks.in_turn`: the ratios that are asked for, each measured round against round.

`make bench` loads one contestant after the other, and a shared machine may be a third slower by then. Here all of a
case run side by side, each is loaded for seconds in turn, and what counts is the median of the rounds' ratios. Hive
Gateway is left out: of 128 connections it answers none within the seconds of a round.
"""

import asyncio
import statistics
import tempfile
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated, Final

import typer

from adapters.client import JSON
from benchmarks.contestants import CONTESTANTS
from benchmarks.load import Load
from benchmarks.machine import kept_to, two_cores
from benchmarks.measuring import Bench, Case
from benchmarks.operation import PERSONA, PURPOSE
from benchmarks.people import measured_children
from benchmarks.surroundings import surroundings

OURS: Final = "ours"
ASKED: Final[Mapping[Case, Mapping[str, float | None]]] = {
    Case(bulk=True, children=1, connections=128): {"twin": 1.5, "mercurius": 0.40, "strawberry": 0.10},
    Case(bulk=False, children=1, connections=128): {"twin": None, "mercurius": 0.80},
    Case(bulk=True, children=50, connections=16): {"twin": None, "mercurius": 0.60, "strawberry": 0.08},
}


def run(
    rounds: Annotated[int, typer.Option(help="How often each is loaded.", min=2)] = 6,
    seconds: Annotated[int, typer.Option(help="For how long.", min=1)] = 2,
) -> None:
    """Measure and print."""
    asyncio.run(_measured(rounds, seconds))


async def _measured(rounds: int, seconds: int) -> None:
    core, others = two_cores()
    with kept_to(others), tempfile.TemporaryDirectory() as folder:
        async with surroundings() as around:
            headers = {
                "Authorization": f"Bearer {around.issuer.mint(PERSONA)}",
                "Contactpoint-Purpose": PURPOSE,
                "Content-Type": JSON,
            }
            children = list(measured_children())
            bench = Bench(around, Load.written(Path(folder), headers, children), headers, children, core, seconds, 1)
            for case, asked in ASKED.items():
                await _told(bench, case, asked, rounds)


async def _told(bench: Bench, case: Case, asked: Mapping[str, float | None], rounds: int) -> None:
    found: dict[str, list[float]] = {name: [] for name in (OURS, *asked)}
    async with AsyncExitStack() as running:
        servers = {
            name: await running.enter_async_context(bench.running(CONTESTANTS[name], bulk=case.bulk)) for name in found
        }
        for _ in range(rounds):
            for name, server in servers.items():
                found[name].append((await bench.measured(server, name, case)).cpu)
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
