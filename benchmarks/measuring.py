"""One contestant at a time: started on its core, its answers compared, warmed, loaded, and its cost read."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp
import asyncpg
import msgspec

from adapters.client import JSON
from adapters.sandbox.population import SyntheticChild
from benchmarks.contestants import CONTESTANTS, PEERS, SUBGRAPHS, Contestant
from benchmarks.load import Load, WrongAnswer, asking
from benchmarks.machine import busy, resident, spent
from benchmarks.operation import PERSONA, PURPOSE
from benchmarks.people import expected, measured_children
from benchmarks.surroundings import Running, Surroundings, started, surroundings

COMPARED: Final = 50  # children whose whole answer is compared
PAUSE: Final = 0.3  # seconds for what the warm-up left under way


@dataclass(frozen=True, slots=True)
class Case:
    """How contestants are asked. `bulk` says whether agencies answer for many children in one call.

    `pause` is how many milliseconds a connection rests before each request, on average; 0: it never rests.
    """

    bulk: bool
    children: int
    connections: int
    pause: int = 0

    @property
    def title(self) -> str:
        children = "1 child" if self.children == 1 else f"{self.children} children"
        agencies = "bulk" if self.bulk else "one-child-a-call"
        connections = "1 connection" if self.connections == 1 else f"{self.connections} connections"
        return f"{children}, {agencies} agencies, {connections}"


@dataclass(frozen=True, slots=True)
class Measure:
    """What one contestant cost in one case. Times are microseconds, memory bytes."""

    contestant: str
    case: Case
    cpu: float  # of the server, for one request
    store_cpu: float  # of PostgreSQL, for one request
    per_second: float
    p50: int
    p99: int
    memory: int
    disturbed: float  # the share of the server's core that others took meanwhile


@dataclass(frozen=True, slots=True)
class Bench:
    """What all measures share. `core` is the server's."""

    surroundings: Surroundings
    load: Load
    headers: dict[str, str]
    children: Sequence[SyntheticChild]
    core: int
    seconds: int
    warm_up: int

    async def measure(
        self, names: Iterable[str], cases: Sequence[Case], begun: Callable[[str, Case], None]
    ) -> list[Measure]:
        """Every contestant in every case that is one for it. Raises `WrongAnswer` or `DidNotStart`."""
        measures = []
        for name in names:
            contestant = CONTESTANTS[name]
            for bulk in (True, False):
                asked = [case for case in cases if case.bulk is bulk and (bulk or not contestant.subgraphs)]
                if asked:
                    async with self.running(contestant, bulk=bulk) as server:
                        await self._compare(server, name)
                        for case in asked:
                            begun(name, case)
                            measures.append(await self.measured(server, name, case))
        return measures

    async def in_turn(self, servers: Mapping[str, Running], case: Case, rounds: int) -> Mapping[str, Sequence[Measure]]:
        """Contestants that run, each loaded once a round, and first in one round who is last in the next.

        A shared machine may be a third slower a minute later: what counts is what they differ by in the same round.
        """
        names = list(servers)
        found: dict[str, list[Measure]] = {name: [] for name in names}
        for nth in range(rounds):
            for name in reversed(names) if nth % 2 else names:
                found[name].append(await self.measured(servers[name], name, case))
        return found

    @asynccontextmanager
    async def running(self, contestant: Contestant, *, bulk: bool) -> AsyncIterator[Running]:
        """The contestant, answering; its subgraphs, where it has some, on our own core."""
        told = msgspec.structs.replace(self.surroundings.told, bulk=bulk)
        async with AsyncExitStack() as parts:
            if contestant.subgraphs:
                below = await parts.enter_async_context(started(SUBGRAPHS, told.environment(), folder=PEERS))
                told = msgspec.structs.replace(told, subgraphs=below.url)
            pinned = ("taskset", "--cpu-list", str(self.core), *contestant.command)
            yield await parts.enter_async_context(started(pinned, told.environment(), folder=contestant.folder))

    async def _compare(self, server: Running, name: str) -> None:
        """Raise `WrongAnswer` unless the contestant tells of each child what is to be told."""
        some = self.children[:COMPARED]
        answers = [expected(child) for child in some]
        async with aiohttp.ClientSession(headers=self.headers) as session:

            async def ask(numbers: Sequence[str], answer: Any) -> None:
                async with session.post(server.url, json=asking(numbers)) as response:
                    got = await response.json(content_type=None)
                if response.status != 200 or got != {"data": answer}:
                    raise WrongAnswer(f"`{name}` answered {response.status} {str(got)[:400]}")

            for child, answer in zip(some, answers, strict=True):
                await ask([child.number], {"child": answer})
            await ask([child.number for child in some], {"children": answers})

    async def measured(self, server: Running, name: str, case: Case) -> Measure:
        """One contestant that runs, in one case. Raises `WrongAnswer`."""
        how = {"children": case.children, "connections": case.connections, "pause": case.pause}
        try:
            await self.load.on(server.url, **how, seconds=self.warm_up, checked=True)
            await asyncio.sleep(PAUSE)
            recorded = await self._accesses()
            core_before = busy(self.core)
            server_before, store_before = spent(server.pid), spent(self.surroundings.postgres)
            report = await self.load.on(server.url, **how, seconds=self.seconds, checked=False)
            server_after, store_after = spent(server.pid), spent(self.surroundings.postgres)
            core_after = busy(self.core)
        except WrongAnswer as wrong:
            raise WrongAnswer(f"`{name}`, {case.title}: {wrong}") from None
        if CONTESTANTS[name].duties and await self._accesses() - recorded < report.requests:
            raise WrongAnswer(f"`{name}`, {case.title}: answers left that the ledger does not have")
        # When the clock stopped as many requests were under way as connections never rest: half done, on average.
        requests = report.requests + (0 if case.pause else case.connections / 2)
        return Measure(
            name,
            case,
            cpu=(server_after - server_before) / requests,
            store_cpu=(store_after - store_before) / requests,
            per_second=report.requests * 1_000_000 / report.microseconds,
            p50=report.p50,
            p99=report.p99,
            memory=resident(server.pid),
            disturbed=max(0, core_after - core_before - (server_after - server_before)) / report.microseconds,
        )

    async def _accesses(self) -> int:
        owner = await asyncpg.connect(self.surroundings.owner_dsn)
        try:
            return int(await owner.fetchval("SELECT count(*) FROM ledger"))
        finally:
            await owner.close()


@asynccontextmanager
async def a_bench(core: int, seconds: int, warm_up: int) -> AsyncIterator[Bench]:
    """One with everything that contestants find around them; `core` is theirs, and times are in seconds."""
    with tempfile.TemporaryDirectory() as folder:
        async with surroundings() as around:
            headers = {
                "Authorization": f"Bearer {around.issuer.mint(PERSONA)}",
                "Contactpoint-Purpose": PURPOSE,
                "Content-Type": JSON,
            }
            children = list(measured_children())
            load = Load.written(Path(folder), headers, children)
            yield Bench(around, load, headers, children, core, seconds, warm_up)
