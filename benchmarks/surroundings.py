"""Everything a contestant finds around it: the filled store, the agencies, the issuer; all on the second core."""

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg
import msgspec

from adapters.sandbox.issuer import Issuer
from adapters.sandbox.personas import clients, partners
from adapters.sandbox.populate import populate
from adapters.store.embedded import EmbeddedCluster
from adapters.store.migrate import migrate
from adapters.store.registering import Registrar
from adapters.store.roles import Role, credentials
from benchmarks.machine import parent_of
from benchmarks.people import POPULATION
from gateway.feeds.fingerprint_key import fingerprint_key

VARIABLE: Final = "BENCHMARK_SURROUNDINGS"
PATIENCE: Final = 60.0  # seconds a process has to say that it is ready
TOKEN_LIFE: Final = 3600


class DidNotStart(Exception):
    """A process of the benchmark ended, or said nothing; the text names it and quotes its last words."""


class Told(msgspec.Struct, kw_only=True):
    """What a contestant is told, in JSON, by the environment: where all is, and whether agencies answer in bulk."""

    dsn: str
    socket: str  # the store's, for drivers that read no DSN: folder, user, password, database
    user: str
    password: str
    database: str
    agencies: str
    issuer: str
    keys: str  # the data folder, with the keys of kin and of the ledger
    bulk: bool
    subgraphs: str = ""

    def environment(self) -> Mapping[str, str]:
        """Say it, to a process about to start."""
        return {VARIABLE: msgspec.json.encode(self).decode(), "NODE_ENV": "production"}


def told() -> Told:
    """Read it, in a contestant."""
    return msgspec.json.decode(os.environ[VARIABLE], type=Told)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What runs; `postgres` is the process that started every other of the store's."""

    told: Told
    issuer: Issuer
    postgres: int
    owner_dsn: str
    audit_dsn: str


@dataclass(frozen=True, slots=True)
class Running:
    """A process that said where it answers."""

    pid: int
    url: str


@asynccontextmanager
async def surroundings(children: int = POPULATION) -> AsyncIterator[Surroundings]:
    """Start everything on the cores we run on ourselves; all of it is gone afterwards."""
    async with AsyncExitStack() as parts:
        folder = parts.enter_context(tempfile.TemporaryDirectory(prefix="contactpoint-benchmark-"))
        Path(folder).chmod(0o755)  # root's server runs as another user
        data = Path(folder) / "data"
        cluster = parts.enter_context(await asyncio.to_thread(EmbeddedCluster.start, data))
        await migrate(cluster.dsn(Role.OWNER), credentials(data))
        key = fingerprint_key(data / "fingerprint-key")
        await populate(cluster.dsn(Role.OWNER), children, lambda done: None, key)
        issuer = await Issuer.start(data / "issuer-key.json", lifetime=TOKEN_LIFE)
        parts.push_async_callback(issuer.close)
        async with await Registrar.connect(cluster.dsn(Role.REGISTRY)) as registrar:
            await registrar.put((), partners(), clients(issuer.url))
        agencies = await parts.enter_async_context(started([sys.executable, "-m", "benchmarks.agencies"], {}))
        dsn = cluster.dsn(Role.GATEWAY)
        address = urlsplit(dsn)
        yield Surroundings(
            Told(
                dsn=dsn,
                socket=parse_qs(address.query)["host"][0],
                user=address.username or "",
                password=unquote(address.password or ""),
                database=address.path.removeprefix("/"),
                agencies=agencies.url,
                issuer=issuer.url,
                keys=str(data),
                bulk=True,
            ),
            issuer,
            await _postmaster(dsn),
            cluster.dsn(Role.OWNER),
            cluster.dsn(Role.AUDIT),
        )


@asynccontextmanager
async def started(
    command: Sequence[str], environment: Mapping[str, str], *, folder: Path | None = None
) -> AsyncIterator[Running]:
    """Run a process that prints `ready URL` once it answers, and end it afterwards. Raises `DidNotStart`."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=None,
        env={**os.environ, **environment},
        cwd=folder,
    )
    try:
        yield Running(process.pid, await _ready(process, command))
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 5)
            except TimeoutError:
                process.kill()
                await process.wait()


async def _ready(process: asyncio.subprocess.Process, command: Sequence[str]) -> str:
    assert process.stdout is not None
    said = b""
    try:
        async with asyncio.timeout(PATIENCE):
            while line := await process.stdout.readline():
                word, _, url = line.decode().strip().partition(" ")
                if word == "ready":
                    return url
                said = line
    except TimeoutError:
        pass
    raise DidNotStart(f"`{' '.join(command)}` did not start: {said.decode().strip() or 'it said nothing'}")


async def _postmaster(dsn: str) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        return parent_of(await connection.fetchval("SELECT pg_backend_pid()"))
    finally:
        await connection.close()
