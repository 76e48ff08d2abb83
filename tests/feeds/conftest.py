"""What every test of feeds may ask for."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.store.feeding import FeedStore
from adapters.store.roles import Role
from tests.databases import Database
from tests.feeds.loads import Loads


@pytest.fixture
async def loads(database: Database, tmp_path: Path) -> AsyncIterator[Loads]:
    """The test's own store, loaded as the feed's role."""
    store = await FeedStore.connect(database.dsn(Role.FEED))
    owner = await database.connect()
    yield Loads(store, owner, tmp_path)
    await owner.close()
    await store.close()
