"""The NHS Organisation Data Service, pretended: FHIR R4 over the synthetic practices, behind an API key."""

from aiohttp import web

from adapters.agency import AgencyName
from adapters.sandbox.faults import Conduct
from adapters.sandbox.fhir_bodies import organization_of
from adapters.sandbox.pds_server import MEDIA_TYPE
from adapters.sandbox.tokens import SANDBOX_API_KEY

ROOT = "/organisation-data-terminology-api/fhir"


def application(conduct: Conduct) -> web.Application:
    """ODS under `ROOT`; its calls count as the practice's."""
    ods = web.Application()
    ods.add_routes(
        [web.get(f"{ROOT}/Organization/{{code}}", conduct.answering(AgencyName.PRACTICE, _organization, _overloaded))]
    )
    return ods


async def _organization(request: web.Request) -> web.Response:
    if request.headers.get("apikey") != SANDBOX_API_KEY:
        # The gateway before ODS speaks, not ODS: no FHIR.
        fault = {"faultstring": "Invalid ApiKey", "detail": {"errorcode": "oauth.v2.InvalidApiKey"}}
        return web.json_response({"fault": fault}, status=401)
    code = request.match_info["code"]
    body = organization_of(code)
    if body is None:
        return _problem(404, "processing", f"HAPI-2001: Resource Organization/{code} is not known")
    return web.json_response(body, content_type=MEDIA_TYPE, headers={"ETag": 'W/"4"'})


def _overloaded() -> web.Response:
    return _problem(429, "throttled", "Rate limit exceeded")


def _problem(status: int, code: str, diagnostics: str) -> web.Response:
    issue = {"severity": "error", "code": code, "diagnostics": diagnostics}  # no `details`, unlike PDS
    body = {"resourceType": "OperationOutcome", "issue": [issue]}
    return web.json_response(body, status=status, content_type=MEDIA_TYPE)
