"""A new identity has no past (law 12): old number, keys and name lead nowhere, and nothing joins the two records."""

import json
from collections.abc import AsyncIterator, Iterator
from datetime import date, datetime
from typing import Any

import msgspec
import pytest

from adapters.identity import Decided, Decision
from adapters.records import Keys, NhsNumber, Tier, Upn
from adapters.shield_records import ActState, Lift, NewIdentity, Raise
from adapters.store.feed_rows import as_row
from adapters.store.postgres import Store
from adapters.store.roles import Role
from adapters.store.search import Criteria, SearchScope
from resolvers.acts import BadActError
from resolvers.errors import NotAddressableError
from tests.auditing import opened
from tests.databases import Database
from tests.officers import ANN, BOB, LEEDS, REASON, Officers, an_entry, an_officer, officers_of, put_in_quarantine
from tests.store.rows import TOMORROW, Rows

OLD = "0000000000001"
OLD_KEY, NEW_KEY = NhsNumber("9990000018"), NhsNumber("9990000026")
ENTRY = an_entry(keys=Keys(nhs_number=NEW_KEY, upn=Upn("B801200005001")))
CALL = NewIdentity(ENTRY)
EVERYWHERE = SearchScope(address=True, manages=LEEDS, sealed=True, organisation="leeds", viewer="bob", token="")


@pytest.fixture
async def officers(database: Database, store: Store) -> AsyncIterator[Officers]:
    """The officers' desk on this test's database."""
    async with officers_of(database, store) as desk:
        yield desk


@pytest.fixture
async def child(rows: Rows) -> int:
    """A child with a past: a sibling, keys of now and then, a former name, a row of a source, a partner's handle."""
    await rows.connection.execute(
        "ALTER SEQUENCE children_id_seq RESTART 7000001"
    )  # so that an id is like no other word
    child = await rows.child(OLD)
    await rows.child("0000000000002", given=("Bea",))
    for statement in (
        "INSERT INTO keys VALUES ('NHS_NUMBER', '9990000018', $1)",
        "INSERT INTO former_keys VALUES ('UPN', 'A801200005001', $1)",
        "INSERT INTO former_names (child_id, position, given, family) VALUES ($1, 0, '{Ada}', 'Before')",
        "INSERT INTO source_rows VALUES ('roll', '\\x01', $1)",
        "INSERT INTO parent_links VALUES ('\\x02', $1)",
        "INSERT INTO broker_references VALUES ('handle', 'school-1', $1, now() + interval '1 day')",
    ):
        await rows.connection.execute(statement, child)
    return child


async def begun_anew(officers: Officers, call: NewIdentity = CALL) -> str:
    result = await officers.both(OLD, call)
    assert result is not None
    assert result.number is not None
    return result.number


async def test_takes_two_custodians_and_the_same_identity(officers: Officers, child: int) -> None:
    """The second's word must be of the same identity; its number is told once, to whoever completes it."""
    with pytest.raises(NotAddressableError):
        await officers.act(an_officer("cleo", scopes=""), OLD, CALL)
    first = await officers.act(ANN, OLD, CALL)
    assert first is not None
    assert (first.state, first.number) == (ActState.PROPOSED, None)
    other = await officers.act(BOB, OLD, NewIdentity(an_entry(given="Grete", digest=2)))
    assert other is not None
    assert other.state is ActState.PROPOSED
    acts = officers.acts(BOB)
    done = await acts.shield(("anew",), OLD, CALL, REASON)
    assert done is not None
    assert done.state is ActState.DONE
    assert done.number is not None
    assert await acts.shield(("anew",), OLD, CALL, REASON) == done
    assert await officers.act(BOB, OLD, CALL) is None


@pytest.mark.parametrize("raised", [False, True], ids=["open", "shielded"])
async def test_old_record_leads_nowhere(officers: Officers, store: Store, child: int, raised: bool) -> None:
    """By number, key, name or act it is as if it had never been, for its custodians too."""
    if raised:
        await officers.act(an_officer("cleo"), OLD, Raise(Tier.SHIELDED, "threat", TOMORROW))
    await begun_anew(officers)
    assert (await store.children_by_number([OLD])).children == ()
    assert (await store.children_by_key(OLD_KEY)).children == ()
    assert (await store.children_by_key(Upn("A801200005001"))).children == ()
    found = await store.find_children(Criteria("Example", birth_year=2015), EVERYWHERE, 10)
    assert [one.number for one in found.children] == ["0000000000002"]
    assert await officers.act(ANN, OLD, Lift()) is None
    assert OLD not in [case.state.number for case in (await officers.acts(ANN).cases("ALL", 50, None)).rows]


async def test_new_record_is_sealed_with_its_own_keys_and_no_past(
    officers: Officers, store: Store, rows: Rows, child: int
) -> None:
    """It is found by its number and keys by its authority's custodians, and is nobody's namesake or sibling."""
    number = await begun_anew(officers)
    (new,) = (await store.children_by_number([number])).children
    assert (new.protection.tier, new.authority, new.protection.unconfirmed_by) == (Tier.SEALED, LEEDS, None)
    assert (new.name, new.birth_date, new.keys, new.former_names) == (ENTRY.name, ENTRY.birth_date, ENTRY.keys, ())
    assert (await store.children_by_key(NEW_KEY)).children == (new,)
    assert await rows.connection.fetchval("SELECT own_keys_alone FROM children WHERE number = $1", number)
    assert await rows.connection.fetchval("SELECT sum(breaches) FROM law_breaches()") == 0


def words(value: Any) -> Iterator[Any]:
    """Every single value in a column, JSON and arrays taken apart."""
    if isinstance(value, str) and value.startswith(("[", "{")):
        value = json.loads(value)
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from words(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from words(inner)
    elif isinstance(value, bytes):
        yield value.hex()
    else:
        yield value


async def test_nothing_that_is_kept_joins_the_two(officers: Officers, rows: Rows, child: int) -> None:
    """No row of any table names both, and no word but officers, authority, reasons and our own stands with each."""
    await rows.connection.execute("INSERT INTO holds (child_id, agency, mark) VALUES ($1, 'practice', 'R')", child)
    await put_in_quarantine(rows.connection, "entry", an_entry(given="Ada", family="Example", digest=3), {child: []})
    number = await begun_anew(officers)
    new = await rows.connection.fetchval("SELECT id FROM children WHERE number = $1", number)
    kept: list[set[Any]] = []
    for (table,) in await rows.connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
        for row in await rows.connection.fetch(f'SELECT * FROM "{table}"'):  # noqa: S608 - a table's own name
            kept += [{word for value in row.values() for word in words(value)}]
    named = [{child, OLD}, {new, number}]
    for names in named:  # whatever refers to one of them by an act's or a record's reference is of it, too
        names |= {word for row in kept if row & names for word in row if isinstance(word, str) and len(word) == 32}
    old_rows, new_rows = ([row for row in kept if row & names] for names in named)
    assert old_rows
    assert new_rows
    assert not any(row & named[0] and row & named[1] for row in kept)
    shared = set().union(*old_rows) & set().union(*new_rows)
    telling = {word for word in shared if not isinstance(word, bool | int | float | date | datetime | None)}
    assert telling <= {"ann", "bob", LEEDS, "SEALED", "INSERT", "CURRENT", "FEMALE", "NHS_NUMBER", "UPN", ""}
    assert not any(OLD in word for row in new_rows for word in row if isinstance(word, str))  # in no longer word either
    assert ENTRY.digest.hex() not in set().union(*kept)


async def test_key_that_was_anybodys_is_none_of_a_new_identity(officers: Officers, rows: Rows, child: int) -> None:
    """A key of now or of then, the child's own or another's: the act is flawed, and nothing of it stands."""
    for key in (Keys(nhs_number=OLD_KEY), Keys(upn=Upn("A801200005001"))):
        call = NewIdentity(an_entry(keys=key, digest=4 if key.upn else 5))
        if key.upn:
            await rows.connection.execute("UPDATE former_keys SET value = 'B801200005001' WHERE system = 'UPN'")
            call = CALL
        await officers.act(ANN, OLD, call)
        with pytest.raises(BadActError):
            await officers.act(BOB, OLD, call)
        state = await officers.state(OLD)
        assert state is not None
        assert state.tier is Tier.OPEN
        assert state.proposals
    assert await rows.connection.fetchval("SELECT count(*) FROM shield_acts") == 0
    assert [seen.code for seen in await opened(rows.connection)].count("BAD_ACT") == 2


async def test_what_waited_for_the_closed_record_alone_is_dropped_and_counted(
    officers: Officers, rows: Rows, child: int
) -> None:
    """Nobody could resolve it any more; what may be another protected child's waits for that child's officers."""
    sibling, other = (
        await rows.connection.fetchval("SELECT id FROM children WHERE id <> $1", child),
        await rows.child("0000000000003"),
    )
    await rows.shield(other)
    for digest, (reference, alike) in enumerate(
        {"alone": [child], "with an open one": [child, sibling], "another's": [child, other], "none": [sibling]}.items()
    ):
        await put_in_quarantine(
            rows.connection, reference, an_entry(digest=digest + 10), {candidate: [] for candidate in alike}
        )
    await begun_anew(officers)
    kept = await rows.connection.fetch("SELECT reference FROM quarantine ORDER BY reference")
    assert [row[0] for row in kept] == ["another's", "none"]
    assert await rows.connection.fetchval("SELECT sum(number_of) FROM dropped_rows") == 2


@pytest.mark.parametrize("decided", [Decided.UPDATE, Decided.QUARANTINE])
async def test_rows_with_the_closed_records_keys_are_dropped_and_counted(
    officers: Officers, database: Database, rows: Rows, child: int, decided: Decided
) -> None:
    """Whatever the matcher says of them, they reach neither record and no quarantine; to the feed they wait."""
    number = await begun_anew(officers)
    entry = an_entry(given="Ada", family="Example", keys=Keys(nhs_number=OLD_KEY), digest=6)
    row = as_row(entry, Decision(decided, child if decided is Decided.UPDATE else None), "0000000000008", "r" * 32)
    feed = await database.connect(Role.FEED)
    before = await rows.connection.fetch("SELECT * FROM children ORDER BY id")
    came_to = await feed.fetchval(
        "SELECT came_to FROM feed_apply('roll', $1::jsonb)", msgspec.json.encode([row]).decode()
    )
    await feed.close()
    assert came_to == "QUARANTINED"
    assert await rows.connection.fetchval("SELECT sum(number_of) FROM dropped_rows") == 1
    assert await rows.connection.fetchval("SELECT count(*) FROM quarantine") == 0
    assert await rows.connection.fetch("SELECT * FROM children ORDER BY id") == before
    assert number in {row["number"] for row in before}
