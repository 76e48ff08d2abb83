"""The faults, one by one: how each strikes, what it leaves standing, and how it is healed from outside."""

import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import asyncpg

from adapters.store.roles import Role
from tests.faults.processes import until_told
from tests.faults.stage import Stage

MOST_SEGMENTS = 100  # of the write-ahead log, that may lie ready


@dataclass(frozen=True, slots=True)
class Fault:
    """`silences`: nothing can be recorded until it is healed, so nothing may be answered. `refuses`: some of it cannot.

    `freezes`: the store says nothing more, so nobody can ask it for anything either.
    """

    name: str
    strike: Callable[[Stage], Awaitable[None]]
    heal: Callable[[Stage], Awaitable[None]]
    silences: bool = False
    refuses: bool = False
    freezes: bool = False
    needs_disk: bool = False


async def _nothing(stage: Stage) -> None:
    """It heals by itself."""


async def _kill_gateway(stage: Stage) -> None:
    await stage.kill_gateway()


async def _kill_both(stage: Stage) -> None:
    assert stage.gateway is not None
    stage.gateway.send_signal(signal.SIGKILL)
    await stage.kill_store()
    await stage.gateway.wait()


async def _start_both(stage: Stage) -> None:
    await stage.start_store()
    await stage.start_gateway()


async def _stop_store(stage: Stage) -> None:
    stage.stop_store()


async def _store_goes_on(stage: Stage) -> None:
    stage.store_goes_on()


async def _end_connections(stage: Stage) -> None:
    looker = await asyncpg.connect(stage.superuser_dsn)
    try:
        await looker.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'contactpoint_gateway'"
        )
    finally:
        await looker.close()


async def _cut(stage: Stage) -> None:
    stage.cable.cut()


async def _lose_replies(stage: Stage) -> None:
    stage.cable.lose_replies()


async def _mend_cable(stage: Stage) -> None:
    stage.cable.mended()


async def _refuse_records(stage: Stage) -> None:
    """All else stays as it is: whatever is only read could still be told."""
    await _as_owner(stage, f"REVOKE EXECUTE ON FUNCTION record_accesses FROM {Role.GATEWAY.database_role}")


async def _take_records(stage: Stage) -> None:
    await _as_owner(stage, f"GRANT EXECUTE ON FUNCTION record_accesses TO {Role.GATEWAY.database_role}")


async def _as_owner(stage: Stage, statement: str) -> None:
    owner = await asyncpg.connect(stage.cluster.dsn(Role.OWNER))
    try:
        await owner.execute(statement)
    finally:
        await owner.close()


async def _fill(stage: Stage) -> None:
    assert stage.disk is not None
    stage.disk.fill()


async def _fill_under_log(stage: Stage) -> None:
    """Fill it, and use up the log that lies ready: the next commit finds no room, and PostgreSQL ends itself."""
    assert stage.disk is not None
    stage.disk.fill()
    before = stage.store_processes()

    async def log_is_full() -> bool:
        if stage.store_processes()[:1] != before[:1]:
            return True
        try:
            looker = await asyncpg.connect(stage.superuser_dsn, timeout=5)
        except (asyncpg.PostgresError, OSError, TimeoutError):
            return True
        try:
            for _ in range(MOST_SEGMENTS):
                await looker.execute("SELECT pg_logical_emit_message(true, 'faults', 'x')")
                await looker.execute("SELECT pg_switch_wal()")
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            return True
        finally:
            looker.terminate()
        return False

    await until_told("a full log", log_is_full)


async def _free(stage: Stage) -> None:
    assert stage.disk is not None
    stage.disk.free()
    await stage.start_store()


async def _break_disk(stage: Stage) -> None:
    assert stage.disk is not None
    stage.disk.breaks()


async def _mend_disk(stage: Stage) -> None:
    await stage.start_store(mend=True)


FAULTS: Final = (
    Fault("gateway killed", _kill_gateway, Stage.start_gateway),
    Fault("store killed", Stage.kill_store, Stage.start_store, silences=True),
    Fault("both killed", _kill_both, _start_both),
    Fault("store stopped for a while", _stop_store, _store_goes_on, silences=True, freezes=True),
    Fault("connections ended by the store", _end_connections, _nothing),
    Fault("connections cut", _cut, _mend_cable, silences=True),
    Fault("replies lost", _lose_replies, _mend_cable, silences=True),
    Fault("ledger refuses", _refuse_records, _take_records, silences=True),
    Fault("disk full", _fill, _free, refuses=True, needs_disk=True),
    Fault("disk full under the log", _fill_under_log, _free, refuses=True, needs_disk=True),
    Fault("disk read-only", _break_disk, _mend_disk, silences=True, needs_disk=True),
)
BY_NAME: Final = {fault.name: fault for fault in FAULTS}
