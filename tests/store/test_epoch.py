"""Law 7: an access is recorded only if no shield has changed since it was decided, however the two fall together."""

import asyncio
import secrets
from collections.abc import AsyncIterator

import asyncpg
import pytest
from msgspec.structs import replace

from adapters.agency import AgencyName, Mark
from adapters.store.entries import ChildAccess, Conditions, SealedEntry, packed
from adapters.store.postgres import Store
from adapters.store.registry_records import RECORDED
from adapters.store.roles import Connection, Role
from gateway.audit.scribe import Access
from tests.auditing import opened, sealed
from tests.databases import Database
from tests.store.rows import Rows

RECORD = "SELECT record_accesses($1, ARRAY[$2::bytea], 1, 1) = ARRAY[0]"
KEY = b"k" * 16
KEEP = "SELECT keep_data_key($1, null, 0, '{a}', '{b}')"
# An officer's act and the shield it raises, in one statement.
RAISE = """
    WITH act AS (
        INSERT INTO shield_acts (reference, child_id, act, officer, authority, reason)
        VALUES (gen_random_uuid()::text, $1, 'RAISED', 'officer', '', 'a stated reason')
        RETURNING set_config('contactpoint.act', reference, true))
    INSERT INTO shields (child_id, tier, authority, ground, review_on, raised_by, confirmed_at)
    SELECT $1, 'SHIELDED', '', '', now(), 'officer', NULL FROM act
"""


@pytest.fixture
async def gateway(database: Database) -> AsyncIterator[Connection]:
    """A connection that records accesses, one transaction at a time."""
    connection = await database.connect(Role.GATEWAY)
    await connection.execute(KEEP, KEY)
    yield connection
    await connection.close()


@pytest.fixture
async def officer(database: Database) -> AsyncIterator[Connection]:
    """A connection that raises shields."""
    connection = await database.connect(Role.SHIELD)
    yield connection
    await connection.close()


async def recorded(store: Store, entry: Access, epoch: int | None) -> bool:
    """Whether this one access was recorded."""
    return await store.record_accesses(1, [(await sealed(store, entry), Conditions(decided=epoch))], 1, 1) == [RECORDED]


async def record_by(connection: Connection, epoch: int, writer: int = 1) -> bool:
    """Whether an access was recorded in the connection's own transaction."""
    return bool(await connection.fetchval(RECORD, writer, entered(secrets.token_bytes(16), epoch)))


def entered(reference: bytes, epoch: int) -> bytes:
    """An access decided under that epoch, as the store is given it."""
    return packed(SealedEntry(reference, KEY, KEY, b"", b""), Conditions(decided=epoch))


async def waits_for_a_lock(rows: Rows, connection: Connection) -> None:
    """Return once that connection is seen to wait for the epoch's lock."""
    waiting = "SELECT EXISTS (SELECT FROM pg_locks WHERE pid = $1 AND locktype = 'relation' AND NOT granted)"
    async with asyncio.timeout(20):
        while not await rows.connection.fetchval(waiting, connection.get_server_pid()):
            pass


async def test_recorded_under_the_epoch_it_was_decided_under(store: Store, rows: Rows, entry: Access) -> None:
    """Same epoch: recorded whole. The record holds categories, never values."""
    epoch = (await store.children_by_number([])).epoch
    seen = ChildAccess("AAAAAAAAAAAAA", frozenset({"IDENTITY"}), frozenset({"SCHOOL", "ADDRESS"}), override=False)
    assert await recorded(store, replace(entry, children=(seen,)), epoch) is True
    (row,) = await opened(rows.connection)
    assert row.children == (seen,)
    assert (row.viewer, row.purpose, row.reason) == ("viewer", "SAFEGUARDING", None)


async def test_refused_under_an_older_epoch(store: Store, rows: Rows, entry: Access) -> None:
    """A shield raised between decision and record: not recorded, so not answered; decided again, it is."""
    epoch = (await store.children_by_number([])).epoch
    await rows.shield(await rows.child())
    assert await recorded(store, entry, epoch) is False
    assert await rows.connection.fetchval("SELECT count(*) FROM ledger") == 0
    assert await recorded(store, entry, (await store.children_by_number([])).epoch) is True


async def test_refusals_are_always_recorded(store: Store, rows: Rows, entry: Access) -> None:
    """What no decision led to is recorded whatever the shields do."""
    await rows.shield(await rows.child())
    refusal = replace(entry, outcome="REFUSED", code="FORBIDDEN", purpose=None)
    assert await recorded(store, refusal, None) is True


INSERT_SHIELD = "INSERT INTO shields VALUES ({child}, 'SEALED', '', '{{}}', '', now())"
CHANGES = {
    "shields": [
        INSERT_SHIELD,
        "UPDATE shields SET tier = 'SHIELDED'",
        INSERT_SHIELD + " ON CONFLICT (child_id) DO UPDATE SET tier = 'SEALED'",
        "DELETE FROM shields",
    ],
    "holds": [
        "INSERT INTO holds (child_id, agency, mark) VALUES ({child}, 'practice', 'PDS_RESTRICTED')",
        "UPDATE holds SET cleared_at = now()",
        "DELETE FROM holds",
    ],
    "circles": [
        "INSERT INTO circles VALUES ({child}, 'school', '{{SCHOOL}}', now())",
        "UPDATE circles SET until = now()",
        "DELETE FROM circles",
    ],
    "overrides": [
        "INSERT INTO overrides (child_id, viewer, token, reason, until) VALUES ({child}, '', '', '0123456789', now())",
        "UPDATE overrides SET until = now()",
        "DELETE FROM overrides",
    ],
}


@pytest.mark.parametrize("table", CHANGES)
async def test_every_change_moves_the_epoch(rows: Rows, table: str) -> None:
    """Insert, update, upsert, delete and truncate each move it by one."""
    child = await rows.child()
    for change in [*CHANGES[table], f"TRUNCATE {table}"]:
        before = await rows.epoch()
        await rows.connection.execute(change.format(child=child))
        assert (change, await rows.epoch()) == (change, before + 1)


@pytest.mark.parametrize("table", CHANGES)
async def test_a_change_of_nothing_moves_nothing(rows: Rows, table: str) -> None:
    """A statement that touches no row leaves every decision standing."""
    before = await rows.epoch()
    for change in CHANGES[table]:
        if not change.startswith("INSERT"):
            await rows.connection.execute(change)
    await rows.connection.execute(f"INSERT INTO {table} OVERRIDING USER VALUE SELECT * FROM {table}")  # noqa: S608
    assert await rows.epoch() == before


async def test_hold_placed_again_changes_nothing(store: Store, rows: Rows) -> None:
    """The same mark twice is one hold and one move; another mark, or the same after clearing, is a new one."""
    child = await rows.child()
    epochs, news = [], []
    for mark in (Mark.PDS_RESTRICTED, Mark.PDS_RESTRICTED, Mark.PDS_VERY_RESTRICTED):
        news.append(await store.place_hold(child, AgencyName.PRACTICE, mark))
        epochs.append(await rows.epoch())
    assert news == [True, False, True]
    await rows.connection.execute("UPDATE holds SET cleared_at = now()")
    await store.place_hold(child, AgencyName.PRACTICE, Mark.PDS_RESTRICTED)
    assert [epoch - epochs[0] for epoch in [*epochs, await rows.epoch()]] == [0, 0, 1, 3]


async def test_every_agency_and_mark_can_hold(store: Store, rows: Rows) -> None:
    """No mark that an agency's adapter may find is refused by the table."""
    child = await rows.child()
    for agency in AgencyName:
        for mark in Mark:
            await store.place_hold(child, agency, mark)
    assert await rows.connection.fetchval("SELECT count(*) FROM holds") == len(AgencyName) * len(Mark)


async def test_record_waits_for_a_shield_being_raised(rows: Rows, gateway: Connection, officer: Connection) -> None:
    """The shield came first but has not committed: the record waits, and is refused when it has."""
    child, epoch = await rows.child(), await rows.epoch()
    raising = officer.transaction()
    await raising.start()
    await officer.execute(RAISE, child)
    record = asyncio.create_task(record_by(gateway, epoch))
    await waits_for_a_lock(rows, gateway)
    await raising.commit()
    assert await record is False
    assert await rows.connection.fetchval("SELECT count(*) FROM ledger") == 0


async def test_record_stands_when_the_shield_is_not_raised_after_all(
    rows: Rows, gateway: Connection, officer: Connection
) -> None:
    """The shield is rolled back: the record that waited for it is made."""
    child, epoch = await rows.child(), await rows.epoch()
    raising = officer.transaction()
    await raising.start()
    await officer.execute(RAISE, child)
    record = asyncio.create_task(record_by(gateway, epoch))
    await waits_for_a_lock(rows, gateway)
    await raising.rollback()
    assert await record is True


async def test_shield_waits_for_a_record_being_made(rows: Rows, gateway: Connection, officer: Connection) -> None:
    """The record came first but has not committed: the shield's change waits until it is durable."""
    child, epoch = await rows.child(), await rows.epoch()
    recording = gateway.transaction()
    await recording.start()
    assert await record_by(gateway, epoch) is True
    raising = asyncio.create_task(officer.execute(RAISE, child))
    await waits_for_a_lock(rows, officer)
    await recording.commit()
    await raising
    assert await rows.connection.fetchval("SELECT count(*) FROM ledger") == 1
    assert await rows.epoch() == epoch + 1


async def test_an_older_snapshot_records_nothing(rows: Rows, gateway: Connection) -> None:
    """Under REPEATABLE READ a shield raised meanwhile would not be seen: refused outright."""
    async with gateway.transaction(isolation="repeatable_read"):
        with pytest.raises(asyncpg.RaiseError, match="READ COMMITTED alone"):
            await record_by(gateway, await rows.epoch())


async def test_records_do_not_wait_for_each_other(rows: Rows, gateway: Connection, database: Database) -> None:
    """Two answers are recorded side by side: only a shield is waited for."""
    epoch = await rows.epoch()
    other = await database.connect(Role.GATEWAY)
    async with gateway.transaction():
        assert await record_by(gateway, epoch)
        assert await record_by(other, epoch, writer=2)
    await other.close()


async def test_no_record_of_an_older_epoch_after_a_raise(rows: Rows, database: Database) -> None:
    """Recorders against officers, in whatever order they fall: no record follows the raise that ended its epoch."""
    await rows.connection.execute(KEEP, KEY)
    await rows.connection.execute("CREATE TABLE raises (epoch bigint, at timestamptz)")
    await rows.connection.execute("GRANT INSERT ON raises TO contactpoint_shield")
    children = [await rows.child() for _ in range(20)]

    async def record(writer: int) -> None:
        connection = await database.connect(Role.GATEWAY)
        for _ in range(40):
            epoch = await connection.fetchval("SELECT epoch FROM shield_epoch")
            reference = epoch.to_bytes(8, "big") + secrets.token_bytes(8)
            await connection.fetchval(RECORD, writer, entered(reference, epoch))
        await connection.close()

    async def raise_shields(mine: list[int]) -> None:
        connection = await database.connect(Role.SHIELD)
        for child in mine:
            async with connection.transaction():
                await connection.execute(RAISE, child)
                # Nobody can record between this moment and the commit.
                await connection.execute("INSERT INTO raises SELECT epoch, clock_timestamp() FROM shield_epoch")
        await connection.close()

    await asyncio.gather(
        *(record(writer) for writer in range(1, 5)), raise_shields(children[::2]), raise_shields(children[1::2])
    )
    late = await rows.connection.fetchval(
        """
        SELECT count(*) FROM ledger l JOIN raises r
            ON r.epoch > ('x' || encode(substring(l.reference FOR 8), 'hex'))::bit(64)::bigint
           AND l.at > extract(epoch FROM r.at) * 1000000
        """
    )
    assert late == 0
    assert await rows.connection.fetchval("SELECT count(*) FROM ledger") > 0
    assert await rows.connection.fetchval("SELECT count(*) FROM raises") == 20
