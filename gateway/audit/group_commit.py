"""Writes the records of concurrent answers together: one statement and one commit for all that wait.

A record is on its way from the moment it is asked for: whoever leaves meanwhile leaves a record of what was perhaps not
disclosed, never a disclosure without a record.
"""

import asyncio
from collections import deque
from collections.abc import Collection, Sequence
from contextvars import Context
from typing import Protocol, TypeAlias

from adapters.store.entries import AccessEntry
from adapters.store.failures import StoreUnavailable

Waiting: TypeAlias = tuple[AccessEntry, int | None, "asyncio.Future[bool]"]


class AccessStore(Protocol):
    """What group commit asks of the store: which of the entries, by reference, were recorded."""

    async def record_accesses(self, entries: Sequence[tuple[AccessEntry, int | None]]) -> Collection[str]: ...


class GroupCommit:
    """Gathers records; build it where its loop runs.

    `at_once` commits are under way at a time; what is wanted meanwhile gathers for the next, `most_together` at most.
    More than `most_waiting` is StoreUnavailable at once: nobody waits in a queue that cannot be served.
    """

    def __init__(
        self, store: AccessStore, *, at_once: int = 2, most_together: int = 500, most_waiting: int = 5_000
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._store = store
        self._at_once = at_once
        self._most_together = most_together
        self._most_waiting = most_waiting
        self._queue: deque[Waiting] = deque()
        self._commits: dict[asyncio.Task[Collection[str]], list[Waiting]] = {}
        self._sending = False
        self._nobody = Context()  # commits serve many requests, so they run in none's context

    def record(self, entry: AccessEntry, epoch: int | None) -> "asyncio.Future[bool]":
        """Begin to record; what is awaited says whether it was, or raises StoreUnavailable."""
        waits: asyncio.Future[bool] = self._loop.create_future()
        if len(self._queue) >= self._most_waiting:
            waits.set_exception(StoreUnavailable("too many records wait to be written"))
            return waits
        self._queue.append((entry, epoch, waits))
        if not self._sending:
            self._sending = True
            self._loop.call_soon(self._send, context=self._nobody)
        return waits

    def _send(self) -> None:
        self._sending = False
        while self._queue and len(self._commits) < self._at_once:
            together = [self._queue.popleft() for _ in range(min(len(self._queue), self._most_together))]
            entries = [(entry, epoch) for entry, epoch, _ in together]
            commit = self._loop.create_task(self._commit(entries), context=Context())
            self._commits[commit] = together
            commit.add_done_callback(self._committed, context=self._nobody)

    async def _commit(self, entries: Sequence[tuple[AccessEntry, int | None]]) -> Collection[str]:
        return await self._store.record_accesses(entries)

    def _committed(self, commit: "asyncio.Task[Collection[str]]") -> None:
        together = self._commits.pop(commit)
        error = StoreUnavailable("the commit was cut short") if commit.cancelled() else commit.exception()
        for entry, _, waits in together:
            if waits.done():
                continue
            if error is not None:
                # One of its own for each: shared, every raise would write into the others' traceback.
                waits.set_exception(StoreUnavailable(*error.args))
            else:
                waits.set_result(entry.reference in commit.result())
        self._send()
