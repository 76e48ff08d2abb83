"""Lets a check look at a copy with a mistake in it, and says whether it saw it, and after how many pairs of worlds."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from tests.leaks.copies import copied, environment
from tests.leaks.seeded import Leak

LONGEST: Final = 900.0  # seconds for one check

_FIRST: Final = re.compile(r"first difference after (\d+) pairs?: (.+)")
_FAILED: Final = re.compile(r"^FAILED (\S+)", re.MULTILINE)


class CouldNotRun(Exception):
    """A check came to no word, neither good nor bad; the message is the last line of what it printed."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one leak. `pairs` are those that it took, None where a test of its own was asked."""

    leak: Leak
    killed: bool
    saw: str
    pairs: int | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Judge:
    """How far to look: so many pairs of worlds, begun with this seed."""

    pairs: int
    seed: int

    def look(self, leak: Leak) -> Judged:
        """Have the leak's check look at a copy with it. Raises CouldNotRun."""
        began = time.monotonic()
        with copied(leak) as root:
            killed, saw, pairs = self._worlds(root, leak.viewing) if leak.in_worlds else _test(root, [leak.seen_by])
        return Judged(leak, killed, saw, pairs, time.monotonic() - began)

    def differs_without(self, viewing: str, pairs: int) -> int | None:
        """After how many of so many pairs something differs in a copy without any mistake; None where nothing does."""
        with copied() as root:
            differs, _, after = replace(self, pairs=pairs)._worlds(root, viewing)
        return after if differs else None

    def _worlds(self, root: Path, viewing: str) -> tuple[bool, str, int | None]:
        words = ["tests.worlds", "--until-difference", "--pairs", str(self.pairs), "--seed", str(self.seed)]
        words += ["--viewing", viewing] if viewing else []
        status, printed = _ran(words, root)
        if status == 0:
            return False, f"no difference in {self.pairs} pairs", self.pairs
        first = _FIRST.search(printed)
        if status != 1 or first is None:
            raise CouldNotRun(_last_words(printed))
        return True, first[2], int(first[1])


def fail_without(tests: Sequence[str]) -> str | None:
    """The first of these that fails in a copy without any mistake: it would tell nothing of one."""
    with copied() as root:
        failed, saw, _ = _test(root, tests)
    return saw if failed else None


def _test(root: Path, nodes: Sequence[str]) -> tuple[bool, str, int | None]:
    status, printed = _ran(["pytest", "-q", "-x", "-rf", "-p", "no:cacheprovider", "--hypothesis-seed=7", *nodes], root)
    if status == 0:
        return False, "no test failed", None
    failed = _FAILED.search(printed)
    if status != 1 or failed is None:
        raise CouldNotRun(_last_words(printed))
    return True, failed[1].partition("[")[0], None


def _last_words(printed: str) -> str:
    """The last line, where what went wrong stands."""
    return next((line for line in reversed(printed.splitlines()) if line.strip()), "it said nothing")


def _ran(words: Sequence[str], root: Path) -> tuple[int, str]:
    """The exit status, and all that was printed."""
    process = subprocess.Popen(
        [sys.executable, "-m", *words],
        cwd=root,
        env=environment(root),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        printed, _ = process.communicate(timeout=LONGEST)
    except BaseException as error:
        os.killpg(process.pid, signal.SIGKILL)  # a store's server ends with whoever started it
        process.wait()
        if isinstance(error, subprocess.TimeoutExpired):
            raise CouldNotRun(f"no end in {LONGEST:.0f} s: {' '.join(words)}") from None
        raise
    return process.returncode, printed
