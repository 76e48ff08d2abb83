"""The ledger as a test writes and reads it: with an auditor's key of the tests' own, and nothing hidden from it."""

from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from adapters.store.entries import KeptKey, SealedEntry
from adapters.store.postgres import Store
from adapters.store.roles import Connection
from gateway.audit.auditors import NATIONAL, Auditor, Auditors
from gateway.audit.data_keys import DataKeys
from gateway.audit.opening import Keyring, OpenedRecord
from gateway.audit.record_format import Record
from gateway.audit.scribe import Access, Scribe

AUDITOR = X25519PrivateKey.generate()
AUDITORS = Auditors((Auditor("tests", NATIONAL, AUDITOR.public_key()),))
INDEX_KEY = b"i" * 32


def scribe_for(store: Store) -> Scribe:
    """A scribe that seals for the tests' auditor."""
    return Scribe(DataKeys(store, AUDITORS), INDEX_KEY)


async def sealed(store: Store, access: Access) -> SealedEntry:
    """One record, sealed under a key of its own."""
    return await scribe_for(store).sealed(access)


async def opened(
    connection: Connection, auditor: X25519PrivateKey = AUDITOR, references: Sequence[bytes] | None = None
) -> list[OpenedRecord]:
    """Every record that the auditor can open, or those of these references, in the order of time and of its chain."""
    ring = Keyring([auditor])
    for row in await connection.fetch("SELECT name, authority, began_at, auditors, sealed FROM ledger_keys"):
        ring.add([KeptKey(*row.values())])
    rows = await connection.fetch(
        "SELECT * FROM ledger WHERE $1::bytea[] IS NULL OR reference = ANY ($1) ORDER BY at, chain, position",
        references,
    )
    return [seen for row in rows if (seen := ring.open(Record(**row))) is not None]
