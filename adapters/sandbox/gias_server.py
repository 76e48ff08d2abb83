"""The register of establishments, pretended: the DfE Academies API, version 4, over the synthetic schools."""

from aiohttp import web

from adapters.sandbox.faults import Conduct


def application(conduct: Conduct) -> web.Application:
    return web.Application()
