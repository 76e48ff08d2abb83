"""The pretended roster and register keep their protocols' manners, down to the oddities that bit others."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from adapters.credentials import ClientSecret
from adapters.sandbox import roster_filter
from adapters.sandbox.agencies import Sandbox
from adapters.sandbox.oneroster_server import CORE, FULL
from adapters.sandbox.population import NOTABLE, child_at
from adapters.sandbox.roster_filter import BadFilter
from adapters.sandbox.tokens import SANDBOX_API_KEY, SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET

OPEN = child_at(NOTABLE["open"])
FIELDS = frozenset({"identifier", "status", "name"})


@pytest.fixture
async def roster(sandbox: Sandbox) -> AsyncIterator[aiohttp.ClientSession]:
    """A session that bears a token for the roster."""
    async with aiohttp.ClientSession(sandbox.urls.oneroster + "/", headers=await bearer(sandbox, CORE)) as session:
        yield session


async def bearer(sandbox: Sandbox, scope: str) -> dict[str, str]:
    form = {"grant_type": "client_credentials", "scope": scope}
    basic = ClientSecret(SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET).headers()
    async with (
        aiohttp.ClientSession(headers=basic) as session,
        session.post(sandbox.urls.oneroster_token, data=form) as answer,
    ):
        return {"Authorization": f"Bearer {(await answer.json())['access_token']}"}


async def rows(roster: aiohttp.ClientSession, path: str, **query: str) -> list[dict[str, Any]]:
    async with roster.get(path, params=query) as answer:
        assert answer.status == 200, await answer.text()
        [(_, found)] = (await answer.json()).items()
        return list(found)


def minor(body: dict[str, Any]) -> str:
    [field] = body["imsx_CodeMinor"]["imsx_codeMinorField"]
    return str(field["imsx_codeMinorFieldValue"])


async def test_a_pupil_is_found_by_upn(roster: aiohttp.ClientSession) -> None:
    """The UPN lies in `identifier`; booleans are strings, and links have the shape of 1.2."""
    assert OPEN.keys.upn is not None
    [user] = await rows(roster, "users", filter=f"identifier='{OPEN.keys.upn.value}'")
    [role] = user["roles"]
    assert (user["identifier"], user["enabledUser"], user["status"]) == (OPEN.keys.upn.value, "true", "active")
    assert (role["role"], role["roleType"], role["org"]["sourcedId"]) == (
        "student",
        "primary",
        f"school-{OPEN.school_urn}",
    )


async def test_only_the_fields_asked_for_are_sent(roster: aiohttp.ClientSession) -> None:
    """Selection is honoured, so that a name not wanted never travels."""
    [row, *_] = await rows(roster, "students", fields="identifier,roles")
    assert set(row) == {"identifier", "roles"}


async def test_a_limit_above_five_hundred_is_lowered_without_a_word(roster: aiohttp.ClientSession) -> None:
    """Nor is there a total to count against."""
    async with roster.get("users", params={"limit": "5000"}) as answer:
        assert len((await answer.json())["users"]) == 500
        assert "X-Total-Count" not in answer.headers
    assert len(await rows(roster, "users")) == 100


async def test_pages_follow_each_other(roster: aiohttp.ClientSession) -> None:
    """Offsets leave nothing out and repeat nothing."""
    pages = [await rows(roster, "users", limit="7", offset=offset) for offset in ("0", "7")]
    both = await rows(roster, "users", limit="14")
    assert [row["sourcedId"] for page in pages for row in page] == [row["sourcedId"] for row in both]


async def test_deleted_rows_are_still_listed(roster: aiohttp.ClientSession) -> None:
    """They are there for whoever forgets to look at `status`."""
    assert await rows(roster, "users", filter="status='tobedeleted'")


async def test_a_school_has_a_urn_and_no_address(roster: aiohttp.ClientSession) -> None:
    """What else there is to know of it is the register's."""
    [school] = await rows(roster, "orgs", filter=f"sourcedId='school-{OPEN.school_urn}'")
    assert (school["identifier"], school["type"]) == (OPEN.school_urn, "school")
    assert set(school) == {"sourcedId", "status", "dateLastModified", "name", "type", "identifier"}


async def test_one_schools_pupils_and_enrolments_are_listed(roster: aiohttp.ClientSession) -> None:
    """The open child is among them."""
    school = f"schools/school-{OPEN.school_urn}"
    assert f"pupil-{OPEN.index:08d}" in [row["sourcedId"] for row in await rows(roster, f"{school}/students")]
    enrolments = await rows(roster, f"{school}/enrollments")
    mine = next(row for row in enrolments if row["user"]["sourcedId"] == f"pupil-{OPEN.index:08d}")
    assert OPEN.enrolled_from is not None
    assert (mine["primary"], mine["beginDate"]) == ("true", OPEN.enrolled_from.isoformat())


@pytest.mark.parametrize(
    ("path", "member"),
    [("users", "user"), ("students", "user"), ("orgs", "org"), ("schools", "org"), ("enrollments", "enrollment")],
)
async def test_one_row_is_read_by_its_id(roster: aiohttp.ClientSession, path: str, member: str) -> None:
    """Under its own member name; one that is not there is an unknown object."""
    [row, *_] = await rows(roster, path, limit="1")
    async with roster.get(f"{path}/{row['sourcedId']}") as answer:
        assert (await answer.json())[member]["sourcedId"] == row["sourcedId"]
    async with roster.get(f"{path}/nobody") as answer:
        assert (answer.status, minor(await answer.json())) == (404, "unknownobject")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"filter": "roles='student'"}, "invalid_filter_field"),
        ({"filter": "identifier"}, "invalid_filter_field"),
        ({"filter": " OR ".join(["identifier='A'"] * 21)}, "invalid_filter_field"),
        ({"fields": "identifier,shoeSize"}, "invalid_selection_field"),
        ({"limit": "many"}, "invaliddata"),
        ({"limit": "0"}, "invaliddata"),
        ({"offset": "-1"}, "invaliddata"),
    ],
)
async def test_a_bad_request_is_answered_in_the_protocols_words(
    roster: aiohttp.ClientSession, query: dict[str, str], code: str
) -> None:
    """Each with its minor code, and one line that describes it."""
    async with roster.get("users", params=query) as answer:
        body = await answer.json()
    assert (answer.status, body["imsx_codeMajor"], minor(body)) == (400, "failure", code)
    assert "\n" not in body["imsx_description"]


async def test_a_token_is_demanded_and_its_scope_too(sandbox: Sandbox) -> None:
    """None is unauthorised, one without a roster's scope forbidden, either scope enough."""
    url = f"{sandbox.urls.oneroster}/users"
    async with aiohttp.ClientSession() as session:
        async with session.get(url) as answer:
            assert (answer.status, minor(await answer.json())) == (401, "unauthorisedrequest")
        async with session.get(url, headers=await bearer(sandbox, "")) as answer:
            assert (answer.status, minor(await answer.json())) == (403, "forbidden")
        async with session.get(url, headers=await bearer(sandbox, FULL)) as answer:
            assert answer.status == 200


async def test_the_register_wants_its_key_and_knows_its_schools(sandbox: Sandbox) -> None:
    """Refusals are plain text, as the real one's are; telephone numbers lack their nought."""
    url = f"{sandbox.urls.gias}/v4/establishment/urn/"
    async with aiohttp.ClientSession() as session:
        for headers in ({}, {"ApiKey": "wrong"}):
            async with session.get(f"{url}{OPEN.school_urn}", headers=headers) as answer:
                assert (answer.status, answer.content_type) == (401, "text/plain")
        key = {"ApiKey": SANDBOX_API_KEY}
        async with session.get(f"{url}{OPEN.school_urn}", headers=key) as answer:
            school = await answer.json()
            assert school["urn"] == OPEN.school_urn
            assert not school["mainPhone"].startswith("0")
        async with session.get(f"{url}999999", headers=key) as answer:
            assert (answer.status, answer.content_type) == (404, "application/problem+json")
        async with session.post(f"{sandbox.urls.gias}/v4/establishments/bulk/urns", json=[1], headers=key) as answer:
            assert answer.status == 400


@pytest.mark.parametrize(
    ("text", "row", "fits"),
    [
        ("identifier='A'", {"identifier": "A"}, True),
        ("identifier='A'", {"identifier": "B"}, False),
        ("identifier='A'", {}, False),
        ("identifier='A' OR identifier='B'", {"identifier": "B"}, True),
        ("identifier='A' AND status='active'", {"identifier": "A", "status": "gone"}, False),
        ("name='x' OR identifier='A' AND status='active'", {"identifier": "A", "status": "active"}, True),
        ("name='x' OR identifier='A' AND status='active'", {"name": "x"}, True),
        ("name='AND OR'", {"name": "AND OR"}, True),
        ("name~'mill'", {"name": "Mill Lane"}, True),
        ("name != 'x'", {"name": "y"}, True),
        ("name>='b'", {"name": "a"}, False),
    ],
)
def test_a_filter_finds_what_it_says(text: str, row: dict[str, object], fits: bool) -> None:
    """AND binds closer than OR, quotes hold words together, and what a row lacks never fits."""
    assert roster_filter.parse(text, FIELDS).fits(row) is fits


@pytest.mark.parametrize(
    "text",
    [
        "",
        "identifier",
        "identifier='A",
        "identifier='A' OR",
        "OR identifier='A'",
        "identifier='A' identifier='B'",
        "identifier='A' XOR identifier='B'",
        "(identifier='A')",
        "identifier='O'Brien'",
        "roles='student'",
        "identifier='" + "A" * 251 + "'",
        " OR ".join(["identifier='A'"] * 21),
    ],
)
def test_a_filter_that_cannot_be_read_is_refused(text: str) -> None:
    """Nothing is guessed: not a bracket, not a quote within a value, not a clause too many."""
    with pytest.raises(BadFilter):
        roster_filter.parse(text, FIELDS)
