"""`python -m benchmarks.ledger`: what the ledger costs a request, a record's room, how fast a ledger is verified.

The gateway with its ledger and the same one without are loaded in turn, each first in every other round, and what
counts is the median of what the rounds differ by, for a shared machine is faster in one minute than in the next. By
connections that never rest, from which capacity and processor time are read; and by as many whose requests come by
chance, as often for both and below what either can do, from which waiting is read: at a quarter of it, where each
waits for its own record, and at a half, where it waits for others' work too. Verifying is measured on records that
those runs wrote.
"""

import asyncio
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Final

import asyncpg
import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.contestants import CONTESTANTS
from benchmarks.machine import kept_to, two_cores
from benchmarks.measuring import Case, Measure, a_bench
from gateway.audit.verifying import verify_store

CASE: Final = Case(bulk=True, children=1, connections=128)
SHARES: Final = (0.55, 0.25)  # of what the slower of the two can do, where both are asked as often
WITH, WITHOUT = "ours", "unrecorded"


def run(
    rounds: Annotated[int, typer.Option(help="How often each is loaded.", min=2)] = 12,
    seconds: Annotated[int, typer.Option(help="For how long.", min=1)] = 2,
) -> None:
    """Measure and print."""
    asyncio.run(_measured(rounds, seconds))


async def _measured(rounds: int, seconds: int) -> None:
    core, others = two_cores()
    with kept_to(others):
        async with a_bench(core, seconds, 1) as bench:
            async with (
                bench.running(CONTESTANTS[WITH], bulk=True) as recording,
                bench.running(CONTESTANTS[WITHOUT], bulk=True) as silent,
            ):
                running = {WITH: recording, WITHOUT: silent}
                busy = await bench.in_turn(running, CASE, rounds)
                slower = min(_median(measures, "per_second") for measures in busy.values())
                _told(f"{CASE.connections} connections that never rest", busy)
                for share in SHARES:
                    pause = round(CASE.connections / (share * slower) * 1000)
                    calm = await bench.in_turn(running, replace(CASE, pause=pause), rounds)
                    _told(f"{share:.0%} of that: as many, each resting {pause} ms on average", calm)
            await _room_and_speed(bench.surroundings.owner_dsn, bench.surroundings.audit_dsn)


def _median(measures: Sequence[Measure], what: str) -> float:
    return float(statistics.median(getattr(measure, what) for measure in measures))


def _told(how: str, found: Mapping[str, Sequence[Measure]]) -> None:
    print(f"{how}:")
    for what, unit in (
        ("per_second", "requests a second"),
        ("cpu", "us of processor a request"),
        ("store_cpu", "us of PostgreSQL's a request"),
        ("p50", "us until half are answered"),
        ("p99", "us until 99 of 100 are"),
    ):
        ours, without = (_median(found[name], what) for name in (WITH, WITHOUT))
        of_rounds = [
            getattr(one, what) - getattr(other, what) for one, other in zip(found[WITH], found[WITHOUT], strict=True)
        ]
        low, added, high = statistics.quantiles(of_rounds, n=4)
        print(f"  {unit}: {ours:,.0f} with, {without:,.0f} without: {added:+,.0f} ({low:+,.0f} to {high:+,.0f})")
    busy = (_median(found[name], "per_second") * _median(found[name], "cpu") / 1e6 for name in (WITH, WITHOUT))
    print("  the gateway's core is busy: {:.0%} with, {:.0%} without".format(*busy))


async def _room_and_speed(owner_dsn: str, audit_dsn: str) -> None:
    owner = await asyncpg.connect(owner_dsn)
    try:
        room = await owner.fetchval("SELECT avg(pg_column_size(l.*)) FROM ledger l WHERE octet_length(children) = 16")
    finally:
        await owner.close()
    begun = time.perf_counter()
    verdict = await verify_store(audit_dsn, Ed25519PrivateKey.generate().public_key(), (), lambda done, of_all: None)
    took = time.perf_counter() - begun
    print(f"bytes of a record of one child, without a reason: {room:,.0f}")
    print(f"records verified: {verdict.records:,} in {took:.1f} s, {verdict.records / took:,.0f} a second")


if __name__ == "__main__":
    typer.run(run)
