"""The schools' rosters, pretended: OneRoster 1.2 rostering as Ed-Fi's server speaks it, oddities included."""

from aiohttp import web

from adapters.sandbox.faults import Conduct
from adapters.sandbox.tokens import TokenDesk

ROOT = "/ims/oneroster/rostering/v1p2"


def application(conduct: Conduct) -> web.Application:
    rosters = web.Application()
    rosters.add_routes([web.post("/token", TokenDesk().issue)])
    return rosters
