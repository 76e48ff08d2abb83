"""What the store refuses a feed, whatever its loader believed: a double of somebody protected, and a word too many."""

import json
import secrets
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from adapters.number import new_number
from adapters.store.entries import Conditions, SealedEntry, packed
from adapters.store.roles import Connection, Role
from adapters.store.search import name_key
from adapters.store.sounds import sound
from tests.databases import Database
from tests.store.rows import Rows

KEEP = "SELECT keep_data_key($1, null, 0, '{a}', '{b}')"
RECORD = "SELECT record_accesses(1, ARRAY[$1::bytea], 1, 1) = ARRAY[0]"
KEY = b"k" * 16
ENTRY = packed(SealedEntry(KEY, KEY, KEY, b"", b""), Conditions())


@pytest.fixture
async def feed(database: Database) -> AsyncIterator[Connection]:
    """A connection as the feed's role: the loader is left out, so that nothing but the store's own word counts."""
    connection = await database.connect(Role.FEED)
    yield connection
    await connection.close()


async def applied(feed: Connection, decision: str, *, given: str = "Ada", **fields: Any) -> str:
    """What came of one entry, which is of Ada Example, born on 1 June 2015, unless said otherwise."""
    family = fields.get("family", "Example")
    entry = {
        "position": 0,
        "decision": decision,
        "number": new_number(),
        "reference": secrets.token_hex(8),
        "outcome": "DOUBTFUL",
        "digest": secrets.token_hex(32),
        "given": [given],
        "family": family,
        "name_key": name_key(family),
        "given_key": name_key(given),
        "family_sound": sound(family),
        "given_sound": sound(given),
        "birth_date": "2015-06-01",
        "as_of": "2026-01-01",
        "candidates": [],
    }
    row = json.dumps([entry | fields])
    return str(await feed.fetchval("SELECT came_to FROM feed_apply('source', $1::jsonb)", row))


@pytest.mark.parametrize("tier", ["SHIELDED", "SEALED"])
@pytest.mark.parametrize(
    "entry", [{}, {"family": "Exempel"}, {"given": "Example", "family": "Ada"}], ids=["same", "misspelt", "exchanged"]
)
async def test_no_protected_child_is_made_again(feed: Connection, rows: Rows, tier: str, entry: dict[str, Any]) -> None:
    """An open record of the same birth date that sounds the same waits for officers, though it was to be made."""
    child = await rows.child()
    await rows.shield(child, tier)
    assert await applied(feed, "CREATE", **entry) == "QUARANTINED"
    assert await rows.connection.fetchval("SELECT count(*) FROM children") == 1
    assert await rows.connection.fetchval("SELECT child_id FROM quarantine_candidates") == child


async def test_nobody_is_renamed_into_a_protected_child(feed: Connection, rows: Rows) -> None:
    """A rename that would make a double waits, and the name stays."""
    await rows.shield(await rows.child())
    other = await rows.child(given=["Zoe"])
    assert await applied(feed, "UPDATE", child=other) == "QUARANTINED"
    assert await rows.connection.fetchval("SELECT given FROM children WHERE id = $1", other) == ["Zoe"]


async def test_a_key_that_a_protected_child_once_had_makes_nobody(feed: Connection, rows: Rows) -> None:
    """Whatever name comes with it."""
    child = await rows.child()
    await rows.shield(child)
    await rows.connection.execute("INSERT INTO former_keys VALUES ('NHS_NUMBER', '9990000018', $1)", child)
    born_otherwise = {"given": "Zoe", "birth_date": "2011-01-01", "keys": {"NHS_NUMBER": "9990000018"}}
    assert await applied(feed, "CREATE", **born_otherwise) == "QUARANTINED"


async def test_what_names_a_protected_child_is_shown_to_no_steward(feed: Connection, rows: Rows) -> None:
    """The matcher named nobody; the store finds whose key it is, and stewards see that something waits."""
    child = await rows.child()
    await rows.shield(child)
    await rows.connection.execute("INSERT INTO keys VALUES ('NHS_NUMBER', '9990000018', $1)", child)
    await applied(feed, "QUARANTINE", given="Zoe", birth_date="2011-01-01", keys={"NHS_NUMBER": "9990000018"})
    (row,) = await feed.fetch("SELECT * FROM quarantine_for_stewards(NULL, NULL, 10)")
    assert [row[column] for column in ("source", "outcome", "entry", "candidates")] == [None] * 4


async def test_shielded_after_it_was_put_aside(feed: Connection, rows: Rows) -> None:
    """An entry that a steward could have made a child of is their officers', once it is like somebody protected."""
    await applied(feed, "QUARANTINE")
    reference = await feed.fetchval("SELECT reference FROM quarantine_for_stewards(NULL, NULL, 10)")
    await rows.shield(await rows.child())
    resolved = "SELECT resolve_entry($1, 'DIFFERENT', NULL, 'steward', 'a stated reason')"
    assert await feed.fetchval(resolved, reference) is False
    assert await rows.connection.fetchval("SELECT count(*) FROM children") == 1
    assert await feed.fetchval("SELECT entry FROM quarantine_for_stewards(NULL, NULL, 10)") is None


async def test_an_older_snapshot_writes_nothing(feed: Connection, rows: Rows) -> None:
    """A shield raised meanwhile would not be seen under REPEATABLE READ: refused outright."""
    transaction = feed.transaction(isolation="repeatable_read")
    await transaction.start()
    await feed.fetch("SELECT id FROM children")
    child = await rows.child()
    await rows.shield(child)
    with pytest.raises(asyncpg.RaiseError, match="READ COMMITTED alone"):
        await applied(feed, "UPDATE", child=child, given="Zoe")
    await transaction.rollback()


async def test_a_row_that_does_not_fit_is_not_quoted(feed: Connection, rows: Rows) -> None:
    """The server's own words would tell a number, an authority, and that the record is closed."""
    child = await rows.child("AAAAAAAAAAAAA")
    with pytest.raises(asyncpg.CheckViolationError) as caught:
        await applied(feed, "UPDATE", child=child, gender="NO SUCH")
    assert str(caught.value) == "a record of the batch cannot be written"
    assert caught.value.detail is None
    with pytest.raises(asyncpg.NoDataFoundError):
        await applied(feed, "UPDATE", child=child + 1)


async def test_no_word_holds_against_tomorrows(feed: Connection, rows: Rows) -> None:
    """An entry that calls itself of the end of time is of now."""
    child = await rows.child()
    assert await applied(feed, "UPDATE", child=child, gender="MALE", as_of="infinity") == "UPDATED"
    assert await rows.connection.fetchval("SELECT gender_as_of <= now() FROM children") is True


async def test_a_retired_number_is_given_to_nobody(feed: Connection, rows: Rows) -> None:
    """Of two records made one, the number that is gone leads nowhere for good."""
    await rows.connection.execute("INSERT INTO merged_numbers VALUES ('AAAAAAAAAAAAA')")
    with pytest.raises(asyncpg.UniqueViolationError):
        await applied(feed, "CREATE", number="AAAAAAAAAAAAA")


async def test_a_feed_records_no_other_act(feed: Connection, rows: Rows) -> None:
    """Of all that the ledger may be told, only what its stewards resolved."""
    await rows.connection.execute(KEEP, KEY)
    act = "SELECT record_act($1, ROW ($2::bytea, $2::bytea, $2::bytea, ''::bytea, ''::bytea)::ledger_entry)"
    await feed.execute(act, "resolveQuarantine", KEY)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await feed.execute(act, "overrideShield", KEY)


async def test_a_batch_keeps_no_record_waiting(feed: Connection, rows: Rows, database: Database) -> None:
    """Children are made and moved, none to a shielded child's home: accesses are recorded meanwhile."""
    child = await rows.child(given=["Zoe"])
    await rows.connection.execute(KEEP, KEY)
    gateway = await database.connect(Role.GATEWAY)
    async with feed.transaction():
        await feed.execute("SELECT feed_turn()")
        home = {"address_status": "CURRENT", "address_lines": ["2 Low Lane"], "postcode": "LS2 2BB", "uprn": "200"}
        assert await applied(feed, "UPDATE", child=child, given="Zoe", **home) == "UPDATED"
        assert await applied(feed, "CREATE", given="Bob", **home) == "CREATED"
        await gateway.execute("SET lock_timeout = '20ms'")
        assert await gateway.fetchval(RECORD, ENTRY) is True
    await gateway.close()
