"""When an answer leaves that somebody may have guessed for: a whole number of beats after it was asked for.

What there was to do is not the same for a sealed child, the viewer's own, and nobody at all; and nobody may tell them
apart by waiting (CASES 17). To do equal work for each would be a promise broken by the next index or join.
"""

import asyncio


def rest(gone: float, beat: float) -> float:
    """Seconds until the next beat, so many being gone since the first."""
    return beat - gone % beat


class Beat:
    """Keeps answers back for the rest of a beat of so many seconds; with none, not at all."""

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        self._loop = loop
        self._seconds = seconds

    async def after(self, began: float) -> None:
        """Return at the next beat of those that are counted from `began` (loop time, seconds)."""
        if self._seconds > 0:
            await asyncio.sleep(rest(self._loop.time() - began, self._seconds))
