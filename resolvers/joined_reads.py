"""Joins the children that concurrent requests want by number into one statement, each request with its own answer.

A statement already sent is never joined: a shield raised since then, and before this request asked, would be missed
(law 8). Nothing here ever learns who asks, and nothing is remembered once it is read.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from contextvars import Context
from typing import Protocol, TypeAlias

from adapters.deadlines import Deadlines, Due
from adapters.store.failures import ShieldUnreadable, StoreUnavailable
from adapters.store.reading import Reading

Statement: TypeAlias = asyncio.Task[Reading]


class ReadsChildren(Protocol):
    """The store, as far as it is needed here: those of the children that exist, all from one snapshot."""

    async def children_by_number(self, numbers: Sequence[str]) -> Reading: ...


class Read(asyncio.Future[Reading]):
    """One caller's wait for its children. To cancel it is to leave, and disturbs nobody else."""

    __slots__ = ("alone", "due", "joined", "numbers")
    # Filled in by whoever makes one: an `__init__` of its own would cost as much as all the rest of it.
    joined: "JoinedReads"
    numbers: Sequence[str]
    alone: bool  # to be read in a statement of its own, because a joined one found something unreadable
    due: Due

    def time_is_over(self) -> None:
        self.joined.forget(self)
        self.set_exception(StoreUnavailable("the store did not answer in time"))

    def cancel(self, msg: object | None = None) -> bool:
        if not super().cancel(msg):
            return False
        self.joined.forget(self)
        return True


class JoinedReads:
    """Children by number, one for all requests of a process; build it where its loop runs.

    `most_numbers` go into one statement (a caller's own are never parted: they have one epoch), `at_once` statements
    are open at a time and what is wanted meanwhile gathers for the next. `most_waiting` numbers are waited for; whoever
    would exceed that hears StoreUnavailable at once.
    """

    def __init__(
        self, store: ReadsChildren, *, at_once: int, most_numbers: int = 500, most_waiting: int = 10_000
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self._store = store
        self._at_once = at_once
        self._most_numbers = most_numbers
        self._most_waiting = most_waiting
        self._waiting = 0
        self._queue: OrderedDict[Read, None] = OrderedDict()
        self._statements: dict[Statement, list[Read]] = {}
        self._sending = False
        self._nobody = Context()  # statements and timers serve many requests, so all begin in none's context
        self._deadlines = Deadlines(self.loop, self._nobody)

    @property
    def waiting(self) -> int:
        """How many numbers are waited for, each as often as it is."""
        return self._waiting

    @property
    def open_statements(self) -> int:
        """How many statements have been sent and have not ended."""
        return len(self._statements)

    def ask(self, numbers: Sequence[str], deadline: float) -> Read:
        """Begin to read, and give what to await: those of the children that exist, in the order first asked for.

        Sent after this call, never before. Awaiting raises StoreUnavailable, by `deadline` (loop time, seconds) at
        the latest.
        """
        read = Read(loop=self.loop)
        read.joined = self
        read.numbers = numbers if len(numbers) < 2 else tuple(dict.fromkeys(numbers))
        read.alone = False
        if deadline <= self.loop.time():
            read.set_exception(StoreUnavailable("the request's time was over before the store was asked"))
        elif self._waiting + len(read.numbers) > self._most_waiting:
            read.set_exception(StoreUnavailable("too many children are waited for"))
        else:
            self._waiting += len(read.numbers)
            read.due = self._deadlines.before(deadline)
            read.due[read] = None
            self._queue[read] = None
            self._send_soon()
        return read

    def forget(self, read: Read) -> None:
        """Wait no more for this caller. A statement that was sent runs to its own short end: to stop it costs more."""
        read.due.pop(read, None)
        self._waiting -= len(read.numbers)
        self._queue.pop(read, None)

    def _send_soon(self) -> None:
        # At the end of this turn of the loop, so that everybody who asks in it comes along.
        if not self._sending:
            self._sending = True
            self.loop.call_soon(self._send, context=self._nobody)

    def _send(self) -> None:
        self._sending = False
        while self._queue and len(self._statements) < self._at_once:
            reads = self._next()
            numbers = reads[0].numbers if len(reads) == 1 else {n: None for read in reads for n in read.numbers}
            statement = self.loop.create_task(self._store.children_by_number(tuple(numbers)))
            self._statements[statement] = reads
            statement.add_done_callback(self._ended, context=self._nobody)

    def _next(self) -> list[Read]:
        """Who is read together next: at least one, and as many as the statement has room for."""
        first, _ = self._queue.popitem(last=False)
        reads, room = [first], self._most_numbers - len(first.numbers)
        while self._queue and not first.alone:
            read = next(iter(self._queue))
            room -= len(read.numbers)
            if room < 0 or read.alone:
                break
            del self._queue[read]
            reads.append(read)
        return reads

    def _ended(self, statement: Statement) -> None:
        joined = self._statements.pop(statement)
        reads = [read for read in joined if not read.done()]
        error = StoreUnavailable("the statement was cut short") if statement.cancelled() else statement.exception()
        if error is None:
            self._answer(reads, statement.result())
        elif isinstance(error, ShieldUnreadable) and len(joined) > 1:
            self._read_apart(reads)
        else:
            for read in reads:
                self.forget(read)
                read.set_exception(_own(error))
        self._send()

    def _answer(self, reads: list[Read], reading: Reading) -> None:
        found = {child.number: child for child in reading.children}
        for read in reads:
            read.due.pop(read, None)
            self._waiting -= len(read.numbers)
            children = tuple([found[number] for number in read.numbers if number in found])
            read.set_result(Reading(children, reading.epoch, reading.registered))

    def _read_apart(self, reads: list[Read]) -> None:
        """One child who cannot be read must not take, or change, what others are told."""
        for read in reads:
            read.alone = True
            self._queue[read] = None


def _own(error: BaseException) -> BaseException:
    """The same failure for one caller: shared, each caller's raise would write into the others' traceback."""
    return type(error)(*error.args) if isinstance(error, StoreUnavailable) else error
