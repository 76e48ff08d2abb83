"""Joining under any schedule: whoever asks, leaves, runs out of time, whatever the agency does and when."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.agency import AgencyBroken, AgencyOverloaded, AgencyTimeout, AgencyUnreachable, Answer, Failed, Found
from resolvers.batching import Asked, Joined
from tests.resolvers.timeless import TICK, OpenCall, ToldAgency, now, timeless, turns

MOST_WAITING = 12
GRAIN = 0.01  # seconds a caller may be told early
LATE = 1e-4  # what the turns of the loop take of the clock, and more


@dataclass(frozen=True)
class Ask:
    keys: str
    patience: float


@dataclass(frozen=True)
class Leave:
    who: int


@dataclass(frozen=True)
class End:
    call: int
    how: str


@dataclass(frozen=True)
class Pass:
    seconds: float  # 0: one turn of the loop


Step: TypeAlias = Ask | Leave | End | Pass

steps = st.lists(
    st.one_of(
        st.builds(Ask, st.text("abcde", min_size=1, max_size=4), st.sampled_from([0.5, 1.0, 2.0])),
        st.builds(Leave, st.integers(0, 9)),
        st.builds(End, st.integers(0, 3), st.sampled_from(["found", "too slow", "down", "forgets", "raises"])),
        st.builds(Pass, st.sampled_from([0.0, 0.0, 0.0, 0.25, 1.0])),
    ),
    min_size=3,
    max_size=40,
)


class WatchedAgency(ToldAgency):
    """Holds each call, as it comes, against the rules of joining."""

    def __init__(self, bulk: int, at_once: int) -> None:
        super().__init__()
        self.bulk, self.at_once = bulk, at_once
        self.waits: list[Wait] = []

    def running(self) -> list[OpenCall]:
        return [call for call in self.calls if call.open]

    async def fetch(self, keys: Sequence[str], deadline: float) -> Mapping[str, Answer[str]]:
        in_flight = {key for call in self.running() for key in call.keys}
        assert len(set(keys)) == len(keys) <= self.bulk
        assert not in_flight & set(keys), "a key is in flight once"
        assert len(self.running()) < self.at_once
        waits = [wait for wait in self.waits if wait.lacking() & set(keys)]
        assert waits, "a call is made for somebody"
        # Who asked in the turn between sending and now has joined a call in flight.
        assert all(wait.deadline <= deadline for wait in waits if wait.began < now() - 1.5 * TICK), "and has their time"
        return await super().fetch(keys, deadline)


@dataclass(eq=False)
class Wait:
    """A caller as the schedule knows it; `ended` is when its wait did, on the loop's clock."""

    asked: Asked[str, str]
    keys: str
    began: float
    deadline: float
    ended: float = float("inf")

    def lacking(self) -> set[str]:
        """The keys it still waits for."""
        if self.asked.done():
            return set()
        late = self.asked.wait.joined._late
        return {key for key, answer in zip(self.keys, self.asked.wait.answers, strict=True) if answer is late}

    def has_ended(self, _: object) -> None:
        self.ended = now()


def end(call: OpenCall, how: str) -> None:
    match how:
        case "found":
            call.found()
        case "too slow":
            call.answered({key: Failed(AgencyTimeout(f"call {call.number}")) for key in call.keys})
        case "down":
            call.answered({key: Failed(AgencyUnreachable(f"call {call.number}")) for key in call.keys})
        case "forgets":
            call.answered({key: Found(f"{key}, call {call.number}") for key in call.keys[1:]})
        case "raises":
            call.raised(RuntimeError("a defect"))


def is_right(agency: WatchedAgency, how: Mapping[int, str], wait: Wait, key: str, answer: Answer[str]) -> bool:
    """Whether a caller may have had this answer: the agency's own to this key, or that its own time was over."""
    if answer == Found(answer_of := getattr(answer, "record", "")):
        letter, _, number = answer_of.partition(", call ")
        return letter == key and how[int(number)] in ("found", "forgets")
    assert isinstance(answer, Failed)
    own_time_was_over = wait.deadline - GRAIN - LATE <= wait.ended <= wait.deadline + LATE
    match answer.failure:
        case AgencyUnreachable() | AgencyTimeout() as failure if str(failure).startswith("call "):
            call = agency.calls[int(str(failure).removeprefix("call "))]
            was_no_hastier = isinstance(failure, AgencyUnreachable) or call.deadline >= wait.deadline
            return key in call.keys and was_no_hastier
        case AgencyTimeout():
            return own_time_was_over
        case AgencyOverloaded() as failure if "too many" in str(failure):
            return wait.ended <= wait.began + LATE
        case AgencyOverloaded():
            return own_time_was_over
        case AgencyBroken():
            return any(
                key in call.keys
                and (how.get(number) == "raises" or (how.get(number) == "forgets" and key == call.keys[0]))
                for number, call in enumerate(agency.calls)
            )
        case _:
            return False


class Schedule:
    """One run of a schedule: what was asked, and how each call was made to end."""

    def __init__(self, bulk: int, at_once: int) -> None:
        self.agency = WatchedAgency(bulk, at_once)
        self.join: Joined[str, str] = Joined(self.agency, "it", bulk=bulk, at_once=at_once, most_waiting=MOST_WAITING)
        self.how: dict[int, str] = {}

    async def take(self, step: Step) -> None:
        match step:
            case Ask(keys, patience):
                wait = Wait(self.join.ask(keys, now() + patience), keys, now(), now() + patience)
                wait.asked.add_done_callback(wait.has_ended)
                self.agency.waits.append(wait)
            case Leave(who) if who < len(self.agency.waits):
                self.agency.waits[-1 - who].asked.cancel()
            case End(which, outcome) if running := self.agency.running():
                call = running[which % len(running)]
                self.how[call.number] = outcome
                end(call, outcome)
            case Pass(seconds):
                await asyncio.sleep(seconds)
                if seconds:
                    await turns()
                    nobody_waits_in_vain(self.agency)

    def everybody_was_answered(self) -> None:
        for wait in self.agency.waits:
            assert wait.asked.done()
            if not wait.asked.cancelled():
                for key, answer in zip(wait.keys, wait.asked.result(), strict=True):
                    assert is_right(self.agency, self.how, wait, key, answer), (wait, key, answer)

    def nothing_is_left(self) -> None:
        join = self.join
        assert join.waiting == join.open_calls == len(join._table) == len(join._queue) == 0
        assert not join._deadlines._moments


def nobody_waits_in_vain(agency: WatchedAgency) -> None:
    """When nothing moves, what is wanted is in flight, or every place is taken."""
    in_flight = {key for call in agency.running() for key in call.keys}
    wanted = {key for wait in agency.waits for key in wait.lacking()}
    assert wanted <= in_flight or len(agency.running()) == agency.at_once


@settings(deadline=None, max_examples=300)
@given(steps=steps, bulk=st.sampled_from([1, 2, 100]), at_once=st.sampled_from([1, 2, 100]))
def test_any_schedule_keeps_the_rules(steps: list[Step], bulk: int, at_once: int) -> None:
    """Everyone has the agency's own answer or its own timeout, no call is made in vain, and nothing is left."""

    @timeless
    async def scenario() -> None:
        schedule = Schedule(bulk, at_once)
        for step in steps:
            await schedule.take(step)
        await asyncio.sleep(10)  # past every deadline
        await turns()
        schedule.everybody_was_answered()
        schedule.nothing_is_left()

    scenario()
