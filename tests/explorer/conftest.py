"""The explorer of a test's own gateway, open in a real browser."""

from collections.abc import AsyncIterator

import pytest

from tests.explorer.visiting import Visit, visiting
from tests.running import RunningGateway


@pytest.fixture
async def visit(gateway: RunningGateway) -> AsyncIterator[Visit]:
    """Open and ready, watched from the first byte."""
    async with visiting(gateway.url) as opened:
        yield opened
