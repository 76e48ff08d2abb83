"""Fills an empty store with synthetic children: rendered in processes of their own, copied in by one transaction.

One transaction makes it all or nothing: a populate that is killed leaves an empty store. Indexes and constraints are
dropped and built anew inside it, from what the catalogue says of them, so the migrations stay their only home.
"""

import asyncio
import io
import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg
import msgspec

from adapters.sandbox.copy_text import COLUMNS, Portion, render
from adapters.sandbox.personas import organisations
from adapters.sandbox.population import CAPACITY
from adapters.store.connecting import connect
from adapters.store.failures import StoreSetupError
from adapters.store.kin_key import demand_kin_key
from adapters.store.roles import Connection

PORTION = 10_000  # children rendered and copied at once
WORKERS = max(1, min(4, (os.cpu_count() or 2) - 1))  # one core is PostgreSQL's

# What refers to `children`, itself, and what refers to that: all of it must be empty to be truncated together.
_FAMILY_OF_TABLES = """
WITH RECURSIVE family AS (
    SELECT 'children'::regclass::oid AS id
    UNION
    SELECT conrelid FROM pg_constraint JOIN family ON confrelid = family.id WHERE contype = 'f'
)
SELECT family.id::regclass::text FROM family ORDER BY 1
"""

# Every constraint and index of the filled tables but the key that other tables refer to.
_CONSTRAINTS = """
SELECT conrelid::regclass::text AS of_table, conname AS name, pg_get_constraintdef(oid) AS definition
  FROM pg_constraint
 WHERE conrelid = ANY ($1::text[]::regclass[]) AND contype IN ('f', 'u', 'p')
   AND oid NOT IN (SELECT c.oid FROM pg_constraint c JOIN pg_constraint r
                       ON r.contype = 'f' AND r.conindid = c.conindid AND c.contype IN ('p', 'u'))
 ORDER BY contype = 'f'
"""
_INDEXES = """
SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition
  FROM pg_index
 WHERE indrelid = ANY ($1::text[]::regclass[])
   AND indexrelid NOT IN (SELECT conindid FROM pg_constraint)
"""


@dataclass(frozen=True, slots=True)
class PopulateReport:
    """What was written, and how long it took."""

    children: int
    shielded: int  # sealed ones among them
    sealed: int
    keys: int
    former_names: int
    organisations: int
    seconds: float


async def populate(
    owner_dsn: str, children: int, progress: Callable[[int], None], key: bytes | None = None
) -> PopulateReport:
    """Write the first `children` synthetic children, and every organisation, into an empty store.

    `progress` is told how many children are written so far. With a `key` their kin are fingerprinted under it. Raises
    StoreSetupError, whose one line names the fix, where the store holds children already or cannot be written.
    """
    if not 1 <= children <= CAPACITY:
        raise StoreSetupError(f"the sandbox has no {children} children: choose 1 to {CAPACITY}")
    started = time.monotonic()
    written: dict[str, int] = dict.fromkeys(COLUMNS, 0)
    sealed = 0
    async with _connected(owner_dsn) as store, store.transaction():
        await _demand_empty(store)
        if key is not None:
            await demand_kin_key(store, key)
        async with _without_indexes(store):
            async for portion in _portions(children, key):
                for table, rows in portion.rows.items():
                    await store.copy_to_table(
                        table, source=io.BytesIO(rows), columns=COLUMNS[table], format="text", freeze=True
                    )
                    written[table] += portion.counts[table]
                sealed += portion.sealed
                progress(written["children"])
        # Identity columns take the copied ids as they are, and go on from here.
        await store.execute("SELECT setval(pg_get_serial_sequence('children', 'id'), $1)", children)
        registered = await _register_organisations(store)
        await store.execute(f"ANALYZE {', '.join(COLUMNS)}, organisations")
    return PopulateReport(
        children=written["children"],
        shielded=written["shields"],
        sealed=sealed,
        keys=written["keys"],
        former_names=written["former_names"],
        organisations=registered,
        seconds=time.monotonic() - started,
    )


@asynccontextmanager
async def _connected(dsn: str) -> AsyncIterator[Connection]:
    connection = await connect(dsn)
    try:
        yield connection
    except asyncpg.UndefinedTableError:
        raise StoreSetupError("the store has no tables yet: run `contactpoint migrate`") from None
    except asyncpg.InsufficientPrivilegeError:
        raise StoreSetupError("only the store's owner may populate it: give the owner's DSN") from None
    except (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, ConnectionError):
        raise StoreSetupError("the database went away: the store is as it was, populate again") from None
    finally:
        connection.terminate()


async def _demand_empty(store: Connection) -> None:
    """Take the tables for ourselves, make sure that nothing is in them, and make them new.

    Rows copied into a table truncated in the same transaction skip the write-ahead log where the server allows, and
    are born frozen: the first reader writes nothing.
    """
    await store.execute("LOCK TABLE children IN ACCESS EXCLUSIVE MODE")
    tables = [row[0] for row in await store.fetch(_FAMILY_OF_TABLES)]
    for table in tables:
        if await store.fetchval(f"SELECT EXISTS (SELECT FROM {table})"):  # noqa: S608  the catalogue's own word
            children = await store.fetchval("SELECT count(*) FROM children")
            found = f"{children} children" if children else f"rows in `{table}`"
            raise StoreSetupError(f"the store is not empty ({found}): choose another `--data` folder or database")
    await store.execute(f"TRUNCATE {', '.join(tables)}")


@asynccontextmanager
async def _without_indexes(store: Connection) -> AsyncIterator[None]:
    """Drop what every row would have to be entered in, and build it anew from all rows at once."""
    tables = list(COLUMNS)
    constraints = await store.fetch(_CONSTRAINTS, tables)
    indexes = await store.fetch(_INDEXES, tables)
    for row in reversed(constraints):
        await store.execute(f'ALTER TABLE {row["of_table"]} DROP CONSTRAINT "{row["name"]}"')
    for row in indexes:
        await store.execute(f"DROP INDEX {row['name']}")
    yield
    await store.execute("SET LOCAL maintenance_work_mem = '256MB'")
    for row in indexes:
        await store.execute(row["definition"])
    for row in constraints:
        await store.execute(f'ALTER TABLE {row["of_table"]} ADD CONSTRAINT "{row["name"]}" {row["definition"]}')


async def _portions(children: int, key: bytes | None) -> AsyncIterator[Portion]:
    """All portions in order; a few are rendered ahead, so memory stays flat however many there are."""
    spans = [(start, min(start + PORTION, children)) for start in range(0, children, PORTION)]
    if len(spans) == 1:
        yield await asyncio.to_thread(render, *spans[0], key)
        return
    loop = asyncio.get_running_loop()
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(WORKERS, mp_context=context, initializer=_die_with_parent)
    try:
        ahead: deque[asyncio.Future[Portion]] = deque()
        for span in spans:
            ahead.append(loop.run_in_executor(pool, render, *span, key))
            if len(ahead) > WORKERS + 1:
                yield await ahead.popleft()
        while ahead:
            yield await ahead.popleft()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _die_with_parent() -> None:
    """Leave no process behind when the command is killed outright: nobody would tell this one to stop.

    An interrupt from the keyboard is the command's to answer; it reaches this process too.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def wait() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


async def _register_organisations(store: Connection) -> int:
    """Everybody who may send somebody; organisations already registered stay as they are.

    In one statement: the registry's epoch moves once.
    """
    everybody = list(organisations())
    await store.execute(
        "INSERT INTO organisations (id, name, kind, authority, purposes)"
        " SELECT * FROM json_to_recordset($1)"
        "            AS put (id text, name text, kind text, authority text, purposes text[])"
        " ON CONFLICT (id) DO NOTHING",
        msgspec.json.encode(everybody).decode(),
    )
    return len(everybody)
