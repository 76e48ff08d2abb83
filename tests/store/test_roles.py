"""Each database role does its own work and no other's: every table, every verb, tried as that role."""

import itertools

import asyncpg
import pytest

from adapters.store.embedded import DATABASE, EmbeddedCluster
from adapters.store.failures import StoreSetupError
from adapters.store.grants import EXPECTED_GRANTS
from adapters.store.roles import WORKING_ROLES, Role, dsn_for, scram_verifier
from tests.databases import Database
from tests.store.rows import Rows

VERBS = {
    "SELECT": "SELECT *, xmin FROM {table}",  # the whole table, and not some columns
    "INSERT": "INSERT INTO {table} DEFAULT VALUES",
    "UPDATE": "UPDATE {table} SET {column} = {column}",
    "DELETE": "DELETE FROM {table}",
    "TRUNCATE": "TRUNCATE {table} CASCADE",
    "ALTER": "ALTER TABLE {table} DISABLE TRIGGER ALL",
    "DROP": "DROP TABLE {table} CASCADE",
}
COLUMN = {  # one that a statement may name as its own new value
    "authority_webhooks": "url",
    "broker_references": "organisation",
    "children": "family",
    "circles": "until",
    "clients": "name",
    "denied_tokens": "expires_at",
    "document_usage": "uses",
    "documents": "name",
    "dropped_rows": "number_of",
    "feed_loads": "counts",
    "feed_rejects": "reason",
    "former_keys": "value",
    "former_names": "family",
    "guessing": "level",
    "holds": "mark",
    "household_releases": "member",
    "identity_turn": "nothing",
    "keys": "value",
    "kin_key": "proof",
    "ledger": "viewer",
    "ledger_chains": "link",
    "ledger_checkpoints": "text",
    "ledger_keys": "sealed",
    "ledger_stubs": "text",
    "merged_numbers": "merged_at",
    "migrations": "name",
    "organisations": "name",
    "outbox": "body",
    "overrides": "viewer",
    "parent_links": "child_id",
    "partners": "purpose",
    "quarantine": "entry",
    "quarantine_candidates": "score",
    "registry_epoch": "epoch",
    "shield_acts": "officer",
    "shield_epoch": "epoch",
    "shield_history": "tier",
    "shield_proposals": "state",
    "shield_turn": "nothing",
    "shields": "tier",
    "source_rows": "source",
    "staff_prints": "print",
    "statistics_cells": "shown",
    "statistics_draft": "shown",
    "statistics_seed": "seed",
}
TABLES = tuple(COLUMN)


def may(role: Role) -> set[tuple[str, str]]:
    """The tables and verbs of the matrix that the grants let the role use; any column will do for an INSERT."""
    whole = {(on, privilege) for privilege, on in EXPECTED_GRANTS[role] if on in TABLES and privilege != "UPDATE"}
    inserts = {(on.partition(".")[0], "INSERT") for privilege, on in EXPECTED_GRANTS[role] if privilege == "INSERT"}
    updates = {
        (table, "UPDATE")
        for table, column in COLUMN.items()
        if {("UPDATE", table), ("UPDATE", f"{table}.{column}")} & EXPECTED_GRANTS[role]
    }
    return whole | inserts | updates


async def attempt(database: Database, role: Role, statement: str) -> bool:
    """Whether the role is let do it; what it would have done is undone, and a row it may write may still be unfit."""
    connection = await database.connect(role)
    attempted = connection.transaction()
    await attempted.start()
    try:
        await connection.execute(statement)
    except asyncpg.InsufficientPrivilegeError:
        return False
    except asyncpg.IntegrityConstraintViolationError:
        return True
    else:
        return True
    finally:
        await attempted.rollback()
        await connection.close()


async def called(database: Database, role: Role, call: str) -> bool:
    """Whether the role may call it at all; what a function then makes of its arguments is no matter here."""
    connection = await database.connect(role)
    try:
        await connection.execute(call)
    except asyncpg.InsufficientPrivilegeError as error:
        return not str(error).startswith("permission denied for function")
    except asyncpg.PostgresError:
        return True
    else:
        return True
    finally:
        await connection.close()


@pytest.mark.parametrize("role", WORKING_ROLES, ids=lambda role: role.value)
async def test_grants_are_exactly_these(database: Database, role: Role) -> None:
    """The whole matrix of tables and verbs, tried one by one."""
    tried = {
        (table, verb)
        for table, (verb, statement) in itertools.product(TABLES, VERBS.items())
        if await attempt(database, role, statement.format(table=table, column=COLUMN[table]))
    }
    assert tried == may(role)


async def test_no_table_is_left_out(rows: Rows) -> None:
    """The matrix above speaks of every table there is; a month of the ledger is the ledger."""
    there = await rows.connection.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relkind IN ('r', 'p') AND NOT relispartition"
    )
    assert {row[0] for row in there} == set(TABLES)


@pytest.mark.parametrize("role", WORKING_ROLES, ids=lambda role: role.value)
async def test_no_role_reaches_past_its_work(database: Database, role: Role) -> None:
    """Nothing is created, no other role is put on, no file is read, no trigger is passed by."""
    connection = await database.connect(role)
    try:
        for statement in (
            "CREATE TABLE mine ()",
            "CREATE TEMPORARY TABLE mine ()",
            "CREATE SCHEMA mine",
            "CREATE ROLE mine",
            "CREATE DATABASE mine",
            "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "SET ROLE contactpoint_owner",
            "SET session_replication_role = replica",
            "COPY (SELECT 1) TO PROGRAM 'cat'",
            "SELECT pg_read_file('postgresql.conf')",
            "SELECT shields_changed()",
            "SELECT rolpassword FROM pg_authid",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize("role", WORKING_ROLES, ids=lambda role: role.value)
async def test_functions_are_called_by_whom_they_are_for(database: Database, rows: Rows, role: Role) -> None:
    """Every function of ours, called with nothing in hand: only those granted are let through."""
    functions = await rows.connection.fetch(
        """
        SELECT p.proname, format('SELECT FROM %I(%s)', p.proname,
                   (SELECT string_agg(format('NULL::%s', format_type(t, NULL)), ', ' ORDER BY at)
                      FROM unnest(p.proargtypes) WITH ORDINALITY AS a (t, at)))
          FROM pg_proc p WHERE pronamespace = 'public'::regnamespace AND prorettype <> 'trigger'::regtype
        """
    )
    assert {row[0] for row in functions} >= {on for privilege, on in EXPECTED_GRANTS[role] if privilege == "EXECUTE"}
    for name, call in functions:
        assert await called(database, role, call) is (("EXECUTE", name) in EXPECTED_GRANTS[role]), name


@pytest.mark.parametrize("role", WORKING_ROLES, ids=lambda role: role.value)
async def test_the_view_is_the_gateways(database: Database, role: Role) -> None:
    """Children with their shields are read by whoever answers, and by nobody else."""
    assert await attempt(database, role, "SELECT * FROM child_readings") is (role is Role.GATEWAY)


@pytest.mark.parametrize("role", WORKING_ROLES, ids=lambda role: role.value)
@pytest.mark.parametrize("table", ["shield_turn", "identity_turn"])
async def test_nobody_takes_a_turn_by_hand(database: Database, role: Role, table: str) -> None:
    """Whoever could hold the lock could stop every answer: only functions of ours take it, in any mode."""
    for mode in ("ACCESS SHARE", "ROW SHARE", "EXCLUSIVE", "ACCESS EXCLUSIVE"):
        assert not await attempt(database, role, f"LOCK TABLE {table} IN {mode} MODE")


@pytest.mark.parametrize("column", ["xmin", "xmax", "ctid", "number", "closed", "own_keys_alone", "authority"])
async def test_feed_reads_no_trace_of_shields(database: Database, column: str) -> None:
    """A row's hidden columns tell whether a shield refers to it; others, who was given a new identity."""
    assert await attempt(database, Role.FEED, "SELECT given, family, birth_date FROM children")
    assert not await attempt(database, Role.FEED, f"SELECT {column} FROM children")  # noqa: S608


@pytest.mark.parametrize(
    ("tier", "held", "answer"),
    [(None, None, False), ("SHIELDED", None, True), ("SEALED", None, True), (None, False, True), (None, True, False)],
)
async def test_feed_learns_yes_or_no_alone(
    database: Database, rows: Rows, tier: str | None, held: bool | None, answer: bool
) -> None:
    """Shielded, sealed and held all answer alike, one by one and many at once."""
    child = await rows.child()
    if tier is not None:
        await rows.shield(child, tier)
    if held is not None:
        await rows.hold(child, cleared=held)
    feed = await database.connect(Role.FEED)
    assert await feed.fetchval("SELECT is_protected($1)", child) is answer
    among = await feed.fetch("SELECT protected_among($1)", [child, await rows.child()])
    assert [row[0] for row in among] == [child] * answer
    await feed.close()


@pytest.mark.parametrize("column", ["closed", "own_keys_alone"])
async def test_new_identity_and_old_look_protected(database: Database, rows: Rows, column: str) -> None:
    """To a feed a closed record and the one that follows it are protected like any other."""
    child = await rows.child()
    await rows.connection.execute(f"UPDATE children SET {column} = true")  # noqa: S608
    feed = await database.connect(Role.FEED)
    assert await feed.fetchval("SELECT is_protected($1)", child) is True
    assert [row[0] for row in await feed.fetch("SELECT protected_among($1)", [child])] == [child]
    await feed.close()


async def test_shield_role_sees_of_a_child_its_number_and_authority(database: Database, rows: Rows) -> None:
    """An officer's act finds the child by its number; name and address are no business of that role."""
    await rows.child()
    assert await attempt(database, Role.SHIELD, "SELECT id, number, authority FROM children")
    assert not await attempt(database, Role.SHIELD, "SELECT family FROM children")
    assert await attempt(
        database, Role.SHIELD, "UPDATE holds SET cleared_at = now(), cleared_by = '', cleared_for = ''"
    )
    assert not await attempt(database, Role.SHIELD, "UPDATE holds SET mark = ''")


async def test_owner_is_no_superuser(cluster: EmbeddedCluster) -> None:
    """Not even migrations run with a superuser's rights, nobody else may log in, and nobody to another database."""
    superuser = await asyncpg.connect(cluster.superuser_dsn())
    try:
        may = await superuser.fetch(
            "SELECT rolname FROM pg_roles"
            " WHERE rolcanlogin AND (rolsuper OR rolbypassrls OR rolreplication OR rolcreatedb)"
        )
        names = await superuser.fetch("SELECT rolname FROM pg_roles WHERE rolcanlogin ORDER BY rolname")
        public = await superuser.fetchval("SELECT datacl::text FROM pg_database WHERE datname = $1", DATABASE)
        reachable = await superuser.fetch(
            "SELECT rolname, datname FROM pg_roles, pg_database d WHERE rolcanlogin AND NOT rolsuper AND datallowconn"
            " AND datname IN ('postgres', 'template1') AND has_database_privilege(rolname, d.oid, 'CONNECT')"
        )
    finally:
        await superuser.close()
    assert [row[0] for row in may] == ["postgres"]
    assert [row[0] for row in names] == sorted([*(role.database_role for role in Role), "postgres"])
    assert reachable == []
    assert not any(grant.startswith("=") for grant in public.strip("{}").split(","))


def test_address_of_another_role() -> None:
    """The same server, database and options, with the role's own name and password."""
    owner = "postgresql://boss:pass%40word@db.example.org:5433/children?sslmode=verify-full"
    assert dsn_for(owner, Role.GATEWAY, "a/b") == (
        "postgresql://contactpoint_gateway:a%2Fb@db.example.org:5433/children?sslmode=verify-full"
    )
    with pytest.raises(StoreSetupError, match="must read `postgresql://"):
        dsn_for("mysql://boss@db.example.org/children", Role.GATEWAY, "secret")


def test_the_server_is_told_no_password() -> None:
    """The verifier differs each time and holds no trace of the password."""
    assert scram_verifier("secret").startswith("SCRAM-SHA-256$4096:")
    assert scram_verifier("secret") != scram_verifier("secret")
    assert "secret" not in scram_verifier("secret")
