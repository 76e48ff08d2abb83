"""Processes by their ids: who descends from whom, who is stopped, who is gone; and waiting for what must come."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

PATIENCE = 45.0  # seconds for anything that must come on a busy machine


class NeverCame(Exception):
    """What was waited for did not come in time; the text says what."""


async def until(what: str, happens: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Wait for it; raises NeverCame."""
    try:
        async with asyncio.timeout(patience):
            while not happens():  # noqa: ASYNC110 - other processes set no event of ours
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise NeverCame(what) from None


async def until_told(what: str, tells: Callable[[], Awaitable[bool]], patience: float = PATIENCE) -> None:
    """Wait until whoever is asked says yes; raises NeverCame."""
    try:
        async with asyncio.timeout(patience):
            while not await tells():  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise NeverCame(what) from None


def state_of(process: int) -> str:
    """`R` running, `S` sleeping, `T` stopped, `Z` dead and not yet buried, empty: gone."""
    return _stat(process)[0]


def is_gone(process: int) -> bool:
    return state_of(process) in ("", "Z", "X")


def family_of(process: int) -> list[int]:
    """The process and all that descend from it, itself first."""
    parents = {int(entry.name): _stat(int(entry.name))[1] for entry in Path("/proc").iterdir() if entry.name.isdigit()}
    family = [process]
    for member in family:  # grows while it is walked
        family += [child for child, parent in parents.items() if parent == member]
    return family


def signal_all(processes: list[int], number: signal.Signals) -> None:
    """To each of them that is still there."""
    for process in processes:
        try:
            os.kill(process, number)
        except ProcessLookupError:
            continue


def _stat(process: int) -> tuple[str, int]:
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return "", 0
    return fields[0], int(fields[1])
