"""How many children the store holds: what a command asks before it fills one."""

import asyncpg

from adapters.store.failures import StoreSetupError

PATIENCE = 10.0  # seconds


async def count_children(owner_dsn: str) -> int:
    """Count them; raises StoreSetupError where the store does not answer."""
    try:
        connection = await asyncpg.connect(owner_dsn, timeout=PATIENCE)
        try:
            return int(await connection.fetchval("SELECT count(*) FROM children"))
        finally:
            await connection.close()
    except (asyncpg.PostgresError, OSError, TimeoutError):
        raise StoreSetupError("the store does not answer: start its database, or correct `CONTACTPOINT_DSN`") from None
