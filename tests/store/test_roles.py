"""Each database role does its own work and no other's: every table, every verb, tried as that role."""

import itertools

import asyncpg
import pytest

from adapters.store.embedded import DATABASE, EmbeddedCluster
from adapters.store.failures import StoreSetupError
from adapters.store.roles import WORKING_ROLES, Role, dsn_for, scram_verifier
from tests.databases import Database
from tests.store.rows import Rows

VERBS = {
    "SELECT": "SELECT * FROM {table}",
    "INSERT": "INSERT INTO {table} DEFAULT VALUES",
    "UPDATE": "UPDATE {table} SET {column} = {column}",
    "DELETE": "DELETE FROM {table}",
    "TRUNCATE": "TRUNCATE {table} CASCADE",
    "ALTER": "ALTER TABLE {table} DISABLE TRIGGER ALL",
    "DROP": "DROP TABLE {table} CASCADE",
}
COLUMN = {  # one that a statement may name as its own new value
    "children": "family",
    "former_names": "family",
    "keys": "value",
    "shields": "tier",
    "holds": "mark",
    "circles": "until",
    "overrides": "viewer",
    "shield_epoch": "epoch",
    "organisations": "name",
    "broker_references": "organisation",
    "ledger": "viewer",
    "migrations": "name",
}
TABLES = tuple(COLUMN)
MAY = {
    Role.GATEWAY: {
        *((table, "SELECT") for table in TABLES if table not in ("ledger", "migrations")),
        *((table, "INSERT") for table in ("ledger", "holds", "overrides", "broker_references")),
    },
    Role.FEED: {
        *(("children", verb) for verb in ("SELECT", "INSERT", "UPDATE")),
        *itertools.product(("former_names", "keys"), ("SELECT", "INSERT", "UPDATE", "DELETE")),
    },
    Role.SHIELD: {
        *itertools.product(("shields", "circles"), ("SELECT", "INSERT", "UPDATE", "DELETE")),
        *(("holds", verb) for verb in ("SELECT", "INSERT")),
        *(("overrides", verb) for verb in ("SELECT", "DELETE")),
        ("shield_epoch", "SELECT"),
    },
    Role.REGISTRY: {("organisations", verb) for verb in ("SELECT", "INSERT", "UPDATE", "DELETE")},
}


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


@pytest.mark.parametrize("role", WORKING_ROLES, ids=lambda role: role.value)
async def test_grants_are_exactly_these(database: Database, role: Role) -> None:
    """The whole matrix of tables and verbs, tried one by one."""
    tried = {
        (table, verb)
        for table, (verb, statement) in itertools.product(TABLES, VERBS.items())
        if await attempt(database, role, statement.format(table=table, column=COLUMN[table]))
    }
    assert tried == MAY[role]


async def test_no_table_is_left_out(rows: Rows) -> None:
    """The matrix above speaks of every table there is."""
    there = await rows.connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
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
async def test_functions_and_the_view_have_one_caller_each(database: Database, role: Role) -> None:
    """Only the feed is told yes or no; only the gateway records accesses and reads children with their shields."""
    record = "record_access('r', 'v', 'o', 'a', null, null, null, 'REFUSED', null, '[]', null)"
    assert await attempt(database, role, "SELECT is_protected(1)") is (role is Role.FEED)
    assert await attempt(database, role, f"SELECT {record}") is (role is Role.GATEWAY)
    assert await attempt(database, role, "SELECT * FROM child_readings") is (role is Role.GATEWAY)


@pytest.mark.parametrize(
    ("tier", "held", "answer"),
    [(None, None, False), ("SHIELDED", None, True), ("SEALED", None, True), (None, False, True), (None, True, False)],
)
async def test_feed_learns_yes_or_no_alone(
    database: Database, rows: Rows, tier: str | None, held: bool | None, answer: bool
) -> None:
    """Shielded, sealed and held all answer alike."""
    child = await rows.child()
    if tier is not None:
        await rows.shield(child, tier)
    if held is not None:
        await rows.hold(child, cleared=held)
    feed = await database.connect(Role.FEED)
    assert await feed.fetchval("SELECT is_protected($1)", child) is answer
    await feed.close()


async def test_shield_role_sees_of_a_child_its_number_and_authority(database: Database, rows: Rows) -> None:
    """An officer's act finds the child by its number; name and address are no business of that role."""
    await rows.child()
    assert await attempt(database, Role.SHIELD, "SELECT id, number, authority FROM children")
    assert not await attempt(database, Role.SHIELD, "SELECT family FROM children")
    assert await attempt(database, Role.SHIELD, "UPDATE holds SET cleared_at = now()")
    assert not await attempt(database, Role.SHIELD, "UPDATE holds SET mark = ''")


async def test_owner_is_no_superuser(cluster: EmbeddedCluster) -> None:
    """Not even migrations run with a superuser's rights, and nobody else may log in."""
    superuser = await asyncpg.connect(cluster.superuser_dsn())
    try:
        may = await superuser.fetch(
            "SELECT rolname FROM pg_roles"
            " WHERE rolcanlogin AND (rolsuper OR rolbypassrls OR rolreplication OR rolcreatedb)"
        )
        names = await superuser.fetch("SELECT rolname FROM pg_roles WHERE rolcanlogin ORDER BY rolname")
        public = await superuser.fetchval("SELECT datacl::text FROM pg_database WHERE datname = $1", DATABASE)
    finally:
        await superuser.close()
    assert [row[0] for row in may] == ["postgres"]
    assert [row[0] for row in names] == sorted([*(role.database_role for role in Role), "postgres"])
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
