"""Whose kin a child is: prints come in with feeds and merges, are never taken away, and go when a record is closed."""

import secrets
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime

import pytest

from adapters.identity import Decided, Decision, IdentityEntry, QuarantineOutcome
from adapters.records import Keys, Name, NhsNumber
from adapters.sandbox.populate import populate
from adapters.sandbox.population import NOTABLE, child_at, kin_of
from adapters.store.backfill import backfill_kin
from adapters.store.entries import StewardsWord
from adapters.store.failures import StoreSetupError
from adapters.store.feeding import FeedStore
from adapters.store.kin_key import kin_key_fits
from adapters.store.kinship import is_kin, print_of
from adapters.store.postgres import Store
from adapters.store.roles import Role
from adapters.store.search import Criteria, SearchScope
from gateway.audit.scribe import Access
from tests.auditing import sealed
from tests.databases import Database
from tests.store.rows import Rows, act

KEY = b"k" * 32
OWN, MOTHER, FATHER = (print_of(KEY, NhsNumber(f"99900000{last}")) for last in ("18", "26", "34"))
BORN = date(2015, 6, 1)


@pytest.fixture
async def feed(database: Database) -> AsyncIterator[FeedStore]:
    store = await FeedStore.connect(database.dsn(Role.FEED))
    yield store
    await store.close()


def an_entry(*kin: bytes) -> IdentityEntry:
    as_of = datetime(2026, 1, 1, tzinfo=UTC)
    return IdentityEntry(1, Name(("Ada",), "Example"), BORN, None, None, Keys(), as_of, secrets.token_bytes(8), kin=kin)


async def fed(feed: FeedStore, entry: IdentityEntry, decision: Decision) -> None:
    async with feed.batch("source") as batch:
        await batch.apply([(entry, decision)])


async def kin(rows: Rows, child: int) -> bytes:
    return bytes(await rows.connection.fetchval("SELECT kin FROM children WHERE id = $1", child))


async def given_kin(rows: Rows, child: int, *prints: bytes) -> None:
    await rows.connection.execute("UPDATE children SET kin = $2 WHERE id = $1", child, b"".join(prints))


async def test_a_feed_brings_prints(feed: FeedStore, rows: Rows) -> None:
    """With a new child as with one that is known: what is new is put behind, once, and nothing is ever taken away."""
    await fed(feed, an_entry(OWN, MOTHER, OWN), Decision(Decided.CREATE))
    child = await rows.connection.fetchval("SELECT id FROM children")
    assert sorted(prints_of(await kin(rows, child))) == sorted([OWN, MOTHER])
    first = await kin(rows, child)
    await fed(feed, an_entry(MOTHER, FATHER), Decision(Decided.UPDATE, child))
    assert await kin(rows, child) == first + FATHER
    await fed(feed, an_entry(), Decision(Decided.UPDATE, child))
    assert await kin(rows, child) == first + FATHER


async def test_what_waited_brings_its_prints_along(feed: FeedStore, rows: Rows, store: Store) -> None:
    """A row put aside, and said by a steward to be this child's, names its parents too."""
    child = await rows.child()
    await fed(feed, an_entry(MOTHER), Decision(Decided.QUARANTINE, None, QuarantineOutcome.DOUBTFUL))
    reference = await rows.connection.fetchval("SELECT reference FROM quarantine")
    await rows.connection.execute("INSERT INTO quarantine_candidates VALUES ($1, $2, 1, '{}')", reference, child)
    number = await rows.connection.fetchval("SELECT number FROM children")
    record = await sealed(store, Access("0f" * 16, "s", "o", "STEWARD", "DATA_QUALITY", None, None, "ANSWERED"))
    assert await feed.resolve_entry(StewardsWord(reference, "SAME", number, "s", "a stated reason", record, record))
    assert await kin(rows, child) == MOTHER


async def test_a_reading_brings_them_for_the_decision(store: Store, rows: Rows) -> None:
    """In the row that is read anyway; none: empty."""
    child, other = await rows.child("0000000000001"), await rows.child("0000000000002")
    await given_kin(rows, child, OWN, MOTHER)
    found = {
        record.id: record.kin
        for record in (await store.children_by_number(["0000000000001", "0000000000002"])).children
    }
    assert found == {child: OWN + MOTHER, other: b""}
    assert is_kin((FATHER, MOTHER), found[child])
    assert not is_kin((FATHER,), found[child])
    assert not is_kin((), found[child])


@pytest.mark.parametrize("manages", [None, "E08000035"])
async def test_nobody_finds_their_own_child(store: Store, rows: Rows, manages: str | None) -> None:
    """A search is as if it were not there, and has room for one more; other people find it."""
    for n in range(3):
        await rows.child(f"000000000000{n}", given=(f"Ada{n}",))
    await rows.connection.execute("UPDATE children SET kin = $1 WHERE number = '0000000000000'", OWN + MOTHER)

    async def found(*prints: bytes) -> list[str]:
        scope = SearchScope(True, manages, sealed=True, organisation="o", viewer="v", token="t", prints=prints)
        children = (await store.find_children(Criteria("Example", birth_year=2015), scope, 1)).children
        return [child.number for child in children]

    assert await found(FATHER, MOTHER) == ["0000000000001", "0000000000002"]
    assert await found(FATHER) == await found() == ["0000000000000", "0000000000001"]


async def test_merged_records_have_the_kin_of_both(rows: Rows) -> None:
    """The survivor's first; what both had is there once."""
    one, other = await rows.child(), await rows.child()
    await given_kin(rows, one, OWN, MOTHER)
    await given_kin(rows, other, MOTHER, FATHER)
    async with rows.connection.transaction():
        await act(rows.connection, one, "MERGED", second="officer-2")
        await rows.connection.execute("SELECT merge_children($1, $2)", one, other)
    assert await kin(rows, one) == OWN + MOTHER + FATHER


async def test_a_closed_record_keeps_none(database: Database, rows: Rows) -> None:
    """Law 12: the new identity may bear the same prints, and nothing may join the two. No later filling in, either."""
    child = await rows.child()
    await rows.connection.execute("INSERT INTO keys VALUES ('NHS_NUMBER', '9990000018', $1)", child)
    await given_kin(rows, child, OWN, MOTHER)
    async with rows.connection.transaction():
        await act(rows.connection, child, "CLOSED", second="officer-2")
        await rows.connection.execute("SELECT close_child($1)", child)
    assert await kin(rows, child) == b""
    assert await backfill_kin(database.dsn(Role.OWNER), KEY) == 0
    assert await kin(rows, child) == b""


async def test_officers_are_told_yes_or_no_alone(database: Database, rows: Rows) -> None:
    """Their role sees no print, only whether a child is theirs; half a print is nobody's."""
    child, other = await rows.child(), await rows.child()
    await given_kin(rows, child, OWN, MOTHER)
    shield = await database.connect(Role.SHIELD)
    asked = [(child, [FATHER, MOTHER]), (child, [FATHER]), (other, [MOTHER]), (child, []), (child, [MOTHER[:8], b""])]
    assert [await shield.fetchval("SELECT is_kin($1, $2)", *one) for one in asked] == [True, False, False, False, False]
    await shield.close()


async def test_an_older_store_is_given_own_prints(database: Database, rows: Rows) -> None:
    """Children with an NHS number and no prints, however many at a time; again does nothing."""
    known = [await rows.child() for _ in range(5)]
    filled, without = await rows.child(), await rows.child()
    for n, child in enumerate([*known, filled]):
        await rows.connection.execute("INSERT INTO keys VALUES ('NHS_NUMBER', $1, $2)", f"999000000{n}", child)
    await given_kin(rows, filled, MOTHER)
    assert await backfill_kin(database.dsn(Role.OWNER), KEY, portion=2) == 5
    assert await backfill_kin(database.dsn(Role.OWNER), KEY) == 0
    for n, child in enumerate(known):
        assert await kin(rows, child) == print_of(KEY, NhsNumber(f"999000000{n}"))
    assert (await kin(rows, filled), await kin(rows, without)) == (MOTHER, b"")


async def test_synthetic_children_have_prints_under_a_key_alone(database: Database, rows: Rows) -> None:
    """Their own and their parents'; a synthetic parent is known by the number that their token would bear."""
    await populate(database.dsn(Role.OWNER), 60, lambda _: None, KEY)
    for index in range(60):
        assert await kin(rows, index + 1) == b"".join(print_of(KEY, number) for number in kin_of(index))
    parents = [parent.nhs_number for parent in child_at(NOTABLE["one-parent"]).parents]
    assert [child_at(NOTABLE["one-parent"]).keys.nhs_number, *parents] == list(kin_of(NOTABLE["one-parent"]))


async def test_without_a_key_they_have_none(database: Database, rows: Rows) -> None:
    """A benchmark that asks for no kin pays for none."""
    await populate(database.dsn(Role.OWNER), 50, lambda _: None)
    assert await rows.connection.fetchval("SELECT count(*) FROM children WHERE kin <> ''") == 0


def prints_of(kin: bytes) -> list[bytes]:
    return [kin[start : start + 16] for start in range(0, len(kin), 16)]


async def test_one_key_for_all_who_fingerprint(database: Database, rows: Rows) -> None:
    """The first who does says which; another is refused before it could leave a print that is nobody's."""
    owner, gateway, feed = (database.dsn(role) for role in (Role.OWNER, Role.GATEWAY, Role.FEED))
    assert await kin_key_fits(gateway, KEY)
    assert await kin_key_fits(gateway, b"x" * 32), "who only compares has no say"
    assert await kin_key_fits(gateway, None)
    assert await kin_key_fits(feed, KEY)
    for dsn in (owner, gateway, feed):
        assert await kin_key_fits(dsn, KEY)
        assert not await kin_key_fits(dsn, b"x" * 32)
        assert not await kin_key_fits(dsn, None)
    await rows.connection.execute("INSERT INTO keys VALUES ('NHS_NUMBER', '9990000018', $1)", await rows.child())
    with pytest.raises(StoreSetupError, match="another fingerprint key than the store's: copy"):
        await backfill_kin(owner, b"x" * 32)
    assert await rows.connection.fetchval("SELECT kin FROM children") == b""
