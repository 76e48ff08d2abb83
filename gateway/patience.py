"""Ends a request whose time is over. It does what `asyncio.timeout_at` does, by timers that requests share."""

import asyncio
from types import TracebackType

from adapters.deadlines import Deadlines


class Patience:
    """`with Patience(...)`: what is inside ends with TimeoutError at `deadline` (loop time, seconds) or just before.

    A request that somebody else cancels meanwhile stays cancelled.
    """

    __slots__ = ("_cancelled_before", "_due", "_over", "_task")

    def __init__(self, deadlines: Deadlines, deadline: float) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("patience ends a task, so it is had in one")
        self._task = task
        self._cancelled_before = task.cancelling()
        self._due = deadlines.before(deadline)
        self._over = False

    def time_is_over(self) -> None:
        self._over = True
        self._task.cancel()

    def __enter__(self) -> None:
        self._due[self] = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._due.pop(self, None)
        if self._over and self._task.uncancel() <= self._cancelled_before and kind is asyncio.CancelledError:
            raise TimeoutError from error
