"""The authorities' desk, pretended: takes signed reports for all of them, shows what came, and fails on request."""

import asyncio
from typing import Any

import msgspec
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from adapters.sandbox.faults import FOR_EVER, HOUR, Fault, drop
from adapters.sandbox.tokens import SANDBOX_REPORT_KEY_ID
from adapters.webhook import KEY, REFERENCE, SIGNATURE, TIMESTAMP, verify

ROOT = "/reports"
FAULTS = (Fault.NONE, Fault.DOWN, Fault.SLOW)  # the ways to fail that a receiver has


class Received(msgspec.Struct, frozen=True):
    """One report as it came: to which authority's address, and whether our key had signed it."""

    authority: str
    reference: str
    genuine: bool
    report: dict[str, Any]


class ReportReceiver:
    """Keeps what it was sent, in order; a report that comes twice is there twice. Build it where its loop runs."""

    def __init__(self, public: Ed25519PublicKey) -> None:
        self.received: list[Received] = []
        self.refused = 0  # attempts that met a fault
        self._public = public
        self._fault = Fault.NONE
        self._until = FOR_EVER
        self._came = asyncio.Condition()

    def application(self) -> web.Application:
        """The desk as a server: each authority has its own address there."""
        desk = web.Application()
        desk.router.add_post(f"{ROOT}/{{authority}}", self._take)
        return desk

    def fault(self, kind: Fault, seconds: float | None = None) -> None:
        """Fail from now on, or for `seconds`."""
        self._until = FOR_EVER if seconds is None else asyncio.get_running_loop().time() + seconds
        self._fault = kind

    async def until_received(self, count: int) -> list[Received]:
        """What came, once that is so many."""
        async with self._came:
            await self._came.wait_for(lambda: len(self.received) >= count)
        return self.received

    async def until_refused(self, count: int) -> None:
        """Come back once so many attempts have failed here."""
        async with self._came:
            await self._came.wait_for(lambda: self.refused >= count)

    async def _take(self, request: web.Request) -> web.Response:
        if self._fault is not Fault.NONE and asyncio.get_running_loop().time() < self._until:
            async with self._came:
                self.refused += 1
                self._came.notify_all()
            if self._fault is Fault.SLOW:
                await asyncio.sleep(HOUR)
            return drop(request)
        body, heads = await request.read(), request.headers
        genuine = heads.get(KEY) == SANDBOX_REPORT_KEY_ID and verify(
            self._public, heads.get(TIMESTAMP, ""), body, heads.get(SIGNATURE, "")
        )
        try:
            report = msgspec.json.decode(body, type=dict[str, Any])
        except msgspec.DecodeError:
            return web.Response(status=400)
        async with self._came:
            self.received.append(Received(request.match_info["authority"], heads.get(REFERENCE, ""), genuine, report))
            self._came.notify_all()
        return web.Response(status=204)
