"""Where the faults happen: a store on a disk of its own, agencies and issuer, and one gateway, a process of its own."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import aiohttp
import asyncpg

from adapters import private_files
from adapters.sandbox.agencies import Sandbox
from adapters.sandbox.issuer import Issuer
from adapters.sandbox.populate import populate
from adapters.sandbox.population import NOTABLE, child_at
from adapters.store.embedded import DATABASE, EmbeddedCluster
from adapters.store.migrate import migrate
from adapters.store.roles import Role, credentials
from adapters.store.server_account import settled_home
from gateway.demo import pretended
from gateway.settings import Settings, variable
from tests.command.running import environment, free_ports
from tests.databases import Database, reachable_folder
from tests.faults.cable import Cable
from tests.faults.disk import Disk, NoDisk
from tests.faults.gate import Gate
from tests.faults.processes import family_of, is_gone, signal_all, state_of, until, until_told
from tests.running import KIN_KEY, let_in

ROOT = Path(__file__).parents[2]
STORE = "store"
CHILDREN = 60
ASKED_FOR = ("open", "shielded", "shielded-sibling", "home-educated", "renamed", "large-family")
VIEWER, PURPOSE = "social-worker", "SAFEGUARDING"
NEVER_TOLD = {"data", "dsn", "gateway_dsn"}
CHECKPOINT_SECONDS = 0.5

# On a small disk the write-ahead log must not be what fills it: a store could not recover in what room it leaves.
SMALL_LOG = (
    "ALTER SYSTEM SET min_wal_size = '32MB'",
    "ALTER SYSTEM SET max_wal_size = '64MB'",
    "SELECT pg_reload_conf()",
)


@dataclass
class Stage:
    """Everything round one gateway, and the gateway itself. Whatever dies on it is started again by its name."""

    folder: Path
    disk: Disk | None
    no_disk: str  # why there is none
    cluster: EmbeddedCluster
    issuer: Issuer = field(init=False)
    cable: Cable = field(init=False)
    told: dict[str, str] = field(init=False)
    gateway: asyncio.subprocess.Process | None = None
    ports: list[int] = field(default_factory=lambda: free_ports(2))
    gate: Gate = field(init=False)

    def __post_init__(self) -> None:
        self.gate = Gate(self.superuser_dsn)

    @property
    def data(self) -> Path:
        """The gateway's own folder, with the keys of its ledger."""
        return self.folder / "gateway"

    @property
    def store_folder(self) -> Path:
        return (self.disk.folder if self.disk else self.folder) / STORE

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports[0]}"

    @property
    def superuser_dsn(self) -> str:
        return self.cluster.superuser_dsn(DATABASE)

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.issuer.mint(VIEWER)}", "Contactpoint-Purpose": PURPOSE}

    def numbers(self) -> list[str]:
        return [child_at(NOTABLE[name]).number for name in ASKED_FOR]

    # The gateway.

    async def start_gateway(self) -> None:
        """Start it where none runs, and wait until it is ready."""
        if self.gateway is not None and self.gateway.returncode is None:
            return
        self._order.unlink(missing_ok=True)
        await self.gate.remove()
        words = ["serve", "--port", str(self.ports[0]), "--admin-port", str(self.ports[1])]
        with (self.folder / "gateway.log").open("ab") as log:
            self.gateway = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.faults.stoppable", *words),
                cwd=ROOT,
                env=environment(self.told) | {"STOP_AT": str(self._order), "PYTHONPATH": str(ROOT)},
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        assert self.gateway.stdout is not None
        async with asyncio.timeout(60):
            line = await self.gateway.stdout.readline()
        assert line.startswith(b"ready "), (self.folder / "gateway.log").read_text()[-2000:]

    async def kill_gateway(self) -> None:
        assert self.gateway is not None
        self.gateway.kill()
        await self.gateway.wait()

    async def gateway_stops_at(self, place: str) -> None:
        """Wait until it has stopped itself there."""
        self._order.write_text(place)
        await self._stopped()

    async def stop_gateway(self) -> None:
        """Stop it wherever it is."""
        assert self.gateway is not None
        self.gateway.send_signal(signal.SIGSTOP)
        await self._stopped()

    def gateway_goes_on(self) -> None:
        self._order.unlink(missing_ok=True)
        if self.gateway is not None and self.gateway.returncode is None:
            self.gateway.send_signal(signal.SIGCONT)

    async def readiness(self) -> int:
        """The status of /health/ready, 0 where nobody answers."""
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session,
                session.get(f"{self.url}/health/ready") as answer,
            ):
                return answer.status
        except (aiohttp.ClientError, OSError, TimeoutError):
            return 0

    async def ready_says(self, status: int) -> None:
        async def says() -> bool:
            return await self.readiness() == status

        await until_told(f"readiness {status}", says)

    # The store.

    def store_processes(self) -> list[int]:
        """The server and all that it has started; none where it is not there."""
        try:
            server = int((self._pgdata / "postmaster.pid").read_text().partition("\n")[0])
        except (FileNotFoundError, ValueError):
            return []
        return [] if is_gone(server) else family_of(server)

    async def kill_store(self) -> None:
        """All of it at once: whoever outlives its server would still finish what it was about."""
        processes = self.stop_store()
        signal_all(processes, signal.SIGKILL)
        await until("the store's end", lambda: all(map(is_gone, processes)))

    def stop_store(self) -> list[int]:
        """SIGSTOP to every process of it, none left out that was begun meanwhile; who they are."""
        stopped: set[int] = set()
        while fresh := set(self.store_processes()) - stopped:
            signal_all(list(fresh), signal.SIGSTOP)
            stopped |= fresh
        return list(stopped)

    def store_goes_on(self) -> None:
        signal_all(self.store_processes(), signal.SIGCONT)

    async def start_store(self, *, mend: bool = False) -> None:
        """Start it anew where it has ended; where it has not, and the disk is to be mended, end it first."""
        if mend:
            await self.kill_store()
        if not self.store_processes():
            await asyncio.to_thread(self._restart, mend)

    def _restart(self, mend: bool) -> None:
        self.cluster.stop()
        if mend and self.disk is not None:
            self.disk.mend()
        self.cluster = EmbeddedCluster.start(self.store_folder)

    async def store_answers(self) -> None:
        """Wait until it has recovered from whatever befell it; where it gives up meanwhile, start it again."""

        async def answers() -> bool:
            await self.start_store()
            try:
                looker = await asyncpg.connect(self.superuser_dsn, timeout=5)
            except (asyncpg.PostgresError, OSError, TimeoutError):
                return False
            looker.terminate()
            return True

        await until_told("the store's answer", answers)

    async def close(self) -> None:
        """End every process started here, by its id."""
        if self.gateway is not None and self.gateway.returncode is None:
            self.gateway_goes_on()
            self.gateway.terminate()
            try:
                async with asyncio.timeout(20):
                    await self.gateway.wait()
            except TimeoutError:
                await self.kill_gateway()

    async def _stopped(self) -> None:
        assert self.gateway is not None
        process = self.gateway.pid
        await until("the gateway to stop", lambda: state_of(process) == "T")

    @property
    def _order(self) -> Path:
        return self.folder / "stop-at"

    @property
    def _pgdata(self) -> Path:
        home = settled_home(self.store_folder)
        assert home is not None
        return home / "pgdata"


@asynccontextmanager
async def a_stage() -> AsyncIterator[Stage]:
    """A whole stage, its gateway ready; every process of it ends with the block, and every folder is gone."""
    async with AsyncExitStack() as ending:
        folder = ending.enter_context(reachable_folder())
        disk, no_disk = None, ""
        try:
            disk = Disk(folder)
            ending.callback(disk.close)
        except NoDisk as error:
            no_disk = str(error)
        place = (disk.folder if disk else folder) / STORE
        cluster = await asyncio.to_thread(EmbeddedCluster.start, place)
        stage = Stage(folder, disk, no_disk, cluster)
        ending.callback(lambda: stage.cluster.stop())  # the one that there is then
        await _furnish(stage)
        issuer = stage.issuer = await Issuer.start(stage.data / "issuer-key.json")
        ending.push_async_callback(issuer.close)
        await let_in(Database(cluster, DATABASE), issuer)
        sandbox = await ending.enter_async_context(await Sandbox.start())
        cable = stage.cable = Cable(folder, socket_of(cluster))
        await cable.start()
        ending.push_async_callback(cable.close)
        stage.told = _told(stage, sandbox)
        ending.push_async_callback(stage.close)
        await stage.start_gateway()
        yield stage


async def _furnish(stage: Stage) -> None:
    """A migrated store with children in it."""
    owner = stage.cluster.dsn(Role.OWNER)
    await migrate(owner, credentials(stage.store_folder))
    stage.data.mkdir()
    private_files.keep(stage.data / "fingerprint-key", KIN_KEY.hex().encode())
    await populate(owner, CHILDREN, lambda done: None, KIN_KEY)
    keeper = await asyncpg.connect(stage.superuser_dsn)
    try:
        for statement in SMALL_LOG:
            await keeper.execute(statement)
    finally:
        await keeper.close()
    if stage.disk is not None:
        stage.disk.settle()  # as if it had been made long ago


def _told(stage: Stage, sandbox: Sandbox) -> dict[str, str]:
    """The gateway's environment: the settings of a demonstration, and a store at the other end of our cable."""
    settings = replace(
        pretended(Settings(data=stage.data), sandbox, stage.issuer), checkpoint_seconds=CHECKPOINT_SECONDS
    )
    told = {
        variable(known.name): str(getattr(settings, known.name))
        for known in fields(Settings)
        if known.name not in NEVER_TOLD and getattr(settings, known.name) != known.default
    }
    direct = stage.cluster.dsn(Role.GATEWAY)
    there = f"{direct.partition('?')[0]}?host={quote(str(stage.folder), safe='')}"
    return told | {"CONTACTPOINT_GATEWAY_DSN": there, "CONTACTPOINT_DATA": str(stage.data)}


def socket_of(cluster: EmbeddedCluster) -> Path:
    """The folder in which the store listens."""
    return Path(parse_qs(urlsplit(cluster.superuser_dsn()).query)["host"][0])
