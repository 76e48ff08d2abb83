"""How the twin joins what concurrent requests want: so many calls at once, and the rest wait for the next."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar

Key = TypeVar("Key")
Answer = TypeVar("Answer")


class Joined(Generic[Key, Answer]):
    """Gathers the keys of everybody who asks in one turn of the loop, or while `at_once` calls are under way."""

    def __init__(self, fetch: Callable[[Sequence[Key]], Awaitable[Answer]], at_once: int) -> None:
        self._fetch = fetch
        self._free = at_once
        self._loop = asyncio.get_running_loop()
        self._keys: list[Key] = []
        self._waiting: list[asyncio.Future[Answer]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def ask(self, keys: Sequence[Key]) -> "asyncio.Future[Answer]":
        """What comes of the call that these keys join, the keys of others among them."""
        if not self._waiting and self._free:
            self._loop.call_soon(self._go)
        self._keys += keys
        future: asyncio.Future[Answer] = self._loop.create_future()
        self._waiting.append(future)
        return future

    def _go(self) -> None:
        if self._waiting and self._free:
            self._free -= 1
            keys, waiting, self._keys, self._waiting = self._keys, self._waiting, [], []
            task = self._loop.create_task(self._call(keys, waiting))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _call(self, keys: Sequence[Key], waiting: Sequence["asyncio.Future[Answer]"]) -> None:
        try:
            answer = await self._fetch(keys)
        except Exception as error:
            for future in waiting:
                if not future.done():
                    future.set_exception(error)
        else:
            for future in waiting:
                if not future.done():
                    future.set_result(answer)
        finally:
            self._free += 1
            self._go()


class Apart(Generic[Answer]):
    """One call for each key, for an agency that has none for many."""

    def __init__(self, fetch: Callable[[str], Awaitable[Answer]]) -> None:
        self._fetch = fetch

    def ask(self, keys: Sequence[str]) -> "asyncio.Future[Mapping[str, Answer]]":
        """What comes of the calls."""
        return asyncio.ensure_future(self._all(keys))

    async def _all(self, keys: Sequence[str]) -> Mapping[str, Answer]:
        answers = await asyncio.gather(*(self._fetch(key) for key in keys))
        return dict(zip(keys, answers, strict=True))
