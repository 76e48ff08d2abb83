"""Tells those who wait that their time is over.

A timer for each would cost a third of the whole wait, so all whose time ends in one hundredth of a second share one.
"""

import asyncio
from contextvars import Context
from typing import Protocol, TypeAlias

MOMENTS = 100  # a second


class Waiting(Protocol):
    """Somebody, or something, that will not wait for ever."""

    def time_is_over(self) -> None: ...


# A dict for its order: who began to wait first hears first.
Due: TypeAlias = dict[Waiting, None]


class Deadlines:
    """Everybody who waits, by the moment their time ends. Who need wait no longer takes itself out of its `Due`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, context: Context) -> None:
        self._loop = loop
        self._context = context
        self._moments: dict[int, Due] = {}

    def before(self, deadline: float) -> Due:
        """Those who will be told at `deadline` (loop time, seconds) or a hundredth of a second earlier, never later."""
        moment = int(deadline * MOMENTS)
        return self._moments.get(moment) or self._at(moment)

    def after(self, deadline: float) -> Due:
        """Those who will be told once `deadline` is past, at most two hundredths of a second later."""
        return self._at(int(deadline * MOMENTS) + 2)

    def _at(self, moment: int) -> Due:
        due = self._moments.get(moment)
        if due is None:
            due = self._moments[moment] = {}
            self._loop.call_at(moment / MOMENTS, self._tell, moment, context=self._context)
        return due

    def _tell(self, moment: int) -> None:
        for waiting in tuple(self._moments.pop(moment)):
            waiting.time_is_over()
