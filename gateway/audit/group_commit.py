"""Writes the records of concurrent answers together: one statement and one commit for all that wait.

A record is on its way from the moment it is asked for: whoever leaves meanwhile leaves a record of what was perhaps not
disclosed, never a disclosure without a record.
"""

import asyncio
import math
import secrets
from collections import deque
from collections.abc import Sequence
from contextvars import Context
from typing import Final, Protocol, TypeAlias

from adapters.store.entries import Conditions, SealedEntry
from adapters.store.failures import StoreUnavailable

Waiting: TypeAlias = tuple[SealedEntry, Conditions, "asyncio.Future[int]"]


WRITERS: Final = 16  # chains that answers are recorded in; the store has so many
DOUBTED: Final = 5.0  # seconds for which a failed commit is held against the ledger, unless another one succeeds


class AccessStore(Protocol):
    """What group commit asks of the store: what became of each entry, in their order."""

    async def record_accesses(
        self, writer: int, entries: Sequence[tuple[SealedEntry, Conditions]], burst: float, per_second: float
    ) -> Sequence[int]: ...

    async def ledger_ready(self, writer: int) -> None: ...


class GroupCommit:
    """Gathers records; build it where its loop runs.

    A viewer may guess `burst` times at once, and `per_second` on. `at_once` commits are under way at a time, each in a
    chain of its own; what is wanted meanwhile gathers for the next, `most_together` at most. More than `most_waiting`
    is StoreUnavailable at once: nobody waits in a queue that cannot be served.
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
        # Whoever else begins with the same chains is only waited for: which they are says nothing of who writes.
        first = secrets.randbelow(WRITERS)
        self._first = 1 + first
        self._doubted_until = -math.inf
        self._writers = [1 + (first + n) % WRITERS for n in range(at_once)]
        self._most_together = most_together
        self._most_waiting = most_waiting
        self._queue: deque[Waiting] = deque()
        self._commits: dict[asyncio.Task[Sequence[int]], tuple[int, list[Waiting]]] = {}
        self._sending = False
        self._nobody = Context()  # commits serve many requests, so they run in none's context

    def record(self, entry: SealedEntry, conditions: Conditions) -> "asyncio.Future[int]":
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

    async def ready(self) -> None:
        """Raise StoreUnavailable unless records can be written, as far as can be known without writing one.

        A disk that has room for a commit and none for a record is known by the last commit that failed of it.
        """
        if self._loop.time() < self._doubted_until:
            raise StoreUnavailable("records could not be written")
        await self._store.ledger_ready(self._first)

    def _send(self) -> None:
        self._sending = False
        while self._queue and self._writers:
            writer = self._writers.pop()
            together = [self._queue.popleft() for _ in range(min(len(self._queue), self._most_together))]
            entries = [(entry, conditions) for entry, conditions, _ in together]
            commit = self._loop.create_task(self._commit(writer, entries), context=Context())
            self._commits[commit] = writer, together
            commit.add_done_callback(self._committed, context=self._nobody)

    async def _commit(self, writer: int, entries: Sequence[tuple[SealedEntry, Conditions]]) -> Sequence[int]:
        return await self._store.record_accesses(writer, entries, self._burst, self._per_second)

    def _committed(self, commit: "asyncio.Task[Sequence[int]]") -> None:
        writer, together = self._commits.pop(commit)
        self._writers.append(writer)
        error = StoreUnavailable("the commit was cut short") if commit.cancelled() else commit.exception()
        self._doubted_until = -math.inf if error is None else self._loop.time() + DOUBTED
        if error is None:
            for (_, _, waits), became in zip(together, commit.result(), strict=True):
                if not waits.done():
                    waits.set_result(became)
        else:
            kind = type(error) if isinstance(error, StoreUnavailable) else StoreUnavailable
            for _, _, waits in together:
                if not waits.done():
                    # One of its own for each: shared, every raise would write into the others' traceback.
                    waits.set_exception(kind(*error.args))
        self._send()
