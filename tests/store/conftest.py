"""What every test of the store may ask for."""

from collections.abc import AsyncIterator

import pytest

from gateway.audit.scribe import Access
from tests.databases import Database
from tests.store.rows import Rows


@pytest.fixture
async def rows(database: Database) -> AsyncIterator[Rows]:
    """A pen for the test's own database."""
    connection = await database.connect()
    yield Rows(connection)
    await connection.close()


@pytest.fixture
def entry() -> Access:
    """A record of an operation that matched nobody."""
    return Access(
        reference="0f" * 16,
        viewer="viewer",
        organisation="organisation",
        acting_role="PRACTITIONER",
        purpose="SAFEGUARDING",
        reason=None,
        document="sha256:" + "0" * 64,
        outcome="ANSWERED",
    )
