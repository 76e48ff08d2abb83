"""Gives an older store what SQL cannot work out: names their sounds, children their own fingerprints. Nothing else."""

import asyncpg

from adapters.records import NhsNumber
from adapters.store.connecting import connect
from adapters.store.kin_key import demand_kin_key
from adapters.store.kinship import print_of
from adapters.store.roles import Connection
from adapters.store.sounds import sound

PORTION = 10_000  # names whose sounds are filled in by one transaction
CHILDREN_AT_ONCE = 5_000  # whose kin is filled in by one transaction

_CHILDREN = """
SELECT id, family, given[1] FROM children
 WHERE id > $1 AND (name_key <> '' AND family_sound = '' OR given_key <> '' AND given_sound = '')
 ORDER BY id LIMIT $2 FOR NO KEY UPDATE
"""
_FORMER_NAMES = """
SELECT child_id, position, family, given[1] FROM former_names
 WHERE (child_id, position) > ($1, $2) AND family_sound = '' AND given_sound = ''
 ORDER BY child_id, position LIMIT $3 FOR NO KEY UPDATE
"""
_WITHOUT_KIN = """
SELECT c.id, k.value FROM children c JOIN keys k ON k.child_id = c.id AND k.system = 'NHS_NUMBER'
 WHERE c.id > $1 AND c.kin = '' AND NOT c.closed
 ORDER BY c.id LIMIT $2 FOR NO KEY UPDATE OF c
"""


async def backfill_sounds(owner_dsn: str, portion: int = PORTION) -> int:
    """Give every name that lacks one its sound, `portion` names at a time; how many children did. Again does nothing.

    Raises StoreSetupError where the store cannot be reached.
    """
    connection = await connect(owner_dsn)
    try:
        filled = await _fill_children(connection, portion)
        await _fill_former_names(connection, portion)
        return filled
    finally:
        await connection.close()


async def backfill_kin(owner_dsn: str, key: bytes, portion: int = CHILDREN_AT_ONCE) -> int:
    """Give every child with an NHS number and no prints its own, `portion` at a time; how many. Again does nothing.

    Raises StoreSetupError where the store cannot be reached, or has another key.
    """
    connection = await connect(owner_dsn)
    try:
        await demand_kin_key(connection, key)
        filled, last = 0, 0
        while True:
            async with connection.transaction():
                rows = await connection.fetch(_WITHOUT_KIN, last, portion)
                await connection.execute(
                    "UPDATE children c SET kin = s.print FROM unnest($1::bigint[], $2::bytea[]) AS s (id, print)"
                    " WHERE c.id = s.id",
                    [row["id"] for row in rows],
                    [print_of(key, NhsNumber(row["value"])) for row in rows],
                )
            filled += len(rows)
            if len(rows) < portion:
                return filled
            last = rows[-1]["id"]
    finally:
        await connection.close()


async def _fill_children(connection: Connection, portion: int) -> int:
    filled, last = 0, 0
    while True:
        async with connection.transaction():
            rows = await connection.fetch(_CHILDREN, last, portion)
            await connection.execute(
                "UPDATE children c SET family_sound = s.family, given_sound = s.given"
                "  FROM unnest($1::bigint[], $2::text[], $3::text[]) AS s (id, family, given) WHERE c.id = s.id",
                [row["id"] for row in rows],
                *_sounds(rows),
            )
        filled += len(rows)
        if len(rows) < portion:
            return filled
        last = rows[-1]["id"]


async def _fill_former_names(connection: Connection, portion: int) -> None:
    last = (0, -1)
    while True:
        async with connection.transaction():
            rows = await connection.fetch(_FORMER_NAMES, *last, portion)
            await connection.execute(
                "UPDATE former_names n SET family_sound = s.family, given_sound = s.given"
                "  FROM unnest($1::bigint[], $2::int[], $3::text[], $4::text[]) AS s (id, position, family, given)"
                " WHERE (n.child_id, n.position) = (s.id, s.position)",
                [row["child_id"] for row in rows],
                [row["position"] for row in rows],
                *_sounds(rows),
            )
        if len(rows) < portion:
            return
        last = (rows[-1]["child_id"], rows[-1]["position"])


def _sounds(rows: list[asyncpg.Record]) -> tuple[list[str], list[str]]:
    return [sound(row["family"] or "") for row in rows], [sound(row["given"] or "") for row in rows]
