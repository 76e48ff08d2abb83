"""What a run waits for, each with what is done when it arrives.

What arrives is worked off where it arrived; the run itself wakes once, when nothing is waited for any more.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

# Waits no more, and disturbs nobody else by that.
Leave: TypeAlias = Callable[[], object]


class Waits(Protocol):
    """A question that was asked: `leave` is to hear no answer any more."""

    def leave(self) -> None: ...


class Asker(Protocol):
    """Asks one question with many keys at once, and says what an answer comes to for the object it is about.

    `begin` calls `then` with the answers, in the order of the keys: later, or at once.
    """

    def begin(self, question: Any, keys: Sequence[Any], then: Callable[[Sequence[Any]], None]) -> Waits: ...

    def outcome(self, question: Any, about: Any, answer: Any) -> Any: ...


class Waiting:
    """All that one run waits for. Where the wait ends early, by an exception or by leaving, the rest is left."""

    def __init__(self) -> None:
        self._open: dict[object, Leave | None] = {}
        self._over: asyncio.Future[None] | None = None
        self._error: BaseException | None = None

    def ask(self, asker: Asker, question: Any, keys: Sequence[Any], then: Callable[[Sequence[Any]], None]) -> None:
        """Ask, and have `then` called with the answers; it may ask for more."""
        place = object()
        self._open[place] = None

        def answered(answers: Sequence[Any]) -> None:
            self._arrived(place, then, answers)

        waits = asker.begin(question, keys, answered)
        if place in self._open:
            self._open[place] = waits.leave

    def expect(self, future: "asyncio.Future[Any]", then: Callable[["asyncio.Future[Any]"], None]) -> None:
        """Have `then` called with the future when it is done."""
        self._open[future] = future.cancel
        future.add_done_callback(lambda future: self._arrived(future, then, future))

    async def end(self) -> None:
        """Wait until nothing is open; raises what a `then` raised."""
        try:
            if self._open and self._error is None:
                self._over = asyncio.get_running_loop().create_future()
                await self._over
            if self._error is not None:
                raise self._error
        finally:
            for leave in self._leave():
                leave()

    def _leave(self) -> list[Leave]:
        left, self._open = self._open, {}
        return [leave for leave in left.values() if leave is not None]

    def _arrived(self, place: object, then: Callable[[Any], None], what: Any) -> None:
        if place not in self._open:  # the wait was ended before
            return
        del self._open[place]
        try:
            then(what)
        except BaseException as error:
            self._error = error
        if self._over is not None and not self._over.done() and (self._error is not None or not self._open):
            self._over.set_result(None)
