"""The pretended LEV has the real one's manners: what it demands, hides, matches and nests."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import ClientSession

from adapters.sandbox.population import NOTABLE, SyntheticChild, child_at
from tests.adapters.loopback import Health, health_agencies

WHO = {"X-Auth-Username": "somebody", "x-original-client": "somewhere"}
FULL = WHO | {"x-auth-roles": "birth,full-details"}
BIRTHS = "/v1/registration/birth"


@pytest.fixture
async def health() -> AsyncIterator[Health]:
    async with health_agencies() as agencies:
        yield agencies


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def notable(name: str) -> SyntheticChild:
    return child_at(NOTABLE[name])


async def entry_of(health: Health, http: ClientSession, child: SyntheticChild, headers: dict[str, str] = FULL) -> Any:
    assert child.birth_entry is not None
    async with http.get(f"{health.lev_url}{BIRTHS}/{child.birth_entry.value}", headers=headers) as answer:
        assert (answer.status, answer.content_type) == (200, "application/json")
        return await answer.json()


async def found(health: Health, http: ClientSession, **query: str) -> list[Any]:
    async with http.get(health.lev_url + BIRTHS, params=query, headers=FULL) as answer:
        assert answer.status == 200
        hits: list[Any] = await answer.json()
        return hits


@pytest.mark.parametrize("missing", WHO)
@pytest.mark.parametrize("path", [BIRTHS, f"{BIRTHS}/123456789"])
async def test_the_caller_must_say_who_asks(health: Health, http: ClientSession, missing: str, path: str) -> None:
    """Without either header it is 401, in LEV's own words."""
    sent = {name: value for name, value in WHO.items() if name != missing}
    async with http.get(health.lev_url + path, headers=sent) as answer:
        assert (answer.status, (await answer.json())["code"]) == (401, "Unauthorized")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (f"{BIRTHS}/abc", 400, "BadRequest"),
        (f"{BIRTHS}/12", 404, "ResourceNotFound"),
        (f"{BIRTHS}?forenames=A&surname=B", 400, "BadRequest"),
        (f"{BIRTHS}?forenames=A&dateOfBirth=2010-01-01", 400, "BadRequest"),
        (f"{BIRTHS}?surname=A&dateOfBirth=2010-01-01", 400, "BadRequest"),
        (f"{BIRTHS}?forenames=A&surname=B&dateOfBirth=01/01/2010", 400, "BadRequest"),
    ],
)
async def test_questions_it_cannot_answer(
    health: Health, http: ClientSession, path: str, status: int, code: str
) -> None:
    """Numbers that are none, entries that are not there, searches without all three of their parameters."""
    async with http.get(health.lev_url + path, headers=WHO) as answer:
        body = await answer.json()
    assert (answer.status, body["code"]) == (status, code)
    assert body["message"]


async def test_what_is_empty_says_so_in_its_own_way(health: Health, http: ClientSession) -> None:
    """The word "None" where no note is, four aliases of nulls, and nobody is a person of nulls."""
    entry = await entry_of(health, http, notable("one-parent"))
    assert entry["status"]["correction"] == entry["status"]["marginalNote"] == "None"
    assert [set(alias.values()) for alias in entry["mother"]["aliases"]] == [{None}] * 4
    assert entry["father"]["forenames"] is entry["father"]["surname"] is None


async def test_privileged_fields_need_the_role(health: Health, http: ClientSession) -> None:
    """Without `full-details` they are null, and what everybody may see is not."""
    full = await entry_of(health, http, notable("open"))
    censored = await entry_of(health, http, notable("open"), WHO)
    assert full["informant1"]["forenames"]
    assert full["status"]["praOrCourtOrder"] == "None"
    assert censored["informant1"]["forenames"] is None
    assert censored["informant1"]["qualification"] == "Mother"
    assert (
        censored["entryNumber"] is censored["status"]["praOrCourtOrder"] is censored["registrar"]["signature"] is None
    )
    assert censored["mother"]["forenames"] == full["mother"]["forenames"]
    assert censored["status"]["blocked"] is False


def values(body: Any) -> set[Any]:
    if isinstance(body, dict):
        return set().union(*map(values, body.values()))
    return set().union(*map(values, body)) if isinstance(body, list) else {body}


@pytest.mark.parametrize("headers", [WHO, FULL])
async def test_a_blocked_entry_shows_its_number_and_the_flag(
    health: Health, http: ClientSession, headers: dict[str, str]
) -> None:
    """Every other field is null, for every role."""
    child = notable("birth-blocked")
    assert child.birth_entry is not None
    entry = await entry_of(health, http, child, headers)
    assert entry.pop("id") == int(child.birth_entry.value)
    assert entry["status"].pop("blocked") is True
    assert values(entry) == {None}


async def test_an_open_entry_may_hide_a_blocked_one_behind_it(health: Health, http: ClientSession) -> None:
    """The earlier entry is nested whole, and only it is blocked."""
    entry = await entry_of(health, http, notable("birth-link-blocked"))
    assert entry["status"]["blocked"] is False
    assert entry["mother"]["forenames"]
    assert entry["previousRegistration"]["status"]["blocked"] is True
    assert entry["previousRegistration"]["mother"]["forenames"] is None


async def test_an_entry_made_again_nests_the_later_one(health: Health, http: ClientSession) -> None:
    """The first entry has the mother's name of the time, the later one the name she married into."""
    child = next(child for child in map(child_at, range(52, 2_000, 5)) if child.parents and child.parents[0].maiden)
    entry = await entry_of(health, http, child)
    assert entry["status"]["marginalNote"] == "Re-registered"
    assert entry["mother"]["surname"] == child.parents[0].maiden
    assert entry["nextRegistration"]["mother"]["surname"] == (child.parents[0].name.family or "").upper()
    assert entry["nextRegistration"]["id"] != entry["id"]


async def test_a_search_answers_a_bare_array(health: Health, http: ClientSession) -> None:
    """Surnames whole, forenames by their first words, in any case; namesakes are all given."""
    namesake = notable("namesake")
    day, family = namesake.birth_date.isoformat(), namesake.name.family or ""
    ids = {int(child.birth_entry.value) for child in (namesake, notable("other-namesake")) if child.birth_entry}
    for forenames in ("Oliver", "oliver jack", "OLIVER-JACK"):
        hits = await found(health, http, forenames=forenames, surname=family.upper(), dateOfBirth=day)
        assert {hit["id"] for hit in hits} == ids
    assert await found(health, http, forenames="Oli", surname=family, dateOfBirth=day) == []
    assert await found(health, http, forenames="Oliver", surname=family[:-1], dateOfBirth=day) == []
    assert await found(health, http, forenames="Oliver", surname=family, dateOfBirth="2014-01-13") == []


async def test_a_search_finds_a_blocked_entry_and_hides_it(health: Health, http: ClientSession) -> None:
    """It matches by what LEV knows, and shows nothing of it."""
    child = notable("birth-blocked")
    query = {"forenames": child.name.given[0], "surname": child.name.family or ""}
    (hit,) = await found(health, http, **query, dateOfBirth=child.birth_date.isoformat())
    assert hit["status"]["blocked"] is True
    assert hit["child"]["surname"] is None
