"""What every test of the store may ask for."""

from collections.abc import AsyncIterator

import pytest

from adapters.store.entries import AccessEntry
from tests.databases import Database
from tests.store.rows import Rows


@pytest.fixture
async def rows(database: Database) -> AsyncIterator[Rows]:
    """A pen for the test's own database."""
    connection = await database.connect()
    yield Rows(connection)
    await connection.close()


@pytest.fixture
def entry() -> AccessEntry:
    """A record of an operation that matched nobody."""
    return AccessEntry(
        reference="reference",
        viewer="viewer",
        organisation="organisation",
        acting_role="PRACTITIONER",
        purpose="SAFEGUARDING",
        reason=None,
        document="0" * 64,
        outcome="ANSWERED",
        code=None,
    )
