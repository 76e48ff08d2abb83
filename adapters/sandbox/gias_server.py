"""The register of establishments, pretended: the DfE Academies API, version 4, over the synthetic schools."""

import msgspec
from aiohttp import web

from adapters.agency import AgencyName
from adapters.sandbox.faults import Conduct, Fault
from adapters.sandbox.places import SyntheticSchool, school_at, schools
from adapters.sandbox.tokens import SANDBOX_API_KEY

SCHOOL = AgencyName.SCHOOL
PROBLEM = "application/problem+json"


class _Urns(msgspec.Struct):
    """The API's `UrnRequestModel`."""

    urns: list[int] | None


def application(conduct: Conduct) -> web.Application:
    server = _Gias(conduct)
    register = web.Application()
    register.add_routes(
        [
            web.get("/v4/establishment/urn/{urn}", conduct.answering(SCHOOL, server.one, _overloaded)),
            web.post("/v4/establishments/bulk/urns", conduct.answering(SCHOOL, server.many, _overloaded)),
        ]
    )
    return register


class _Gias:
    def __init__(self, conduct: Conduct) -> None:
        self._conduct = conduct
        self._urns = msgspec.json.Decoder(_Urns)

    async def one(self, request: web.Request) -> web.Response:
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        school = school_at(request.match_info["urn"])
        return _problem(404, "Not Found") if school is None else web.json_response(_establishment(school))

    async def many(self, request: web.Request) -> web.Response:
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        try:
            urns = self._urns.decode(await request.read()).urns
        except msgspec.DecodeError:
            return _problem(400, "One or more validation errors occurred.")
        if self._conduct.acting(SCHOOL) is Fault.MISMATCH:
            return web.json_response([_establishment(next(s for s in schools() if int(s.urn) not in (urns or ())))])
        found = [school for urn in urns or () if (school := school_at(str(urn))) is not None]
        if not found:
            return _problem(404, "Not Found")
        return web.json_response([_establishment(school) for school in found])

    def _refusal(self, request: web.Request) -> web.Response | None:
        key = request.headers.get("ApiKey")
        if key is None:
            return web.Response(status=401, text="Api Key was not provided.")
        if key != SANDBOX_API_KEY:
            return web.Response(status=401, text="Unauthorized client.")
        if self._conduct.acting(SCHOOL) is Fault.RESTRICTED:
            return _problem(403, "Forbidden")
        return None


def _establishment(school: SyntheticSchool) -> dict[str, object]:
    """Write a school as `EstablishmentDto`; the register keeps telephone numbers without their leading nought."""
    address = school.address
    street, *localities, town = address.lines
    return {
        "ukprn": None,
        "urn": school.urn,
        "name": school.name,
        "localAuthorityCode": f"{school.authority.number:03d}",
        "localAuthorityName": school.authority.name,
        "establishmentNumber": f"{school.number:04d}",
        "mainPhone": school.phone.replace(" ", "").removeprefix("0"),
        "establishmentType": {"name": "Community school", "code": "1"},
        "phaseOfEducation": {"name": school.phase, "code": "2"},
        "census": None,
        "misEstablishment": None,
        "address": {
            "street": street,
            "town": town,
            "county": "Not recorded",
            "postcode": address.postcode,
            "locality": localities[0] if localities else None,
            "additional": "",
        },
        "previousEstablishment": None,
    }


def _problem(status: int, title: str) -> web.Response:
    return web.json_response({"title": title, "status": status}, status=status, content_type=PROBLEM)


def _overloaded() -> web.Response:
    return web.json_response({"statusCode": 429, "message": "Rate limit is exceeded."}, status=429)
