"""Children's services, pretended: an Apollo Federation v2 subgraph over the synthetic children's services."""

from aiohttp import web

from adapters.sandbox.faults import Conduct
from adapters.sandbox.tokens import TokenDesk


def application(conduct: Conduct) -> web.Application:
    services = web.Application()
    services.add_routes([web.post("/token", TokenDesk().issue)])
    return services
