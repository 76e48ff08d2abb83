"""The sandbox's OpenID provider, asked over HTTP as any client asks one, its tokens verified by its published keys."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import ECKey, KeySet

from adapters.records import Tier
from adapters.sandbox.issuer import PERSONA_GRANT, Issuer, IssuerKeyError
from adapters.sandbox.personas import PERSONAS, clients, organisations, partners
from adapters.sandbox.population import NOTABLE, child_at


@pytest.fixture
async def issuer(tmp_path: Path) -> AsyncIterator[Issuer]:
    running = await Issuer.start(tmp_path / "issuer-key.json")
    yield running
    await running.close()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def published_keys(http: aiohttp.ClientSession, issuer: Issuer) -> KeySet:
    async with http.get(f"{issuer.url}/.well-known/openid-configuration") as answer:
        configuration = await answer.json()
    assert configuration["issuer"] == issuer.url
    async with http.get(configuration["jwks_uri"]) as answer:
        published: Any = await answer.json()
    assert all("d" not in key for key in published["keys"])  # the private part stays at home
    return KeySet.import_key_set(published)


async def granted(http: aiohttp.ClientSession, issuer: Issuer, persona: str) -> dict[str, Any]:
    async with http.post(f"{issuer.url}/token", data={"grant_type": PERSONA_GRANT, "persona": persona}) as answer:
        assert answer.status == 200
        assert answer.headers["Cache-Control"] == "no-store"
        body: dict[str, Any] = await answer.json()
    return body


@pytest.mark.parametrize("persona", PERSONAS)
async def test_token_of_each_persona(issuer: Issuer, http: aiohttp.ClientSession, persona: str) -> None:
    """An RFC 9068 access token: its type, its seven claims and the persona's own, signed by a published key."""
    body = await granted(http, issuer, persona)
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 900)
    token = jwt.decode(body["access_token"], await published_keys(http, issuer), algorithms=["ES256"])
    assert token.header["typ"] == "at+jwt"
    claims = token.claims
    assert claims["iss"] == issuer.url
    assert claims["aud"] == "contactpoint"
    assert claims["exp"] - claims["iat"] == 900
    assert abs(claims["iat"] - time.time()) < 60
    assert all(claims[name] for name in ("sub", "client_id", "jti"))
    assert claims["acting_role"] == PERSONAS[persona].acting_role
    assert claims["organisation"] == PERSONAS[persona].organisation
    assert claims.get("authority") == PERSONAS[persona].authority
    own = PERSONAS[persona].nhs_number
    assert claims.get("nhs_number") == (own.value if own else None)
    assert claims["scope"] == " ".join(PERSONAS[persona].scopes) == body.get("scope", "")


async def test_every_token_is_another(issuer: Issuer) -> None:
    """Two tokens of one persona never share an id, for an override is bound to one of them."""
    keys = KeySet([issuer._key])
    ids = {jwt.decode(issuer.mint("teacher"), keys, algorithms=["ES256"]).claims["jti"] for _ in range(10)}
    assert len(ids) == 10


@pytest.mark.parametrize(
    ("form", "error", "names"),
    [
        ({}, "invalid_request", "grant_type"),
        ({"grant_type": "password", "persona": "teacher"}, "unsupported_grant_type", PERSONA_GRANT),
        ({"grant_type": PERSONA_GRANT}, "invalid_request", "teacher, gp, social-worker"),
        ({"grant_type": PERSONA_GRANT, "persona": "headmaster"}, "invalid_request", "teacher, gp, social-worker"),
    ],
)
async def test_refusals(
    issuer: Issuer, http: aiohttp.ClientSession, form: dict[str, str], error: str, names: str
) -> None:
    """RFC 6749's error bodies, with a description that names the fix."""
    async with http.post(f"{issuer.url}/token", data=form) as answer:
        body = await answer.json()
    assert answer.status == 400
    assert body["error"] == error
    assert names in body["error_description"]
    assert "access_token" not in body


async def test_only_forms(issuer: Issuer, http: aiohttp.ClientSession) -> None:
    """A token is asked for by POST and a form, as RFC 6749 has it."""
    asked = {"grant_type": PERSONA_GRANT, "persona": "teacher"}
    async with http.post(f"{issuer.url}/token", json=asked) as answer:
        assert (answer.status, (await answer.json())["error"]) == (400, "invalid_request")
    async with http.get(f"{issuer.url}/token", params=asked) as answer:
        assert answer.status == 405


async def test_restart_keeps_the_key(tmp_path: Path) -> None:
    """A token outlives its issuer: the key is in the file, which nobody else may read."""
    file = tmp_path / "data" / "issuer-key.json"
    first = await Issuer.start(file)
    token = first.mint("gp")
    await first.close()
    second = await Issuer.start(file)
    assert jwt.decode(token, KeySet([second._key]), algorithms=["ES256"]).claims["sub"] == "persona-gp"
    await second.close()
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"kty": "EC"}', "\N{SNOWMAN}"])
async def test_unusable_key_file(tmp_path: Path, content: str) -> None:
    """A file that holds no key is an error of one line that names the fix."""
    file = tmp_path / "issuer-key.json"
    file.write_text(content)
    with pytest.raises(IssuerKeyError, match=r"issuer-key.json` holds no signing key: remove it"):
        await Issuer.start(file)


async def test_occupied_port(issuer: Issuer, tmp_path: Path) -> None:
    """A port in use is an OSError, for the command to put in words."""
    with pytest.raises(OSError, match="address already in use"):
        await Issuer.start(tmp_path / "issuer-key.json", port=int(issuer.url.rpartition(":")[2]))


async def test_malformed_on_purpose(issuer: Issuer) -> None:
    """Tests of what must be refused can replace a claim, leave one out, change the header or sign with another key."""
    keys = KeySet([issuer._key])
    token = jwt.decode(
        issuer.mint("teacher", header={"typ": "JWT"}, exp=0, jti=None, nhs_number="9990000018"),
        keys,
        algorithms=["ES256"],
    )
    assert token.header["typ"] == "JWT"
    assert token.claims["exp"] == 0
    assert "jti" not in token.claims
    assert token.claims["nhs_number"] == "9990000018"
    forged = issuer.mint("teacher", key=ECKey.generate_key("P-256"))
    with pytest.raises(BadSignatureError):
        jwt.decode(forged, keys, algorithms=["ES256"])


async def test_unknown_persona(issuer: Issuer) -> None:
    """There is no token for somebody nobody knows."""
    with pytest.raises(KeyError):
        issuer.mint("headmaster")


# --- Who the personas are.


def test_organisations_are_registered() -> None:
    """Every persona comes from an organisation that is registered, of a kind that fits its role."""
    known = {organisation.id: organisation for organisation in organisations()}
    kinds = {persona.name: known[persona.organisation].kind for persona in PERSONAS.values()}
    assert kinds == {
        "teacher": "SCHOOL",
        "gp": "HEALTH",
        "social-worker": "SOCIAL_CARE",
        "shield-officer": "LOCAL_AUTHORITY",
        "shield-officer-second": "LOCAL_AUTHORITY",
        "shield-officer-elsewhere": "LOCAL_AUTHORITY",
        "steward": "OTHER",
        "analyst": "OTHER",
        "auditor": "LOCAL_AUTHORITY",
        "partner-cms": "PARTNER",
    }
    partner = known[PERSONAS["partner-cms"].organisation]
    assert set(PERSONAS["partner-cms"].purposes) == partner.purposes


def test_clients_bring_every_persona_and_no_partner_through_the_explorer() -> None:
    """The explorer brings everybody but partners; a partner's own client brings it alone, and documents alone."""
    explorer, cms = clients("http://127.0.0.1:1")
    assert explorer.id == "contactpoint-explorer"
    assert explorer.roles == {persona.acting_role for persona in PERSONAS.values()} - {"PARTNER"}
    assert {scope for persona in PERSONAS.values() for scope in persona.scopes} <= explorer.scopes
    assert explorer.doors == {"AD_HOC", "DOCUMENTS"}
    assert (cms.id, cms.roles, cms.doors) == ("partner-cms", {"PARTNER"}, {"DOCUMENTS"})
    assert cms.organisations == {"partner-cms"}
    assert [partner.organisation for partner in partners()] == ["partner-cms"]


def test_the_teacher_is_a_parent_of_the_own_child_alone() -> None:
    """Of no other notable child that anybody is likely to ask for."""
    own = PERSONAS["teacher"].nhs_number
    theirs = {name for name, index in NOTABLE.items() if own in [one.nhs_number for one in child_at(index).parents]}
    assert theirs == {"own-child", "last-known-address"}
    assert child_at(NOTABLE["own-child"]).tier is Tier.OPEN


def test_officers_and_their_children() -> None:
    """Two officers keep the shields of `shielded` and `sealed`; the third keeps another authority's."""
    home = child_at(NOTABLE["shielded"]).authority
    assert child_at(NOTABLE["sealed"]).authority == home
    assert PERSONAS["shield-officer"].authority == PERSONAS["shield-officer-second"].authority == home
    assert PERSONAS["shield-officer-elsewhere"].authority == child_at(NOTABLE["shielded-elsewhere"]).authority != home
    assert PERSONAS["social-worker"].scopes == ("override",)
    assert PERSONAS["shield-officer"].scopes == ("sealed", "sensitive")
    assert PERSONAS["teacher"].organisation == f"school-{child_at(NOTABLE['open']).school_urn}"
