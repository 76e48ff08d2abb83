"""Records wait together and are answered one by one: recorded, refused for what has moved since, or not at all."""

import asyncio
import hashlib
from collections.abc import Sequence

import pytest

from adapters.store.entries import Conditions, KeptKey, SealedEntry
from adapters.store.failures import StoreUnavailable
from adapters.store.postgres import Store
from adapters.store.registry_records import RECORDED, REGISTRY_MOVED, SHIELDS_MOVED
from gateway.audit.group_commit import GroupCommit
from tests.databases import Database
from tests.running import RunningGateway

FREE = Conditions()


KEY = KeptKey(b"k" * 16, None, 0, ("somebody",), (b"sealed",))


@pytest.fixture
async def keyed(store: Store) -> Store:
    """A store that has the data key of every entry here."""
    await store.keep_data_key(KEY)
    return store


def entry(word: str) -> SealedEntry:
    reference = hashlib.sha256(word.encode()).digest()[:16]
    return SealedEntry(reference, KEY.name, b"v" * 16, b"", b"sealed")


class Gated:
    """The real store behind a gate, so that a test decides when a commit goes through."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.gate = asyncio.Event()
        self.together: list[int] = []

    async def record_accesses(
        self, writer: int, entries: Sequence[tuple[SealedEntry, Conditions]], burst: float, per_second: float
    ) -> Sequence[int]:
        self.together.append(len(entries))
        await self.gate.wait()
        return await self._store.record_accesses(writer, entries, burst, per_second)


async def test_those_who_wait_together_are_committed_together(keyed: Store) -> None:
    """One statement for all of one turn, and one for all that gathered meanwhile."""
    gated = Gated(keyed)
    commits = GroupCommit(gated, at_once=1)
    first = [commits.record(entry(f"a{n}"), FREE) for n in range(50)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    second = [commits.record(entry(f"b{n}"), FREE) for n in range(70)]
    gated.gate.set()
    assert set(await asyncio.gather(*first, *second)) == {RECORDED}
    assert gated.together == [50, 70]


async def test_each_is_held_against_its_own_epochs(keyed: Store) -> None:
    """Law 7 for every answer in the group: those whose epoch has moved are told so, the others are recorded."""
    now = await keyed.children_by_number([])
    commits = GroupCommit(keyed)
    waits = [
        commits.record(entry("now"), Conditions(now.epoch, now.registered)),
        commits.record(entry("old"), Conditions(now.epoch - 1, now.registered)),
        commits.record(entry("other"), Conditions(now.epoch, now.registered - 1)),
        commits.record(entry("no"), FREE),
    ]
    assert await asyncio.gather(*waits) == [RECORDED, SHIELDS_MOVED, REGISTRY_MOVED, RECORDED]


async def test_whoever_leaves_disturbs_nobody(keyed: Store) -> None:
    """A cancelled wait: its record may be written, the others are answered."""
    gated = Gated(keyed)
    commits = GroupCommit(gated)
    leaves, stays = commits.record(entry("leaves"), FREE), commits.record(entry("stays"), FREE)
    await asyncio.sleep(0)
    leaves.cancel()
    gated.gate.set()
    assert await stays == RECORDED


async def test_a_commit_that_fails_is_nobodys_record(keyed: Store) -> None:
    """CASES 58: everybody in it hears that nothing was recorded, each by an error of its own."""
    await keyed.close()
    commits = GroupCommit(keyed)
    outcomes = await asyncio.gather(
        commits.record(entry("a"), FREE), commits.record(entry("b"), FREE), return_exceptions=True
    )
    assert all(isinstance(outcome, StoreUnavailable) for outcome in outcomes)
    assert outcomes[0] is not outcomes[1]


async def test_a_queue_that_cannot_be_served_is_refused_at_once(keyed: Store) -> None:
    """CASES 51: bounded, with a clear error, and those waiting are not touched."""
    gated = Gated(keyed)
    commits = GroupCommit(gated, most_waiting=2)
    kept = [commits.record(entry("a"), FREE), commits.record(entry("b"), FREE)]
    with pytest.raises(StoreUnavailable, match="too many records"):
        await commits.record(entry("c"), FREE)
    gated.gate.set()
    assert await asyncio.gather(*kept) == [RECORDED, RECORDED]


async def test_concurrent_answers_share_commits_and_all_are_recorded(gateway: RunningGateway) -> None:
    """Forty requests at once: forty records, each with the reference its answer carries."""
    replies = await asyncio.gather(*(gateway.ask_child("open", "number") for _ in range(40)))
    rows = await gateway.rows("SELECT reference FROM ledger")
    assert {reply.headers["Contactpoint-Record"] for reply in replies} == {row["reference"].hex() for row in rows}
    assert len(rows) == 40


async def test_it_is_ready_where_a_record_could_be_written(keyed: Store, database: Database) -> None:
    """To read is not enough; to be asked writes none."""
    commits = GroupCommit(keyed)
    await commits.ready()
    owner = await database.connect()
    try:
        await owner.execute("REVOKE EXECUTE ON FUNCTION record_accesses FROM contactpoint_gateway")
        await keyed.ready()
        with pytest.raises(StoreUnavailable):
            await commits.ready()
        await owner.execute("GRANT EXECUTE ON FUNCTION record_accesses TO contactpoint_gateway")
        await commits.ready()
        assert await owner.fetchval("SELECT count(*) FROM ledger") == 0
    finally:
        await owner.close()


async def test_a_commit_that_failed_is_held_against_it_until_another_succeeds(store: Store) -> None:
    """A record may find no room where the statement itself would: what failed tells more than what might."""
    commits = GroupCommit(store)
    with pytest.raises(StoreUnavailable):
        await commits.record(entry("its data key is not kept"), FREE)
    with pytest.raises(StoreUnavailable):
        await commits.ready()
    await store.keep_data_key(KEY)
    assert await commits.record(entry("it is"), FREE) == RECORDED
    await commits.ready()
