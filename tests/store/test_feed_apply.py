"""What the store itself refuses a feed, whatever it is handed: no forged decision undoes what protects a child."""

import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.identity import CameTo, Decided, Decision, IdentityEntry, Likeness, LikenessReason, QuarantineOutcome
from adapters.records import AddressStatus, BirthEntry, Gender, Keys, Name, NhsNumber, PostalAddress, Upn
from adapters.store.entries import SealedEntry, StewardsWord
from adapters.store.failures import StoreUnavailable
from adapters.store.feeding import FeedStore
from adapters.store.roles import Role
from tests.databases import Database
from tests.store.rows import Rows

BORN = date(2015, 6, 1)  # as children of `rows`
SEALED_NHS, SHIELDED_NHS, HELD_NHS, OPEN_NHS = (f"99900000{last}" for last in ("18", "26", "34", "42"))
KNOWN = {"sealed": SEALED_NHS, "shielded": SHIELDED_NHS, "held": HELD_NHS, "open": OPEN_NHS}

names = st.builds(
    Name, st.sampled_from([("Ada",), ("Eve",), ("Ada", "Mary")]), st.sampled_from(["Example", "Exampel", None])
)
addresses = st.builds(
    PostalAddress,
    st.sampled_from(AddressStatus),
    st.sampled_from([(), ("1 High Street",), ("9 Low Lane",)]),
    st.sampled_from([None, "LS1 1AA", "BS1 1AA"]),
    st.sampled_from([None, "100"]),
)
keys = st.builds(
    Keys,
    st.sampled_from([None, *(NhsNumber(value) for value in (*KNOWN.values(), "9990000050"))]),
    st.sampled_from([None, Upn("B801200005001")]),
    st.sampled_from([None, BirthEntry("900000001")]),
)
entries = st.builds(
    IdentityEntry,
    st.just(1),
    names,
    st.sampled_from([BORN, date(2015, 1, 6)]),
    st.sampled_from([*Gender, None]),
    st.none() | addresses,
    keys,
    st.sampled_from(
        [datetime(2020, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC), datetime(2999, 1, 1, tzinfo=UTC)]
    ),
    st.binary(min_size=1, max_size=1),
    parents=st.sampled_from([(), (b"mother",)]),
    row_key=st.sampled_from([None, b"row"]),
)
# Whom a decision names is drawn beside it: any child there is, whether or not it is like the entry at all.
decisions = st.sampled_from([*Decided]).flatmap(lambda decided: st.tuples(st.just(decided), st.sampled_from([*KNOWN])))

UNTOUCHABLE = """
SELECT c.given, c.family, c.name_key, c.given_key, c.family_sound, c.given_sound, c.birth_date,
       (SELECT array_agg(k.value ORDER BY k.value) FROM keys k WHERE k.child_id = c.id AND k.value = ANY ($2)),
       (SELECT count(*) FROM former_names n WHERE n.child_id = c.id), c.number, c.closed
  FROM children c WHERE c.id = $1
"""
several = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
async def feed(database: Database) -> AsyncIterator[FeedStore]:
    store = await FeedStore.connect(database.dsn(Role.FEED))
    yield store
    await store.close()


async def four_children(rows: Rows) -> dict[str, int]:
    """A sealed, a shielded, a held and an open child, alike but for their keys."""
    await rows.connection.execute("DELETE FROM quarantine_candidates; DELETE FROM quarantine")
    await rows.connection.execute(
        "TRUNCATE children, shields, holds, former_names, keys, former_keys, parent_links, source_rows CASCADE"
    )
    ids = {}
    for word, value in KNOWN.items():
        ids[word] = await rows.child()
        await rows.connection.execute("INSERT INTO keys VALUES ('NHS_NUMBER', $1, $2)", value, ids[word])
    await rows.shield(ids["sealed"], "SEALED")
    await rows.shield(ids["shielded"])
    await rows.hold(ids["held"])
    return ids


def a_decision(decided: Decided, child: int) -> Decision:
    if decided is Decided.UPDATE:
        return Decision(decided, child)
    if decided is Decided.CREATE:
        return Decision(decided)
    likeness = Likeness(child, 10.0, (LikenessReason.NAME_ALIKE,))
    return Decision(decided, None, QuarantineOutcome.DOUBTFUL, (likeness,))


async def applied(feed: FeedStore, decided: Sequence[tuple[IdentityEntry, Decision]]) -> list[CameTo] | None:
    """What they came to; None where the store refused all of them."""
    try:
        async with feed.batch("source") as batch:
            return await batch.apply(decided)
    except StoreUnavailable:
        return None


def an_entry(**said: Any) -> IdentityEntry:
    plain = IdentityEntry(
        1, Name(("Ada",), "Example"), BORN, None, None, Keys(), datetime(2026, 1, 1, tzinfo=UTC), secrets.token_bytes(8)
    )
    return replace(plain, **said)


@several
@given(st.lists(st.tuples(entries, decisions), min_size=1, max_size=4))
async def test_no_decision_changes_who_a_protected_child_is(
    rows: Rows, feed: FeedStore, told: list[tuple[IdentityEntry, tuple[Decided, str]]]
) -> None:
    """Name, birth date and every key it has stay; no shield goes, no hold is cleared, no key changes hands."""
    ids = await four_children(rows)
    protected = [ids[word] for word in ("sealed", "shielded", "held")]
    before = [await rows.connection.fetchrow(UNTOUCHABLE, child, list(KNOWN.values())) for child in protected]
    await applied(feed, [(entry, a_decision(decided, ids[word])) for entry, (decided, word) in told])
    after = [await rows.connection.fetchrow(UNTOUCHABLE, child, list(KNOWN.values())) for child in protected]
    assert after == before
    shields = await rows.connection.fetch("SELECT child_id, tier FROM shields ORDER BY child_id")
    assert [tuple(row) for row in shields] == [(ids["sealed"], "SEALED"), (ids["shielded"], "SHIELDED")]
    assert await rows.connection.fetchval("SELECT count(*) FROM holds WHERE cleared_at IS NOT NULL") == 0
    holders = await rows.connection.fetch(
        "SELECT value, child_id FROM keys WHERE value = ANY ($1)", list(KNOWN.values())
    )
    moved = {row["value"]: row["child_id"] for row in holders}
    assert all(moved[KNOWN[word]] == ids[word] for word in ("sealed", "shielded", "held"))


@several
@given(st.lists(st.tuples(entries, decisions), min_size=1, max_size=4))
async def test_a_batch_again_changes_nothing(
    rows: Rows, feed: FeedStore, told: list[tuple[IdentityEntry, tuple[Decided, str]]]
) -> None:
    """Updates and doubts once done are done; what is new is another matter, and the matcher's."""
    ids = await four_children(rows)
    batch = [
        (entry, a_decision(decided, ids[word])) for entry, (decided, word) in told if decided is not Decided.CREATE
    ]
    again = "SELECT count(*), (SELECT count(*) FROM quarantine), (SELECT count(*) FROM former_names) FROM children"
    holds = "SELECT count(*) FROM holds"
    held = await rows.connection.fetchval(holds)
    first = await applied(feed, batch)
    if await rows.connection.fetchval(holds) != held:
        # A household came to be known: what an earlier row gave an open child of it would wait from now on.
        first = await applied(feed, batch)
    stood = await rows.connection.fetchrow(again)
    second = await applied(feed, batch)
    assert await rows.connection.fetchrow(again) == stood
    assert (first is None) == (second is None)
    if first is not None and second is not None and len(batch) == 1:
        assert second[0] in (CameTo.UNCHANGED, CameTo.QUARANTINED)


@pytest.mark.parametrize(
    ("name", "born", "outcome"),
    [
        (Name(("Ada",), "Other"), BORN, QuarantineOutcome.PROTECTED_NAME_CHANGE),
        (Name(("Ada",), "Example"), date(2015, 1, 6), QuarantineOutcome.PROTECTED_BIRTH_DATE_CHANGE),
    ],
)
async def test_a_changed_protected_child_waits_whatever_was_decided(
    rows: Rows, feed: FeedStore, name: Name, born: date, outcome: QuarantineOutcome
) -> None:
    """The 2009 mistake, made by a matcher gone wrong: the store puts it aside, and the steward sees that it waits."""
    ids = await four_children(rows)
    entry = an_entry(name=name, birth_date=born, keys=Keys(NhsNumber(SHIELDED_NHS)))
    assert await applied(feed, [(entry, Decision(Decided.UPDATE, ids["shielded"]))]) == [CameTo.QUARANTINED]
    assert await rows.connection.fetchval("SELECT outcome FROM quarantine") == outcome.value
    [waiting] = await feed.stewards_page(None, 10)
    assert (waiting.source, waiting.entry, waiting.candidates) == (None, None, None)


async def test_an_open_child_is_renamed_and_its_old_name_kept(rows: Rows, feed: FeedStore) -> None:
    """The newer name is the child's; the older one finds it still."""
    await rows.connection.execute("DELETE FROM children")
    child = await rows.child()
    entry = an_entry(name=Name(("Ada",), "Other"))
    assert await applied(feed, [(entry, Decision(Decided.UPDATE, child))]) == [CameTo.UPDATED]
    assert await applied(feed, [(entry, Decision(Decided.UPDATE, child))]) == [CameTo.UNCHANGED]
    assert await rows.connection.fetchval("SELECT family FROM children WHERE id = $1", child) == "Other"
    assert await rows.connection.fetchval("SELECT family FROM former_names WHERE child_id = $1", child) == "Example"


async def test_a_steward_reads_and_resolves_what_no_protected_child_is_like(rows: Rows, feed: FeedStore) -> None:
    """Read whole, resolved once, recorded with it; a second word on it, or one on nothing, is refused and recorded."""
    child = await rows.child("1234567890123")
    entry = an_entry(address=PostalAddress(AddressStatus.CURRENT, ("9 Low Lane",), "BS1 1AA"))
    likeness = Likeness(child, 12.0, (LikenessReason.SAME_NAME,))
    doubt = Decision(Decided.QUARANTINE, None, QuarantineOutcome.DOUBTFUL, (likeness,))
    assert await applied(feed, [(entry, doubt)]) == [CameTo.QUARANTINED]
    [waiting] = await feed.stewards_page(None, 10)
    assert waiting.entry == replace(entry, line=0)
    assert waiting.candidates == (("1234567890123", (LikenessReason.SAME_NAME,)),)
    assert await feed.stewards_page((waiting.received_at, waiting.reference), 10) == []

    await rows.connection.execute("SELECT keep_data_key($1, null, 0, '{a}', '{b}')", b"k" * 16)

    async def resolved(entry: str, resolution: str, number: str | None = None) -> bool:
        done, refused = (SealedEntry(secrets.token_bytes(16), b"k" * 16, b"v" * 16, b"", w) for w in (b"done", b"no"))
        return await feed.resolve_entry(
            StewardsWord(entry, resolution, number, "steward", "the same child", done, refused)
        )

    assert await resolved(waiting.reference, "SAME", "1234567890123")
    assert not await resolved(waiting.reference, "REJECT")
    assert not await resolved("nothing", "REJECT")
    kept = await rows.connection.fetch("SELECT sealed FROM ledger ORDER BY position")
    assert [row[0] for row in kept] == [b"done", b"no", b"no"]
    assert await rows.connection.fetchval("SELECT postcode FROM children WHERE id = $1", child) == "BS1 1AA"


async def test_a_failed_batch_leaves_nothing(rows: Rows, feed: FeedStore) -> None:
    """All or nothing, and what the database said stays with it: the message quotes no row."""
    child = await rows.child()
    wrong = replace(an_entry(), birth_date=None)  # type: ignore[arg-type]  # no matcher makes such an entry
    with pytest.raises(StoreUnavailable) as refused:
        async with feed.batch("source") as batch:
            await batch.apply(
                [(an_entry(gender=Gender.OTHER), Decision(Decided.UPDATE, child)), (wrong, Decision(Decided.CREATE))]
            )
    assert "Example" not in str(refused.value)
    assert await rows.connection.fetchval("SELECT gender FROM children WHERE id = $1", child) == "FEMALE"


async def test_the_feeds_role_changes_no_table_itself(database: Database) -> None:
    """Not even those it loads into: it has the functions."""
    connection = await database.connect(Role.FEED)
    for statement in ("UPDATE children SET gender = 'OTHER'", "DELETE FROM keys", "DELETE FROM feed_loads"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    await connection.close()
