"""A gateway of two issuers: each for its own people and clients, told apart in every record, called back by name."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from adapters.sandbox.agencies import Sandbox
from adapters.sandbox.issuer import Issuer
from adapters.sandbox.personas import CLIENT
from adapters.store.registering import Registrar
from adapters.store.roles import Role
from gateway.app import Gateway
from gateway.demo import pretended
from gateway.settings import Settings
from tests.databases import Database
from tests.running import let_in

REFUSED = {"errors": [{"message": "a valid access token is needed", "extensions": {"code": "UNAUTHENTICATED"}}]}


@dataclass
class TwoIssuers:
    """The gateway, both issuers, and its store."""

    gateway: Gateway
    here: Issuer
    there: Issuer
    database: Database
    session: aiohttp.ClientSession

    async def ask(self, token: str) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {token}", "Contactpoint-Purpose": "SAFEGUARDING"}
        query = {"query": "{ viewer { subject } }"}
        async with self.session.post(f"{self.gateway.url}/graphql", json=query, headers=headers) as answer:
            return answer.status, await answer.json()

    async def subject(self, token: str) -> str:
        status, body = await self.ask(token)
        assert status == 200
        return str(body["data"]["viewer"]["subject"])


@pytest.fixture
async def two(populated_database: Database, settings: Settings) -> AsyncIterator[TwoIssuers]:
    """The same persona signs in at both."""
    async with AsyncExitStack() as parts:
        issuers = [await Issuer.start(settings.data / f"{name}.json") for name in ("here", "there")]
        for issuer in issuers:
            parts.push_async_callback(issuer.close)
            await let_in(populated_database, issuer)
        here, there = issuers
        sandbox = await parts.enter_async_context(await Sandbox.start())
        said = replace(pretended(settings, sandbox, here), issuer=f"here={here.url} there={there.url}")
        gateway = await parts.enter_async_context(await Gateway.start(said, populated_database.dsn(Role.GATEWAY)))
        session = await parts.enter_async_context(aiohttp.ClientSession())
        yield TwoIssuers(gateway, here, there, populated_database, session)


async def test_the_same_name_at_two_issuers_is_two_people(two: TwoIssuers) -> None:
    """In what they read of themselves, and in the ledger."""
    assert await two.subject(two.here.mint("teacher")) == "here:persona-teacher"
    assert await two.subject(two.there.mint("teacher")) == "there:persona-teacher"


async def test_one_issuers_silence_is_its_own(two: TwoIssuers) -> None:
    """CASES 27: its people wait; the other's are answered, and the gateway is ready."""
    await two.there.close()
    status, body = await two.ask(two.there.mint("teacher"))
    assert (status, body["errors"][0]["extensions"]["code"]) == (503, "UNAVAILABLE")
    assert await two.subject(two.here.mint("teacher")) == "here:persona-teacher"
    await two.gateway.ready()


async def test_a_client_is_one_issuers(two: TwoIssuers) -> None:
    """What the registry says of one issuer's client says nothing of another's by the same name."""
    owner = await two.database.connect(Role.OWNER)
    try:
        suspend = "UPDATE clients SET suspended = true WHERE issuer = $1 AND id = $2"
        await owner.execute(suspend, two.there.url, CLIENT)
    finally:
        await owner.close()
    assert (await two.ask(two.there.mint("teacher")))[0] == 403
    assert (await two.ask(two.here.mint("teacher")))[0] == 200


async def test_a_token_is_called_back_by_its_own_id_and_issuer(two: TwoIssuers) -> None:
    """As whoever calls it back reads it in the token; the other issuer's token of the same id goes on."""
    ours, theirs = two.here.mint("teacher", jti="same"), two.there.mint("teacher", jti="same")
    assert (await two.ask(theirs))[0] == 200
    async with await Registrar.connect(two.database.dsn(Role.REGISTRY)) as registrar:
        await registrar.deny_token(two.there.url, "same", datetime.now(UTC) + timedelta(hours=1))
    assert await two.ask(theirs) == (401, REFUSED)
    assert (await two.ask(ours))[0] == 200
