"""A gate of the owner's in the ledger: what is being recorded waits at it, inside its statement or at its commit."""

from contextlib import suppress
from typing import Final

import asyncpg

from adapters.store.roles import Connection
from tests.faults.processes import until_told

LOCK: Final = 60_001  # advisory: the gate's keeper has it, whoever writes a record shares it for a moment
PATIENCE: Final = 10.0  # seconds for the store to answer the keeper

# In a schema of its own, and gone whenever the gate is not shut: no gateway starts on a store with a trigger too many.
MADE: Final = f"""
CREATE SCHEMA IF NOT EXISTS faults;
CREATE OR REPLACE FUNCTION faults.wait() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_advisory_xact_lock_shared({LOCK}); RETURN NEW; END $$;
"""
INSIDE: Final = "CREATE TRIGGER gate BEFORE INSERT ON ledger FOR EACH ROW EXECUTE FUNCTION faults.wait()"
AT_COMMIT: Final = (
    "CREATE CONSTRAINT TRIGGER gate AFTER INSERT ON ledger DEFERRABLE INITIALLY DEFERRED"
    " FOR EACH ROW EXECUTE FUNCTION faults.wait()"
)
GONE: Final = "DROP TRIGGER IF EXISTS gate ON ledger"
# Whoever records takes this table first: with it in hand nobody is halfway, and nobody and we wait for each other.
ALONE: Final = "LOCK TABLE ledger_chains IN ACCESS EXCLUSIVE MODE"

WAITS = "SELECT count(*) > 0 FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND NOT granted"
# Not who has been told half of a statement: a stopped gateway says no more, and nothing is committed of it.
WRITES = """
SELECT count(*) > 0 FROM pg_stat_activity
 WHERE usename = 'contactpoint_gateway' AND query LIKE '%record_accesses%'
   AND state <> 'idle' AND wait_event IS DISTINCT FROM 'ClientRead'
"""


class Gate:
    """Shut at one of its two places, until it is opened or the store dies with it."""

    def __init__(self, superuser_dsn: str) -> None:
        self._dsn = superuser_dsn
        self._keeper: Connection | None = None

    async def shut(self, place: str) -> None:
        """Let nothing be recorded further than `place`, and wait until something waits there."""
        keeper = self._keeper = await asyncpg.connect(self._dsn)
        await keeper.execute(f"SELECT pg_advisory_lock({LOCK})")
        await keeper.execute(f"{ALONE}; {MADE}; {place}")

        async def somebody_waits() -> bool:
            return bool(await keeper.fetchval(WAITS, LOCK))

        await until_told("a record that waits at the gate", somebody_waits)

    async def open(self) -> None:
        """Let everything pass; nothing where the store is gone, and the keeper's lock with it."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
                await keeper.execute(f"SELECT pg_advisory_unlock({LOCK})", timeout=PATIENCE)
            keeper.terminate()

    async def pass_all(self) -> None:
        """Open it, and wait until all that was being recorded is."""
        await self.open()
        looker = await asyncpg.connect(self._dsn)
        try:

            async def nobody_writes() -> bool:
                return not await looker.fetchval(WRITES)

            await until_told("the end of what is being recorded", nobody_writes)
        finally:
            looker.terminate()

    async def remove(self) -> None:
        """Take it away altogether, on a store that answers."""
        await self.open()
        looker = await asyncpg.connect(self._dsn)
        try:
            await looker.execute(f"{ALONE}; {GONE}", timeout=2 * PATIENCE)
        finally:
            await looker.close()
