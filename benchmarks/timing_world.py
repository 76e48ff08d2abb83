"""A gateway whose store is made for timing: children who are copies of each other but for one value that is hidden."""

import asyncio
import itertools
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import asyncpg
import msgspec

from adapters.number import new_number
from adapters.sandbox.agencies import Sandbox
from adapters.sandbox.arithmetic import nhs_number_from
from adapters.sandbox.issuer import Issuer
from adapters.sandbox.personas import clients, partners
from adapters.sandbox.populate import populate
from adapters.sandbox.population import NOTABLE, child_at
from adapters.store.embedded import EmbeddedCluster
from adapters.store.migrate import migrate
from adapters.store.registering import Registrar
from adapters.store.roles import Role, credentials
from adapters.store.search import name_key
from adapters.store.sounds import sound
from benchmarks.surroundings import started
from gateway.demo import pretended
from gateway.feeds.fingerprint_key import fingerprint_key
from gateway.settings import Settings, variable

CHILDREN: Final = 10_000
OF_EACH: Final = 8  # copies in a class, so that no single one is what is measured
FREE: Final = 900_000  # NHS numbers from this ordinal on are no synthetic child's
UNLIMITED: Final = 1_000_000_000  # guesses: whoever measures is refused nothing
TOKEN_LIFE: Final = 3600
NEVER_TOLD: Final = frozenset({"data", "dsn", "gateway_dsn", "shield_dsn"})
_LETTERS: Final = str.maketrans("0123456789", "abcdefghij")

_COPY: Final = """
INSERT INTO children OVERRIDING SYSTEM VALUE
SELECT copy.*
  FROM children c
 CROSS JOIN (SELECT nextval(pg_get_serial_sequence('children', 'id')) AS id) AS fresh
 CROSS JOIN LATERAL jsonb_populate_record(c, $2::jsonb || jsonb_build_object('id', fresh.id)) AS copy
 WHERE c.number = $1
RETURNING id
"""
_BACKENDS: Final = "SELECT pid FROM pg_stat_activity WHERE usename IN ('contactpoint_gateway', 'contactpoint_shield')"
_SHIELD: Final = """
INSERT INTO shields
SELECT copy.*
  FROM shields s JOIN children c ON c.id = s.child_id
 CROSS JOIN LATERAL jsonb_populate_record(s, $3::jsonb || jsonb_build_object('child_id', $2::bigint)) AS copy
 WHERE c.number = $1
"""


NOTHING: Final[Mapping[str, Any]] = {}


class Copy(NamedTuple):
    """A child made for timing, or nobody."""

    number: str
    family: str
    nhs_number: str
    serial: int


class Answering(NamedTuple):
    """A gateway that answers: where, and the processes that work for an answer, the store's own for it among them."""

    address: tuple[str, int]
    working: Sequence[int]


@dataclass
class TimedWorld:
    """Store, agencies and issuer, and what in them can be changed. `owner` is the store's owner's connection."""

    issuer: Issuer
    sandbox: Sandbox
    owner: "asyncpg.Connection[asyncpg.Record]"
    dsn: Callable[[Role], str]
    data: Path  # the gateway's own folder
    _serial: "itertools.count[int]" = field(default_factory=itertools.count)

    async def copies(
        self, of: str, how_many: int = OF_EACH, *, shield: Mapping[str, Any] = NOTHING, renamed: int = 0, **changed: Any
    ) -> list[Copy]:
        """Copies of a notable child, its shield with it, changed alike; whatever names one is of one length.

        `renamed` is how many former names each has.
        """
        whose = child_at(NOTABLE[of]).number
        return [await self._copy(whose, copy, shield, renamed, changed) for copy in self.nobodys(how_many)]

    def nobodys(self, how_many: int = OF_EACH) -> list[Copy]:
        """Numbers, names and keys of nobody, which look as those of copies do."""
        serials = itertools.islice(self._serial, how_many)
        return [
            Copy(new_number(), f"Copied{serial:06}".translate(_LETTERS), nhs_number_from(FREE + serial), serial)
            for serial in serials
        ]

    async def _copy(
        self, of: str, copy: Copy, shield: Mapping[str, Any], renamed: int, changed: Mapping[str, Any]
    ) -> Copy:
        family = copy.family
        named = {"number": copy.number, "family": family, "name_key": name_key(family), "family_sound": sound(family)}
        child = await self.owner.fetchval(_COPY, of, _json({**named, **changed}))
        await self.owner.execute(_SHIELD, of, child, _json(shield))
        keys = {"NHS_NUMBER": copy.nhs_number, "UPN": f"T{copy.serial:012}", "BIRTH_ENTRY": f"8{copy.serial:08}"}
        await self.owner.executemany(
            "INSERT INTO keys (system, value, child_id) VALUES ($1, $2, $3)",
            [(system, value, child) for system, value in keys.items()],
        )
        await self.owner.executemany(
            "INSERT INTO former_names (child_id, position, given, family) VALUES ($1, $2, '{Former}', 'Name')",
            [(child, position) for position in range(renamed)],
        )
        return copy

    async def settled(self) -> None:
        """Leave nothing for the store to tidy up while it is measured."""
        await self.owner.execute("VACUUM (ANALYZE)")

    @asynccontextmanager
    async def answered(self, core: int) -> AsyncIterator[Answering]:
        """One gateway over it, as `serve` runs it, on that core."""
        settings = replace(pretended(Settings(data=self.data), self.sandbox, self.issuer), guess_burst=UNLIMITED)
        told = {
            variable(known.name): str(getattr(settings, known.name))
            for known in fields(Settings)
            if known.name not in NEVER_TOLD and getattr(settings, known.name) != known.default
        } | {
            variable("data"): str(self.data),
            variable("gateway_dsn"): self.dsn(Role.GATEWAY),
            variable("shield_dsn"): self.dsn(Role.SHIELD),
        }
        ports = ("--port", str(_free_port()), "--admin-port", str(_free_port()))
        command = ("taskset", "--cpu-list", str(core), sys.executable, "-m", "gateway", "serve", *ports)
        async with started(command, told) as running:
            url = urlsplit(running.url)
            backends = await self.owner.fetch(_BACKENDS)
            yield Answering((url.hostname or "", url.port or 0), [running.pid, *(row[0] for row in backends)])


@asynccontextmanager
async def timed_world() -> AsyncIterator[TimedWorld]:
    """A store full of synthetic children, with agencies and issuer; nobody answers yet."""
    async with AsyncExitStack() as parts:
        folder = Path(parts.enter_context(tempfile.TemporaryDirectory(prefix="contactpoint-timing-")))
        folder.chmod(0o755)  # root's server runs as another user
        store, data = folder / "store", folder / "gateway"
        cluster = parts.enter_context(await asyncio.to_thread(EmbeddedCluster.start, store))
        await migrate(cluster.dsn(Role.OWNER), credentials(store))
        data.mkdir(mode=0o700)
        await populate(cluster.dsn(Role.OWNER), CHILDREN, lambda done: None, fingerprint_key(data / "fingerprint-key"))
        issuer = await Issuer.start(data / "issuer-key.json", lifetime=TOKEN_LIFE)
        parts.push_async_callback(issuer.close)
        async with await Registrar.connect(cluster.dsn(Role.REGISTRY)) as registrar:
            await registrar.put((), partners(), clients(issuer.url))
        sandbox = await parts.enter_async_context(await Sandbox.start())
        owner = await asyncpg.connect(cluster.dsn(Role.OWNER))
        parts.push_async_callback(owner.close)
        yield TimedWorld(issuer, sandbox, owner, cluster.dsn, data)


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
