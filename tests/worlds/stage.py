"""What outlives a pair of worlds: the database server, a template to copy, the issuer, and two sets of agencies."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Final

import asyncpg

from adapters import private_files
from adapters.sandbox.agencies import Sandbox
from adapters.sandbox.issuer import Issuer
from adapters.sandbox.populate import populate
from adapters.store.embedded import DATABASE, EmbeddedCluster
from adapters.store.migrate import migrate
from adapters.store.roles import Role, credentials, database_grants
from gateway.app import documents_under
from gateway.classes import CLASSES
from gateway.operations.documents import Documents
from gateway.operations.limits import Limits
from gateway.settings import Settings
from gateway.viewer import Role as Viewers
from tests.databases import Database, reachable_folder
from tests.running import KIN_KEY, let_in
from tests.worlds.casting import CHILDREN
from tests.worlds.operations_published import document_of, texts_to_publish
from tests.worlds.seams import Texts

TEMPLATE = "worlds"
PUBLISHED: Final = tuple(texts_to_publish(CLASSES[Viewers.PARTNER], random.Random(7)))  # noqa: S311 - no secret
UNHURRIED = 1_000_000  # what agencies bear a second: nobody waits for a turn, so no turn is taken differently
UNHURRIED_SECONDS = 60.0
NOBODY_SIGNS = 1e6  # seconds from one checkpoint to the next: none within a run


@dataclass
class Stage:
    """Everything that worlds stand on. One data folder serves every gateway, so that all have the same keys."""

    cluster: EmbeddedCluster
    settings: Settings
    issuer: Issuer
    sandboxes: tuple[Sandbox, Sandbox]
    texts: tuple[Texts, Texts] = field(default_factory=lambda: (Texts(), Texts()))
    published: Mapping[str, str] = field(default_factory=lambda: {document_of(text).id: text for text in PUBLISHED})
    _serial: "count[int]" = field(default_factory=count)
    _documents: dict[tuple[int, Viewers], Documents] = field(default_factory=dict)

    def documents(self, sandbox: Sandbox, role: Viewers) -> Documents:
        """What reads a role's texts for all worlds of the one side: a text takes ten times as long as its answer.

        Each side has its own, or what one world left in it the other might answer with, and nothing would differ.
        """
        side = self.sandboxes.index(sandbox)
        return self._documents.setdefault((side, role), documents_under(Limits.of(self.settings)))

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Database]:
        """A copy of the template, gone after the block."""
        name = f"world_{next(self._serial)}"
        superuser = await asyncpg.connect(self.cluster.superuser_dsn())
        try:
            await _copy(superuser, TEMPLATE, name)
            yield Database(self.cluster, name)
        finally:
            await superuser.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            await superuser.close()


@asynccontextmanager
async def _template(cluster: EmbeddedCluster) -> AsyncIterator[None]:
    superuser = await asyncpg.connect(cluster.superuser_dsn())
    try:
        await _copy(superuser, DATABASE, TEMPLATE)
        yield
    finally:
        await superuser.execute(f"DROP DATABASE IF EXISTS {TEMPLATE} WITH (FORCE)")
        await superuser.close()


async def _copy(superuser: "asyncpg.Connection[asyncpg.Record]", template: str, name: str) -> None:
    await superuser.execute(
        f"CREATE DATABASE {name} TEMPLATE {template} OWNER {Role.OWNER.database_role} STRATEGY wal_log"
    )
    await superuser.execute(database_grants(name))  # what may connect is no part of a copy


@asynccontextmanager
async def a_stage() -> AsyncIterator[Stage]:
    """A whole stage with a server of its own; all of it ends with the block."""
    with reachable_folder() as folder:
        cluster = await asyncio.to_thread(EmbeddedCluster.start, folder)
        try:
            await migrate(cluster.dsn(Role.OWNER), credentials(folder))
            async with stage_on(cluster, folder / "gateway") as stage:
                yield stage
        finally:
            await asyncio.to_thread(cluster.stop)


@asynccontextmanager
async def stage_on(cluster: EmbeddedCluster, data: Path) -> AsyncIterator[Stage]:
    """A stage on a server whose database is migrated; `data` becomes the gateways' folder."""
    data.mkdir()
    private_files.keep(data / "fingerprint-key", KIN_KEY.hex().encode())
    async with AsyncExitStack() as ending:
        issuer = await Issuer.start(data / "issuer-key.json")
        ending.push_async_callback(issuer.close)
        sandboxes = [await ending.enter_async_context(await Sandbox.start(pds_rate=UNHURRIED)) for _ in range(2)]
        await ending.enter_async_context(_template(cluster))
        template = Database(cluster, TEMPLATE)
        await populate(template.dsn(Role.OWNER), CHILDREN, lambda done: None, KIN_KEY)
        await let_in(template, issuer)
        # No answer waits for a beat: what is compared is what was done, and time is measured elsewhere.
        settings = replace(
            Settings(data=data),
            checkpoint_seconds=NOBODY_SIGNS,
            beat=0.0,
            # Nor is anything too late on a busy machine: one world in time and the other not would be a difference.
            deadline=UNHURRIED_SECONDS,
            connect_timeout=UNHURRIED_SECONDS,
            read_timeout=UNHURRIED_SECONDS,
        )
        yield Stage(cluster, settings, issuer, (sandboxes[0], sandboxes[1]))
