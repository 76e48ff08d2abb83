"""The store in use: references, the registry, and every way it may fail, none of which tells a value."""

import asyncio
import os
import signal
from pathlib import Path

import asyncpg
import pytest

from adapters.store.embedded import PID_FILE, EmbeddedCluster
from adapters.store.entries import Conditions, Organisation
from adapters.store.failures import StoreSetupError
from adapters.store.migrate import migrate
from adapters.store.postgres import QUERIES, Store, StoreUnavailable
from adapters.store.registry_records import RECORDED
from adapters.store.roles import Role, credentials
from gateway.audit.scribe import Access
from tests.auditing import opened, sealed
from tests.databases import Database
from tests.store.rows import Rows


async def test_broker_reference_is_one_per_organisation_and_child(store: Store, rows: Rows) -> None:
    """Asked again it is the same; another organisation's, and another child's, tell nothing of each other."""
    one, other = await rows.child(), await rows.child()
    first = await store.broker_references("school", [one])
    both = await store.broker_references("school", [other, one])
    elsewhere = await store.broker_references("surgery", [one])
    assert both[one] == first[one]
    assert len({both[one], both[other], elsewhere[one]}) == 3
    assert await store.broker_references("school", []) == {}


async def test_broker_reference_expires(store: Store, rows: Rows) -> None:
    """Good for thirty days; after that a new one is made."""
    child = await rows.child()
    first = await store.broker_references("school", [child])
    days = await rows.connection.fetchval(
        "SELECT round(extract(epoch FROM expires_at - now()) / 86400) FROM broker_references"
    )
    assert days == 30
    await rows.connection.execute("UPDATE broker_references SET expires_at = now() - interval '1 second'")
    assert await store.broker_references("school", [child]) != first


async def test_broker_references_made_at_once_settle_on_one(store: Store, rows: Rows) -> None:
    """Two requests may each make one; both resolve, and from then on everybody is given the same."""
    child = await rows.child()
    made = await asyncio.gather(*(store.broker_references("school", [child]) for _ in range(4)))
    settled = await store.broker_references("school", [child])
    assert settled in made
    assert await store.broker_references("school", [child]) == settled


async def test_organisation(store: Store, rows: Rows) -> None:
    """As registered, or None, and as of which epoch."""
    await rows.connection.execute(
        "INSERT INTO organisations VALUES ('cms', 'Case Systems', 'PARTNER', 'E08000035', '{SAFEGUARDING}')"
    )
    epoch, found = await store.organisation("cms")
    assert found == Organisation("cms", "Case Systems", "PARTNER", "E08000035", frozenset({"SAFEGUARDING"}))
    assert await store.organisation("nobody") == (epoch, None)
    assert await store.registry_epoch() == epoch


async def test_a_recorded_access_survives_the_server(data: Path, entry: Access) -> None:
    """What `record_accesses` called recorded is there after the server was killed with -9 the moment it said so."""
    with EmbeddedCluster.start(data) as cluster:
        await migrate(cluster.dsn(Role.OWNER), credentials(data))
        store = await Store.connect(cluster.dsn(Role.GATEWAY))
        assert await store.record_accesses(1, [(await sealed(store, entry), Conditions())], 1, 1) == [RECORDED]
        os.kill(int((data / "postgresql" / "pgdata" / PID_FILE).read_text().split("\n", 1)[0]), signal.SIGKILL)
        await store.close()
    with EmbeddedCluster.start(data) as cluster:
        connection = await asyncpg.connect(cluster.dsn(Role.OWNER))
        assert [seen.reference for seen in await opened(connection)] == [entry.reference]
        await connection.close()


async def test_ready(store: Store, rows: Rows) -> None:
    """Ready while the epoch can be read; not without it."""
    await store.ready()
    await rows.connection.execute("DELETE FROM shield_epoch")
    with pytest.raises(StoreUnavailable, match="no shield epoch"):
        await store.ready()


async def test_all_connections_busy(database: Database, rows: Rows) -> None:
    """Who finds no connection free within the wait is told so, and the store serves again once one is."""
    store = await Store.connect(database.dsn(Role.GATEWAY), connections=1, wait=0.05, timeout=20)
    blocking = rows.connection.transaction()
    await blocking.start()
    await rows.connection.execute("LOCK TABLE organisations IN ACCESS EXCLUSIVE MODE")
    first = asyncio.create_task(store.organisation("held"))
    while not await rows.connection.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"):
        pass
    with pytest.raises(StoreUnavailable, match="did not answer in time"):
        await store.ready()
    await blocking.rollback()
    assert (await first)[1] is None
    await store.ready()
    await store.close()


async def test_whoever_waits_has_the_next_free_connection(database: Database, rows: Rows) -> None:
    """A connection kept in hand is nobody's: one that is waited for goes to whoever waits, also when it was left."""
    store = await Store.connect(database.dsn(Role.GATEWAY), connections=1, wait=20, timeout=20)
    async with rows.connection.transaction():
        await rows.connection.execute("LOCK TABLE organisations IN ACCESS EXCLUSIVE MODE")
        first = asyncio.create_task(store.organisation("held"))
        while not await rows.connection.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"):
            pass
        others = [asyncio.create_task(store.ready()) for _ in range(3)]
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.gather(*others)
    assert (await store.organisation("held"))[1] is None
    await store.close()


async def test_statement_that_takes_too_long(database: Database, rows: Rows) -> None:
    """A statement has its time and no more; the connection serves on."""
    store = await Store.connect(database.dsn(Role.GATEWAY), connections=1, timeout=0.2)
    async with rows.connection.transaction():
        await rows.connection.execute("LOCK TABLE organisations IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(StoreUnavailable):
            await store.organisation("held")
    await store.ready()
    await store.close()


async def test_connection_lost(store: Store, rows: Rows, database: Database) -> None:
    """The server drops every connection: one answer is lost, and the next has a new connection."""
    await store.ready()
    superuser = await asyncpg.connect(database.cluster.superuser_dsn())
    lock = await database.connect()
    async with lock.transaction():
        await lock.execute("LOCK TABLE organisations IN ACCESS EXCLUSIVE MODE")
        waiting = asyncio.create_task(store.organisation("held"))
        while not await rows.connection.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"):
            pass
        await superuser.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND usename = $2",
            database.name,
            Role.GATEWAY.database_role,
        )
        with pytest.raises(StoreUnavailable):
            await waiting
    await lock.close()
    await superuser.close()
    await store.ready()


async def test_errors_hold_no_value(store: Store, rows: Rows) -> None:
    """A database's own message may quote a row: only its code gets out, and no cause hangs on it."""
    await rows.connection.execute("ALTER TABLE organisations ALTER kind TYPE text USING 'secret', ADD UNIQUE (kind)")
    await rows.connection.execute("REVOKE SELECT ON organisations FROM contactpoint_gateway")
    with pytest.raises(StoreUnavailable, match=r"^the store refused a statement \(SQLSTATE 42501\)$") as caught:
        await store.organisation("secret")
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


async def test_store_that_cannot_be_reached() -> None:
    """One line that names both settings the address may come from, and never the password."""
    with pytest.raises(StoreSetupError) as caught:
        await Store.connect("postgresql://contactpoint_gateway:hush@127.0.0.1:1/children")
    assert str(caught.value) == (
        "nothing answers at `127.0.0.1:1`: start the database, or correct"
        " `CONTACTPOINT_GATEWAY_DSN` or `CONTACTPOINT_DSN`"
    )


def test_every_query_says_why_it_exists() -> None:
    """A name, then a comment, then the statement."""
    assert all(sql.startswith("-- ") for sql in QUERIES.values())
    assert {"children_by_number", "children_by_key", "find_children", "record_accesses"} <= QUERIES.keys()
