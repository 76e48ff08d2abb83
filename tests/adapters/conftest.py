"""Loopback for the adapters' tests: the client, the running sandbox, and servers that say what a test tells them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from adapters.client import AgencyClient
from adapters.sandbox.agencies import Sandbox
from adapters.sandbox.faults import Handler

Serve = Callable[[Handler], Awaitable[str]]


@pytest.fixture
async def client() -> AsyncIterator[AgencyClient]:
    async with AgencyClient(connect_timeout=5, read_timeout=5, body_cap=64 * 1024) as opened:
        yield opened


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with await Sandbox.start() as running:
        yield running


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Serve every path by one handler, until the test ends; gives the address."""
    async with AsyncExitStack() as running:

        async def start(handler: Handler) -> str:
            application = web.Application()
            application.router.add_route("*", "/{path:.*}", handler)
            server = TestServer(application)
            await server.start_server(shutdown_timeout=0.05)
            running.push_async_callback(server.close)
            return str(server.make_url("")).rstrip("/")

        yield start


@pytest.fixture
async def soon() -> float:
    """A deadline that nothing in a test reaches unless it hangs."""
    return asyncio.get_running_loop().time() + 20
