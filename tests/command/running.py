"""The command as a shell runs it: a process of its own, its words, its output and its exit code."""

import asyncio
import os
import random
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

CONTACTPOINT = Path(sys.executable).with_name("contactpoint")

PATIENCE = 60  # seconds a command may take on a busy machine; no test waits for it to pass


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """This process's own, without any setting but those given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CONTACTPOINT_")}
    return kept | dict(settings) | {"COLUMNS": "200", "NO_COLOR": "1"}


async def contactpoint(*words: str | Path, typed: str = "", **settings: str) -> Ended:
    """Run it to its end, with what is typed into it."""
    process = await asyncio.create_subprocess_exec(
        CONTACTPOINT,
        *map(str, words),
        env=environment(settings),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(PATIENCE):
        out, err = await process.communicate(typed.encode())
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())


@asynccontextmanager
async def started(*words: str | Path, **settings: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """Run it until it says `ready`; gives the process and the address, and stops it in the end."""
    process = await asyncio.create_subprocess_exec(
        CONTACTPOINT, *map(str, words), env=environment(settings), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE):
            line = b""
            while not line.startswith(b"ready "):
                line = await process.stdout.readline()
                assert line, "it ended before it was ready"
        yield process, line.decode().split()[1]
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.communicate()


# Below the ports that a system gives to whoever calls out, for one of those may be taken before it is listened on.
ASKED_FOR = range(20_000, 32_000)


def free_ports(count: int) -> list[int]:
    """Ports that nobody holds now, one after the other."""
    while True:
        first = random.choice(ASKED_FOR)  # noqa: S311 - any will do
        with ExitStack() as held:
            try:
                for port in range(first, first + count):
                    held.enter_context(closing(socket.socket())).bind(("127.0.0.1", port))
            except OSError:
                continue
            return list(range(first, first + count))
