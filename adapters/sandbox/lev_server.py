"""The Home Office's Life Event Verification service, pretended: version 1 of birth registration.

It has LEV's manners: it asks who is asking, hides privileged fields from who lacks the role, matches a surname whole
and forenames by their first words, and of a blocked entry shows its number and that it is blocked.
"""

import re
from datetime import date
from typing import Any, TypeAlias

from aiohttp import web

from adapters.agency import AgencyName
from adapters.records import BirthEntry
from adapters.sandbox.faults import Conduct, Fault
from adapters.sandbox.known import KnownChildren
from adapters.sandbox.population import SyntheticChild, SyntheticParent

Body: TypeAlias = dict[str, Any]

FULL_DETAILS = "full-details"
_OPEN_STATUS: Body = {
    "blocked": False,
    "cancelled": False,
    "correction": "None",
    "marginalNote": "None",
    "nameUpdate": "None",
    "onAuthorityOfRegistrarGeneral": False,
    "potentiallyFictitious": False,
    "praOrCourtOrder": "None",
    "reregistration": "None",
}
_PRIVILEGED = frozenset(
    {"address", "dateOfDeclaration", "dateOfNameUpdate", "dateOfStatutoryDeclarationOfParentage", "deceased"}
    | {"designation", "entryNumber", "nameUpdate", "occupation", "onAuthorityOfRegistrarGeneral", "originalForenames"}
    | {"originalPrefix", "originalSuffix", "praOrCourtOrder", "signature", "signatureIsMark"}
    | {"statutoryDeclarationOfParentage", "superintendentDesignation", "superintendentSignature"}
)
_INFORMANTS = frozenset({"informant1", "informant2"})  # of whom only the qualification is for everybody
_LINKS = frozenset({"previousRegistration", "nextRegistration"})


def application(conduct: Conduct, known: KnownChildren, *, children: int = 100_000) -> web.Application:
    """LEV at the root; a search looks among the first `children`."""
    lev = _Lev(conduct, known, children)

    def counted(handler: Any) -> Any:
        return conduct.answering(AgencyName.PARENTS, handler, _overloaded)

    server = web.Application()
    server.add_routes(
        [
            web.get("/v1/registration/birth", counted(lev.search)),
            web.get("/v1/registration/birth/{number}", counted(lev.read)),
        ]
    )
    return server


class _Lev:
    """Answers for every child on a birth entry."""

    def __init__(self, conduct: Conduct, known: KnownChildren, children: int) -> None:
        self._conduct = conduct
        self._known = known
        self._children = children

    async def read(self, request: web.Request) -> web.Response:
        """`GET /v1/registration/birth/{number}`."""
        if not _names_its_caller(request):
            return _unauthorized()
        number = request.match_info["number"]
        if not number.isascii() or not number.isdigit():
            return _error(400, "BadRequest", "ID must be an integer")
        index = self._known.index_of_birth_entry(number)
        if index is None:
            return _error(404, "ResourceNotFound", f"{request.path} does not exist")
        return web.json_response(self._entry(self._known.child_at(index), BirthEntry(number), request))

    async def search(self, request: web.Request) -> web.Response:
        """`GET /v1/registration/birth?forenames&surname&dateOfBirth`: a bare array, several hits being normal."""
        if not _names_its_caller(request):
            return _unauthorized()
        for wanted in ("surname", "forenames", "dateOfBirth"):
            if not request.query.get(wanted):
                return _error(400, "BadRequest", f"Must provide the {wanted} parameter")
        try:
            day = date.fromisoformat(request.query["dateOfBirth"])
        except ValueError:
            return _error(400, "BadRequest", "Invalid parameter, dateOfBirth, please use ISO format - e.g. 2000-01-31")
        surname = re.compile(_as_pattern(request.query["surname"]), re.IGNORECASE)
        forenames = re.compile(_as_pattern(request.query["forenames"]) + r"(\s|$)", re.IGNORECASE)
        hits = []
        for index in self._known.born_on(day, self._children):
            child = self._known.child_at(index)
            if child.birth_entry and surname.fullmatch(child.name.family or "") and forenames.match(_joined(child)):
                hits.append(self._entry(child, child.birth_entry, request))
        return web.json_response(hits)

    def _entry(self, child: SyntheticChild, number: BirthEntry, request: web.Request) -> Body:
        fault = self._conduct.acting(AgencyName.PARENTS)
        entry = _chain(child, number)
        if fault is Fault.RESTRICTED:
            entry = _blocked(entry)
        if fault is Fault.MISMATCH:
            entry["id"] += 1
        privileged = FULL_DETAILS in request.headers.get("x-auth-roles", "").split(",")
        return entry if privileged else _censored(entry)


def _chain(child: SyntheticChild, number: BirthEntry) -> Body:
    """A child's entry, with the earlier or later one that some children have."""
    entry = _registered(child, number)
    later = _linked_number(entry)
    if child.birth_blocked:
        return _blocked(entry)
    if child.birth_link_blocked:
        return entry | {"previousRegistration": _blocked(entry | {"id": later})}
    if child.birth_caution:
        entry["status"] |= {"marginalNote": "Court order in place"}
    elif child.index % 5 == 2 and child.parents and child.parents[0].maiden:
        # Registered again once the parents had married: the mother's name was another one before.
        married = entry | {"id": later, "status": _OPEN_STATUS | {"reregistration": "Subsequently married"}}
        unmarried = entry["mother"] | {"surname": child.parents[0].maiden, "maidenSurname": None}
        first = {"mother": unmarried, "status": _OPEN_STATUS | {"marginalNote": "Re-registered"}}
        return entry | first | {"nextRegistration": married}
    return entry


def _linked_number(entry: Body) -> int:
    """The number of the entry beside this one, of which no other child has one."""
    return int(entry["id"]) + 1_000_000_000


def _registered(child: SyntheticChild, number: BirthEntry) -> Body:
    mother = next((parent for parent in child.parents if parent.relationship == "Mother"), None)
    second = next((parent for parent in child.parents if parent.relationship != "Mother"), None)
    return {
        "id": int(number.value),
        "date": child.birth_date.isoformat(),
        "entryNumber": child.index % 500,
        "registrar": {
            "signature": "A. Registrar",
            "designation": "Registrar",
            "superintendentSignature": None,
            "superintendentDesignation": None,
            "subdistrict": "Test Subdistrict",
            "district": "Test District",
            "administrativeArea": "Testshire",
        },
        "informant1": _informant(mother),
        "informant2": _informant(second),
        "child": {
            "originalPrefix": None,
            "prefix": None,
            "forenames": _joined(child),
            "originalForenames": None,
            "surname": child.name.family,
            "originalSuffix": None,
            "suffix": None,
            "dateOfBirth": child.birth_date.isoformat(),
            "sex": {"FEMALE": "Female", "MALE": "Male"}.get(child.gender.value, "Indeterminate"),
            "birthplace": "Test Address",
        },
        "mother": _person(mother)
        | {"address": None, "maidenSurname": mother.maiden if mother else None, "marriageSurname": None},
        # Nobody registered is a person of nulls, as everything empty is in LEV.
        "father": _person(second) | {"deceased": False if second else None},
        "dateOfDeclaration": None,
        "dateOfStatutoryDeclarationOfParentage": None,
        "statutoryDeclarationOfParentage": None,
        "dateOfNameUpdate": None,
        "status": dict(_OPEN_STATUS),
        "nextRegistration": None,
        "previousRegistration": None,
    }


def _person(parent: SyntheticParent | None) -> Body:
    nobody = {"prefix": None, "forenames": None, "surname": None, "suffix": None}
    named = {"forenames": " ".join(parent.name.given), "surname": (parent.name.family or "").upper()} if parent else {}
    return nobody | named | {"birthplace": None, "occupation": None, "aliases": [dict(nobody) for _ in range(4)]}


def _informant(parent: SyntheticParent | None) -> Body:
    return {
        "forenames": " ".join(parent.name.given) if parent else None,
        "surname": (parent.name.family or "").upper() if parent else None,
        "address": None,
        "qualification": parent.relationship if parent else None,
        "signature": None,
        "signatureIsMark": False,
    }


def _blocked(entry: Body) -> Body:
    """An entry whose every field is null but its number and the flag itself."""
    hidden: Body = _nulled(entry)
    status: Body = hidden["status"]
    return hidden | {"id": entry["id"], "status": status | {"blocked": True}}


def _nulled(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _nulled(part) for name, part in value.items()}
    return [_nulled(part) for part in value] if isinstance(value, list) else None


def _censored(value: Any) -> Any:
    """An entry as it is shown without the role `full-details`; a link that is not there is left out altogether."""
    if isinstance(value, list):
        return [_censored(part) for part in value]
    if not isinstance(value, dict):
        return value
    shown: Body = {}
    for name, part in value.items():
        if name in _INFORMANTS:
            shown[name] = dict.fromkeys(part) | {"qualification": part["qualification"]}
        elif part is not None or name not in _LINKS:
            shown[name] = None if name in _PRIVILEGED else _censored(part)
    return shown


def _joined(child: SyntheticChild) -> str:
    return " ".join(child.name.given)


def _as_pattern(name: str) -> str:
    """LEV takes a space and a hyphen in a name for the same."""
    return r"[\s-]+".join(re.escape(part) for part in re.split(r"[\s-]+", name.strip()))


def _names_its_caller(request: web.Request) -> bool:
    return bool(request.headers.get("X-Auth-Username") and request.headers.get("x-original-client"))


def _unauthorized() -> web.Response:
    return _error(401, "Unauthorized", "Must provide `X-Auth-Username` and `x-original-client` headers")


def _overloaded() -> web.Response:
    return _error(429, "TooManyRequests", "You have exceeded your request rate")


def _error(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"code": code, "message": message}, status=status)
