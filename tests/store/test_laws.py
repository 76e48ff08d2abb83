"""Each law is broken once by hand, as the owner: the store says which one, and that one alone."""

import re
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import asyncpg
import pytest

from adapters.store.failures import StoreSetupError
from adapters.store.laws import MENDS, LawResult, breaches
from adapters.store.roles import Role
from tests.databases import Database
from tests.store.rows import Rows

Break: TypeAlias = Callable[[Rows], Awaitable[object]]


async def broken(database: Database, role: Role = Role.GATEWAY) -> dict[str, int]:
    """The laws that are broken, and how often."""
    return {result.name: result.breaches for result in await breaches(database.dsn(role)) if result.broken}


async def a_shield_goes_with_its_guard_off(rows: Rows) -> None:
    await rows.shield(await rows.child())
    await without(rows, "kept_delete", "DELETE FROM shields")


async def a_tier_falls_with_its_guard_off(rows: Rows) -> None:
    await rows.shield(await rows.child(), "SEALED")
    await without(rows, "kept_update", "UPDATE shields SET tier = 'SHIELDED'")


async def a_shield_is_another_authoritys(rows: Rows) -> None:
    await rows.shield(await rows.child())
    await without(rows, "kept_update", "UPDATE shields SET authority = 'E06000001'")


async def one_alone_lifts(rows: Rows) -> None:
    await rows.shield(await rows.child())
    await rows.connection.execute("DELETE FROM shields")


async def a_shield_from_nowhere(rows: Rows) -> None:
    await rows.child()
    await without(
        rows,
        "kept_insert",
        "INSERT INTO shields (child_id, tier, authority, ground, review_on)"
        " SELECT id, 'SHIELDED', 'E08000035', '', now() FROM children",
    )


async def a_child_goes_from_under_its_shield(rows: Rows) -> None:
    await rows.shield(await rows.child())
    await rows.connection.execute("ALTER TABLE shields DROP CONSTRAINT shields_child_id_fkey; DELETE FROM children")


async def an_open_double(rows: Rows) -> None:
    await rows.shield(await rows.child())
    await rows.child()


async def somebody_joined_the_household(rows: Rows) -> None:
    await rows.shield(await rows.child())
    await rows.child(given=["Bob"])
    await rows.connection.execute("UPDATE children SET moved_at = now() + interval '1 day' WHERE given = '{Bob}'")


async def a_new_identity_bears_an_old_key(rows: Rows) -> None:
    old, new = await rows.child(), await rows.child(family="Other")
    await rows.connection.execute("UPDATE children SET own_keys_alone = true WHERE id = $1", new)
    await rows.connection.execute("INSERT INTO keys VALUES ('NHS_NUMBER', '9990000018', $1)", new)
    await rows.connection.execute("INSERT INTO former_keys VALUES ('NHS_NUMBER', '9990000018', $1)", old)


async def a_closed_record_is_open(rows: Rows) -> None:
    await rows.child()
    await rows.connection.execute("UPDATE children SET closed = true")


async def a_circle_without_a_shield(rows: Rows) -> None:
    await rows.circle(await rows.child(), "school-1")


async def a_circle_of_what_none_may_hold(rows: Rows) -> None:
    child = await rows.child()
    await rows.shield(child)
    await rows.circle(child, "school-1", ["KEY"])


async def an_override_of_nothing(rows: Rows) -> None:
    await rows.override(await rows.child(), "viewer", "token")


async def an_override_without_end(rows: Rows) -> None:
    child = await rows.child()
    await rows.shield(child)
    await rows.override(child, "viewer", "token", minutes=60)


async def a_child_without_sounds(rows: Rows) -> None:
    await rows.child()
    await rows.connection.execute("UPDATE children SET family_sound = ''")


def of_this_month(statement: str) -> Break:
    """What the owner does to this month of the ledger."""
    table = "'ledger_' || to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM')"
    return by(f"DO $$ BEGIN EXECUTE format('{statement}', {table}); END $$")


def by(statement: str) -> Break:
    """The law is broken by one statement."""

    async def run(rows: Rows) -> None:
        await rows.connection.execute(statement)

    run.__name__ = statement
    return run


def here(statement: str) -> Break:
    """By one statement that names this database."""

    async def run(rows: Rows) -> None:
        await rows.connection.execute(statement % await rows.connection.fetchval("SELECT current_database()"))

    run.__name__ = statement
    return run


async def without(rows: Rows, guard: str, statement: str) -> None:
    """Past one guard of shields, which stands again afterwards as if nothing had been."""
    await rows.connection.execute(
        f"ALTER TABLE shields DISABLE TRIGGER {guard}; {statement}; ALTER TABLE shields ENABLE ALWAYS TRIGGER {guard}"
    )


BREAKS: tuple[tuple[str, Break], ...] = (
    ("no-shield-lost", a_shield_goes_with_its_guard_off),
    ("no-shield-lost", a_tier_falls_with_its_guard_off),
    ("no-shield-lost", a_shield_is_another_authoritys),
    ("weakened-by-two", one_alone_lifts),
    ("shields-have-history", a_shield_from_nowhere),
    ("no-orphan-shield", a_child_goes_from_under_its_shield),
    ("no-open-double", an_open_double),
    ("household-covered", somebody_joined_the_household),
    ("new-identity-unlinked", a_new_identity_bears_an_old_key),
    ("closed-stay-sealed", a_closed_record_is_open),
    ("circles-behind-shields", a_circle_without_a_shield),
    ("circles-behind-shields", a_circle_of_what_none_may_hold),
    ("overrides-bounded", an_override_of_nothing),
    ("overrides-bounded", an_override_without_end),
    ("one-epoch", by("DELETE FROM shield_epoch")),
    ("one-registry-epoch", by("DELETE FROM registry_epoch")),
    ("blocks-complete", a_child_without_sounds),
    ("ledger-has-room", of_this_month("DROP TABLE %I")),
    ("rows-stay-empty", by("INSERT INTO shield_turn VALUES (true)")),
    ("grants", by("GRANT SELECT ON ledger TO contactpoint_gateway")),
    ("grants", by("GRANT SELECT (closed) ON children TO contactpoint_feed")),
    ("grants", by("GRANT SELECT ON shield_epoch TO PUBLIC")),
    ("grants", by("GRANT EXECUTE ON FUNCTION resolve TO contactpoint_feed")),
    ("grants", by("GRANT CREATE ON SCHEMA public TO contactpoint_registry")),
    ("grants", by("REVOKE INSERT ON broker_references FROM contactpoint_gateway")),
    ("grants", here("ALTER ROLE contactpoint_gateway IN DATABASE %s SET default_transaction_isolation = serializable")),
    ("guards-stand", by("ALTER TABLE shields DISABLE TRIGGER epoch_lock")),
    ("guards-stand", by("ALTER TABLE circles ENABLE TRIGGER kept")),
    ("guards-stand", by("DROP TRIGGER written_once ON shield_history")),
    ("guards-stand", of_this_month("ALTER TABLE %I DISABLE TRIGGER written_once")),
    ("functions-pinned", by("ALTER FUNCTION is_protected RESET search_path")),
    ("view-invoker", by("ALTER VIEW child_readings SET (security_invoker = false)")),
    ("fsync-on", here("ALTER DATABASE %s SET synchronous_commit = off")),
)


async def test_a_new_store_breaks_none(database: Database) -> None:
    """Whether the gateway's role asks or the feed's: every law holds, and every one has its word of advice."""
    for role in (Role.GATEWAY, Role.FEED):
        results = await breaches(database.dsn(role))
        assert [result.name for result in results] == list(MENDS)
        assert not any(result.broken for result in results)


async def test_protected_children_break_none(database: Database, rows: Rows) -> None:
    """Nor does a store in use: shielded, sealed and held children, a circle, an override, siblings from before."""
    child, sealed, held = await rows.child(), await rows.child(given=["Bob"]), await rows.child(given=["Cleo"])
    await rows.child(given=["Dan"])
    await rows.shield(child, withheld=["KEY"])
    await rows.shield(sealed, "SEALED")
    await rows.hold(held)
    await rows.circle(child, "school-1")
    await rows.override(child, "viewer", "token")
    assert await broken(database) == {}


@pytest.mark.parametrize(("law", "break_it"), BREAKS, ids=[f"{law}: {run.__name__}" for law, run in BREAKS])
async def test_broken_by_hand(database: Database, rows: Rows, law: str, break_it: Break) -> None:
    """The law that was broken is named, with how often; the others hold."""
    await break_it(rows)
    assert await broken(database) == {law: 1}


PAST_A_GRANT = (
    "CREATE VIEW seen AS SELECT * FROM children; GRANT SELECT ON seen TO contactpoint_feed",
    "CREATE MATERIALIZED VIEW seen AS SELECT * FROM children; GRANT SELECT ON seen TO contactpoint_feed",
    "CREATE TABLE seen AS SELECT * FROM children; GRANT SELECT ON seen TO contactpoint_feed",
    "ALTER VIEW child_readings SET (security_invoker = false)",
    "CREATE FUNCTION seen() RETURNS SETOF ledger SECURITY DEFINER LANGUAGE sql AS 'SELECT * FROM ledger'",
    "CREATE FUNCTION seen() RETURNS oid SECURITY DEFINER LANGUAGE sql SET search_path = '' AS 'SELECT 1'",
    "ALTER TABLE broker_references OWNER TO contactpoint_feed",
    "ALTER ROLE contactpoint_feed BYPASSRLS",
    "ALTER ROLE contactpoint_feed REPLICATION",
    "GRANT pg_read_all_data TO contactpoint_feed",
    "GRANT pg_read_server_files TO contactpoint_feed",
    "CREATE ROLE contactpoint_backup; GRANT SELECT ON children TO contactpoint_backup",
    "CREATE ROLE contactpoint_backup; GRANT pg_read_all_data TO contactpoint_backup",
    "CREATE ROLE contactpoint_backup; GRANT pg_execute_server_program TO contactpoint_backup",
)

UNDONE = """
    ALTER ROLE contactpoint_feed NOBYPASSRLS NOREPLICATION;
    REVOKE pg_read_all_data, pg_read_server_files FROM contactpoint_feed;
    DO $$BEGIN
        IF to_regrole('contactpoint_backup') IS NOT NULL THEN
            DROP OWNED BY contactpoint_backup;
            DROP ROLE contactpoint_backup;
        END IF;
    END$$
"""


@pytest.mark.parametrize("way", PAST_A_GRANT)
async def test_a_way_to_see_past_a_grant_is_a_breach(database: Database, way: str) -> None:
    """CASES 34: what reads as its owner, has another owner, or needs no grant, as a role for backups does not."""
    superuser = await asyncpg.connect(database.cluster.superuser_dsn(), database=database.name)
    try:
        await superuser.execute(way)
        assert await broken(database)
    finally:  # roles are the whole cluster's
        await superuser.execute(UNDONE)
        await superuser.close()


@pytest.mark.parametrize("taken", ["TABLE shields", "FUNCTION is_protected"])
async def test_where_the_owner_has_lost_what_laws_read_none_can_be_asked(database: Database, taken: str) -> None:
    """CASES 34: `check` says that the store is not ready, and nothing starts."""
    superuser = await asyncpg.connect(database.cluster.superuser_dsn(), database=database.name)
    try:
        await superuser.execute(f"ALTER {taken} OWNER TO contactpoint_feed")
        with pytest.raises(StoreSetupError):
            await breaches(database.dsn(Role.GATEWAY))
    finally:
        await superuser.close()


def test_every_law_is_broken_once() -> None:
    """No law is without the test that it can be seen broken; the rest is advice alone."""
    assert {law for law, _ in BREAKS} == MENDS.keys() - {"one-database", "statistics-current"}


async def test_a_role_that_is_put_on_by_another(database: Database, rows: Rows) -> None:
    """Membership gives rights that no table's list shows."""
    await rows.connection.execute("GRANT contactpoint_shield TO contactpoint_gateway")
    try:
        assert (await broken(database)).keys() == {"grants"}
    finally:  # roles are the whole cluster's
        await rows.connection.execute("REVOKE contactpoint_shield FROM contactpoint_gateway")


async def test_other_databases_are_advice(database: Database) -> None:
    """A database of the cluster that a working role may enter is told of and stops nobody."""
    superuser = await asyncpg.connect(database.cluster.superuser_dsn())
    try:
        before = await others(database)
        await superuser.execute("CREATE DATABASE another")
        assert (await others(database)).breaches == before.breaches + 1
        assert not (await others(database)).broken
    finally:
        await superuser.execute("DROP DATABASE IF EXISTS another")
        await superuser.close()


async def others(database: Database) -> LawResult:
    return next(result for result in await breaches(database.dsn(Role.GATEWAY)) if result.name == "one-database")


async def test_an_older_store_is_told_to_migrate(database: Database, rows: Rows) -> None:
    """Where the laws cannot be asked, one line says what to run."""
    await rows.connection.execute("DROP FUNCTION law_breaches")
    with pytest.raises(StoreSetupError, match=re.escape("run `contactpoint migrate`")):
        await breaches(database.dsn(Role.GATEWAY))
