"""How many children the store holds: what a command asks before it fills one."""

from adapters.store.connecting import connect, connecting


async def count_children(owner_dsn: str) -> int:
    """Count them; raises StoreSetupError where the store does not answer."""
    connection = await connect(owner_dsn)
    try:
        with connecting(owner_dsn):
            return int(await connection.fetchval("SELECT count(*) FROM children"))
    finally:
        await connection.close()
