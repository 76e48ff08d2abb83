"""`contactpoint serve`: gateways on one port, in one process or several, until they are asked to stop."""

import asyncio
import gc
import multiprocessing
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

import uvloop

from adapters.store.failures import StoreSetupError, StoreUnavailable
from adapters.store.postgres import Store
from adapters.store.roles import Role
from gateway.agencies import require, unanswering
from gateway.app import Gateway, PortTaken, address
from gateway.checking import demand_lawful
from gateway.database import migrated, opened
from gateway.feeds.definition import SourceError
from gateway.feeds.fingerprint_key import key_of
from gateway.masking import mask_output
from gateway.settings import SettingError, Settings, variable

# Objects made and not yet let go of before the youngest are gone through; how often before the next older are, and how
# often those before all are. However many large documents come, some 25,000 are gone through at once.
COLLECT_EVERY = (5_000, 5, 800)


# The outbox keeps them: nothing is lost, and nobody is told.
UNREPORTED = (
    f"contactpoint: without `{variable('report_key_file')}` no authority is told of overrides, holds and raised shields"
)


@dataclass(frozen=True, slots=True)
class Doors:
    """The store's addresses: to answer by, and for officers' and stewards' work where the settings give one."""

    gateway: str = field(repr=False)
    shield: str | None = field(repr=False)
    feed: str | None = field(repr=False)


class WorkerEnded(Exception):
    """A process that should answer has ended; the text points to why."""


def check_port(host: str, port: int, option: str = "--port") -> None:
    """Raise `PortTaken` where something listens already, before anything slower is begun."""
    with closing(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortTaken(
                f"cannot listen on `{host}:{port}` ({error.strerror}): stop what holds it, or choose another `{option}`"
            ) from None


async def until_asked_to_stop() -> None:
    """Wait for SIGINT or SIGTERM."""
    asked = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    await asked.wait()


def spare_the_collector() -> None:
    """Have what was built at the start, schema and all, never be gone through again in search of garbage.

    Validating one large document makes so many objects that it would be, several times, while everybody waits.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_EVERY)


def serve(settings: Settings, host: str, port: int, admin_port: int, workers: int) -> None:
    """Check what can be checked, then answer on `port` with as many processes as asked; metrics are on `admin_port`."""
    check_port(host, port, "--port")
    for own_port in range(admin_port, admin_port + workers):
        if own_port == port:
            raise PortTaken(f"`--port` {port} is among the metrics' ports: choose an `--admin-port` further away")
        check_port(host, own_port, "--admin-port")
    require(settings)
    with opened(settings) as database:
        if database.embedded:
            uvloop.run(migrated(settings, database))
        key_of(settings, make=False)  # before any worker is begun
        doors = Doors(database.dsn(Role.GATEWAY), database.dsn_or_none(Role.SHIELD), database.dsn_or_none(Role.FEED))
        uvloop.run(_check_store(doors.gateway))
        uvloop.run(demand_lawful(doors.gateway, settings))
        for name, address in uvloop.run(unanswering(settings)).items():
            raise SettingError(f"nothing answers at `{address}`: start what should, or correct `{name}`")
        if not settings.report_key_file.name:
            print(UNREPORTED, file=sys.stderr)  # noqa: T201 - beside whatever else whoever started us reads
        if workers == 1:
            uvloop.run(_answer(settings, doors, host, port, admin_port, shared=False, started=_say_ready))
        else:
            _supervise(settings, doors, host, port, admin_port, workers)


async def _check_store(dsn: str) -> None:
    store = await Store.connect(dsn, connections=1)
    try:
        await store.ready()
    except StoreUnavailable as error:
        raise StoreSetupError("the store is not ready for this version: run `contactpoint migrate`") from error
    finally:
        await store.close()


async def _answer(
    settings: Settings,
    doors: Doors,
    host: str,
    port: int,
    admin_port: int,
    *,
    shared: bool,
    started: Callable[[str], None],
) -> None:
    async with await Gateway.start(
        settings,
        doors.gateway,
        shield_dsn=doors.shield,
        feed_dsn=doors.feed,
        host=host,
        port=port,
        admin_port=admin_port,
        reuse_port=shared,
    ) as gateway:
        spare_the_collector()
        started(gateway.url)
        await until_asked_to_stop()


def _say_ready(url: str) -> None:
    print(f"ready {url}", flush=True)  # noqa: T201 - what whoever started us waits for


def _worker(settings: Settings, doors: Doors, host: str, port: int, admin_port: int, ready: Connection) -> None:
    mask_output(settings.log_level)
    try:
        uvloop.run(_answer(settings, doors, host, port, admin_port, shared=True, started=ready.send))
    except (PortTaken, SettingError, SourceError, StoreSetupError) as error:
        sys.exit(f"contactpoint: {error}")


def _supervise(settings: Settings, doors: Doors, host: str, port: int, admin_port: int, count: int) -> None:
    """Run the workers until we are asked to stop or one of them ends: then all end."""
    context = multiprocessing.get_context("spawn")
    workers: list[SpawnProcess] = []
    heard: list[Connection] = []
    for index in range(count):
        hears, says = context.Pipe(duplex=False)
        workers.append(context.Process(target=_worker, args=(settings, doors, host, port, admin_port + index, says)))
        heard.append(hears)

    still_asked = list(workers)

    def stop(*_: object) -> None:
        # Once each: a second signal would find a worker that is ending already, and end it short.
        while still_asked:
            still_asked.pop().terminate()

    for worker in workers:
        worker.start()
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    ends = [worker.sentinel for worker in workers]
    if all(ready in wait([ready, *ends]) for ready in heard):
        _say_ready(address(host, port, secure=bool(settings.tls_certificate_file.name)))
        wait(ends)
    stop()
    for worker in workers:
        worker.join()
    if any(worker.exitcode for worker in workers):
        raise WorkerEnded("a worker ended by itself: its own words stand above")
