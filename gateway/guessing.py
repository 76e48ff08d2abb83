"""Who has guessed too much, as far as this worker knows: so that it need do no work to tell them so again.

The store has the last word: it counts over all workers, and lets nothing be recorded for a viewer who has guessed out.
"""

import math
import time
from collections.abc import Callable
from typing import Final

MOST_KEPT: Final = 10_000


class Guessing:
    """Viewers who are told nothing of any child for a while, by subject. Most gateways never know of one."""

    def __init__(self, timer: Callable[[], float] = time.monotonic, most: int = MOST_KEPT) -> None:
        self._timer = timer
        self._most = most
        self._until: dict[str, float] = {}

    def full(self, viewer: str, seconds: int) -> None:
        """The store has said so: for so many seconds. Where there are too many of them, all are forgotten here."""
        if len(self._until) >= self._most and viewer not in self._until:
            self._until.clear()
        self._until[viewer] = self._timer() + seconds

    def seconds_left(self, viewer: str) -> int:
        """Whole seconds for which the viewer is told nothing more; 0 where they may ask."""
        until = self._until.get(viewer)
        if until is None:
            return 0
        left = math.ceil(until - self._timer())
        if left > 0:
            return left
        del self._until[viewer]
        return 0
