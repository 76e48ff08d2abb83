"""The four agencies, pretended over real HTTP on loopback: started together, counted, and failing on request.

Beside them stands the desk that takes reports for every authority. A control door on a port of its own lets another
process read the counts and the reports, and set the faults. Nothing outside tests, demonstration and benchmarks imports
this.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import aiohttp
import msgspec
from aiohttp import web

from adapters.agency import AgencyName
from adapters.sandbox import gias_server, lev_server, ods_server, oneroster_server, pds_server, services_server
from adapters.sandbox.faults import Conduct, Fault
from adapters.sandbox.known import KnownChildren
from adapters.sandbox.report_receiver import FAULTS, ROOT, Received, ReportReceiver
from adapters.sandbox.tokens import sandbox_pds_key, sandbox_report_key


@dataclass(frozen=True, slots=True)
class Ports:
    """The port of each server; 0 lets the system choose."""

    control: int = 0
    oneroster: int = 0
    gias: int = 0
    pds: int = 0
    ods: int = 0
    lev: int = 0
    services: int = 0
    reports: int = 0


@dataclass(frozen=True, slots=True)
class AgencyUrls:
    """Where each protocol is spoken, without a slash at the end; `…_token` is that system's token endpoint."""

    control: str
    oneroster: str
    oneroster_token: str
    gias: str
    pds: str
    pds_token: str
    ods: str
    lev: str
    services: str
    services_token: str
    reports: str  # an authority's own address is one step further


class _Order(msgspec.Struct):
    """A fault as the control door is told of it."""

    agency: AgencyName
    kind: Fault
    seconds: float | None = None


class _DeskOrder(msgspec.Struct):
    """A fault of the desk that takes reports."""

    kind: Fault
    seconds: float | None = None


class SandboxUnreachable(Exception):
    """No sandbox listens where one is asked for; the text names the fix."""


class Sandbox:
    """Every pretended agency, running. `pds_rate` is what its PDS bears, in calls a second."""

    def __init__(self, pds_rate: int) -> None:
        self.pds_rate = pds_rate
        self.pds_key = sandbox_pds_key()
        self.report_key = sandbox_report_key()
        self.reports = ReportReceiver(self.report_key.public_key())
        self.conduct = Conduct()
        self.known = KnownChildren()
        self.urls: AgencyUrls
        self._runners: list[web.AppRunner] = []

    @classmethod
    async def start(cls, *, host: str = "127.0.0.1", ports: Ports = Ports(), pds_rate: int = 200) -> Self:
        """Start every server on `host`; an occupied port is an OSError, and leaves nothing running."""
        sandbox = cls(pds_rate)
        try:
            await sandbox._start(host, ports)
        except BaseException:
            await sandbox.close()
            raise
        return sandbox

    async def _start(self, host: str, ports: Ports) -> None:
        pds_application = pds_server.application(self.conduct, self.known, public_key=self.pds_key, rate=self.pds_rate)
        oneroster = await self._serve(oneroster_server.application(self.conduct, self.known), host, ports.oneroster)
        gias = await self._serve(gias_server.application(self.conduct), host, ports.gias)
        pds = await self._serve(pds_application, host, ports.pds)
        ods = await self._serve(ods_server.application(self.conduct), host, ports.ods)
        lev = await self._serve(lev_server.application(self.conduct, self.known), host, ports.lev)
        services = await self._serve(services_server.application(self.conduct, self.known), host, ports.services)
        reports = await self._serve(self.reports.application(), host, ports.reports)
        control = await self._serve(_control_door(self.conduct, self.reports), host, ports.control)
        self.urls = AgencyUrls(
            control=control,
            oneroster=oneroster + oneroster_server.ROOT,
            oneroster_token=f"{oneroster}/token",
            gias=gias,
            pds=pds + pds_server.ROOT,
            pds_token=f"{pds}/oauth2/token",
            ods=ods + ods_server.ROOT,
            lev=lev,
            services=f"{services}/graphql",
            services_token=f"{services}/token",
            reports=reports + ROOT,
        )

    async def _serve(self, application: web.Application, host: str, port: int) -> str:
        # A handler ends with its caller's connection, and no slow one keeps the sandbox from closing.
        runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=0.05)
        await runner.setup()
        self._runners.append(runner)
        await web.TCPSite(runner, host, port).start()
        bound = runner.addresses[0]
        return f"http://{bound[0]}:{bound[1]}"

    @property
    def calls(self) -> dict[AgencyName, int]:
        return self.conduct.calls

    def fault(self, agency: AgencyName, kind: Fault, seconds: float | None = None) -> None:
        self.conduct.fault(agency, kind, seconds)

    async def close(self) -> None:
        while self._runners:
            await self._runners.pop().cleanup()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def _control_door(conduct: Conduct, desk: ReportReceiver) -> web.Application:
    orders = msgspec.json.Decoder(_Order)
    desk_orders = msgspec.json.Decoder(_DeskOrder)

    async def calls(request: web.Request) -> web.Response:
        return web.json_response({agency.value: count for agency, count in conduct.calls.items()})

    async def fault(request: web.Request) -> web.Response:
        if request.content_type != "application/json":
            return web.json_response({"error": "send `application/json`"}, status=415)
        try:
            order = orders.decode(await request.read())
        except msgspec.DecodeError:
            kinds = ", ".join(f"`{kind.value}`" for kind in Fault)
            agencies = ", ".join(f"`{agency.value}`" for agency in AgencyName)
            return web.json_response({"error": f"agency is one of {agencies}; kind one of {kinds}"}, status=400)
        conduct.fault(order.agency, order.kind, order.seconds)
        return web.json_response({})

    async def reports(request: web.Request) -> web.Response:
        return web.Response(body=msgspec.json.encode(desk.received), content_type="application/json")

    async def desk_fault(request: web.Request) -> web.Response:
        if request.content_type != "application/json":
            return web.json_response({"error": "send `application/json`"}, status=415)
        try:
            order = desk_orders.decode(await request.read())
            if order.kind not in FAULTS:
                raise msgspec.ValidationError
        except msgspec.DecodeError:
            kinds = ", ".join(f"`{kind.value}`" for kind in FAULTS)
            return web.json_response({"error": f"kind is one of {kinds}"}, status=400)
        desk.fault(order.kind, order.seconds)
        return web.json_response({})

    door = web.Application()
    door.add_routes(
        [
            web.get("/calls", calls),
            web.post("/faults", fault),
            web.get("/reports", reports),
            web.post("/reports/faults", desk_fault),
        ]
    )
    return door


async def calls(control_url: str) -> Mapping[str, int]:
    """Read from another process how many calls reached each agency; raises SandboxUnreachable."""
    return msgspec.json.decode(await _at_the_door("GET", f"{control_url}/calls"), type=dict[str, int])


async def fault(control_url: str, agency: AgencyName, kind: Fault, seconds: float | None = None) -> None:
    """Make an agency fail from another process; raises SandboxUnreachable."""
    await _at_the_door(
        "POST", f"{control_url}/faults", {"agency": agency.value, "kind": kind.value, "seconds": seconds}
    )


async def reports(control_url: str) -> Sequence[Received]:
    """Read from another process what reports came, in order; raises SandboxUnreachable."""
    return msgspec.json.decode(await _at_the_door("GET", f"{control_url}/reports"), type=list[Received])


async def fault_of_reports(control_url: str, kind: Fault, seconds: float | None = None) -> None:
    """Make the desk that takes reports fail (down or slow) from another process; raises SandboxUnreachable."""
    await _at_the_door("POST", f"{control_url}/reports/faults", {"kind": kind.value, "seconds": seconds})


async def _at_the_door(method: str, url: str, order: object = None) -> bytes:
    patience = aiohttp.ClientTimeout(total=5)
    try:
        async with (
            aiohttp.ClientSession(raise_for_status=True, timeout=patience) as session,
            session.request(method, url, json=order) as answer,
        ):
            return await answer.read()
    except (aiohttp.ClientError, TimeoutError):
        raise SandboxUnreachable(f"no sandbox answers at `{url}`: start one with `contactpoint demo`") from None
