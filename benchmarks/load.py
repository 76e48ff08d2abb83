"""Load from `wrk`: how it is called, and what it says afterwards."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from adapters.sandbox.population import SyntheticChild
from benchmarks.machine import Unsuitable
from benchmarks.operation import MANY, ONE

SCRIPT: Final = Path(__file__).with_name("load.lua")
PATIENCE: Final = 30  # seconds that wrk waits for one answer


class WrongAnswer(Exception):
    """A contestant answered with an error, or not what it should have; the text names it."""


class Report(msgspec.Struct):
    """What wrk counted; times are in microseconds."""

    requests: int
    microseconds: int
    p50: int
    p99: int
    failed: int


@dataclass(frozen=True, slots=True)
class Load:
    """The same requests for every contestant, written down: bodies and headers, one a line."""

    headers: Path
    bodies: Mapping[int, Path]  # by how many children each asks for

    @classmethod
    def written(cls, folder: Path, headers: Mapping[str, str], children: Sequence[SyntheticChild]) -> "Load":
        (folder / "headers").write_text("".join(f"{name}: {value}\n" for name, value in headers.items()))
        numbers = [child.number for child in children]
        for many in (1, 50):
            groups = [numbers[start : start + many] for start in range(0, len(numbers) - many + 1, many)]
            (folder / f"bodies-{many}").write_bytes(b"\n".join(msgspec.json.encode(asking(some)) for some in groups))
        return cls(folder / "headers", {many: folder / f"bodies-{many}" for many in (1, 50)})

    async def on(
        self, url: str, *, children: int, connections: int, seconds: int, checked: bool, pause: int = 0
    ) -> Report:
        """Ask for other children each time, for so many seconds. Raises `WrongAnswer`; `checked` reads every answer.

        Before each request a connection rests, for `pause` milliseconds on average.
        """
        process = await asyncio.create_subprocess_exec(
            *("wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s"),
            *("--timeout", f"{PATIENCE}s", "--script", str(SCRIPT), url, "--"),
            *(str(self.bodies[children]), str(self.headers), "checked" if checked else "unread", str(pause)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, complaint = await process.communicate()
        if process.returncode:
            raise WrongAnswer(complaint.decode(errors="replace").strip() or "wrk failed")
        report = msgspec.json.decode(said.splitlines()[-1], type=Report)
        if report.failed or not report.requests:
            raise WrongAnswer(f"{report.failed} requests of {report.requests} failed")
        return report


def asking(numbers: Sequence[str]) -> Mapping[str, Any]:
    """The body of a request for these children."""
    if len(numbers) == 1:
        return {"query": ONE, "variables": {"number": numbers[0]}}
    return {"query": MANY, "variables": {"numbers": numbers}}


def have_wrk() -> None:
    """Make sure that wrk is there, installing it where we may; raises `Unsuitable`."""
    if shutil.which("wrk") is None and os.geteuid() == 0 and shutil.which("apt-get"):
        for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "wrk"]):
            subprocess.run(command, check=False, stdout=subprocess.DEVNULL)  # noqa: S603 - these two words for word
    if shutil.which("wrk") is None:
        raise Unsuitable("`wrk` is missing: apt-get install wrk")
