"""Joining across requests: who shares a call, who never does, and what one caller's trouble does to the others."""

import asyncio
import gc
import weakref
from collections.abc import Mapping, Sequence
from contextvars import ContextVar, copy_context

import pytest
from aiolimiter import AsyncLimiter

from adapters.agency import (
    Agency,
    AgencyBroken,
    AgencyFailure,
    AgencyOverloaded,
    AgencyTimeout,
    AgencyUnreachable,
    Answer,
    Failed,
    Found,
    NotRecorded,
)
from resolvers.batching import Asked, Joined
from tests.resolvers.timeless import ToldAgency, now, outcome, timeless, turns

SOON = 5.0  # seconds; the deadline of whoever has time


def joined(
    agency: Agency[str, str], *, bulk: int = 100, at_once: int = 8, most_waiting: int = 1000
) -> Joined[str, str]:
    return Joined(agency, "schools", bulk=bulk, at_once=at_once, most_waiting=most_waiting)


class DeafAgency:
    """Does not even end a call that is cancelled, until it is released."""

    def __init__(self) -> None:
        self.calls = 0
        self.released = asyncio.Event()

    async def fetch(self, keys: Sequence[str], deadline: float) -> Mapping[str, Answer[str]]:
        self.calls += 1
        while not self.released.is_set():
            try:
                await self.released.wait()
            except asyncio.CancelledError:
                continue
        return {}


def failures(asked: Asked[str, str]) -> list[type[AgencyFailure]]:
    answers = outcome(asked)
    assert all(isinstance(answer, Failed) for answer in answers), answers
    return [type(answer.failure) for answer in answers]


def nothing_is_left(join: Joined[str, str]) -> bool:
    return join.waiting == join.open_calls == len(join._table) == len(join._queue) == 0


@timeless
async def test_keys_wanted_in_one_turn_join_one_call() -> None:
    """Three requests in the same turn of the loop cost the agency one call, and each has the answers in its order."""
    agency = ToldAgency()
    join = joined(agency)
    first, second, third = join.ask(["a", "b"], SOON), join.ask(["c"], SOON), join.ask(["b", "a"], SOON)
    await turns()
    assert agency.asked_for == [["a", "b", "c"]]
    agency.calls[0].found()
    await turns()
    assert outcome(first) == [Found("a, call 0"), Found("b, call 0")]
    assert outcome(second) == [Found("c, call 0")]
    assert outcome(third) == [Found("b, call 0"), Found("a, call 0")]
    assert nothing_is_left(join)


@timeless
async def test_it_is_an_agency_itself() -> None:
    """It keeps the promise it wraps: every key asked for is in the answer."""
    agency = ToldAgency()
    fetching = asyncio.create_task(joined(agency).fetch(["a", "b", "a"], SOON))
    await turns()
    agency.calls[0].answered({"a": Found("A"), "b": NotRecorded()})
    await turns()
    assert outcome(fetching) == {"a": Found("A"), "b": NotRecorded()}


@timeless
async def test_a_key_in_flight_is_joined_and_not_asked_again() -> None:
    """Whoever wants a key that has been sent waits for the same call."""
    agency = ToldAgency()
    join = joined(agency)
    first = join.ask(["a"], SOON)
    await turns()
    second = join.ask(["a", "b"], SOON)
    await turns()
    assert agency.asked_for == [["a"], ["b"]]
    agency.calls[0].found()
    agency.calls[1].found()
    await turns()
    assert outcome(second) == [Found("a, call 0"), Found("b, call 1")]
    assert outcome(first)[0] is outcome(second)[0], "the record is shared"
    assert outcome(first) is not outcome(second), "the answer is not"


@timeless
async def test_without_bulk_each_key_has_a_call_of_its_own() -> None:
    """One child a call: fifty callers for three children make three calls, and a slow child delays nobody else."""
    agency = ToldAgency()
    join = joined(agency, bulk=1, at_once=64)
    waits = [join.ask(["abc"[caller % 3]], SOON) for caller in range(50)]
    await turns()
    assert agency.asked_for == [["a"], ["b"], ["c"]]
    agency.calls[1].found()
    await turns()
    assert [wait.done() for wait in waits] == [caller % 3 == 1 for caller in range(50)]


@timeless
async def test_calls_are_bounded_in_size_and_number() -> None:
    """What is wanted while all calls are open gathers, and goes as soon as one ends."""
    agency = ToldAgency()
    join = joined(agency, bulk=2, at_once=2)
    waits = [join.ask([key], SOON) for key in "abcdefg"]
    await turns()
    assert agency.asked_for == [["a", "b"], ["c", "d"]]
    agency.calls[1].found()
    await turns()
    assert agency.asked_for[2:] == [["e", "f"]]
    agency.calls[0].found()
    agency.calls[2].found()
    await turns()
    agency.calls[3].found()
    await turns()
    assert [outcome(wait)[0].record for wait in waits] == [
        f"{key}, call {i}" for key, i in zip("abcdefg", [0, 0, 1, 1, 2, 2, 3], strict=True)
    ]
    assert nothing_is_left(join)


@timeless
async def test_an_agency_of_five_a_second_gets_five_a_second() -> None:
    """Two hundred callers for twelve children keep an agency's rate: twelve calls, five in any second."""
    began: list[float] = []

    class Limited:
        def __init__(self) -> None:
            self._rate = AsyncLimiter(1, 0.2)

        async def fetch(self, keys: Sequence[str], deadline: float) -> Mapping[str, Answer[str]]:
            async with self._rate:
                began.append(now())
            return {key: Found(key) for key in keys}

    join = joined(Limited(), bulk=1, at_once=64)
    waits = [join.ask([f"child {caller % 12}"], SOON) for caller in range(200)]
    assert [(await wait)[0] for wait in waits] == [Found(f"child {caller % 12}") for caller in range(200)]
    assert len(began) == 12
    assert max(sum(start <= other < start + 1 for other in began) for start in began) == 5


@timeless
async def test_one_who_leaves_cancels_nobody() -> None:
    """Whether queued or in flight, whoever else wants the key still gets it."""
    agency = ToldAgency()
    join = joined(agency)
    early, stays = join.ask(["a"], SOON), asyncio.create_task(join.fetch(["a"], SOON))
    await asyncio.sleep(0)
    leaves = asyncio.create_task(join.fetch(["a"], SOON))
    assert early.cancel()
    await turns()
    leaves.cancel()
    await turns()
    assert leaves.cancelled()
    agency.calls[0].found()
    assert await stays == {"a": Found("a, call 0")}
    assert agency.asked_for == [["a"]]
    assert nothing_is_left(join)


@timeless
async def test_a_key_nobody_wants_any_more_is_not_sent() -> None:
    """Who leaves the queue takes its key along."""
    agency = ToldAgency()
    join = joined(agency)
    gone, other = join.ask(["a", "b"], SOON), join.ask(["b"], SOON)
    gone.cancel()
    await turns()
    assert agency.asked_for == [["b"]]
    assert not other.done()


@timeless
async def test_a_call_that_everybody_left_is_ended() -> None:
    """The last to leave ends the call; whoever comes then has a new one."""
    agency = ToldAgency()
    join = joined(agency)
    waits = [join.ask(["a", "b"], SOON), join.ask(["b", "b"], SOON)]
    await turns()
    waits[0].cancel()
    await turns()
    assert not agency.calls[0].cancelled
    waits[1].cancel()
    back = join.ask(["a"], SOON)
    await turns()
    assert agency.calls[0].cancelled
    assert agency.asked_for == [["a", "b"], ["a"]]
    agency.calls[1].found()
    await turns()
    assert outcome(back) == [Found("a, call 1")]
    assert nothing_is_left(join)


@timeless
async def test_nothing_is_remembered() -> None:
    """Found, not recorded or failed: the next to want the key has it asked anew (law 10)."""
    agency = ToldAgency()
    join = joined(agency)
    answers: list[Answer[str]] = [Found("A"), NotRecorded(), Failed(AgencyUnreachable("down")), Found("A again")]
    for number, answer in enumerate(answers):
        wait = join.ask(["a"], SOON)
        await turns()
        agency.calls[number].answered({"a": answer})
        await turns()
        assert outcome(wait) == [answer]
    assert len(agency.calls) == len(answers)


@timeless
async def test_an_answer_is_let_go() -> None:
    """Once its callers are gone nothing holds a record, not even until their deadline."""

    class Record:
        pass

    record = Record()
    kept = weakref.ref(record)
    agency = ToldAgency()
    join = joined(agency)
    wait = join.ask(["a"], SOON)
    await turns()
    agency.calls.pop().answered({"a": Found(record)})  # type: ignore[dict-item]  # any object will do
    await turns()
    del wait, record
    gc.disable()  # a cycle would only be found some time later
    try:
        assert kept() is None
    finally:
        gc.enable()


@timeless
async def test_nobody_waits_past_the_deadline() -> None:
    """What has not come by a caller's deadline has failed; what has come is kept, and others wait on."""
    agency = ToldAgency()
    join = joined(agency, bulk=1)
    hasty, patient = join.ask(["a", "b"], 2.0), join.ask(["b"], SOON)
    await turns()
    agency.calls[0].found()
    answers = await hasty
    assert 1.98 < now() < 2.001
    assert answers[0] == Found("a, call 0")
    assert isinstance(answers[1], Failed)
    assert isinstance(answers[1].failure, AgencyTimeout)
    assert str(answers[1].failure) == "`schools` did not answer in time"
    agency.calls[1].found()
    assert await patient == [Found("b, call 1")]


@timeless
async def test_who_has_no_time_left_asks_nobody() -> None:
    """A deadline already past makes no call."""
    agency = ToldAgency()
    join = joined(agency)
    await asyncio.sleep(1)
    assert failures(join.ask(["a"], 1.0)) == [AgencyTimeout]
    await turns()
    assert agency.calls == []
    assert nothing_is_left(join)


@timeless
async def test_a_call_lives_no_longer_than_those_who_sent_it() -> None:
    """It gets the latest deadline among them; its adapter may say itself that it was too slow, then it is cut off."""
    agency = ToldAgency()
    join = joined(agency)
    waits = [join.ask(["a"], 2.0), join.ask(["b"], 3.0)]
    await turns()
    assert agency.calls[0].deadline == 3.0
    for wait in waits:
        await wait
    assert now() < 3.001
    await turns()
    assert not agency.calls[0].cancelled, "the adapter has until its deadline, so that it can count its own silence"
    await asyncio.sleep(3.03 - now())
    assert agency.calls[0].cancelled
    assert nothing_is_left(join)


@timeless
async def test_a_hung_agency_cannot_gather_calls() -> None:
    """A call that does not even end when cancelled keeps its place: those behind it hear that there was none."""
    agency = DeafAgency()
    join = joined(agency, bulk=1, at_once=2)
    for _ in range(5):
        waits = [join.ask([f"{now()} {i}"], now() + 1) for i in range(10)]
        for wait in waits:
            await wait
        await asyncio.sleep(0.1)
    assert failures(waits[0]) == [AgencyOverloaded]
    assert str(outcome(waits[0])[0].failure) == "`schools` had no free call within the deadline"
    assert agency.calls == join.open_calls == 2
    agency.released.set()
    await turns()
    assert nothing_is_left(join)


@timeless
async def test_who_joined_a_hasty_call_is_not_its_victim() -> None:
    """A call sent by someone with little time fails them by timeout; who joined it and has longer is asked for anew."""
    agency = ToldAgency()
    join = joined(agency)
    hasty = join.ask(["a"], 1.0)
    await turns()
    patient, as_hasty = join.ask(["a"], SOON), join.ask(["a"], 1.0)
    await turns()
    assert len(agency.calls) == 1
    agency.calls[0].answered({"a": Failed(AgencyTimeout("too slow"))})
    await turns()
    assert failures(hasty) == failures(as_hasty) == [AgencyTimeout]
    assert not patient.done()
    assert [call.deadline for call in agency.calls] == [1.0, SOON]
    agency.calls[1].answered({"a": Failed(AgencyTimeout("too slow again"))})
    await turns()
    assert failures(patient) == [AgencyTimeout]
    assert len(agency.calls) == 2, "once, and never more calls than callers"
    assert nothing_is_left(join)


@timeless
async def test_who_joined_a_call_that_hangs_is_asked_for_anew() -> None:
    """The same where the adapter did not keep its deadline and the call had to be cut."""
    agency = ToldAgency()
    join = joined(agency)
    hasty = join.ask(["a"], 1.0)
    await turns()
    patient = join.ask(["a"], SOON)
    await hasty
    await asyncio.sleep(0.1)
    assert agency.calls[0].cancelled
    agency.calls[1].found()
    assert await patient == [Found("a, call 1")]
    assert nothing_is_left(join)


@timeless
async def test_who_joined_a_call_that_never_ends_is_asked_for_anew() -> None:
    """And where cutting it does not end it either, as long as another call may be open."""
    agency = DeafAgency()
    join = joined(agency, at_once=2)
    hasty = join.ask(["a"], 1.0)
    await turns()
    patient = join.ask(["a"], SOON)
    await hasty
    await asyncio.sleep(0.1)
    assert agency.calls == 2
    agency.released.set()
    assert [type(answer) for answer in await patient] == [Failed]
    assert nothing_is_left(join)


@timeless
async def test_another_failure_than_haste_is_everybodys() -> None:
    """An agency that is down is not asked again on behalf of those who have more time."""
    agency = ToldAgency()
    join = joined(agency)
    hasty = join.ask(["a"], 1.0)
    await turns()
    patient = join.ask(["a"], SOON)
    agency.calls[0].answered({"a": Failed(AgencyUnreachable("down"))})
    await turns()
    assert failures(hasty) == failures(patient) == [AgencyUnreachable]
    assert len(agency.calls) == 1


@timeless
async def test_too_many_waiting_are_told_so_at_once() -> None:
    """The queue is bounded; whoever would exceed it fails at once, by a clear text, and those in it are not touched."""
    agency = ToldAgency()
    join = joined(agency, most_waiting=3)
    inside = join.ask(["a", "b"], SOON)
    outside = join.ask(["a", "c"], SOON)
    assert failures(outside) == [AgencyOverloaded, AgencyOverloaded]
    assert str(outcome(outside)[0].failure) == "`schools` has too many waiting for it"
    await turns()
    assert agency.asked_for == [["a", "b"]]
    agency.calls[0].found()
    await inside
    join.ask(["a", "b", "c"], SOON)
    await turns()
    assert len(agency.calls) == 2, "there is room again"


@pytest.mark.parametrize("error", [ValueError("of child 9990000001"), asyncio.CancelledError()])
def test_an_adapter_that_raises_fails_each_key(error: BaseException) -> None:
    """A defect of the adapter is a failure of each of its keys, and its text, which may hold a value, is not kept."""

    @timeless
    async def scenario() -> None:
        agency = ToldAgency()
        join = joined(agency)
        waits = [join.ask(["a"], SOON), join.ask(["b"], SOON)]
        await turns()
        agency.calls[0].raised(error)
        await turns()
        assert [failures(wait) for wait in waits] == [[AgencyBroken], [AgencyBroken]]
        assert "999" not in str(outcome(waits[0])[0].failure)
        assert nothing_is_left(join)

    scenario()


@timeless
async def test_a_key_left_unanswered_has_failed() -> None:
    """An adapter that forgets a key has not said that nothing is recorded."""
    agency = ToldAgency()
    join = joined(agency)
    wait = join.ask(["a", "b"], SOON)
    await turns()
    agency.calls[0].answered({"a": NotRecorded()})
    await turns()
    answers = outcome(wait)
    assert answers[0] == NotRecorded()
    assert isinstance(answers[1], Failed)
    assert isinstance(answers[1].failure, AgencyBroken)


@timeless
async def test_nothing_of_a_caller_reaches_the_call() -> None:
    """Calls run in a context of their own: what one request carries with it serves no other (law 10)."""
    viewer: ContextVar[str] = ContextVar("viewer", default="nobody")
    seen: list[str] = []

    class Curious:
        async def fetch(self, keys: Sequence[str], deadline: float) -> Mapping[str, Answer[str]]:
            seen.append(viewer.get())
            viewer.set("the call before")
            return {key: Found(key) for key in keys}

    join = joined(Curious())
    for name in ("a gp", "a teacher"):
        context = copy_context()
        context.run(viewer.set, name)
        await context.run(join.ask, ["a"], SOON)
    assert seen == ["nobody", "nobody"]


@timeless
async def test_nothing_asked_is_answered_at_once() -> None:
    """No keys, no call."""
    agency = ToldAgency()
    assert await joined(agency).ask([], SOON) == []
    await turns()
    assert agency.calls == []
