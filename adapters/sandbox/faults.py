"""How the pretended agencies behave just now: every call counted by the question it answers, and failing on request.

The six ways to fail that are the same for every protocol are acted out here; an agency's own server asks `acting` for
the two that only it can put in its protocol's words (`restricted`, `mismatch`).
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from enum import Enum

from aiohttp import web

from adapters.agency import AgencyName

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

FOR_EVER = float("inf")
HOUR = 3600.0
DRIP_EVERY = 0.02  # seconds between bytes: always too soon for a read timeout, never enough for an answer


class Fault(Enum):
    """What an agency can be asked to do wrong; `NONE` heals it."""

    NONE = "none"
    DOWN = "down"
    SLOW = "slow"
    OVERLOADED = "429"
    MALFORMED = "malformed"
    HTML_500 = "html-500"
    DRIP = "drip"
    RESTRICTED = "restricted"
    MISMATCH = "mismatch"


class Conduct:
    """The counts and the faults that all servers of one sandbox share."""

    def __init__(self) -> None:
        self._calls = dict.fromkeys(AgencyName, 0)
        self._faults: dict[AgencyName, tuple[Fault, float]] = {}
        self._changed = {agency: asyncio.Event() for agency in AgencyName}

    @property
    def calls(self) -> dict[AgencyName, int]:
        """Calls that reached each agency since the start, failed and refused ones too, token calls aside."""
        return dict(self._calls)

    def fault(self, agency: AgencyName, kind: Fault, seconds: float | None = None) -> None:
        """Make the agency fail from now on, or for `seconds`; a new fault takes the place of the old one.

        Where it was slow, it then answers whoever still waits.
        """
        until = FOR_EVER if seconds is None else asyncio.get_running_loop().time() + seconds
        self._faults[agency] = (kind, until)
        self._changed[agency].set()
        self._changed[agency] = asyncio.Event()

    def acting(self, agency: AgencyName) -> Fault:
        """Say which fault the agency is to act out at this moment."""
        kind, until = self._faults.get(agency, (Fault.NONE, FOR_EVER))
        return kind if asyncio.get_running_loop().time() < until else Fault.NONE

    def answering(self, agency: AgencyName, handler: Handler, overloaded: Callable[[], web.Response]) -> Handler:
        """Wrap a route of `agency`, so that it is counted and fails on request.

        `overloaded` makes the protocol's own 429; its media type is the one that a malformed answer pretends to have.
        """

        async def answer(request: web.Request) -> web.StreamResponse:
            self._calls[agency] += 1
            match self.acting(agency):
                case Fault.DOWN:
                    return drop(request)
                case Fault.SLOW:
                    await self._changed[agency].wait()
                case Fault.OVERLOADED:
                    return overloaded()
                case Fault.MALFORMED:
                    return web.Response(text='{"resourceType": ,]', content_type=overloaded().content_type)
                case Fault.HTML_500:
                    page = "<html><head><title>500 Internal Server Error</title></head><body>nginx</body></html>"
                    return web.Response(status=500, text=page, content_type="text/html")
                case Fault.DRIP:
                    return await _drip(request, overloaded().content_type)
            return await handler(request)

        return answer


def drop(request: web.Request) -> web.Response:
    """Cut the connection without a word; the response is for aiohttp alone and reaches nobody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _drip(request: web.Request, media_type: str) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": media_type})
    with contextlib.suppress(ConnectionResetError):
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(DRIP_EVERY)
    return response
