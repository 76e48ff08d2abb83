"""Agencies on loopback for the tests of PDS, ODS and LEV: the sandbox's own, and one that says what a test scripts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

import msgspec
from aiohttp import web
from joserfc.jwk import RSAKey

from adapters.agency import AgencyName, Answer
from adapters.client import MEBIBYTE, AgencyClient, ApiKey, Contract, Response
from adapters.credentials import ClientCredentials, PrivateKeyJwt
from adapters.parent_birth_registration import BirthRegistrationParents, ParentsKey
from adapters.parent_contact_pds import PdsContacts
from adapters.practice_pds import PdsPractices
from adapters.records import NhsNumber, ParentRecord, PracticeRecord
from adapters.sandbox import lev_server, ods_server, pds_server
from adapters.sandbox.faults import Conduct
from adapters.sandbox.known import KnownChildren
from adapters.sandbox.population import NOTABLE, child_at
from adapters.sandbox.tokens import SANDBOX_API_KEY, SANDBOX_CLIENT_ID, SANDBOX_KEY_ID

NOW = datetime(2026, 10, 1, 9, 0, tzinfo=UTC)


def soon(seconds: float = 10.0) -> float:
    """A deadline, on the running loop's clock."""
    return asyncio.get_running_loop().time() + seconds


def number_of(name: str) -> NhsNumber:
    """The NHS number of a notable child."""
    number = child_at(NOTABLE[name]).keys.nhs_number
    assert number is not None
    return number


@cache
def our_key() -> RSAKey:
    """One key for the whole test process: making one takes longer than a test."""
    return RSAKey.generate_key(2048)


def answered(body: bytes, status: int = 200, system: str = "pds") -> Response:
    """An answer as the client hands one to an adapter."""
    return Response(system, status, (), body)


@asynccontextmanager
async def served(application: web.Application) -> AsyncIterator[str]:
    """Run a server on a free port; gives its address. It logs no requests: whatever is logged, we logged."""
    runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=0.05)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@dataclass
class Health:
    """PDS, ODS and LEV, pretended and running, and the three adapters that ask them."""

    conduct: Conduct
    client: AgencyClient
    pds_url: str
    ods_url: str
    lev_url: str
    practices: PdsPractices
    contacts: PdsContacts
    parents: BirthRegistrationParents
    credential: ClientCredentials

    def calls(self) -> tuple[int, int]:
        """Calls so far for practices, and for parents."""
        return self.conduct.calls[AgencyName.PRACTICE], self.conduct.calls[AgencyName.PARENTS]


@asynccontextmanager
async def health_agencies(
    *, rate: int = 1000, agreed: float | None = None, key: RSAKey | None = None, ods_key: str = SANDBOX_API_KEY
) -> AsyncIterator[Health]:
    """The sandbox's servers; `rate` is what PDS bears a second, `agreed` what our client keeps to."""
    conduct = Conduct()
    async with AsyncExitStack() as running:
        pds = await running.enter_async_context(
            served(pds_server.application(conduct, KnownChildren(), public_key=our_key(), rate=rate))
        )
        ods = await running.enter_async_context(served(ods_server.application(conduct)))
        lev = await running.enter_async_context(
            served(lev_server.application(conduct, KnownChildren(), children=2_000))
        )
        client = await running.enter_async_context(AgencyClient(contracts={"pds": Contract(per_second=agreed)}))
        proof = PrivateKeyJwt(SANDBOX_CLIENT_ID, key or our_key(), key_id=SANDBOX_KEY_ID)
        credential = ClientCredentials("pds-token", f"{pds}/oauth2/token", proof)
        pds_url = pds + pds_server.ROOT
        yield Health(
            conduct,
            client,
            pds_url,
            ods + ods_server.ROOT,
            lev,
            PdsPractices(
                client,
                pds_url=pds_url,
                pds_credential=credential,
                ods_url=ods + ods_server.ROOT,
                ods_key=ods_key,
                clock=lambda: NOW,
            ),
            PdsContacts(client, pds_url=pds_url, pds_credential=credential, clock=lambda: NOW),
            BirthRegistrationParents(
                client,
                lev_url=lev,
                username="gateway",
                client_name="contactpoint",
                clock=lambda: NOW,
            ),
            credential,
        )


@dataclass
class Scripted:
    """An agency that says what a test tells it to, path by path, and remembers what it was asked."""

    url: str = ""
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    media_type: str = "application/fhir+json"
    asked: list[web.BaseRequest] = field(default_factory=list)

    def says(self, path: str, body: Any, status: int = 200) -> None:
        self.answers[path] = (status, body)

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked.append(request)
        status, body = self.answers[request.path]
        return web.Response(status=status, body=msgspec.json.encode(body), content_type=self.media_type)

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.asked]


@asynccontextmanager
async def scripted(media_type: str = "application/fhir+json") -> AsyncIterator[Scripted]:
    agency = Scripted(media_type=media_type)
    server = web.Application()
    server.router.add_get("/{path:.*}", agency._answer)
    async with served(server) as address:
        agency.url = address
        yield agency


def key_for_anything() -> ApiKey:
    """A credential that a scripted agency does not look at."""
    return ApiKey("authorization", "Bearer of-nothing")


async def practices_from(script: Scripted, *numbers: NhsNumber) -> dict[NhsNumber, Answer[PracticeRecord]]:
    """What the practice's adapter answers where `script` is both PDS and ODS."""
    async with AgencyClient() as client:
        practices = PdsPractices(
            client,
            pds_url=script.url,
            pds_credential=key_for_anything(),
            ods_url=script.url,
            ods_key="key",
            clock=lambda: NOW,
        )
        return dict(await practices.fetch(numbers, soon()))


async def parents_from(script: Scripted, *keys: ParentsKey) -> dict[ParentsKey, Answer[tuple[ParentRecord, ...]]]:
    """What the parents' adapter answers where `script` is LEV."""
    async with AgencyClient(body_cap=8 * MEBIBYTE) as client:
        parents = BirthRegistrationParents(
            client, lev_url=script.url, username="gateway", client_name="contactpoint", clock=lambda: NOW
        )
        return dict(await parents.fetch(keys, soon()))
