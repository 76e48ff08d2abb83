"""Which schools a child is on the roll of: each pupil's answer right, by itself, and closed where there is doubt."""

import asyncio
import json
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import msgspec
import pytest
from aiohttp import web
from msgspec.structs import replace

from adapters.agency import (
    AgencyBroken,
    AgencyFailure,
    AgencyMismatch,
    AgencyName,
    AgencyOverloaded,
    AgencyRefused,
    AgencyTimeout,
    AgencyUnreachable,
    Answer,
    Failed,
    Found,
    NotRecorded,
)
from adapters.client import AgencyClient, ApiKey
from adapters.credentials import ClientCredentials, ClientSecret
from adapters.records import EnrolmentRecord, Origin, SchoolRecord, Upn
from adapters.roster import MOST_PLACES, Place, read_org, read_user, rows_of
from adapters.sandbox.agencies import Sandbox
from adapters.sandbox.faults import Fault
from adapters.sandbox.places import school_at
from adapters.sandbox.population import NOTABLE, SyntheticChild, child_at
from adapters.sandbox.tokens import SANDBOX_API_KEY, SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET
from adapters.school_oneroster import CLAUSES, ONEROSTER_SCOPES, ORIGIN, PAGE, OneRosterSchools
from tests.adapters.conftest import Serve
from tests.shared_samples import needs_samples, sample

ALAN, BETH = Upn("A123456789012"), Upn("B123456789012")
SAID = datetime(2026, 9, 4, 6, 30, tzinfo=UTC)


def at_the_sandbox(sandbox: Sandbox, client: AgencyClient) -> OneRosterSchools:
    secret = ClientSecret(SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET)
    return OneRosterSchools(
        client,
        oneroster_url=sandbox.urls.oneroster,
        oneroster_credential=ClientCredentials(
            "oneroster-token", sandbox.urls.oneroster_token, secret, scopes=ONEROSTER_SCOPES
        ),
        register_url=sandbox.urls.gias,
        register_key=SANDBOX_API_KEY,
    )


def pupils(count: int) -> list[SyntheticChild]:
    """So many synthetic children who are on a school's roll."""
    found = (child for child in map(child_at, range(10_000)) if child.school_urn and child.keys.upn)
    return list(islice(found, count))


def upn_of(child: SyntheticChild) -> Upn:
    assert child.keys.upn is not None
    return child.keys.upn


class Roster:
    """A roster and a register that say what a test scripts, and remember what they were asked."""

    def __init__(self, users: Sequence[dict[str, Any]] = (), orgs: Sequence[dict[str, Any]] = ()) -> None:
        self.users, self.orgs = list(users), list(orgs)
        self.register: list[dict[str, Any]] | web.Response = [{"urn": "100000", "name": "Mill Lane School"}]
        self.asked: list[tuple[str, dict[str, str]]] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append((request.path, dict(request.query)))
        if request.path.endswith("/urns"):
            return self.register if isinstance(self.register, web.Response) else web.json_response(self.register)
        collection = request.path.removeprefix("/")
        rows = {"users": self.users, "orgs": self.orgs}[collection]
        offset = int(request.query["offset"])
        return web.json_response({collection: rows[offset : offset + int(request.query["limit"])]})

    async def told(self, serve: Serve, keys: Sequence[Upn] = (ALAN,)) -> dict[Upn, Answer[tuple[EnrolmentRecord, ...]]]:
        """What the adapter makes of it all."""
        url = await serve(self.answer)
        async with AgencyClient() as client:
            schools = OneRosterSchools(
                client, oneroster_url=url, oneroster_credential=ApiKey("a", "b"), register_url=url, register_key="k"
            )
            return dict(await schools.fetch(keys, asyncio.get_running_loop().time() + 20))


def a_user(upn: Upn = ALAN, *roles: dict[str, Any], **changes: Any) -> dict[str, Any]:
    fields = {"sourcedId": "1", "status": "active", "dateLastModified": "2026-09-04T06:30:00.000Z"}
    return {**fields, "identifier": upn.value, "roles": list(roles), "enabledUser": "true", **changes}


def a_role(org: str = "s1", begin: str | None = "2020-09-01", end: str | None = None, **changes: Any) -> dict[str, Any]:
    dates = {"beginDate": begin, "endDate": end}
    reference = {"sourcedId": org, "href": f"/orgs/{org}", "type": "user"}
    return {"roleType": "primary", "role": "student", "org": reference, **dates, **changes}


def an_org(sourced_id: str = "s1", **changes: Any) -> dict[str, Any]:
    return {"sourcedId": sourced_id, "status": "active", "type": "school", "identifier": "100000", **changes}


def schools_in(answer: Answer[tuple[EnrolmentRecord, ...]]) -> list[str | None]:
    """The names of the schools in an answer, in its order; None for one that no register knows."""
    assert isinstance(answer, Found)
    return [enrolment.school.name if enrolment.school else None for enrolment in answer.record]


def failure_in(answer: Answer[tuple[EnrolmentRecord, ...]]) -> AgencyFailure:
    assert isinstance(answer, Failed)
    return answer.failure


async def test_a_pupils_school_is_named_as_the_register_has_it(
    sandbox: Sandbox, client: AgencyClient, soon: float
) -> None:
    """From UPN to the school's name, phase, telephone and address, with the day the child came."""
    child = child_at(NOTABLE["open"])
    assert child.school_urn is not None
    school = school_at(child.school_urn)
    assert school is not None
    answers = await at_the_sandbox(sandbox, client).fetch([upn_of(child)], soon)
    address = replace(school.address, uprn=None)  # which the register's API does not give
    record = SchoolRecord(school.urn, school.name, school.phase, school.phone.replace(" ", ""), address)
    assert answers == {
        upn_of(child): Found((EnrolmentRecord(record, child.enrolled_from, None, Origin(ORIGIN, SAID)),))
    }


async def test_many_pupils_cost_a_few_calls(sandbox: Sandbox, client: AgencyClient, soon: float) -> None:
    """Fifty pupils are three filters, their schools a few more, and the register one call."""
    children = pupils(50)
    answers = await at_the_sandbox(sandbox, client).fetch([upn_of(child) for child in children], soon)
    for child in children:
        answer = answers[upn_of(child)]
        assert isinstance(answer, Found)
        urns = [enrolment.school.urn if enrolment.school else None for enrolment in answer.record]
        assert set(urns) == {urn for urn in (child.school_urn, child.former_school_urn) if urn}
    orgs = {urn for child in children for urn in (child.school_urn, child.former_school_urn) if urn}
    assert sandbox.calls[AgencyName.SCHOOL] == 3 + -(-len(orgs) // CLAUSES) + 1


async def test_a_child_who_moved_has_the_present_school_first(
    sandbox: Sandbox, client: AgencyClient, soon: float
) -> None:
    """The former school follows, with the day the child left it."""
    moved = (child for child in pupils(2000) if child.former_school_urn)
    child = next(child for child in moved if child.enrolled_from and child.enrolled_from.year < 2026)
    answers = await at_the_sandbox(sandbox, client).fetch([upn_of(child)], soon)
    answer = answers[upn_of(child)]
    assert isinstance(answer, Found)
    present, former = answer.record
    assert (present.start, present.end) == (child.enrolled_from, None)
    assert former.start == child.former_enrolled_from
    assert former.end is not None
    assert present.start is not None
    assert former.end < present.start


async def test_a_row_marked_for_deletion_does_not_count(sandbox: Sandbox, client: AgencyClient, soon: float) -> None:
    """The sandbox still lists such a row for this child, at another school."""
    child = next(child for child in pupils(2000) if child.index % 10 == 7 and not child.former_school_urn)
    answers = await at_the_sandbox(sandbox, client).fetch([upn_of(child)], soon)
    answer = answers[upn_of(child)]
    assert isinstance(answer, Found)
    assert [enrolment.school.urn for enrolment in answer.record if enrolment.school] == [child.school_urn]


async def test_a_child_in_no_roster_is_not_recorded(sandbox: Sandbox, client: AgencyClient, soon: float) -> None:
    """An unknown UPN is an answer, not a failure, and costs the known one beside it nothing."""
    known = upn_of(child_at(NOTABLE["open"]))
    answers = await at_the_sandbox(sandbox, client).fetch([Upn("Z999999999999"), known], soon)
    assert answers[Upn("Z999999999999")] == NotRecorded()
    assert isinstance(answers[known], Found)


async def test_a_pupil_with_no_place_has_none(serve: Serve) -> None:
    """A child taken off every roll is known and at no school."""
    assert await Roster([a_user()]).told(serve) == {ALAN: Found(())}


async def test_only_what_is_needed_is_asked_for(serve: Serve) -> None:
    """Neither names nor passwords are asked for; the filter names the pupil alone."""
    roster = Roster([a_user(ALAN, a_role())], [an_org()])
    await roster.told(serve)
    [(_, users), (_, orgs), (path, _)] = roster.asked
    assert users["fields"] == "sourcedId,status,dateLastModified,identifier,roles"
    assert users["filter"] == f"identifier='{ALAN.value}'"
    assert orgs["filter"] == "sourcedId='s1'"
    assert path == "/v4/establishments/bulk/urns"


async def test_places_are_in_order(serve: Serve) -> None:
    """Present ones first, and among either the latest begun first; one without dates is present."""
    roles = [
        a_role("s1", "2015-09-01", "2019-07-20"),
        a_role("s2", "2019-09-01", "2021-07-20"),
        a_role("s3", "2021-09-01", "2999-07-20"),
        a_role("s4", "2024-09-01T00:00:00Z", ""),
        a_role("s5", None),
        a_role("s6", "2998-09-01"),
    ]
    orgs = [an_org(f"s{place}", identifier=f"10000{place}") for place in range(1, 7)]
    roster = Roster([a_user(ALAN, *roles)], orgs)
    roster.register = [{"urn": f"10000{place}", "name": f"s{place}"} for place in range(1, 7)]
    assert schools_in((await roster.told(serve))[ALAN]) == ["s4", "s3", "s5", "s6", "s2", "s1"]


async def test_only_a_pupils_place_at_a_school_counts(serve: Serve) -> None:
    """Neither a helper's role, nor one in the authority, nor one at a school marked for deletion is a school place."""
    roles = [a_role("s1", role="aide"), a_role("la"), a_role("gone"), a_role("s1")]
    orgs = [an_org("s1"), an_org("la", type="district"), an_org("gone", status="tobedeleted")]
    assert schools_in((await Roster([a_user(ALAN, *roles)], orgs).told(serve))[ALAN]) == ["Mill Lane School"]


@pytest.mark.parametrize("orgs", [[an_org(identifier="999999")], [an_org(identifier=None)], []])
async def test_a_school_in_no_register_is_a_place_without_a_school(serve: Serve, orgs: list[dict[str, Any]]) -> None:
    """That the child has a place is known, even where the school has no URN, or one that nobody knows."""
    roster = Roster([a_user(ALAN, a_role())], orgs)
    roster.register = []
    assert schools_in((await roster.told(serve))[ALAN]) == [None]


async def test_two_rows_of_one_child_are_joined(serve: Serve) -> None:
    """A child registered at two schools has a row from each."""
    users = [a_user(ALAN, a_role("s1")), a_user(ALAN, a_role("s2", "2021-09-01"), sourcedId="2")]
    roster = Roster(users, [an_org("s1"), an_org("s2", identifier="100001")])
    roster.register = [{"urn": "100000", "name": "First"}, {"urn": "100001", "name": "Second"}]
    assert schools_in((await roster.told(serve))[ALAN]) == ["Second", "First"]


async def test_pages_are_read_until_a_short_one(serve: Serve) -> None:
    """No total is believed or needed: a full page means there may be more."""
    pupils = [Upn(f"A12345678901{last}") for last in range(3)]
    users = [a_user(pupils[row % 3], a_role(f"s{row}"), sourcedId=str(row)) for row in range(PAGE + 1)]
    roster = Roster(users)
    answers = await roster.told(serve, pupils)
    assert sum(len(schools_in(answer)) for answer in answers.values()) == PAGE + 1
    assert [query["offset"] for path, query in roster.asked if path == "/users"] == ["0", str(PAGE)]


async def test_a_page_longer_than_asked_for_is_read_by_nobody(serve: Serve) -> None:
    """It is counted before its first row is looked at, for 20,000 rows hold up everybody."""
    rows = [5, *([a_user(ALAN, a_role())] * PAGE)]

    async def all_at_once(request: web.Request) -> web.Response:
        return web.json_response({request.path[1:]: rows})

    url = await serve(all_at_once)
    async with AgencyClient() as client:
        schools = OneRosterSchools(
            client, oneroster_url=url, oneroster_credential=ApiKey("a", "b"), register_url=url, register_key="k"
        )
        answers = await schools.fetch([ALAN], asyncio.get_running_loop().time() + 20)
    failure = failure_in(answers[ALAN])
    assert type(failure) is AgencyBroken
    assert "longer page" in str(failure)


@pytest.mark.parametrize("in_one_row", [True, False])
async def test_a_pupil_with_more_places_than_anybody_is_not_believed(serve: Serve, in_one_row: bool) -> None:
    """Each place may be another school to look up; the pupil beside is answered, and the greatest number is."""
    places = [a_role(f"s{place}") for place in range(MOST_PLACES + 1)]
    rows = [places] if in_one_row else [places[:1], places[1:]]
    roster = Roster([*(a_user(ALAN, *roles) for roles in rows), a_user(BETH, *places[1:])])
    answers = await roster.told(serve, [ALAN, BETH])
    assert type(failure_in(answers[ALAN])) is AgencyBroken
    assert len(schools_in(answers[BETH])) == MOST_PLACES


async def test_pages_without_end_are_a_broken_agency(serve: Serve) -> None:
    """A server that does not read our offset is left after a bounded number of pages."""
    rows = [a_user()] * PAGE

    async def forever(request: web.Request) -> web.Response:
        return web.json_response({"users": rows})

    url = await serve(forever)
    async with AgencyClient() as client:
        schools = OneRosterSchools(
            client, oneroster_url=url, oneroster_credential=ApiKey("a", "b"), register_url=url, register_key="k"
        )
        answers = await schools.fetch([ALAN], asyncio.get_running_loop().time() + 20)
    assert isinstance(failure_in(answers[ALAN]), AgencyBroken)


@pytest.mark.parametrize("value", ["a' OR identifier!='b", 'a"b', "a\x00b", ""])
async def test_a_key_that_would_change_the_filter_is_never_sent(serve: Serve, value: str) -> None:
    """The grammar cannot write a quote inside a value, so such a key fails by itself, unasked."""
    roster = Roster([a_user(ALAN, a_role())], [an_org()])
    answers = await roster.told(serve, [Upn(value), ALAN])
    assert isinstance(failure_in(answers[Upn(value)]), AgencyRefused)
    assert isinstance(answers[ALAN], Found)
    assert [query["filter"] for path, query in roster.asked if path == "/users"] == [f"identifier='{ALAN.value}'"]


async def test_a_pupil_nobody_asked_for_discredits_the_answer(serve: Serve) -> None:
    """A server that ignores the filter is believed about nobody, and its rows are dropped."""
    roster = Roster([a_user(ALAN, a_role()), a_user(Upn("C123456789012"), a_role())], [an_org()])
    assert isinstance(failure_in((await roster.told(serve))[ALAN]), AgencyMismatch)


async def test_an_organisation_nobody_asked_for_discredits_the_answer(serve: Serve) -> None:
    """Neither is a roster believed that answers about another school."""
    roster = Roster([a_user(ALAN, a_role())], [an_org("s9")])
    assert isinstance(failure_in((await roster.told(serve))[ALAN]), AgencyMismatch)


@pytest.mark.parametrize(
    "changes",
    [
        {"roles": [a_role(end="soon")]},
        {"roles": [{"role": "student", "beginDate": "2020-09-01"}]},
        {"roles": "student"},
        {"dateLastModified": "yesterday"},
    ],
    ids=["a damaged date", "a role nowhere", "no list", "no time"],
)
async def test_a_damaged_row_costs_its_own_child_alone(serve: Serve, changes: dict[str, Any]) -> None:
    """What cannot be read fails one pupil; the pupil beside it is answered."""
    roster = Roster([a_user(ALAN, **changes), a_user(BETH, a_role(), sourcedId="2")], [an_org()])
    answers = await roster.told(serve, [ALAN, BETH])
    assert isinstance(failure_in(answers[ALAN]), AgencyBroken)
    assert schools_in(answers[BETH]) == ["Mill Lane School"]


@pytest.mark.parametrize("row", [{"identifier": 5}, "a user", None])
async def test_a_row_of_nobody_discredits_the_answer(serve: Serve, row: object) -> None:
    """A row that does not say whose it is might be anybody's."""
    roster = Roster([a_user(ALAN, a_role())], [an_org()])
    roster.users.append(row)  # type: ignore[arg-type]  # that it is no row is the point
    assert isinstance(failure_in((await roster.told(serve))[ALAN]), AgencyBroken)


@pytest.mark.parametrize("row", [{"sourcedId": "s1"}, "an organisation", None])
async def test_an_organisation_that_cannot_be_read_fails_its_pupils(serve: Serve, row: object) -> None:
    """Whether it is a school at all is not known; the pupil without a place is answered."""
    roster = Roster([a_user(ALAN, a_role()), a_user(BETH, sourcedId="2")])
    roster.orgs.append(row)  # type: ignore[arg-type]  # that it is no row is the point
    answers = await roster.told(serve, [ALAN, BETH])
    assert isinstance(failure_in(answers[ALAN]), AgencyBroken)
    assert answers[BETH] == Found(())


async def test_a_failing_register_fails_the_child_with_a_place(serve: Serve) -> None:
    """A place whose school was not looked up must not look like a school nobody knows; no place needs no school."""
    roster = Roster([a_user(ALAN, a_role()), a_user(BETH, sourcedId="2")], [an_org()])
    roster.register = web.Response(status=503)
    answers = await roster.told(serve, [ALAN, BETH])
    assert isinstance(failure_in(answers[ALAN]), AgencyOverloaded)
    assert answers[BETH] == Found(())


@pytest.mark.parametrize(
    ("fault", "failure"),
    [
        (Fault.DOWN, AgencyUnreachable),
        (Fault.SLOW, AgencyTimeout),
        (Fault.OVERLOADED, AgencyOverloaded),
        (Fault.MALFORMED, AgencyBroken),
        (Fault.HTML_500, AgencyBroken),
        (Fault.DRIP, AgencyTimeout),
        (Fault.RESTRICTED, AgencyRefused),
        (Fault.MISMATCH, AgencyMismatch),
    ],
)
async def test_each_fault_has_its_failure_and_heals(
    sandbox: Sandbox,
    client: AgencyClient,
    soon: float,
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
    failure: type[AgencyFailure],
) -> None:
    """Whatever goes wrong the key is answered, nothing told or logged holds it, and healing is enough."""
    caplog.set_level(logging.DEBUG)
    schools, upn = at_the_sandbox(sandbox, client), upn_of(child_at(NOTABLE["open"]))
    await schools.fetch([upn], soon)
    sandbox.fault(AgencyName.SCHOOL, fault)
    patience = 0.2 if failure is AgencyTimeout else 20
    answers = await schools.fetch([upn], asyncio.get_running_loop().time() + patience)
    assert type(failure_in(answers[upn])) is failure
    assert upn.value not in f"{answers!r} {failure_in(answers[upn])} {caplog.text}"
    sandbox.fault(AgencyName.SCHOOL, Fault.NONE)
    assert isinstance((await schools.fetch([upn], soon))[upn], Found)


def test_version_1_1_is_read_too() -> None:
    """There one role serves for all organisations, without dates; booleans are numbers and a password may lie about."""
    row = {
        "identifier": ALAN.value,
        "dateLastModified": "2026-09-04T06:30:00.000Z",
        "enabledUser": 1,
        "role": "student",
        "orgs": [{"sourcedId": "015", "type": "user"}],
        "password": "notReal",
    }
    key, answer = read_user(msgspec.Raw(json.dumps(row).encode()))
    assert (key, answer) == (ALAN.value, Found((Place("015", None, None, SAID),)))
    assert "notReal" not in repr(answer)


@needs_samples
def test_the_published_users_are_read() -> None:
    """Of a pupil, a parent and a teacher only the pupil has a place; the parent's password is dropped unread."""
    rows = rows_of(sample("oneroster/libre-oneroster-v1p1/users.json"), "users", PAGE)
    read = [read_user(row) for row in rows]
    changed = datetime(2012, 4, 23, 18, 25, 43, 511000, tzinfo=UTC)
    assert read == [
        (None, Found((Place("015", None, None, changed),))),
        ("test02", Found(())),
        (None, Found(())),
    ]


@needs_samples
def test_the_published_organisations_are_read() -> None:
    """Two marked for deletion, two not; none of them is a school."""
    orgs = [read_org(row) for row in rows_of(sample("oneroster/libre-oneroster-v1p1/orgs.json"), "orgs", PAGE)]
    assert [(org.sourced_id, org.status, org.type, org.identifier) for org in orgs] == [
        ("015", "tobedeleted", "local", None),
        ("016", "tobedeleted", "state", None),
        ("017", "active", "local", None),
        ("018", "active", "district", "England Academy"),
    ]


@needs_samples
@pytest.mark.parametrize("name", ["academicSessions", "classes", "courses", "enrollments"])
def test_other_published_collections_are_no_users(name: str) -> None:
    """A page of another collection is refused by name."""
    with pytest.raises(AgencyBroken, match="no list of `users`"):
        rows_of(sample(f"oneroster/libre-oneroster-v1p1/{name}.json"), "users", PAGE)


def test_an_enrolment_may_lack_its_days() -> None:
    """A role without dates is a place without them, present as far as anyone knows."""
    key, answer = read_user(msgspec.Raw(json.dumps(a_user(ALAN, a_role(begin=None))).encode()))
    assert (key, answer) == (ALAN.value, Found((Place("s1", None, None, SAID),)))
