"""This machine: its two cores, and what each process on it has cost, by the kernel's own accounting (Linux alone)."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

TICK: Final = 1_000_000 // os.sysconf("SC_CLK_TCK")  # microseconds
PROC: Final = Path("/proc")


class Unsuitable(Exception):
    """This machine cannot run the benchmark; the text names the fix."""


def two_cores() -> tuple[int, int]:
    """The core of the server that is measured, and the core of everything else; raises `Unsuitable`."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(cores) < 2:
        raise Unsuitable(
            "two cores are needed, one for the server and one for its surroundings: run it on Linux with 2"
        )
    return cores[0], cores[-1]


@contextmanager
def kept_to(core: int) -> Iterator[None]:
    """Run, and start everything in the block, on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def processor() -> str:
    """The processor's name, as it calls itself."""
    for line in (PROC / "cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(": ")[2]
    return "an unnamed processor"


def family(root: int) -> frozenset[int]:
    """A process and all its descendants."""
    parents = {}
    for folder in PROC.iterdir():
        if folder.name.isdigit() and (fields := _stat(int(folder.name))):
            parents[int(folder.name)] = int(fields[1])
    found, grown = {root}, True
    while grown:
        younger = {pid for pid, parent in parents.items() if parent in found} - found
        found |= younger
        grown = bool(younger)
    return frozenset(found)


def spent(root: int) -> int:
    """Microseconds of processor time that a process and its descendants, ended ones too, have had until now."""
    ticks = 0
    for pid in family(root):
        fields = _stat(pid)
        ticks += (
            sum(map(int, fields[11:15])) if fields else 0
        )  # user and system time, its own and of children waited for
    return ticks * TICK


def busy(core: int) -> int:
    """Microseconds that a core has been at work until now, for whomever; what the host took from it counts too."""
    for line in (PROC / "stat").read_text().splitlines():
        name, *ticks = line.split()
        if name == f"cpu{core}":
            user, nice, system, _idle, _waiting, *interrupts_and_stolen = map(int, ticks[:8])
            return (user + nice + system + sum(interrupts_and_stolen)) * TICK
    raise Unsuitable(f"the kernel tells nothing of core {core}: run it on another machine")


def resident(root: int) -> int:
    """Bytes of memory that a process and its descendants hold; what they share counts for each."""
    page = os.sysconf("SC_PAGE_SIZE")
    pages = 0
    for pid in family(root):
        try:
            pages += int((PROC / str(pid) / "statm").read_text().split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
    return pages * page


def parent_of(pid: int) -> int:
    """The process that started this one."""
    return int(_stat(pid)[1])


def _stat(pid: int) -> list[str]:
    """The fields of `/proc/PID/stat` after the name, which may hold anything; none where the process is gone."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(") ")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
