"""The NHS Personal Demographics Service, pretended: FHIR R4 over the synthetic children and their parents.

It has PDS's manners: a bearer token for a signed JWT, a request id or no answer, check digits looked at, a rate, one
number a call, and restricted records emptied. Calls count for the question they answer.
"""

import asyncio
import uuid

from aiohttp import web
from joserfc.jwk import KeyFlexible
from stdnum.gb import nhs

from adapters.agency import AgencyName
from adapters.sandbox.faults import Conduct, Fault
from adapters.sandbox.fhir_bodies import (
    Body,
    patient_of_child,
    patient_of_parent,
    relatives,
    spine_error,
)
from adapters.sandbox.known import KnownChildren
from adapters.sandbox.tokens import TokenDesk

ROOT = "/personal-demographics/FHIR/R4"
MEDIA_TYPE = "application/fhir+json"


def application(conduct: Conduct, known: KnownChildren, *, public_key: KeyFlexible, rate: int = 200) -> web.Application:
    """PDS under `ROOT`, its tokens at `/oauth2/token`; `rate` is in transactions a second."""
    desk = TokenDesk(public_key=public_key)
    pds = _Pds(conduct, known, desk, rate)
    server = web.Application()
    server.add_routes(
        [
            web.post("/oauth2/token", desk.issue),
            web.get(f"{ROOT}/Patient", pds.nobody),
            web.get(f"{ROOT}/Patient/{{number}}", pds.patient),
            web.get(f"{ROOT}/Patient/{{number}}/RelatedPerson", pds.relatives),
        ]
    )
    return server


class _Rate:
    """What this client may ask a second; a bucket that holds one second's worth."""

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._left = float(per_second)
        self._at = 0.0

    def spent(self) -> bool:
        """Take one transaction; True when there is none left."""
        now = asyncio.get_running_loop().time()
        self._left = min(float(self._per_second), self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left < 1:
            return True
        self._left -= 1
        return False


def _error(
    status: int, code: str, display: str, diagnostics: str | None = None, severity: str = "error"
) -> web.Response:
    return _fhir(spine_error(code, display, diagnostics, severity), status)


def _fhir(body: Body, status: int = 200) -> web.Response:
    return web.json_response(body, status=status, content_type=MEDIA_TYPE)


def _overloaded() -> web.Response:
    return _error(429, "TOO_MANY_REQUESTS", "Too Many Requests")


class _Pds:
    """Answers each number's questions."""

    def __init__(self, conduct: Conduct, known: KnownChildren, desk: TokenDesk, rate: int) -> None:
        self._conduct = conduct
        self._known = known
        self._desk = desk
        self._rate = _Rate(rate)

    async def patient(self, request: web.Request) -> web.StreamResponse:
        """`GET /Patient/{number}`: asked of a child for the practice, of a parent for how to reach them."""
        number = request.match_info["number"]
        agency = AgencyName.PRACTICE if self._known.parent_of_nhs_number(number) is None else AgencyName.PARENTS
        return await self._conduct.answering(agency, self._patient, _overloaded)(request)

    async def relatives(self, request: web.Request) -> web.StreamResponse:
        """`GET /Patient/{number}/RelatedPerson`."""
        return await self._conduct.answering(AgencyName.PARENTS, self._relatives, _overloaded)(request)

    async def nobody(self, request: web.Request) -> web.StreamResponse:
        """`GET /Patient` is PDS's search, which the gateway never uses."""
        return _error(400, "UNSUPPORTED_SERVICE", "Unsupported Service")

    async def _patient(self, request: web.Request) -> web.Response:
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        number = request.match_info["number"]
        index, parent = self._known.index_of_nhs_number(number), self._known.parent_of_nhs_number(number)
        if index is not None:
            body = self._child(number, index)
        elif parent is not None:
            restricted = self._conduct.acting(AgencyName.PARENTS) is Fault.RESTRICTED
            body = patient_of_parent(parent, number, "R" if restricted else "U")
        else:
            return _not_found()
        return _answered(request, _fhir(body))

    def _child(self, number: str, index: int) -> Body:
        child = self._known.child_at(index)
        fault = self._conduct.acting(AgencyName.PRACTICE)
        code = "R" if fault is Fault.RESTRICTED and child.pds_code == "U" else child.pds_code
        body = patient_of_child(child, number, code)
        if fault is Fault.MISMATCH:
            return body | {"id": self._child_beside(index), "identifier": []}
        return body

    async def _relatives(self, request: web.Request) -> web.Response:
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        number = request.match_info["number"]
        index = self._known.index_of_nhs_number(number)
        if index is None:
            return _not_found()
        child = self._known.child_at(index)
        fault = self._conduct.acting(AgencyName.PARENTS)
        base = str(request.url.origin()) + ROOT
        if child.pds_code != "U" or fault is Fault.RESTRICTED:
            bundle: Body = {"resourceType": "Bundle", "type": "searchset", "total": 0}
            return _answered(request, _fhir(bundle))
        whose = self._child_beside(index) if fault is Fault.MISMATCH else number
        return _answered(request, _fhir(relatives(child, whose, base)))

    def _child_beside(self, index: int) -> str:
        """The number of the child beside one, for an answer about somebody else."""
        beside = self._known.child_at(index ^ 1).keys.nhs_number
        return beside.value if beside else ""

    def _refusal(self, request: web.Request) -> web.Response | None:
        """What PDS says before it looks anybody up, in its order; None where there is nothing to say."""
        if "Authorization" not in request.headers:
            return _error(401, "ACCESS_DENIED", "Access Denied - Unauthorised", "Missing Authorization header")
        if not self._desk.admits(request):
            return _error(401, "ACCESS_DENIED", "Access Denied - Unauthorised", "Invalid Access Token")
        if self._rate.spent():
            return _overloaded()
        identity = request.headers.get("X-Request-ID")
        if identity is None:
            missing = "Invalid request with error - X-Request-ID header must be supplied to access this resource"
            return _error(400, "MISSING_VALUE", "Required value is missing", missing)
        try:
            uuid.UUID(identity)
        except ValueError:
            wrong = f"Invalid value - '{identity}' in header 'X-Request-ID'"
            return _error(400, "INVALID_VALUE", "Provided value is invalid", wrong)
        if not nhs.is_valid(request.match_info["number"]):
            return _error(400, "INVALID_RESOURCE_ID", "Resource Id is invalid")
        return None


def _not_found() -> web.Response:
    return _error(404, "RESOURCE_NOT_FOUND", "Resource not found", severity="information")


def _answered(request: web.Request, response: web.Response) -> web.Response:
    response.headers["ETag"] = 'W/"2"'
    for echoed in ("X-Request-ID", "X-Correlation-ID"):
        if echoed in request.headers:
            response.headers[echoed] = request.headers[echoed]
    return response
