"""Asks a running store whether the laws hold: how often each is broken, never by whom. Nothing is mended here.

What rows can tell, the store's own `law_breaches()` says; what the catalogue can tell is asked here. Any role that may
answer or load may ask.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import asyncpg

from adapters.store.connecting import connect
from adapters.store.failures import StoreSetupError
from adapters.store.grants import EXPECTED_GRANTS, EXPECTED_GUARDS
from adapters.store.roles import WORKING_ROLES, Connection


@dataclass(frozen=True, slots=True)
class LawResult:
    """One law: how often it is broken, and what then mends it. What is only advised stops nobody."""

    name: str
    breaches: int
    mend: str
    advice: bool = False

    @property
    def broken(self) -> bool:
        return self.breaches > 0 and not self.advice


# Every grant in our schema but the owner's. Of schema and database only what is ours or everybody's: who else a
# database's keeper lets connect is theirs to say.
_GRANTED = """
WITH granted AS (
    SELECT a.*, c.relname::text AS object, c.relowner AS owner
      FROM pg_class c,
           acldefault(CASE c.relkind WHEN 'S' THEN 's'::"char" ELSE 'r' END, c.relowner) AS made_with,
           aclexplode(coalesce(c.relacl, made_with)) a
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    UNION ALL
    SELECT a.*, c.relname || '.' || t.attname, c.relowner
      FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid, aclexplode(t.attacl) a
     WHERE c.relnamespace = 'public'::regnamespace AND NOT t.attisdropped
    UNION ALL
    SELECT a.*, p.proname, p.proowner
      FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
     WHERE p.pronamespace = 'public'::regnamespace
    UNION ALL
    SELECT a.*, t.typname, t.typowner
      FROM pg_type t JOIN pg_class c ON c.oid = t.typrelid,
           aclexplode(coalesce(t.typacl, acldefault('T', t.typowner))) a
     WHERE t.typnamespace = 'public'::regnamespace AND c.relkind = 'c'
    UNION ALL
    SELECT a.*, 'schema public', n.nspowner
      FROM pg_namespace n, aclexplode(n.nspacl) a
     WHERE n.nspname = 'public' AND (a.grantee = 0 OR a.grantee::regrole::text = ANY ($1))
    UNION ALL
    SELECT a.*, 'database', d.datdba
      FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
     WHERE d.datname = current_database() AND (a.grantee = 0 OR a.grantee::regrole::text = ANY ($1)))
SELECT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(grantee) END,
       privilege_type || CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END, object
  FROM granted WHERE grantee <> owner
"""

# A working role that is more than it was made, has put another on, may be put on by anybody but their maker, or has a
# setting under which nothing is recorded, or another table is found by a name of ours: any role may change its own.
# Whoever reads every table without a grant on any, as roles for backups do; owner and superusers need none for it. And
# what is another's than the owner's, for whom then no grant is needed.
_ROLES_ASTRAY = """
WITH keeper AS (SELECT relowner AS id FROM pg_class WHERE oid = 'public.children'::regclass)
SELECT (SELECT count(*) FROM pg_roles
         WHERE rolname = ANY ($1) AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication))
     + (SELECT count(*) FROM pg_auth_members m
         WHERE m.member::regrole::text = ANY ($1)
            OR m.roleid::regrole::text = ANY ($1)
               AND m.member <> (SELECT id FROM keeper))
     + (SELECT count(*) FROM pg_db_role_setting s, unnest(s.setconfig) AS setting
         WHERE s.setrole::regrole::text = ANY ($1)
           AND setting ~ '^(default_transaction_|search_path|session_replication)'
           AND (s.setdatabase = 0 OR s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())))
     + (SELECT count(*) FROM pg_roles r
         WHERE NOT rolsuper AND rolname <> ALL ($1) AND rolname !~ '^pg_'
           AND r.oid <> (SELECT id FROM keeper)
           AND EXISTS (SELECT FROM unnest($2::text[]) AS everything WHERE pg_has_role(r.oid, everything, 'MEMBER')))
     + (SELECT count(*) FROM pg_class
         WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
           AND relowner <> (SELECT id FROM keeper))
     + (SELECT count(*) FROM pg_proc
         WHERE pronamespace = 'public'::regnamespace AND proowner <> (SELECT id FROM keeper))
"""

# By which a role needs no grant: PostgreSQL's own.
_PAST_EVERY_GRANT = ("pg_read_all_data", "pg_write_all_data", "pg_read_server_files", "pg_execute_server_program")

# A month of the ledger is the ledger: what stands on one of its tables must stand, and stand always, on all.
_GUARDS = """
SELECT coalesce(parent.relname, c.relname) AS relname, t.tgname, bool_and(t.tgenabled = 'A') AS always
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
  LEFT JOIN pg_inherits i ON i.inhrelid = c.oid AND c.relispartition
  LEFT JOIN pg_class parent ON parent.oid = i.inhparent
 WHERE NOT t.tgisinternal AND c.relnamespace = 'public'::regnamespace
 GROUP BY 1, 2
"""

# What a body in standard SQL names was looked up when it was made: no path can lead it elsewhere.
_UNPINNED = """
SELECT count(*) FROM pg_proc
 WHERE pronamespace = 'public'::regnamespace
   AND (prosqlbody IS NULL AND coalesce(proconfig, '{}') <> ARRAY['search_path=pg_catalog, public, pg_temp']
     OR proowner <> (SELECT relowner FROM pg_class WHERE oid = 'public.children'::regclass))
"""

_VIEWS_OF_OTHERS = """
SELECT count(*) FROM pg_class
 WHERE relnamespace = 'public'::regnamespace AND relkind = 'v'
   AND NOT coalesce(reloptions, '{}') @> ARRAY['security_invoker=true']
"""

_FORGETFUL = """
SELECT (current_setting('fsync') <> 'on')::int + (current_setting('full_page_writes') <> 'on')::int
     + (current_setting('synchronous_commit') = 'off')::int
"""

_OTHER_DATABASES = """
SELECT count(*) FROM pg_database d
 WHERE d.datallowconn AND d.datname <> current_database()
   AND EXISTS (SELECT FROM unnest($1::text[]) AS r WHERE has_database_privilege(r, d.oid, 'CONNECT'))
"""

_OFFICERS = "have two officers say what is right"

MENDS: Mapping[str, str] = MappingProxyType(
    {
        "no-shield-lost": "raise the shield again as `shield_history` has it, or have two officers lift it",
        "weakened-by-two": f"raise what `shield_history` says was weakened by fewer, or {_OFFICERS}",
        "shields-have-history": f"find in the server's log who wrote `shields` with its triggers off; {_OFFICERS}",
        "no-orphan-shield": "restore the child from a backup, its shield with it",
        "no-open-double": "raise a shield on the open record, and have its officers merge the two",
        "household-covered": "raise a shield on whoever joined the household, or have two officers release them",
        "new-identity-unlinked": "remove the other child's former key that the new identity bears",
        "closed-stay-sealed": "seal the closed record again",
        "circles-behind-shields": "end circles of children without a shield, and `KEY` and `SENSITIVE_SERVICE` in any",
        "overrides-bounded": "end the override: set its `until` to now",
        "one-epoch": "restore the one row of `shield_epoch`, with a number higher than any before",
        "blocks-complete": "run `contactpoint migrate`, which fills in sounds",
        "one-registry-epoch": "restore the one row of `registry_epoch`, with a number higher than any before",
        "rows-stay-empty": "remove the rows of `shield_turn` and `identity_turn`",
        "grants": "restore every role's rights as `0013_grants.sql`, `0021_grants.sql` and `0024_ledger.sql` give them",
        "guards-stand": "restore the triggers as the migrations make them, each `ENABLE ALWAYS`",
        "functions-pinned": "restore the functions as the migrations make them",
        "view-invoker": "run `ALTER VIEW child_readings SET (security_invoker = true)`",
        "fsync-on": "set `fsync` and `full_page_writes` on, and `synchronous_commit` to anything but off",
        "one-database": "as superuser, run `REVOKE CONNECT ON DATABASE … FROM PUBLIC` for every other database",
        "ledger-has-room": "run `contactpoint migrate`, which makes tables for the months to come",
        "statistics-current": "run `contactpoint statistics build`, once a month",
    }
)
_ADVICE = frozenset({"one-database", "statistics-current"})

# This month's records have a table, and the next one's: where there is none nothing is recorded, and nothing answered.
_MONTHS_MISSING = """
SELECT count(*) FROM generate_series(0, 1) AS n
 WHERE to_regclass(
    'public.ledger_' || to_char((now() AT TIME ZONE 'UTC') + make_interval(months => n), 'YYYY_MM')) IS NULL
"""


async def breaches(dsn: str) -> tuple[LawResult, ...]:
    """Every law the store can be asked about, broken or not; `dsn` is the gateway's role's or the feed's.

    Raises StoreSetupError where the store cannot be reached or is of an older version.
    """
    connection = await connect(dsn)
    try:
        counted = {row["law"]: row["breaches"] for row in await connection.fetch("SELECT * FROM law_breaches()")}
        counted |= await _of_the_catalogue(connection)
    except (asyncpg.UndefinedFunctionError, asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError):
        raise StoreSetupError("the store is not ready for this version: run `contactpoint migrate`") from None
    finally:
        await connection.close()
    return tuple(LawResult(law, counted[law], mend, advice=law in _ADVICE) for law, mend in MENDS.items())


async def _of_the_catalogue(connection: Connection) -> dict[str, int]:
    working = [role.database_role for role in WORKING_ROLES]
    granted = {tuple(row) for row in await connection.fetch(_GRANTED, working)}
    guards = {(row["relname"], row["tgname"]): row["always"] for row in await connection.fetch(_GUARDS)}
    expected = {(table, guard) for table in EXPECTED_GUARDS for guard in EXPECTED_GUARDS[table]}
    return {
        "grants": len(granted ^ set(_expected_grants()))
        + await connection.fetchval(_ROLES_ASTRAY, working, _PAST_EVERY_GRANT),
        "guards-stand": len(guards.keys() - expected) + sum(not guards.get(guard, False) for guard in expected),
        "functions-pinned": await connection.fetchval(_UNPINNED),
        "view-invoker": await connection.fetchval(_VIEWS_OF_OTHERS),
        "fsync-on": await connection.fetchval(_FORGETFUL),
        "one-database": await connection.fetchval(_OTHER_DATABASES, working),
        "ledger-has-room": await connection.fetchval(_MONTHS_MISSING),
        "statistics-current": int(not await connection.fetchval("SELECT statistics_current()")),
    }


def _expected_grants() -> Iterable[tuple[str, str, str]]:
    for role, grants in EXPECTED_GRANTS.items():
        for privilege, on in grants:
            yield role.database_role, privilege, on
