"""Joins the keys that concurrent requests want of one agency into as few calls as it takes.

Each caller waits by itself and may leave. Nothing here ever learns who asks or why, and nothing is remembered once it
is answered (law 10).
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextvars import Context
from typing import Any, Generic, TypeAlias, TypeVar

import msgspec

from adapters.agency import Agency, AgencyBroken, AgencyOverloaded, AgencyTimeout, Answer, Failed
from adapters.deadlines import Deadlines, Due

Key = TypeVar("Key")
Record = TypeVar("Record")

Told: TypeAlias = Callable[[list[Answer[Record]]], None]
Fetching: TypeAlias = asyncio.Task[Mapping[Key, Answer[Record]]]


# The three below are made for every key of every request. A struct is made in half the time of a class with slots.


class Wait(msgspec.Struct, Generic[Key, Record], eq=False):
    """One caller's wait: `then` hears the answers in the order of its keys, once, unless the caller leaves first."""

    joined: "Joined[Key, Record]"
    keys: Sequence[Key]
    deadline: float
    then: Told[Record]
    answers: list[Answer[Record]]  # what each will be, unless its answer comes
    missing: int
    due: Due
    over: bool = False

    def leave(self) -> None:
        """Wait no more and hear nothing. It disturbs nobody else."""
        if not self.over:
            self.joined.forget(self, left=True)
            self.then, self.answers = _nobody_listens, []

    def time_is_over(self) -> None:
        """Have what has come; the rest has failed."""
        self.joined.forget(self)
        self.tell()

    def tell(self) -> None:
        then, self.then = self.then, _nobody_listens  # which holds this wait too, and both would hold the records
        then(self.answers)


class _Wanted(msgspec.Struct, Generic[Key, Record], eq=False):
    """A key that is queued or in flight, and where its answer goes: to whom, and to which of its places."""

    key: Key
    until: float  # the latest deadline of all who joined
    places: list[tuple[Wait[Key, Record], int]]  # with those who have left
    waiting: int = 1  # without them
    call: "_Call[Key, Record] | None" = None  # None: queued


class _Call(msgspec.Struct, Generic[Key, Record], eq=False):
    """One call to the agency. Once it wants nothing, all have been answered or have left: what it brings is dropped."""

    joined: "Joined[Key, Record]"
    wanted: list[_Wanted[Key, Record]]
    deadline: float
    task: Fetching[Key, Record]
    due: Due

    def give_back(self) -> list[_Wanted[Key, Record]]:
        """Want nothing any more, and say what was wanted."""
        self.due.pop(self, None)
        wanted, self.wanted = self.wanted, []
        return wanted

    def time_is_over(self) -> None:
        self.joined.overdue(self)


class Asked(asyncio.Future[list[Answer[Record]]], Generic[Key, Record]):
    """A wait that can be awaited. To cancel it is to leave."""

    __slots__ = ("wait",)
    wait: Wait[Key, Record]

    def cancel(self, msg: Any | None = None) -> bool:
        if not super().cancel(msg):
            return False
        self.wait.leave()
        return True


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
        asked: Asked[Key, Record] = Asked(loop=self.loop)
        asked.wait = self.begin(keys, deadline, asked.set_result)
        return asked

    def begin(self, keys: Sequence[Key], deadline: float, then: Told[Record]) -> Wait[Key, Record]:
        """Begin to ask, and have `then` called with the answers, in the order of `keys`, which must not change.

        It costs less than a future, and the loop no turn. `then` is called where the last answer came, or at once where
        nobody is asked; so it must be short and raise nothing.
        """
        count = len(keys)
        wait = Wait(self, keys, deadline, then, [self._late] * count, count, {})
        if not count or deadline <= self.loop.time():
            wait.over = True
            then(wait.answers)
            return wait
        if self._waiting + count > self._most_waiting:
            wait.over = True
            then([self._full] * count)
            return wait
        self._waiting += count
        due = wait.due = self._deadlines.before(deadline)
        due[wait] = None
        table = self._table
        for index, key in enumerate(keys):
            wanted = table.get(key)
            if wanted is None:
                wanted = table[key] = _Wanted(key, deadline, [(wait, index)])
                self._queue[wanted] = None
            else:
                wanted.places.append((wait, index))
                wanted.waiting += 1
                if deadline > wanted.until:
                    wanted.until = deadline
        self._send_soon()
        return wait

    def forget(self, wait: Wait[Key, Record], *, left: bool = False) -> None:
        """Wait no more for what is missing. A key nobody else wants is not sent any more.

        A call that nobody else waits for is ended where its last caller left. Where its time ran out it is let be: the
        adapter then says itself that nothing came, which is what a circuit breaker counts.
        """
        wait.over = True
        wait.due.pop(wait, None)
        self._waiting -= wait.missing
        for index, key in enumerate(wait.keys):
            if wait.answers[index] is not self._late:
                continue
            wanted = self._table[key]
            wanted.waiting -= 1
            if wanted.call is None:
                wait.answers[index] = self._unsent
                if not wanted.waiting:
                    del self._queue[wanted], self._table[key]
            elif left and not any(other.waiting for other in wanted.call.wanted):
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
            if len(self._queue) <= self._bulk:
                batch = list(self._queue)
                self._queue.clear()
            else:
                batch = [self._queue.popitem(last=False)[0] for _ in range(self._bulk)]
            self._call(batch)

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
        table = self._table
        done: list[Wait[Key, Record]] = []
        for wanted in call.give_back():
            answer = answers.get(wanted.key, unless)
            if wanted.until > call.deadline and _came_too_late(answer):
                places = self._ask_again(wanted, call.deadline)
            else:
                del table[wanted.key]
                places = wanted.places
            for wait, index in places:
                if wait.over:
                    continue
                self._waiting -= 1
                wait.answers[index] = answer
                wait.missing -= 1
                if not wait.missing:
                    wait.over = True
                    del wait.due[wait]
                    done.append(wait)
        # Told when nothing here is half done: who hears an answer may ask again at once.
        for wait in done:
            wait.tell()

    def _ask_again(self, wanted: _Wanted[Key, Record], deadline: float) -> list[tuple[Wait[Key, Record], int]]:
        """Queue the key anew for those who joined a call that had less time than they have; give the others.

        A joined call's haste is no fault of theirs. The next call has the time of the last of them, so this happens to
        a caller once at most, and never makes more calls than there are callers.
        """
        here = [place for place in wanted.places if not place[0].over]
        patient = [place for place in here if place[0].deadline > deadline]
        if patient:
            wanted.places, wanted.waiting, wanted.call = patient, len(patient), None
            self._queue[wanted] = None
        else:
            del self._table[wanted.key]
        return [place for place in here if place[0].deadline <= deadline]


def _nobody_listens(answers: list[Answer[Record]]) -> None:
    """Stand where a caller has been told, or has left."""


def _came_too_late(answer: Answer[Record]) -> bool:
    return isinstance(answer, Failed) and isinstance(answer.failure, AgencyTimeout)
