"""ODS is asked about a practice once at a time, however many fetches of whomever want to know of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
import pytest
from aiohttp import web
from stdnum.gb import nhs

from adapters.agency import AgencyTimeout, Answer, Failed, Found
from adapters.client import AgencyClient
from adapters.practice_pds import PdsPractices
from adapters.records import NhsNumber, PracticeRecord
from tests.adapters.bodies import Body, a_patient, an_organization
from tests.adapters.loopback import NOW, key_for_anything, served, soon

CHILDREN = [NhsNumber(text) for text in map(str, range(9990000000, 9990001000)) if nhs.is_valid(text)][:50]

Asking = asyncio.Task[Answer[PracticeRecord]]


@dataclass
class OnePractice:
    """A PDS whose patients are all registered at one practice, and an ODS that answers about it when a test says so."""

    calls: int = 0
    answers: asyncio.Event = field(default_factory=asyncio.Event)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    given_up: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))

    async def pds(self, request: web.Request) -> web.Response:
        return _fhir(a_patient(request.match_info["number"]))

    async def ods(self, request: web.Request) -> web.Response:
        self.calls += 1
        self.asked.set()
        try:
            await self.answers.wait()
        except asyncio.CancelledError:
            self.given_up.set()
            raise
        return _fhir(an_organization())

    def clock(self) -> datetime:
        """Told the time, the adapter waits for ODS in the same turn of the loop: one more is waiting."""
        self.waiting.release()
        return NOW

    async def wanted_by(self, many: int) -> None:
        """Wait until so many more wait for ODS."""
        for _ in range(many):
            await self.waiting.acquire()


def _fhir(body: Body) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), content_type="application/fhir+json")


@dataclass
class Fetches:
    """Fetches of one child each, side by side through one adapter."""

    practice: OnePractice
    practices: PdsPractices

    def begin(self, child: NhsNumber, deadline: float) -> Asking:
        return asyncio.create_task(self._one(child, deadline))

    async def _one(self, child: NhsNumber, deadline: float) -> Answer[PracticeRecord]:
        return (await self.practices.fetch([child], deadline))[child]


@asynccontextmanager
async def one_practice() -> AsyncIterator[Fetches]:
    practice = OnePractice()
    server = web.Application()
    server.router.add_get("/Patient/{number}", practice.pds)
    server.router.add_get("/Organization/A81001", practice.ods)
    async with served(server) as url, AgencyClient(read_timeout=60) as client:
        key = key_for_anything()
        yield Fetches(
            practice,
            PdsPractices(client, pds_url=url, pds_credential=key, ods_url=url, ods_key="key", clock=practice.clock),
        )


@pytest.fixture
async def fetches() -> AsyncIterator[Fetches]:
    async with one_practice() as running:
        yield running


def is_late(answer: Answer[PracticeRecord]) -> bool:
    return isinstance(answer, Failed) and isinstance(answer.failure, AgencyTimeout)


async def test_children_of_one_practice_share_a_call(fetches: Fetches) -> None:
    """Fifty fetches of one child each: while ODS is being asked nobody asks it again, and all are answered."""
    asking = [fetches.begin(child, soon()) for child in CHILDREN]
    await fetches.practice.wanted_by(len(CHILDREN))
    fetches.practice.answers.set()
    answers = await asyncio.gather(*asking)
    assert {answer.record.name for answer in answers if isinstance(answer, Found)} == {"THE SURGERY"}
    assert sum(isinstance(answer, Found) for answer in answers) == len(CHILDREN)
    assert fetches.practice.calls == 1


async def test_an_answer_is_not_remembered(fetches: Fetches) -> None:
    """Law 10: whoever asks when nobody else does asks ODS."""
    fetches.practice.answers.set()
    for child in CHILDREN[:2]:
        assert isinstance(await fetches.begin(child, soon()), Found)
    assert fetches.practice.calls == 2


@pytest.mark.parametrize("leaves", [0, 1], ids=["first", "second"])
async def test_whoever_leaves_takes_nobody_along(fetches: Fetches, leaves: int) -> None:
    """Not even the one whose call it was."""
    asking = [fetches.begin(CHILDREN[0], soon())]
    await fetches.practice.wanted_by(1)
    asking.append(fetches.begin(CHILDREN[1], soon()))
    await fetches.practice.wanted_by(1)
    gone = asking.pop(leaves)
    gone.cancel()
    await asyncio.wait([gone])
    fetches.practice.answers.set()
    assert isinstance(await asking[0], Found)
    assert gone.cancelled()
    assert fetches.practice.calls == 1


async def test_a_call_nobody_waits_for_is_ended(fetches: Fetches) -> None:
    """When the last has left ODS is let go of, and whoever comes next does not inherit the ending."""
    asking = [fetches.begin(child, soon(60)) for child in CHILDREN[:2]]
    await fetches.practice.wanted_by(2)
    await fetches.practice.asked.wait()
    for one in asking:
        one.cancel()
    await asyncio.wait(asking)
    async with asyncio.timeout_at(soon()):
        await fetches.practice.given_up.wait()
    fetches.practice.answers.set()
    assert isinstance(await fetches.begin(CHILDREN[0], soon()), Found)
    assert fetches.practice.calls == 2


async def test_who_has_longer_asks_again(fetches: Fetches) -> None:
    """A call made in haste fails whoever was hasty; those who joined it and have time left share another."""
    hasty = fetches.begin(CHILDREN[0], soon(0.3))
    await fetches.practice.wanted_by(1)
    patient = [fetches.begin(child, soon()) for child in CHILDREN[1:4]]
    assert is_late(await hasty)
    fetches.practice.answers.set()
    assert all(isinstance(answer, Found) for answer in await asyncio.gather(*patient))
    assert fetches.practice.calls == 2


async def test_who_has_less_time_leaves_first(fetches: Fetches) -> None:
    """Who joins a call that may last longer is answered by their own deadline, and the call goes on."""
    patient = fetches.begin(CHILDREN[0], soon())
    await fetches.practice.wanted_by(1)
    assert is_late(await fetches.begin(CHILDREN[1], soon(0.3)))
    fetches.practice.answers.set()
    assert isinstance(await patient, Found)
    assert fetches.practice.calls == 1
