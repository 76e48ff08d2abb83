"""`python -m benchmarks.pauses`: how long one request keeps everybody else waiting, at its worst.

A whole gateway is asked over HTTP from another thread. What counts is the loop's longest turn: the processor time that
its thread spends before it looks round again, so that whatever else runs on the machine does not count.
"""

import asyncio
import socket
import sys
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

import msgspec
import typer
import uvloop
from rich.console import Console

from adapters.client import JSON
from benchmarks.abuse import Body, abusive, sent
from benchmarks.contestants.ours import agencies
from benchmarks.figures import Figure
from benchmarks.operation import MANY, PERSONA, PURPOSE
from benchmarks.people import measured_children
from benchmarks.surroundings import Surroundings, surroundings
from benchmarks.table import sheets
from gateway.agencies import ADDRESSES
from gateway.app import Gateway
from gateway.serving import spare_the_collector
from gateway.settings import read_settings

AT_MOST: Final = 50_000.0  # microseconds
ROUNDS: Final = 5
CHILDREN: Final = 1_000  # in the store
GUESSES: Final = 10**9  # so that nobody is told to wait
PATIENCE: Final = 30.0  # seconds for a reply


class Watch:
    """Looks at each turn of the loop, as long as it is watched, how long the one before has been."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._watched = False
        self._last = self.longest = 0.0

    def begin(self) -> None:
        self._watched, self.longest, self._last = True, 0.0, time.thread_time()
        self._loop.call_soon(self._look)

    def end(self) -> float:
        """The longest turn, in microseconds."""
        self._watched = False
        return self.longest * 1_000_000

    def _look(self) -> None:
        now = time.thread_time()
        self.longest, self._last = max(self.longest, now - self._last), now
        if self._watched:
            self._loop.call_soon(self._look)


async def pauses() -> list[Figure]:
    """The longest turn that each request leads to, over some rounds."""
    async with surroundings(CHILDREN) as around:
        told = around.told
        settings = read_settings(
            {}, issuer=told.issuer, data=Path(told.keys), **dict.fromkeys(ADDRESSES, told.agencies)
        )
        async with await Gateway.start(
            replace(settings, guess_burst=GUESSES),
            told.dsn,
            agencies_of=lambda _, client: agencies(told, client),
        ) as gateway:
            spare_the_collector()
            return [Figure(what, spent, AT_MOST) async for what, spent in _each(gateway, around)]


async def _each(gateway: Gateway, around: Surroundings) -> AsyncIterator[tuple[str, float]]:
    address = urlsplit(gateway.url)
    watch, token = Watch(), around.issuer.mint(PERSONA)
    for what, body in {**_lawful(), **abusive()}.items():
        longest = 0.0
        for round_ in range(ROUNDS):
            request = _request(token, body(round_))
            watch.begin()
            await asyncio.to_thread(_ask, address.hostname or "", address.port or 0, request)
            longest = max(longest, watch.end())
        yield what, longest


def _lawful() -> Mapping[str, Body]:
    """What somebody may ask, as much as may be asked."""
    numbers = [child.number for child in measured_children(CHILDREN)][:100]
    return {"a caseload of 100 children, 39 fields each": sent(MANY, {"numbers": numbers})}


def _request(token: str, body: bytes) -> bytes:
    return (
        f"POST /graphql HTTP/1.1\r\nHost: gateway.example\r\nAuthorization: Bearer {token}\r\n"
        f"Contactpoint-Purpose: {PURPOSE}\r\nContent-Type: {JSON}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def _ask(host: str, port: int, request: bytes) -> None:
    """Send it, and wait for a reply's end; whoever refuses a body need not read it."""
    with socket.create_connection((host, port), timeout=PATIENCE) as connection:
        try:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
        except ConnectionError:
            return
        while connection.recv(1 << 20):
            pass


def main(
    as_json: Annotated[bool, typer.Option("--json", help="Print figures for a program to read.")] = False,
) -> None:
    """Print them, the longest first; exit code 1 where one is longer than it should be."""
    found = uvloop.run(pauses())
    if as_json:
        print(msgspec.json.encode(found).decode())
        return
    Console().print(next(sheets([], [], found)).on_terminal())
    sys.exit(any(pause.microseconds > AT_MOST for pause in found))


if __name__ == "__main__":
    typer.run(main)
