"""What a record depends on, and what becomes of it: recorded, moved, or so many seconds to wait (CASES 32)."""

import asyncio
import hashlib
import itertools
from dataclasses import dataclass
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from adapters.store.entries import Conditions, KeptKey, SealedEntry, packed
from adapters.store.postgres import Store
from adapters.store.registry_records import RECORDED, REGISTRY_MOVED, SHIELDS_MOVED
from adapters.store.roles import Role
from gateway.audit.scribe import Access
from gateway.audit.verify import Kind
from gateway.audit.verifying import verify_store
from tests.auditing import opened, scribe_for
from tests.databases import Database
from tests.store.rows import Rows

BURST, PER_SECOND = 30.0, 0.2


@dataclass
class Guesser:
    """Records accesses of viewers, under the epochs of now unless told otherwise."""

    store: Store
    rows: Rows
    serial: int = 0

    async def record(self, guesses: int | None, viewer: str = "v", **epochs: Any) -> int:
        reading = await self.store.children_by_number([])
        conditions = replace(Conditions(reading.epoch, reading.registered, guesses), **epochs)
        self.serial += 1
        entries = [(access(str(self.serial), viewer), conditions)]
        [became] = await self.store.record_accesses(1, entries, BURST, PER_SECOND)
        return became

    async def after(self, seconds: float) -> None:
        """As if exactly so long had passed since the bucket last took a drop, however long the test took."""
        await self.rows.connection.execute(
            "UPDATE guessing SET at = clock_timestamp() - $1::float8 * interval '1 second'", seconds
        )

    async def recorded(self) -> int:
        return int(await self.rows.connection.fetchval("SELECT count(*) FROM ledger"))


KEY = KeptKey(b"k" * 16, None, 0, ("somebody",), (b"sealed",))


def access(reference: str, viewer: str = "v") -> SealedEntry:
    of, by = (hashlib.sha256(word.encode()).digest()[:16] for word in (reference, viewer))
    return SealedEntry(of, KEY.name, by, b"", b"sealed")


@pytest.fixture
async def guesser(store: Store, rows: Rows) -> Guesser:
    """Somebody whose bucket is empty."""
    await store.keep_data_key(KEY)
    return Guesser(store, rows)


async def test_what_has_moved_is_not_recorded(guesser: Guesser) -> None:
    """Law 7, of shields first, then of the registry: each is said by its own number, and nothing is written."""
    now = await guesser.store.children_by_number([])
    assert await guesser.record(0, decided=now.epoch - 1) == SHIELDS_MOVED
    assert await guesser.record(0, registered=now.registered - 1) == REGISTRY_MOVED
    assert await guesser.record(0, decided=now.epoch - 1, registered=now.registered - 1) == SHIELDS_MOVED
    assert await guesser.recorded() == 0
    assert await guesser.record(0) == RECORDED
    assert await guesser.record(0, decided=None, registered=None) == RECORDED
    assert await guesser.recorded() == 2


@pytest.mark.parametrize("moved", list(itertools.product((False, True), repeat=3)), ids=str)
async def test_of_a_group_each_is_recorded_or_not(
    guesser: Guesser, database: Database, moved: tuple[bool, ...]
) -> None:
    """Wherever in the group those stand whose shields have moved, the others are linked, each by its own content."""
    now = await guesser.store.children_by_number([])
    entries = [
        (access(str(place)), Conditions(now.epoch - gone, now.registered, None)) for place, gone in enumerate(moved)
    ]
    became = await guesser.store.record_accesses(1, entries, BURST, PER_SECOND)
    assert became == [SHIELDS_MOVED if gone else RECORDED for gone in moved]
    recorded = await guesser.rows.connection.fetch("SELECT * FROM ledger ORDER BY position")
    kept = [entry.reference for (entry, _), gone in zip(entries, moved, strict=True) if not gone]
    assert [row["reference"] for row in recorded] == kept
    trusted = Ed25519PrivateKey.generate().public_key()
    verdict = await verify_store(database.dsn(Role.AUDIT), trusted, (), lambda done, of_all: None)
    broken = {finding.kind for finding in verdict.findings} - {Kind.KEY_LOST}  # for the key of these tests is made up
    assert (verdict.records, broken) == (len(kept), set())


async def test_a_record_is_durable_whatever_its_writer_was_told(guesser: Guesser, database: Database) -> None:
    """Law 7: who records in a session that does not wait for its commits waits for this one."""
    writer = await database.connect(Role.GATEWAY)
    try:
        await writer.execute("SET synchronous_commit = off")
        async with writer.transaction():
            await writer.execute(
                "SELECT record_accesses(1, ARRAY[$1::bytea], 1, 1)", packed(access("it"), Conditions())
            )
            assert await writer.fetchval("SHOW synchronous_commit") == "on"
        assert await writer.fetchval("SHOW synchronous_commit") == "off"
    finally:
        await writer.close()


async def test_what_has_moved_fills_no_bucket(guesser: Guesser) -> None:
    """The same request is made again: its guesses count once."""
    now = await guesser.store.children_by_number([])
    assert await guesser.record(30, decided=now.epoch - 1) == SHIELDS_MOVED
    assert await guesser.record(30, registered=now.registered - 1) == REGISTRY_MOVED
    assert await guesser.record(30) == RECORDED


async def test_a_full_bucket_tells_nothing_of_any_child(guesser: Guesser) -> None:
    """CASES 32: a hit is refused as a miss is; what asks for no child, and whoever else asks, is answered."""
    assert await guesser.record(30) == RECORDED
    assert await guesser.record(0) == RECORDED
    assert 50 < await guesser.record(20) <= 100
    assert 50 < await guesser.record(0) <= 100
    assert await guesser.record(None) == RECORDED
    assert await guesser.record(1, viewer="another") == RECORDED
    assert await guesser.recorded() == 4


async def test_the_bucket_leaks(guesser: Guesser) -> None:
    """After as many seconds as were said the viewer is answered again; one who went on waits no longer for more."""
    assert await guesser.record(31) == 5
    await guesser.after(5)
    assert await guesser.record(0) == RECORDED
    for _ in range(20):
        assert await guesser.record(50) >= 100
    assert 100 < await guesser.record(0) <= 150
    await guesser.after(150)
    assert await guesser.record(0) == RECORDED
    await guesser.after(1e7)
    assert await guesser.record(30) == RECORDED, "a bucket holds no less than nothing"


async def test_one_bucket_whichever_worker(database: Database, guesser: Guesser) -> None:
    """Two stores, as two workers or two replicas have them, fill the same one."""
    other = await Store.connect(database.dsn(Role.GATEWAY))
    elsewhere = Guesser(other, guesser.rows, serial=1_000)
    became = [await (guesser, elsewhere)[turn % 2].record(10) for turn in range(6)]
    await other.close()
    assert became[:3] == [RECORDED] * 3
    assert all(seconds > 0 for seconds in became[3:])


@dataclass
class Model:
    """The leaking bucket, as the text of the law has it."""

    level: float = 0.0

    def pass_by(self, seconds: float) -> None:
        self.level = max(0.0, self.level - seconds * PER_SECOND)

    def record(self, guesses: int) -> int:
        self.level = min(self.level + guesses, 2 * BURST)
        if self.level <= BURST:
            return RECORDED
        return max(1, -int(-(self.level - BURST) // PER_SECOND))


@given(st.lists(st.tuples(st.integers(0, 70), st.integers(0, 400)), max_size=12))
def test_no_more_is_answered_than_the_bucket_holds(steps: list[tuple[int, int]]) -> None:
    """Invariant of the model, to which the next test holds the store: the burst and what has leaked, never more."""
    model, answered, passed = Model(), 0, 0
    for guesses, seconds in steps:
        model.pass_by(seconds)
        passed += seconds
        answered += guesses if model.record(guesses) == RECORDED else 0
        assert answered <= BURST + passed * PER_SECOND + 1e-6


async def test_the_store_keeps_to_the_model(guesser: Guesser) -> None:
    """Two hundred steps, always the same: answered and refused as the model says, to the second."""
    model = Model()
    steps = [(1 + 7 * n * n % 11, 13 * n % 37) for n in range(200)]
    for guesses, seconds in steps:
        await guesser.after(seconds)
        model.pass_by(seconds)
        expected, became = model.record(guesses), await guesser.record(guesses)
        assert abs(became - expected) <= 2, (guesses, seconds, model.level)


async def test_commits_that_fill_the_same_buckets_never_deadlock(database: Database, rows: Rows) -> None:
    """Two workers record the same viewers in opposite orders, over and over: all of it is recorded."""
    one, two = [await Store.connect(database.dsn(Role.GATEWAY), timeout=20) for _ in range(2)]
    viewers = [f"viewer-{n:02}" for n in range(40)]

    await one.keep_data_key(KEY)

    async def fill(store: Store, writer: int, order: list[str]) -> None:
        for again in range(10):
            entries = [(access(f"{writer}{again}{viewer}", viewer), Conditions(guesses=1)) for viewer in order]
            became = await store.record_accesses(writer, entries, 1e6, 1)
            assert set(became) == {RECORDED}

    await asyncio.gather(fill(one, 1, viewers), fill(two, 2, viewers[::-1]))
    await one.close()
    await two.close()
    assert await rows.connection.fetchval("SELECT count(*) FROM ledger") == 800


async def test_flags_are_kept(guesser: Guesser, entry: Access) -> None:
    """Whom nobody could tell apart is marked in the ledger."""
    flagged = replace(entry, reference="f" * 32, flags=frozenset({"NO_PERSON"}))
    scribe = scribe_for(guesser.store)
    entries = [(await scribe.sealed(access), Conditions()) for access in (flagged, entry)]
    await guesser.store.record_accesses(1, entries, BURST, PER_SECOND)
    flags = {seen.reference: seen.flags for seen in await opened(guesser.rows.connection)}
    assert flags == {flagged.reference: ("NO_PERSON",), entry.reference: ()}
