"""The pretended PDS and ODS have the real ones' manners: what they demand, refuse, hide and echo."""

import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import ClientResponse, ClientSession
from joserfc import jwt
from joserfc.jwk import RSAKey

from adapters.sandbox.fhir_bodies import organization
from adapters.sandbox.population import NOTABLE, child_at, practices
from adapters.sandbox.tokens import ASSERTION, SANDBOX_API_KEY, SANDBOX_CLIENT_ID, SANDBOX_KEY_ID
from tests.adapters.loopback import Health, health_agencies, our_key

OPEN = child_at(NOTABLE["open"])


def number_of(name: str) -> str:
    number = child_at(NOTABLE[name]).keys.nhs_number
    assert number is not None
    return number.value


@pytest.fixture
async def health() -> AsyncIterator[Health]:
    async with health_agencies() as agencies:
        yield agencies


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def headers(health: Health) -> dict[str, str]:
    """What a well-mannered caller sends."""
    token = await health.credential.headers(health.client, time.monotonic() + 1e6)
    return {**token, "X-Request-ID": str(uuid.uuid4()), "X-Correlation-ID": "c-1"}


async def spine_code(answer: ClientResponse) -> str:
    assert answer.content_type == "application/fhir+json"
    body = await answer.json(content_type=None)
    assert body["resourceType"] == "OperationOutcome"
    return str(body["issue"][0]["details"]["coding"][0]["code"])


async def read(health: Health, http: ClientSession, path: str) -> dict[str, Any]:
    async with http.get(f"{health.pds_url}/Patient/{path}", headers=await headers(health)) as answer:
        assert answer.status == 200
        body: dict[str, Any] = await answer.json(content_type=None)
        return body


async def test_a_patient_is_answered_with_its_version_and_the_ids_sent(health: Health, http: ClientSession) -> None:
    """ETag, request id and correlation id come back."""
    sent = await headers(health)
    async with http.get(f"{health.pds_url}/Patient/{number_of('open')}", headers=sent) as answer:
        assert (answer.status, answer.content_type) == (200, "application/fhir+json")
        assert answer.headers["ETag"] == 'W/"2"'
        assert answer.headers["X-Request-ID"] == sent["X-Request-ID"]
        assert answer.headers["X-Correlation-ID"] == "c-1"


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"Authorization": None}, 401, "ACCESS_DENIED"),
        ({"Authorization": "Bearer forged"}, 401, "ACCESS_DENIED"),
        ({"X-Request-ID": None}, 400, "MISSING_VALUE"),
        ({"X-Request-ID": "1234"}, 400, "INVALID_VALUE"),
    ],
)
@pytest.mark.parametrize("path", ["", "/RelatedPerson"])
async def test_headers_are_demanded(
    health: Health, http: ClientSession, path: str, changed: dict[str, str | None], status: int, code: str
) -> None:
    """A token and a UUID for the request, on every route."""
    sent = {name: value for name, value in ((await headers(health)) | changed).items() if value is not None}
    async with http.get(f"{health.pds_url}/Patient/{number_of('open')}{path}", headers=sent) as answer:
        assert (answer.status, await spine_code(answer)) == (status, code)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/Patient/9990000019", 400, "INVALID_RESOURCE_ID"),
        ("/Patient/nobody", 400, "INVALID_RESOURCE_ID"),
        ("/Patient/9434765919", 404, "RESOURCE_NOT_FOUND"),
        ("/Patient/9434765919/RelatedPerson", 404, "RESOURCE_NOT_FOUND"),
        ("/Patient", 400, "UNSUPPORTED_SERVICE"),
    ],
)
async def test_numbers_are_checked(health: Health, http: ClientSession, path: str, status: int, code: str) -> None:
    """A wrong check digit is ours to fix; a right one that nobody has is not found."""
    async with http.get(health.pds_url + path, headers=await headers(health)) as answer:
        assert (answer.status, await spine_code(answer)) == (status, code)


async def test_r_hides_where_and_v_hides_who(health: Health, http: ClientSession) -> None:
    """R keeps name and birth date, V the number alone; an R child's relatives are an empty Bundle without `entry`."""
    restricted = await read(health, http, number_of("gp-restricted"))
    assert restricted["meta"]["security"][0]["code"] == "R"
    assert {"name", "birthDate"} <= restricted.keys()
    assert not {"address", "telecom", "generalPractitioner"} & restricted.keys()
    hidden = await read(health, http, number_of("gp-very-restricted"))
    assert hidden.keys() == {"resourceType", "id", "identifier", "meta"}
    assert hidden["meta"]["security"][0]["code"] == "V"
    nobody = await read(health, http, f"{number_of('gp-restricted')}/RelatedPerson")
    assert nobody["total"] == 0
    assert "entry" not in nobody


async def test_a_relative_carries_the_relatives_own_number(health: Health, http: ClientSession) -> None:
    """Where plain FHIR would point at the child, and some are pointed at and no more."""
    bundle = await read(health, http, f"{number_of('open')}/RelatedPerson")
    listed = [entry["resource"]["patient"]["identifier"]["value"] for entry in bundle["entry"]]
    assert listed == [parent.nhs_number.value for parent in OPEN.parents if parent.nhs_number]
    assert number_of("open") not in listed
    assert [("name" in entry["resource"]) for entry in bundle["entry"]] == [True, False]


async def test_somebodys_old_entry_is_still_listed(health: Health, http: ClientSession) -> None:
    """One child in ten has an inactive relative, for a reader to drop."""
    number = child_at(13).keys.nhs_number
    assert number is not None
    bundle = await read(health, http, f"{number.value}/RelatedPerson")
    assert [entry["resource"]["active"] for entry in bundle["entry"]].count(False) == 1


async def test_past_its_rate_pds_says_429(http: ClientSession) -> None:
    """The transaction after the last one of the second is refused in PDS's words."""
    async with health_agencies(rate=1) as health:
        sent = await headers(health)
        statuses = []
        for _ in range(6):
            async with http.get(f"{health.pds_url}/Patient/{number_of('open')}", headers=sent) as answer:
                statuses.append(answer.status)
                if answer.status == 429:
                    assert await spine_code(answer) == "TOO_MANY_REQUESTS"
    assert statuses[0] == 200
    assert 429 in statuses


@pytest.mark.parametrize("wrong", ["key", "algorithm", "audience", "kid", "type"])
async def test_a_token_takes_our_own_signed_word(health: Health, http: ClientSession, wrong: str) -> None:
    """RS512 by the registered key, for this endpoint: anything else is `invalid_client`."""
    url = health.pds_url.replace("/personal-demographics/FHIR/R4", "/oauth2/token")
    algorithm = "RS256" if wrong == "algorithm" else "RS512"
    claims = {
        "iss": SANDBOX_CLIENT_ID,
        "sub": SANDBOX_CLIENT_ID,
        "aud": "http://elsewhere.example/token" if wrong == "audience" else url,
        "jti": str(uuid.uuid4()),
        "exp": int(time.time()) + 300,
    }
    key = RSAKey.generate_key(2048) if wrong == "key" else our_key()
    kid = "another" if wrong == "kid" else SANDBOX_KEY_ID
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "secret" if wrong == "type" else ASSERTION,
        "client_assertion": jwt.encode({"alg": algorithm, "kid": kid}, claims, key, algorithms=[algorithm]),
    }
    async with http.post(url, data=form) as answer:
        assert (answer.status, (await answer.json())["error"]) == (401, "invalid_client")


# --- ODS.


async def test_ods_wants_its_key(health: Health, http: ClientSession) -> None:
    """Without the header `apikey` the gateway before ODS answers 401, and not in FHIR."""
    async with http.get(f"{health.ods_url}/Organization/{OPEN.practice_ods}") as answer:
        assert (answer.status, answer.content_type) == (401, "application/json")
    async with http.get(
        f"{health.ods_url}/Organization/{OPEN.practice_ods}", headers={"apikey": SANDBOX_API_KEY}
    ) as answer:
        assert (answer.status, answer.content_type) == (200, "application/fhir+json")


async def test_ods_says_what_it_does_not_know_without_a_code(health: Health, http: ClientSession) -> None:
    """A 404 OperationOutcome with diagnostics and no `details`."""
    async with http.get(f"{health.ods_url}/Organization/ZZZ99", headers={"apikey": SANDBOX_API_KEY}) as answer:
        body = await answer.json(content_type=None)
    assert answer.status == 404
    assert body["resourceType"] == "OperationOutcome"
    assert "details" not in body["issue"][0]


def test_ods_writes_in_upper_case_and_keeps_the_closed() -> None:
    """Names and addresses as the register has them, some practices closed, England's extensions beside."""
    bodies = [organization(practice) for practice in practices()]
    assert {body["active"] for body in bodies} == {True, False}
    for body in bodies:
        written = [body["name"], body["address"][0]["city"], *body["address"][0]["line"]]
        assert [text.upper() for text in written] == written
        assert body["extension"][0]["url"].startswith("https://fhir.nhs.uk/England/")
