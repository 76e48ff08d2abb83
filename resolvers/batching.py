"""Joins the keys that concurrent requests want of one agency into as few calls as it takes.

Each caller waits by itself and may leave. Nothing here ever learns who asks or why, and nothing is remembered once it
is answered (law 10).
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from adapters.agency import Agency, AgencyBroken, AgencyOverloaded, AgencyTimeout, Answer, Failed
from adapters.deadlines import Deadlines, Due

Key = TypeVar("Key")
Record = TypeVar("Record")


class Asked(asyncio.Future[list[Answer[Record]]], Generic[Key, Record]):
    """One caller's wait: the answers in the order of its keys. To cancel it is to leave, and disturbs nobody else."""

    __slots__ = ("_joined", "answers", "deadline", "due", "keys", "missing")

    def __init__(self, joined: "Joined[Key, Record]", keys: Sequence[Key], deadline: float, unless: Failed) -> None:
        super().__init__(loop=joined.loop)
        self._joined = joined
        self.keys = keys
        self.deadline = deadline
        self.answers: list[Answer[Record]] = [unless] * len(keys)  # what each will be, unless its answer comes
        self.missing = len(keys)
        self.due: Due = {}

    def answer(self, index: int, answer: Answer[Record]) -> None:
        """Hear the answer to one key; the last one ends the wait."""
        self.answers[index] = answer
        self.missing -= 1
        if not self.missing:
            self.due.pop(self, None)
            self.set_result(self.answers)

    def time_is_over(self) -> None:
        """Have what has come; the rest has failed."""
        self._joined.forget(self)
        self.set_result(self.answers)

    def cancel(self, msg: object | None = None) -> bool:
        if not super().cancel(msg):
            return False
        self._joined.forget(self, cancelled=True)
        return True


Fetching: TypeAlias = asyncio.Task[Mapping[Key, Answer[Record]]]
# Whose answer it is, and which of its places; a dict for its order, and to leave it at no cost however many wait.
Places: TypeAlias = dict[tuple[Asked[Key, Record], int], None]


@dataclass(slots=True, eq=False)
class _Wanted(Generic[Key, Record]):
    """A key that is queued or in flight, and where its answer goes: to whom, and to which of its places."""

    key: Key
    until: float  # the latest deadline of all who joined
    waiters: Places[Key, Record]
    call: "_Call[Key, Record] | None" = None  # None: queued


@dataclass(slots=True, eq=False)
class _Call(Generic[Key, Record]):
    """One call to the agency. Once it wants nothing, all have been answered or have left: what it brings is dropped."""

    joined: "Joined[Key, Record]"
    wanted: list[_Wanted[Key, Record]]
    deadline: float
    task: Fetching[Key, Record]
    due: Due

    def give_back(self) -> "list[_Wanted[Key, Record]]":
        """Want nothing any more, and say what was wanted."""
        self.due.pop(self, None)
        wanted, self.wanted = self.wanted, []
        return wanted

    def time_is_over(self) -> None:
        self.joined.overdue(self)


class Joined(Generic[Key, Record]):
    """`Agency[Key, Record]` around another, one for all requests of a process; build it where its loop runs.

    A key is in flight once at most, however many want it. `bulk` keys go into one call (1: one child a call),
    `at_once` calls are open at a time and what is wanted meanwhile gathers for the next. `most_waiting` keys are waited
    for; whoever would exceed that hears AgencyOverloaded at once. `name` is how failures call the agency.
    """

    def __init__(
        self,
        agency: Agency[Key, Record],
        name: str,
        *,
        bulk: int,
        at_once: int,
        most_waiting: int = 10_000,
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self._agency = agency
        self._bulk = bulk
        self._at_once = at_once
        self._most_waiting = most_waiting
        self._waiting = 0
        self._table: dict[Key, _Wanted[Key, Record]] = {}
        self._queue: OrderedDict[_Wanted[Key, Record], None] = OrderedDict()
        self._calls: dict[Fetching[Key, Record], _Call[Key, Record]] = {}
        self._sending = False
        self._nobody = Context()  # calls and timers serve many requests, so all begin in none's context
        self._deadlines = Deadlines(self.loop, self._nobody)
        self._late = Failed(AgencyTimeout(f"`{name}` did not answer in time"))
        self._hung = Failed(AgencyTimeout(f"`{name}` did not end its call in time"))
        self._full = Failed(AgencyOverloaded(f"`{name}` has too many waiting for it"))
        self._unsent = Failed(AgencyOverloaded(f"`{name}` had no free call within the deadline"))
        self._unanswered = Failed(AgencyBroken(f"`{name}` left a key unanswered"))
        self._cut = Failed(AgencyBroken(f"`{name}` cut its own call short"))
        self._name = name

    @property
    def waiting(self) -> int:
        """How many keys are waited for, each as often as it is."""
        return self._waiting

    @property
    def open_calls(self) -> int:
        """How many calls have not ended, those given up among them."""
        return len(self._calls)

    async def fetch(self, keys: Sequence[Key], deadline: float) -> Mapping[Key, Answer[Record]]:
        """Answer every key by itself, by `deadline` on the loop's clock, in seconds. Never raises."""
        return dict(zip(keys, await self.ask(keys, deadline), strict=True))

    def ask(self, keys: Sequence[Key], deadline: float) -> Asked[Key, Record]:
        """Begin to ask, and give what to await: the answers in the order of `keys`, which must not change meanwhile.

        Several agencies are asked side by side by asking all before awaiting any; no task is needed for it.
        """
        asked = Asked(self, keys, deadline, self._late)
        if not keys or deadline <= self.loop.time():
            asked.set_result(asked.answers)
            return asked
        if self._waiting + len(keys) > self._most_waiting:
            asked.set_result([self._full] * len(keys))
            return asked
        self._waiting += len(keys)
        asked.due = self._deadlines.before(deadline)
        asked.due[asked] = None
        for index, key in enumerate(keys):
            wanted = self._table.get(key)
            if wanted is None:
                wanted = self._table[key] = _Wanted(key, deadline, {(asked, index): None})
                self._queue[wanted] = None
            else:
                wanted.waiters[asked, index] = None
                if deadline > wanted.until:
                    wanted.until = deadline
        self._send_soon()
        return asked

    def forget(self, asked: Asked[Key, Record], *, cancelled: bool = False) -> None:
        """Wait no more for what is missing. A key nobody else wants is not sent any more.

        A call that nobody else waits for is ended where its last caller left. Where its time ran out it is let be: the
        adapter then says itself that nothing came, which is what a circuit breaker counts.
        """
        asked.due.pop(asked, None)
        self._waiting -= asked.missing
        for index, key in enumerate(asked.keys):
            if asked.answers[index] is not self._late:
                continue
            wanted = self._table[key]
            del wanted.waiters[asked, index]
            if wanted.call is None:
                asked.answers[index] = self._unsent
                if not wanted.waiters:
                    del self._queue[wanted], self._table[key]
            elif cancelled and not any(other.waiters for other in wanted.call.wanted):
                self._give_up(wanted.call)

    def overdue(self, call: _Call[Key, Record]) -> None:
        """End a call whose adapter did not keep the deadline; its place stays taken until it has really ended."""
        self._settle(call, {}, self._hung)
        call.task.cancel()
        self._send_soon()

    def _send_soon(self) -> None:
        # At the end of this turn of the loop, so that everybody who asks in it comes along.
        if self._queue and not self._sending:
            self._sending = True
            self.loop.call_soon(self._send, context=self._nobody)

    def _send(self) -> None:
        self._sending = False
        while self._queue and len(self._calls) < self._at_once:
            self._call([self._queue.popitem(last=False)[0] for _ in range(min(self._bulk, len(self._queue)))])

    def _call(self, batch: list[_Wanted[Key, Record]]) -> None:
        deadline = max([wanted.until for wanted in batch])
        keys = [wanted.key for wanted in batch]
        task = self.loop.create_task(self._agency.fetch(keys, deadline))
        due = self._deadlines.after(deadline)
        call = self._calls[task] = _Call(self, batch, deadline, task, due)
        due[call] = None
        for wanted in batch:
            wanted.call = call
        task.add_done_callback(self._ended, context=self._nobody)

    def _ended(self, task: Fetching[Key, Record]) -> None:
        call = self._calls.pop(task)
        if task.cancelled():
            self._settle(call, {}, self._cut)
        elif (error := task.exception()) is not None:
            self._settle(call, {}, Failed(AgencyBroken(f"`{self._name}`'s adapter raised {type(error).__name__}")))
        else:
            self._settle(call, task.result(), self._unanswered)
        self._send()

    def _give_up(self, call: _Call[Key, Record]) -> None:
        for wanted in call.give_back():
            del self._table[wanted.key]
        call.task.cancel()

    def _settle(self, call: _Call[Key, Record], answers: Mapping[Key, Answer[Record]], unless: Answer[Record]) -> None:
        for wanted in call.give_back():
            answer = answers.get(wanted.key, unless)
            if wanted.until > call.deadline and _came_too_late(answer):
                answered = self._ask_again(wanted, call.deadline)
            else:
                del self._table[wanted.key]
                answered = wanted.waiters
            self._waiting -= len(answered)
            for asked, index in answered:
                asked.answer(index, answer)

    def _ask_again(self, wanted: _Wanted[Key, Record], deadline: float) -> Places[Key, Record]:
        """Queue the key anew for those who joined a call that had less time than they have; give the others.

        A joined call's haste is no fault of theirs. The next call has the time of the last of them, so this happens to
        a caller once at most, and never makes more calls than there are callers.
        """
        patient = {place: None for place in wanted.waiters if place[0].deadline > deadline}
        hasty = {place: None for place in wanted.waiters if place[0].deadline <= deadline}
        if patient:
            wanted.waiters, wanted.call = patient, None
            self._queue[wanted] = None
        else:
            del self._table[wanted.key]
        return hasty


def _came_too_late(answer: Answer[Record]) -> bool:
    return isinstance(answer, Failed) and isinstance(answer.failure, AgencyTimeout)
