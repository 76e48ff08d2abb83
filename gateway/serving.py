"""`contactpoint serve`: gateways on one port, in one process or several, until they are asked to stop."""

import asyncio
import multiprocessing
import signal
import socket
from contextlib import closing

import uvloop

from adapters.store.failures import StoreSetupError
from adapters.store.roles import Role
from gateway.agencies import unanswering
from gateway.app import Gateway, PortTaken
from gateway.database import migrated, opened
from gateway.settings import SettingError, Settings


def check_port(host: str, port: int) -> None:
    """Raise `PortTaken` where something listens already, before anything slower is begun."""
    with closing(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortTaken(
                f"cannot listen on `{host}:{port}` ({error.strerror}): stop what holds it, or choose another `--port`"
            ) from None


async def until_asked_to_stop() -> None:
    """Wait for SIGINT or SIGTERM."""
    asked = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    await asked.wait()


def serve(settings: Settings, host: str, port: int, admin_port: int, workers: int) -> None:
    """Check what can be checked, then answer on `port` with as many processes as asked; metrics are on `admin_port`."""
    check_port(host, port)
    check_port(host, admin_port)
    for name, address in uvloop.run(unanswering(settings)).items():
        raise SettingError(f"nothing answers at `{address}`: start that agency, or correct `{name}`")
    with opened(settings) as database:
        if database.embedded:
            uvloop.run(migrated(settings, database))
        dsn = database.dsn(Role.GATEWAY)
        if workers == 1:
            uvloop.run(_answer(settings, dsn, host, port, admin_port, shared=False))
        else:
            _supervise(settings, dsn, host, port, admin_port, workers)


async def _answer(settings: Settings, dsn: str, host: str, port: int, admin_port: int, *, shared: bool) -> None:
    async with await Gateway.start(
        settings, dsn, host=host, port=port, admin_port=admin_port, reuse_port=shared
    ) as gateway:
        try:
            await gateway.store.ready()
        except Exception as error:
            raise StoreSetupError("the store is not ready for this version: run `contactpoint migrate`") from error
        if not shared:
            print(f"ready {gateway.url}", flush=True)  # noqa: T201 - what whoever started us waits for
        await until_asked_to_stop()


def _worker(settings: Settings, dsn: str, host: str, port: int, admin_port: int) -> None:
    uvloop.run(_answer(settings, dsn, host, port, admin_port, shared=True))


def _supervise(settings: Settings, dsn: str, host: str, port: int, admin_port: int, workers: int) -> None:
    """Run the workers until we are asked to stop or one of them ends: then all end."""
    context = multiprocessing.get_context("spawn")
    running = [
        context.Process(target=_worker, args=(settings, dsn, host, port, admin_port + index))
        for index in range(workers)
    ]

    def stop(*_: object) -> None:
        for worker in running:
            if worker.is_alive():
                worker.terminate()

    for worker in running:
        worker.start()
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(f"ready http://{host}:{port}", flush=True)  # noqa: T201 - what whoever started us waits for
    multiprocessing.connection.wait([worker.sentinel for worker in running])
    stop()
    for worker in running:
        worker.join()
    if any(worker.exitcode for worker in running):
        raise SystemExit(1)
