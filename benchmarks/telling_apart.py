"""Whether two classes of requests can be told apart by the time they take: interleaved by lot, compared by Welch's t.

One client asks one request at a time over one connection, as somebody would who measures; a server that does nothing
else is the worst case for whoever hides something.
"""

import itertools
import math
import os
import random
import socket
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Self

from benchmarks.machine import PROC

TOLD_APART: Final = 4.5  # |t| from which on two classes count as told apart
CROPPED: Final = 0.95  # what is slower than this share of all samples was somebody else's doing


class Timed(NamedTuple):
    """One sample: nanoseconds until the answer was whole, and of processor time, the gateway's and its store's."""

    waited: int
    worked: int


@dataclass
class Samples:
    """What was measured of one pair of classes. `what` says how they differ."""

    what: str
    one: list[Timed] = field(default_factory=list)
    other: list[Timed] = field(default_factory=list)

    @property
    def t(self) -> float:
        """Of waiting: the worse of all samples and of those that nobody disturbed."""
        return worse_t([s.waited for s in self.one], [s.waited for s in self.other])

    @property
    def t_of_work(self) -> float:
        """The same, of processor time."""
        return worse_t([s.worked for s in self.one], [s.worked for s in self.other])


def worse_t(one: Sequence[float], other: Sequence[float]) -> float:
    """Welch's t of all samples or of the cropped ones, whichever is further from nought."""
    most = sorted((*one, *other))[int(CROPPED * (len(one) + len(other)))]
    cropped = welch([x for x in one if x < most], [x for x in other if x < most])
    return max(welch(one, other), cropped, key=abs)


def welch(one: Sequence[float], other: Sequence[float]) -> float:
    """Welch's t; nought where nothing varies.

    >>> round(welch([1, 2, 3, 4], [2, 3, 4, 5]), 3)
    -1.095
    """
    if min(len(one), len(other)) < 2:
        return 0.0
    error = math.sqrt(statistics.variance(one) / len(one) + statistics.variance(other) / len(other))
    apart = statistics.fmean(one) - statistics.fmean(other)
    return apart / error if error else 0.0


class Meter:
    """The processor time of some processes' main threads, in nanoseconds, as the scheduler counts it."""

    def __init__(self, processes: Sequence[int]) -> None:
        with ExitStack() as opening:
            self._files = [
                opening.enter_context((PROC / str(process) / "schedstat").open("rb", buffering=0))
                for process in processes
            ]
            self._open = opening.pop_all()

    def read(self) -> int:
        return sum(int(os.pread(file.fileno(), 64, 0).split()[0]) for file in self._files)

    def close(self) -> None:
        self._open.close()


class Asker:
    """One connection to the gateway, and a stopwatch."""

    def __init__(self, address: tuple[str, int], meter: Meter) -> None:
        self._socket = socket.create_connection(address, timeout=20)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._meter = meter

    def ask(self, request: bytes) -> tuple[Timed, bytes]:
        """Send it; how long it took, and the body that came."""
        worked = self._meter.read()
        began = time.perf_counter_ns()
        self._socket.sendall(request)
        head, _, body = self._received().partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        while len(body) < length:
            body += self._received()
        waited = time.perf_counter_ns() - began
        return Timed(waited, self._meter.read() - worked), body

    def _received(self) -> bytes:
        some = self._socket.recv(65_536)
        if not some:
            raise ConnectionError("the gateway hung up")
        return some

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()


class Class(NamedTuple):
    """Requests that differ in nothing that is asked about, as bytes; `before` makes the world ready for one."""

    requests: Sequence[bytes]
    before: Callable[[], None] = lambda: None


class Unlike(Exception):
    """Two classes that should be answered alike were not; there is nothing to time."""


def compare(what: str, asker: Asker, one: Class, other: Class, samples: int, chance: random.Random) -> Samples:
    """Ask `samples` of each class, in an order drawn by lot, all of a class having been asked once before."""
    for each in (one, other):
        for request in each.requests:
            each.before()
            asker.ask(request)
    return compare_cold(what, asker, _again(one, samples), _again(other, samples), chance)


def compare_cold(what: str, asker: Asker, one: Class, other: Class, chance: random.Random) -> Samples:
    """Ask every request of each class once. Raises `Unlike` where answers differ in size."""
    found = Samples(what)
    asked = [(found.one, one, request) for request in one.requests]
    asked += [(found.other, other, request) for request in other.requests]
    chance.shuffle(asked)
    sizes = set()
    for samples, each, request in asked:
        each.before()
        timed, body = asker.ask(request)
        sizes.add(len(body))
        samples.append(timed)
    if len(sizes) > 1:
        raise Unlike(f"{what}: answers of {' and '.join(map(str, sorted(sizes)))} bytes")
    return found


def _again(one: Class, samples: int) -> Class:
    return one._replace(requests=list(itertools.islice(itertools.cycle(one.requests), samples)))
