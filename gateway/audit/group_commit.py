"""Writes the records of concurrent answers together: one statement and one commit for all that wait.

A record is on its way from the moment it is asked for: whoever leaves meanwhile leaves a record of what was perhaps not
disclosed, never a disclosure without a record.
"""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from contextvars import Context
from typing import Protocol, TypeAlias

from adapters.store.entries import AccessEntry, Conditions
from adapters.store.failures import StoreUnavailable

Waiting: TypeAlias = tuple[AccessEntry, Conditions, "asyncio.Future[int]"]


class AccessStore(Protocol):
    """What group commit asks of the store: what became of each entry, by reference."""

    async def record_accesses(
        self, entries: Sequence[tuple[AccessEntry, Conditions]], burst: float, per_second: float
    ) -> Mapping[str, int]: ...


class GroupCommit:
    """Gathers records; build it where its loop runs.

    A viewer may guess `burst` times at once, and `per_second` on. `at_once` commits are under way at a time; what is
    wanted meanwhile gathers for the next, `most_together` at most. More than `most_waiting` is StoreUnavailable at
    once: nobody waits in a queue that cannot be served.
    """

    def __init__(
        self,
        store: AccessStore,
        *,
        burst: float = 30,
        per_second: float = 0.2,
        at_once: int = 2,
        most_together: int = 500,
        most_waiting: int = 5_000,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._store = store
        self._burst = burst
        self._per_second = per_second
        self._at_once = at_once
        self._most_together = most_together
        self._most_waiting = most_waiting
        self._queue: deque[Waiting] = deque()
        self._commits: dict[asyncio.Task[Mapping[str, int]], list[Waiting]] = {}
        self._sending = False
        self._nobody = Context()  # commits serve many requests, so they run in none's context

    def record(self, entry: AccessEntry, conditions: Conditions) -> "asyncio.Future[int]":
        """Begin to record; what is awaited says what became of it, as the store does, or raises StoreUnavailable."""
        waits: asyncio.Future[int] = self._loop.create_future()
        if len(self._queue) >= self._most_waiting:
            waits.set_exception(StoreUnavailable("too many records wait to be written"))
            return waits
        self._queue.append((entry, conditions, waits))
        if not self._sending:
            self._sending = True
            self._loop.call_soon(self._send, context=self._nobody)
        return waits

    def _send(self) -> None:
        self._sending = False
        while self._queue and len(self._commits) < self._at_once:
            together = [self._queue.popleft() for _ in range(min(len(self._queue), self._most_together))]
            entries = [(entry, conditions) for entry, conditions, _ in together]
            commit = self._loop.create_task(self._commit(entries), context=Context())
            self._commits[commit] = together
            commit.add_done_callback(self._committed, context=self._nobody)

    async def _commit(self, entries: Sequence[tuple[AccessEntry, Conditions]]) -> Mapping[str, int]:
        return await self._store.record_accesses(entries, self._burst, self._per_second)

    def _committed(self, commit: "asyncio.Task[Mapping[str, int]]") -> None:
        together = self._commits.pop(commit)
        error = StoreUnavailable("the commit was cut short") if commit.cancelled() else commit.exception()
        for entry, _, waits in together:
            if waits.done():
                continue
            if error is not None:
                # One of its own for each: shared, every raise would write into the others' traceback.
                waits.set_exception(StoreUnavailable(*error.args))
            else:
                waits.set_result(commit.result()[entry.reference])
        self._send()
