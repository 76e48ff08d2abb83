"""What a run waits for: futures under way, each with what is done when it arrives.

What arrives is worked off in the loop's own turn; the run itself wakes once, when nothing is under way any more.
"""

import asyncio
from collections.abc import Callable
from typing import Any, TypeAlias

Future: TypeAlias = "asyncio.Future[Any]"


class Waiting:
    """The futures of one run. Whoever ends the wait early, by an exception or by leaving, cancels what is left."""

    def __init__(self) -> None:
        self._under_way: dict[Future, Callable[[Future], None]] = {}
        self._over: asyncio.Future[None] | None = None

    def expect(self, future: Future, then: Callable[[Future], None]) -> None:
        """Have `then` called with the future when it is done; it may expect more."""
        self._under_way[future] = then
        future.add_done_callback(self._arrived)

    async def end(self) -> None:
        """Wait until nothing is under way; raises what a `then` raised."""
        try:
            if self._under_way:
                self._over = asyncio.get_running_loop().create_future()
                await self._over
        finally:
            under_way, self._under_way = self._under_way, {}
            for future in under_way:
                future.cancel()

    def _arrived(self, future: Future) -> None:
        then = self._under_way.pop(future, None)
        if then is None:  # the wait was ended before
            return
        try:
            then(future)
        except BaseException as error:
            self._tell(error)
        else:
            if not self._under_way:
                self._tell(None)

    def _tell(self, error: BaseException | None) -> None:
        if self._over is None or self._over.done():
            return
        if error is None:
            self._over.set_result(None)
        else:
            self._over.set_exception(error)
