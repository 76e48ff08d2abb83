"""The schools' rosters, pretended: OneRoster 1.2 rostering as Ed-Fi's server speaks it, oddities included.

No total is sent, a limit above 500 is quietly lowered, deleted rows are still listed, and booleans are strings. A list
that no filter narrows shows the first thousand children alone.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from aiohttp import web

from adapters.agency import AgencyName
from adapters.sandbox import roster_filter, roster_rows
from adapters.sandbox.faults import Conduct, Fault, Handler
from adapters.sandbox.known import KnownChildren
from adapters.sandbox.places import school_at, schools
from adapters.sandbox.roster_rows import Row
from adapters.sandbox.tokens import TokenDesk

ROOT = "/ims/oneroster/rostering/v1p2"
SCOPE = "https://purl.imsglobal.org/spec/or/v1p2/scope/"
CORE, FULL = f"{SCOPE}roster-core.readonly", f"{SCOPE}roster.readonly"
SCHOOL = AgencyName.SCHOOL

LISTED = 1000
LIMIT, LARGEST_LIMIT = 100, 500
_PLAIN = {"sourcedId", "status", "dateLastModified", "identifier", "name", "type", "primary", "beginDate", "endDate"}
FILTERABLE = frozenset(_PLAIN | {"enabledUser", "username", "givenName", "familyName"})
SELECTABLE = FILTERABLE | {"userIds", "roles", "grades", "password", "user", "class", "school", "role"}

Rows = Callable[[KnownChildren, roster_filter.Filter | None], Iterable[Row]]
Listed = Callable[[roster_filter.Filter | None], Iterable[Row]]


def application(conduct: Conduct, known: KnownChildren) -> web.Application:
    tokens = TokenDesk(scopes=frozenset({CORE, FULL}))
    roster = web.Application()
    roster.add_routes([web.post("/token", tokens.issue)])
    handlers: dict[str, Handler] = dict(_school_lists(conduct, known, tokens))
    for path, kind in _COLLECTIONS.items():
        collection = _Collection(conduct, known, tokens, kind)
        handlers |= {path: collection.many, f"{path}/{{id}}": collection.one}
    for path, handler in handlers.items():
        roster.add_routes([web.get(ROOT + path, conduct.answering(SCHOOL, handler, _overloaded))])
    return roster


@dataclass(frozen=True, slots=True)
class _Kind:
    """A collection: the members its pages and single rows come under, and where its rows come from."""

    many: str
    one: str
    rows: Rows


class _Collection:
    def __init__(self, conduct: Conduct, known: KnownChildren, tokens: TokenDesk, kind: _Kind) -> None:
        self._conduct = conduct
        self._known = known
        self._tokens = tokens
        self._kind = kind

    async def many(self, request: web.Request) -> web.Response:
        refusal = _refusal(self._conduct, self._tokens, request)
        return refusal or _page(request, self._kind, self._rows, mismatch=self._mismatching)

    async def one(self, request: web.Request) -> web.Response:
        refusal = _refusal(self._conduct, self._tokens, request)
        if refusal is not None:
            return refusal
        sourced_id = request.match_info["id"]
        only = roster_filter.Filter([[roster_filter.Clause("sourcedId", "=", sourced_id)]])
        row = next((row for row in self._rows(only) if only.fits(row)), None)
        if row is None:
            return _error(404, "unknownobject", "The specified object could not be found.")
        return web.json_response({self._kind.one: row})

    def _rows(self, where: roster_filter.Filter | None) -> Iterable[Row]:
        return self._kind.rows(self._known, where)

    @property
    def _mismatching(self) -> bool:
        return self._conduct.acting(SCHOOL) is Fault.MISMATCH


def _school_lists(conduct: Conduct, known: KnownChildren, tokens: TokenDesk) -> Iterator[tuple[str, Handler]]:
    """Give the paths that list what one school has."""

    def listing(kind: _Kind, rows_of: Callable[[KnownChildren, int], Iterable[Row]]) -> Handler:
        async def handler(request: web.Request) -> web.Response:
            urn = roster_rows.urn_of_school(request.match_info["id"])

            def rows(where: roster_filter.Filter | None) -> Iterator[Row]:
                theirs = (index for index in range(LISTED) if known.child_at(index).school_urn == urn)
                return (row for index in theirs for row in rows_of(known, index))

            return _refusal(conduct, tokens, request) or _page(request, kind, rows)

        return handler

    yield "/schools/{id}/students", listing(_COLLECTIONS["/students"], roster_rows.users_of)
    yield "/schools/{id}/enrollments", listing(_COLLECTIONS["/enrollments"], roster_rows.enrollments_of)


def _users(known: KnownChildren, where: roster_filter.Filter | None) -> Iterator[Row]:
    identifiers = where.values_of("identifier") if where else None
    found = map(known.index_of_upn, identifiers) if identifiers is not None else _indexes(where)
    return (row for index in dict.fromkeys(found) if index is not None for row in roster_rows.users_of(known, index))


def _enrollments(known: KnownChildren, where: roster_filter.Filter | None) -> Iterator[Row]:
    return (
        row
        for index in dict.fromkeys(_indexes(where))
        if index is not None
        for row in roster_rows.enrollments_of(known, index)
    )


def _indexes(where: roster_filter.Filter | None) -> Iterable[int | None]:
    ids = where.values_of("sourcedId") if where else None
    return range(LISTED) if ids is None else map(roster_rows.index_of_pupil, ids)


def _orgs(_: KnownChildren, where: roster_filter.Filter | None) -> Iterator[Row]:
    ids = where.values_of("sourcedId") if where else None
    found = schools() if ids is None else (school_at(roster_rows.urn_of_school(org)) for org in dict.fromkeys(ids))
    return (roster_rows.org_of(school) for school in found if school is not None)


_COLLECTIONS = {
    "/users": _Kind("users", "user", _users),
    "/students": _Kind("users", "user", _users),
    "/orgs": _Kind("orgs", "org", _orgs),
    "/schools": _Kind("orgs", "org", _orgs),
    "/enrollments": _Kind("enrollments", "enrollment", _enrollments),
}


def _page(request: web.Request, kind: _Kind, rows: Listed, *, mismatch: bool = False) -> web.Response:
    try:
        limit = min(int(request.query.get("limit", LIMIT)), LARGEST_LIMIT)
        offset = int(request.query.get("offset", 0))
    except ValueError:
        return _error(400, "invaliddata", "Invalid limit or offset")
    fields = set(request.query["fields"].split(",")) if "fields" in request.query else SELECTABLE
    if not fields <= SELECTABLE:
        return _error(400, "invalid_selection_field", "Invalid fields requested")
    if limit < 1 or offset < 0:
        return _error(400, "invaliddata", "Invalid limit or offset")
    where = None
    if "filter" in request.query:
        try:
            where = roster_filter.parse(request.query["filter"], FILTERABLE)
        except roster_filter.BadFilter as error:
            return _error(400, "invalid_filter_field", str(error))
    found = sorted(
        (row for row in rows(where) if where is None or where.fits(row)), key=lambda row: str(row["sourcedId"])
    )[offset : offset + limit]
    if mismatch:
        found = [row | {"identifier": "Z000000000000", "sourcedId": "another"} for row in found]
    return web.json_response({kind.many: [{name: row[name] for name in row if name in fields} for row in found]})


def _refusal(conduct: Conduct, tokens: TokenDesk, request: web.Request) -> web.Response | None:
    scopes = tokens.scopes_of(request)
    if scopes is None:
        return _error(401, "unauthorisedrequest", "The request was not correctly authorised.")
    if not scopes & {CORE, FULL} or conduct.acting(SCHOOL) is Fault.RESTRICTED:
        return _error(403, "forbidden", "The record may not be read.")
    return None


def _overloaded() -> web.Response:
    return _error(429, "server_busy", "The server is receiving too many requests.")


def _error(status: int, minor: str, description: str) -> web.Response:
    body = {
        "imsx_codeMajor": "failure",
        "imsx_severity": "error",
        "imsx_description": description,
        "imsx_CodeMinor": {
            "imsx_codeMinorField": [
                {"imsx_codeMinorFieldName": "TargetEndSystem", "imsx_codeMinorFieldValue": minor},
            ]
        },
    }
    return web.json_response(body, status=status)
