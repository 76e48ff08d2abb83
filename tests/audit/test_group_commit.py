"""Records wait together and are answered one by one: recorded, refused for a shield that moved, or not at all."""

import asyncio
from collections.abc import Collection, Sequence

import pytest

from adapters.store.entries import AccessEntry
from adapters.store.failures import StoreUnavailable
from adapters.store.postgres import Store
from gateway.audit.group_commit import GroupCommit
from tests.running import RunningGateway


def entry(reference: str) -> AccessEntry:
    return AccessEntry(reference, "v", "o", "PRACTITIONER", None, None, None, "ANSWERED", None)


class Gated:
    """The real store behind a gate, so that a test decides when a commit goes through."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.gate = asyncio.Event()
        self.together: list[int] = []

    async def record_accesses(self, entries: Sequence[tuple[AccessEntry, int | None]]) -> Collection[str]:
        self.together.append(len(entries))
        await self.gate.wait()
        return await self._store.record_accesses(entries)


async def test_those_who_wait_together_are_committed_together(store: Store) -> None:
    """One statement for all of one turn, and one for all that gathered meanwhile."""
    gated = Gated(store)
    commits = GroupCommit(gated, at_once=1)
    first = [commits.record(entry(f"a{n}"), None) for n in range(50)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    second = [commits.record(entry(f"b{n}"), None) for n in range(70)]
    gated.gate.set()
    assert all(await asyncio.gather(*first, *second))
    assert gated.together == [50, 70]


async def test_each_is_held_against_its_own_epoch(store: Store, database: object) -> None:
    """Law 7 for every answer in the group: those whose epoch has moved are told so, the others are recorded."""
    epoch = (await store.children_by_number([])).epoch
    commits = GroupCommit(store)
    waits = [
        commits.record(entry("now"), epoch),
        commits.record(entry("old"), epoch - 1),
        commits.record(entry("no"), None),
    ]
    assert await asyncio.gather(*waits) == [True, False, True]


async def test_whoever_leaves_disturbs_nobody(store: Store) -> None:
    """A cancelled wait: its record may be written, the others are answered."""
    gated = Gated(store)
    commits = GroupCommit(gated)
    leaves, stays = commits.record(entry("leaves"), None), commits.record(entry("stays"), None)
    await asyncio.sleep(0)
    leaves.cancel()
    gated.gate.set()
    assert await stays is True


async def test_a_commit_that_fails_is_nobodys_record(store: Store) -> None:
    """CASES 58: everybody in it hears that nothing was recorded, each by an error of its own."""
    await store.close()
    commits = GroupCommit(store)
    outcomes = await asyncio.gather(
        commits.record(entry("a"), None), commits.record(entry("b"), None), return_exceptions=True
    )
    assert all(isinstance(outcome, StoreUnavailable) for outcome in outcomes)
    assert outcomes[0] is not outcomes[1]


async def test_a_queue_that_cannot_be_served_is_refused_at_once(store: Store) -> None:
    """CASES 51: bounded, with a clear error, and those waiting are not touched."""
    gated = Gated(store)
    commits = GroupCommit(gated, most_waiting=2)
    kept = [commits.record(entry("a"), None), commits.record(entry("b"), None)]
    with pytest.raises(StoreUnavailable, match="too many records"):
        await commits.record(entry("c"), None)
    gated.gate.set()
    assert await asyncio.gather(*kept) == [True, True]


async def test_concurrent_answers_share_commits_and_all_are_recorded(gateway: RunningGateway) -> None:
    """Forty requests at once: forty records, each with the reference its answer carries."""
    replies = await asyncio.gather(*(gateway.ask_child("open", "number") for _ in range(40)))
    rows = await gateway.rows("SELECT reference FROM ledger")
    assert {reply.headers["Contactpoint-Record"] for reply in replies} == {row["reference"] for row in rows}
    assert len(rows) == 40
