"""Whether a fingerprint key is the one that the store's children were fingerprinted under. The key stays outside."""

from typing import TypeAlias, Union

import asyncpg

from adapters.records import NhsNumber
from adapters.store.connecting import connect
from adapters.store.failures import StoreSetupError
from adapters.store.kinship import print_of
from adapters.store.pool import Connection as Pooled
from adapters.store.roles import Connection

Held: TypeAlias = Union[Connection, Pooled]  # noqa: UP007 - both are names of types in quotes
MEND = "copy the file of the fingerprint key from where feeds are loaded, or name it in the settings"


async def kin_key_fits(dsn: str, key: bytes | None) -> bool:
    """Whether it is the store's key, of which the first who fingerprints has the say; without one, whether it has none.

    Raises StoreSetupError where the store cannot be reached or is of an older version.
    """
    connection = await connect(dsn)
    try:
        return await _fits(connection, key)
    except asyncpg.UndefinedFunctionError:
        raise StoreSetupError("the store is not ready for this version: run `contactpoint migrate`") from None
    finally:
        await connection.close()


async def demand_kin_key(connection: Held, key: bytes) -> None:
    """Raise StoreSetupError unless it is the store's key."""
    if not await _fits(connection, key):
        raise StoreSetupError(f"this is another fingerprint key than the store's: {MEND}")


async def _fits(connection: Held, key: bytes | None) -> bool:
    proof = None if key is None else print_of(key, NhsNumber(""))
    return bool(await connection.fetchval("SELECT kin_key_fits($1)", proof))
