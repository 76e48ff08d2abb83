"""The clients: they ask for children without pause, and keep every answer that came to them whole."""

import asyncio
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import aiohttp
import msgspec

from tests.faults.processes import until

HANGS = 30.0  # seconds after which a request has been forgotten by whoever should answer it
ASKED = "query($n: [ID!]!) { children(numbers: $n) { number name { family } shield { brokerReference } } }"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, whole. Times are the loop's."""

    began: float
    ended: float
    status: int
    reference: str | None
    asked: tuple[str, ...]
    body: Mapping[str, Any]

    @property
    def discloses(self) -> bool:
        return self.status == 200


@dataclass
class Clients:
    """Concurrent clients of one gateway, each on a connection of its own, until they are told to stop."""

    url: str
    headers: Mapping[str, str]
    numbers: Sequence[str]
    count: int = 6
    answers: list[Answer] = field(default_factory=list)
    cut_short: int = 0  # requests that got no whole answer
    forgotten: int = 0  # requests that nobody ended in any way

    async def __aenter__(self) -> Self:
        self._stopping = False
        self._tasks = [asyncio.create_task(self._ask_on(first)) for first in range(self.count)]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Have everybody finish what they asked."""
        self._stopping = True
        await asyncio.gather(*self._tasks)

    async def disclosed(self, count: int, since: float = 0.0) -> None:
        """Wait for so many answers to what was asked since then."""
        await until(f"{count} answers", lambda: self._count(200, since) >= count)

    async def refused(self, count: int, since: float) -> None:
        """Wait until so many were told that nothing can be answered now."""
        await until(f"{count} refusals", lambda: self._count(503, since) >= count)

    async def _ask_on(self, first: int) -> None:
        # One child at a time, and now and then several: some protected, whose part of a record is sealed apart.
        turns = itertools.count(first * 7)
        limits = aiohttp.ClientTimeout(total=HANGS)
        async with aiohttp.ClientSession(timeout=limits, headers=self.headers) as session:
            while not self._stopping:
                turn = next(turns)
                many = 3 if turn % 5 == 0 else 1
                asked = tuple(self.numbers[(turn + step) % len(self.numbers)] for step in range(many))
                await self._ask(session, asked)

    async def _ask(self, session: aiohttp.ClientSession, asked: tuple[str, ...]) -> None:
        began = asyncio.get_running_loop().time()
        body = {"query": ASKED, "variables": {"n": asked}}
        try:
            async with session.post(f"{self.url}/graphql", json=body) as answer:
                text = await answer.read()
                ended = asyncio.get_running_loop().time()
                reference = answer.headers.get("Contactpoint-Record")
                self.answers.append(Answer(began, ended, answer.status, reference, asked, msgspec.json.decode(text)))
                if answer.status == 503:
                    await asyncio.sleep(0.02)  # no client of ours hammers at what is shut
        except TimeoutError:
            self.forgotten += 1
        except (aiohttp.ClientError, OSError):
            self.cut_short += 1
            await asyncio.sleep(0.1)

    def _count(self, status: int, since: float) -> int:
        return sum(answer.status == status and answer.began >= since for answer in self.answers)
