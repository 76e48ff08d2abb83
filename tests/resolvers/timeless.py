"""A loop whose clock jumps to its next timer instead of waiting, and an agency and a store that answer when told.

Nothing here sleeps: an hour of timers takes a millisecond, and a wait that would never end fails the test.
"""

import asyncio
import functools
import selectors
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ParamSpec

from msgspec.structs import replace

from adapters.agency import Answer, Found
from adapters.records import ChildRecord
from adapters.store.reading import Reading
from tests.builders import a_child

Arguments = ParamSpec("Arguments")

TICK = 1e-9  # seconds a turn of the loop takes: a clock that stood still would let nobody's rounding ever come right


class _Jump(selectors.DefaultSelector):
    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise AssertionError("everybody waits, and nothing will ever come")
        self.now += max(timeout, 0) + TICK
        return super().select(0)


class TimelessLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)

    def time(self) -> float:
        return self._jump.now


def timeless(test: Callable[Arguments, Awaitable[None]]) -> Callable[Arguments, None]:
    """Run an async test on a loop without waiting."""

    @functools.wraps(test)
    def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        async def whole() -> None:
            await test(*args, **kwargs)

        with asyncio.Runner(loop_factory=TimelessLoop) as runner:
            runner.run(whole())

    return run


def now() -> float:
    return asyncio.get_running_loop().time()


async def turns(count: int = 10) -> None:
    """Let the loop go round until nothing moves; the clock all but stands still."""
    for _ in range(count):
        await asyncio.sleep(0)


@dataclass(eq=False)
class OpenCall:
    """A call the agency has taken and not yet answered."""

    number: int
    keys: Sequence[str]
    deadline: float
    outcome: asyncio.Future[Mapping[str, Answer[str]]] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    cancelled: bool = False

    @property
    def open(self) -> bool:
        return not self.outcome.done()

    def found(self) -> None:
        """Answer every key with a record of its own."""
        self.outcome.set_result({key: Found(f"{key}, call {self.number}") for key in self.keys})

    def answered(self, answers: Mapping[str, Answer[str]]) -> None:
        self.outcome.set_result(answers)

    def raised(self, error: BaseException) -> None:
        self.outcome.set_exception(error)


class ToldAgency:
    """`Agency[str, str]` that answers each call when the test says so; keeps every call it was ever given."""

    def __init__(self) -> None:
        self.calls: list[OpenCall] = []

    async def fetch(self, keys: Sequence[str], deadline: float) -> Mapping[str, Answer[str]]:
        call = OpenCall(len(self.calls), tuple(keys), deadline)
        self.calls.append(call)
        try:
            return await call.outcome
        except asyncio.CancelledError:
            call.cancelled = True
            raise

    @property
    def asked_for(self) -> list[list[str]]:
        return [list(call.keys) for call in self.calls]


def child(number: str) -> ChildRecord:
    return replace(a_child().build(), number=number)


@dataclass(eq=False)
class OpenStatement:
    numbers: Sequence[str]
    outcome: asyncio.Future[int] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class ToldStore:
    """Reads children when the test says so; every number exists but those in `unknown`."""

    def __init__(self, *, unknown: frozenset[str] = frozenset()) -> None:
        self.statements: list[OpenStatement] = []
        self._unknown = unknown

    async def children_by_number(self, numbers: Sequence[str]) -> Reading:
        statement = OpenStatement(tuple(numbers))
        self.statements.append(statement)
        epoch = await statement.outcome
        # The store promises no order, so it gives the least helpful one.
        return Reading(tuple(child(number) for number in reversed(numbers) if number not in self._unknown), epoch)

    @property
    def asked_for(self) -> list[list[str]]:
        return [list(statement.numbers) for statement in self.statements]


def outcome(future: "asyncio.Future[Any]") -> Any:
    """What a wait has come to by now; a wait that has not ended fails the test."""
    assert future.done(), "this wait should have ended"
    return future.result()
