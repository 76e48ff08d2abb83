"""A whole gateway for one test: real store, real agencies and issuer on loopback, asked over real HTTP."""

import asyncio
import base64
import itertools
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import pytest

from adapters import private_files
from adapters.sandbox.agencies import Sandbox
from adapters.sandbox.issuer import Issuer
from adapters.sandbox.personas import PERSONAS, clients, partners
from adapters.sandbox.populate import populate
from adapters.sandbox.population import NOTABLE, SyntheticChild, child_at
from adapters.store.embedded import DATABASE, EmbeddedCluster
from adapters.store.registering import Registrar
from adapters.store.roles import Role, database_grants
from gateway.app import Gateway
from gateway.audit.key_files import AUDITOR_KEY, FOLDER, private_key_in
from gateway.audit.opening import OpenedRecord
from gateway.demo import DemonstrationDoor, pretended
from gateway.settings import Settings
from tests.auditing import opened
from tests.databases import Database

AUDITORS_REASON = "a look at who has looked"
GRAPHQL = "application/graphql-response+json"

CHILDREN = 200
POPULATED = "populated"
KIN_KEY = bytes(range(32))  # under which the kin of the populated children are fingerprinted

_serial = itertools.count(1)


@dataclass(frozen=True)
class Reply:
    """What came back over HTTP."""

    status: int
    headers: Mapping[str, str]
    body: dict[str, Any]

    @property
    def data(self) -> Any:
        return self.body["data"]

    @property
    def codes(self) -> list[str]:
        return [error["extensions"]["code"] for error in self.body.get("errors", [])]

    @property
    def unread(self) -> bool:
        """Whether the document was refused for naming what the viewer's own schema does not have: nothing ran."""
        errors = self.body.get("errors", [])
        return self.status == 400 and "data" not in self.body and bool(errors) and all(map(_of_the_document, errors))

    @property
    def withheld(self) -> list[list[str | int]]:
        """The paths withheld, in the order given."""
        return [entry["path"] for entry in self.body.get("extensions", {}).get("withheld", [])]


def _of_the_document(error: Mapping[str, Any]) -> bool:
    return "extensions" not in error


@dataclass
class RunningGateway:
    """The gateway, and everything round it that a test may look at or break."""

    gateway: Gateway
    sandbox: Sandbox
    issuer: Issuer
    database: Database
    session: aiohttp.ClientSession
    _tokens: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.gateway.url

    def token(self, persona: str) -> str:
        """One token per persona and test, as a front end would hold one."""
        return self._tokens.setdefault(persona, self.issuer.mint(persona))

    def token_id(self, persona: str) -> str:
        """The `jti` of the persona's token in this test."""
        claims = self.token(persona).split(".")[1]
        return str(json.loads(base64.urlsafe_b64decode(claims + "=="))["jti"])

    def child(self, name: str) -> SyntheticChild:
        return child_at(NOTABLE[name])

    @property
    def calls(self) -> dict[str, int]:
        return {agency.value: count for agency, count in self.sandbox.calls.items()}

    async def ask(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        *,
        viewer: str = "teacher",
        purpose: str | None = None,
        headers: Mapping[str, str] | None = None,
        url: str | None = None,
    ) -> Reply:
        """Ask as a persona, for its usual purpose unless another is stated; `url` is another gateway's."""
        stated = purpose or PERSONAS[viewer].purposes[0]
        sent = {
            "Authorization": f"Bearer {self.token(viewer)}",
            "Contactpoint-Purpose": stated,
            "Accept": GRAPHQL,
            **({"Contactpoint-Reason": AUDITORS_REASON} if viewer == "auditor" else {}),
            **(headers or {}),
        }
        body = {"query": query, "variables": variables or {}}
        async with self.session.post(f"{url or self.url}/graphql", json=body, headers=sent) as answer:
            return Reply(answer.status, answer.headers.copy(), await answer.json(content_type=None))

    async def post(self, body: Mapping[str, Any], *, viewer: str = "teacher", headers: Mapping[str, str]) -> Reply:
        """Send any body as a persona."""
        sent = {"Authorization": f"Bearer {self.token(viewer)}", "Accept": GRAPHQL, **headers}
        async with self.session.post(f"{self.url}/graphql", json=body, headers=sent) as answer:
            return Reply(answer.status, answer.headers.copy(), await answer.json(content_type=None))

    async def ask_child(self, name: str, fields: str, **how: Any) -> Reply:
        """Ask for one notable child by its number."""
        query = f"query($number: ID!) {{ child(number: $number) {{ {fields} }} }}"
        return await self.ask(query, {"number": self.child(name).number}, **how)

    async def execute(self, sql: str, *values: Any) -> None:
        """Change the store as its owner, behind the gateway's back."""
        owner = await self.database.connect(Role.OWNER)
        try:
            await owner.execute(sql, *values)
        finally:
            await owner.close()

    async def rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        owner = await self.database.connect(Role.OWNER)
        try:
            return [dict(row) for row in await owner.fetch(sql, *values)]
        finally:
            await owner.close()

    async def ledger(self) -> list[OpenedRecord]:
        """Every record, as the first auditor opens it, in the order of time."""
        owner = await self.database.connect(Role.OWNER)
        try:
            return await opened(owner, private_key_in(self.gateway.settings.data / FOLDER / AUDITOR_KEY))
        finally:
            await owner.close()

    async def record_of(self, reply: Reply) -> OpenedRecord:
        """The record of an answer or a refusal."""
        [record] = [seen for seen in await self.ledger() if seen.reference == reply.headers["Contactpoint-Record"]]
        return record

    async def id_of(self, name: str) -> int:
        rows = await self.rows("SELECT id FROM children WHERE number = $1", self.child(name).number)
        return int(rows[0]["id"])


@pytest.fixture(scope="session")
def populated(cluster: EmbeddedCluster) -> str:
    """The name of a database with synthetic children in it, the notable ones among them: a template of others."""

    async def fill() -> None:
        await _copy(cluster, DATABASE, POPULATED)
        await populate(cluster.dsn(Role.OWNER, POPULATED), CHILDREN, lambda done: None, KIN_KEY)

    asyncio.run(fill())
    return POPULATED


@pytest.fixture
async def populated_database(cluster: EmbeddedCluster, populated: str) -> AsyncIterator[Database]:
    """A test's own copy of the populated store."""
    name = f"populated_{next(_serial)}"
    await _copy(cluster, populated, name)
    yield Database(cluster, name)
    superuser = await asyncpg.connect(cluster.superuser_dsn())
    try:
        await superuser.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await superuser.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The settings of the test's gateway; a test may give its own."""
    private_files.keep(tmp_path / "fingerprint-key", KIN_KEY.hex().encode())
    return Settings(data=tmp_path)


@pytest.fixture
async def gateway(populated_database: Database, settings: Settings) -> AsyncIterator[RunningGateway]:
    """A gateway as the demonstration runs it, on ports of its own."""
    issuer = await Issuer.start(settings.data / "issuer-key.json")
    try:
        await let_in(populated_database, issuer)
        async with (
            await Sandbox.start() as sandbox,
            await Gateway.start(
                pretended(settings, sandbox, issuer),
                populated_database.dsn(Role.GATEWAY),
                shield_dsn=populated_database.dsn(Role.SHIELD),
                feed_dsn=populated_database.dsn(Role.FEED),
                demonstration=DemonstrationDoor(issuer),
            ) as running,
            aiohttp.ClientSession() as session,
        ):
            yield RunningGateway(running, sandbox, issuer, populated_database, session)
    finally:
        await issuer.close()


async def let_in(database: Database, issuer: Issuer) -> None:
    """Register the applications that bring the personas' tokens, and what partners may ask."""
    async with await Registrar.connect(database.dsn(Role.REGISTRY)) as registrar:
        await registrar.put((), partners(), clients(issuer.url))


async def _copy(cluster: EmbeddedCluster, template: str, name: str) -> None:
    superuser = await asyncpg.connect(cluster.superuser_dsn())
    try:
        await superuser.execute(
            f"CREATE DATABASE {name} TEMPLATE {template} OWNER {Role.OWNER.database_role} STRATEGY wal_log"
        )
        await superuser.execute(database_grants(name))  # what may connect is no part of a copy
    finally:
        await superuser.close()
