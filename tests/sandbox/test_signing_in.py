"""Signing in at the sandbox's issuer: the authorization code flow with PKCE, as a page of this machine does it."""

import base64
import hashlib
import secrets
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from adapters.sandbox.authorization_codes import LIFETIME, Codes, wish_of
from adapters.sandbox.issuer import Issuer
from adapters.sandbox.personas import CLIENT

CALLBACK = "http://127.0.0.1:8080/explorer/callback"
VERIFIER = secrets.token_urlsafe(32)
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture
async def issuer(tmp_path: Path) -> AsyncIterator[Issuer]:
    running = await Issuer.start(tmp_path / "issuer-key.json")
    yield running
    await running.close()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def a_wish(**changes: str | None) -> dict[str, str]:
    """What the explorer asks for; None leaves a word out."""
    asked: dict[str, str | None] = {
        "response_type": "code",
        "client_id": CLIENT,
        "redirect_uri": CALLBACK,
        "scope": "openid",
        "state": "the-state",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return {name: value for name, value in (asked | changes).items() if value is not None}


def a_form(code: str) -> dict[str, str]:
    return {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "client_id": CLIENT,
        "code_verifier": VERIFIER,
    }


async def sent_back(
    http: aiohttp.ClientSession, issuer: Issuer, path: str, asked: Mapping[str, str]
) -> dict[str, list[str]]:
    """What the browser brings back to the page."""
    async with http.get(f"{issuer.url}{path}?{urlencode(asked)}", allow_redirects=False) as answer:
        assert answer.status == 302
        assert answer.headers["Cache-Control"] == "no-store"
        location = answer.headers["Location"]
    assert location.startswith(f"{CALLBACK}?")
    return parse_qs(urlsplit(location).query, strict_parsing=True)


async def a_code(http: aiohttp.ClientSession, issuer: Issuer, persona: str = "analyst") -> str:
    return (await sent_back(http, issuer, f"/authorize/as/{persona}", a_wish()))["code"][0]


async def redeemed(http: aiohttp.ClientSession, issuer: Issuer, form: Mapping[str, str]) -> tuple[int, dict[str, str]]:
    async with http.post(f"{issuer.url}/token", data=form) as answer:
        return answer.status, await answer.json()


async def test_discovery_says_how(issuer: Issuer, http: aiohttp.ClientSession) -> None:
    """Both endpoints, codes alone, S256 alone, and that the issuer names itself in its answer."""
    async with http.get(f"{issuer.url}/.well-known/openid-configuration") as answer:
        said = await answer.json()
    assert said["authorization_endpoint"] == f"{issuer.url}/authorize"
    assert said["token_endpoint"] == f"{issuer.url}/token"
    assert said["response_types_supported"] == ["code"]
    assert said["code_challenge_methods_supported"] == ["S256"]
    assert said["authorization_response_iss_parameter_supported"] is True


async def test_a_page_of_people_and_no_script(issuer: Issuer, http: aiohttp.ClientSession) -> None:
    """Everybody but the partner, who is a system; the page runs nothing and stands in nobody's frame."""
    async with http.get(f"{issuer.url}/authorize", params=a_wish()) as answer:
        page = await answer.text()
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "/authorize/as/analyst?" in page
    assert "partner-cms" not in page
    assert "<script" not in page


async def test_what_is_asked_cannot_write_the_page(issuer: Issuer, http: aiohttp.ClientSession) -> None:
    """A state is somebody else's words."""
    async with http.get(f"{issuer.url}/authorize?{urlencode(a_wish())}&state=%22><script>") as answer:
        assert "<script>" not in await answer.text()


async def test_a_code_becomes_the_token_of_whoever_was_chosen(issuer: Issuer, http: aiohttp.ClientSession) -> None:
    """State and issuer come back with the code, and the token is the explorer's."""
    brought = await sent_back(http, issuer, "/authorize/as/analyst", a_wish())
    assert (brought["state"], brought["iss"]) == (["the-state"], [issuer.url])
    status, granted = await redeemed(http, issuer, a_form(brought["code"][0]))
    assert (status, granted["token_type"]) == (200, "Bearer")
    claims = jwt.decode(granted["access_token"], KeySet([issuer._key]), algorithms=["ES256"]).claims
    assert (claims["acting_role"], claims["client_id"]) == ("ANALYST", CLIENT)
    assert "refresh_token" not in granted


async def test_a_code_is_good_once(issuer: Issuer, http: aiohttp.ClientSession) -> None:
    """Whoever comes second with it is refused."""
    code = await a_code(http, issuer)
    assert (await redeemed(http, issuer, a_form(code)))[0] == 200
    assert await redeemed(http, issuer, a_form(code)) == (
        400,
        {
            "error": "invalid_grant",
            "error_description": "the code is used, too old or another's: sign in again",
        },
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": secrets.token_urlsafe(32)},
        {"code_verifier": CHALLENGE},
        {"code_verifier": ""},
        {"redirect_uri": "http://127.0.0.1:8081/explorer/callback"},
        {"client_id": "another"},
        {"code": "another"},
    ],
)
async def test_a_code_is_bound_to_whoever_asked(
    issuer: Issuer, http: aiohttp.ClientSession, changes: dict[str, str]
) -> None:
    """Another verifier, address, client or code: no token."""
    status, said = await redeemed(http, issuer, a_form(await a_code(http, issuer)) | changes)
    assert status == 400
    assert "access_token" not in said


def test_a_code_lives_a_minute() -> None:
    """And no longer, whatever comes with it."""
    now = 0.0
    codes = Codes(clock=lambda: now)
    wish = wish_of(a_wish(), CLIENT)
    early, late = codes.issue("gp", wish), codes.issue("gp", wish)
    now = LIFETIME - 1
    assert codes.redeem(a_form(early)) == "gp"
    now = LIFETIME
    assert codes.redeem(a_form(late)) is None


@pytest.mark.parametrize("persona", ["partner-cms", "headmaster"])
async def test_nobody_else_signs_in(issuer: Issuer, http: aiohttp.ClientSession, persona: str) -> None:
    """A partner is a system with a client of its own; and nobody is whom the issuer does not know."""
    brought = await sent_back(http, issuer, f"/authorize/as/{persona}", a_wish())
    assert (brought["error"], brought["state"]) == (["access_denied"], ["the-state"])
    assert "code" not in brought


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"state": None}, "invalid_request"),
    ],
)
@pytest.mark.parametrize("path", ["/authorize", "/authorize/as/analyst"])
async def test_a_wish_without_proof_is_refused_at_once(
    issuer: Issuer, http: aiohttp.ClientSession, path: str, changes: dict[str, str | None], error: str
) -> None:
    """No code without S256 and a state; the page is told so."""
    async with http.get(f"{issuer.url}{path}", params=a_wish(**changes), allow_redirects=False) as answer:
        brought = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert brought["error"] == [error]
    assert "code" not in brought


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "another"},
        {"redirect_uri": None},
        {"redirect_uri": "http://explorer.example.org/explorer/callback"},
        {"redirect_uri": "http://127.0.0.1.example.org/explorer/callback"},
        {"redirect_uri": "http://127.0.0.1:8080@example.org/explorer/callback"},
        {"redirect_uri": "https://127.0.0.1:8080/explorer/callback"},
        {"redirect_uri": "http://127.0.0.1:8080/elsewhere"},
        {"redirect_uri": "http://127.0.0.1:8080/explorer/callback?to=elsewhere"},
        {"redirect_uri": "http://127.0.0.1:8080/explorer/callback#elsewhere"},
        {"redirect_uri": "http://[::1/explorer/callback"},
        {"redirect_uri": "http://example.org\\@127.0.0.1/explorer/callback"},  # a browser goes to example.org
        {"redirect_uri": "http://somebody@127.0.0.1:8080/explorer/callback"},
        {"redirect_uri": "http://[::1%25example.org]:8080/explorer/callback"},
        {"redirect_uri": "http://127.0.0.1:8080/explorer/callback\n"},
        {"redirect_uri": "http://127.0.0.1:port/explorer/callback"},
    ],
)
@pytest.mark.parametrize("path", ["/authorize", "/authorize/as/analyst"])
async def test_nobody_is_sent_anywhere_else(
    issuer: Issuer, http: aiohttp.ClientSession, path: str, changes: dict[str, str | None]
) -> None:
    """Codes go to the explorer of this machine alone: for any other address there is a plain 400, and no way on."""
    async with http.get(f"{issuer.url}{path}", params=a_wish(**changes), allow_redirects=False) as answer:
        assert answer.status == 400
        assert "Location" not in answer.headers


@pytest.mark.parametrize(
    ("origin", "may_read"),
    [
        ("http://127.0.0.1:8080", True),
        ("http://localhost:3000", True),
        ("http://[::1]:8080", True),
        ("http://localhost.example.org", False),
        ("http://[::1", False),
        ("null", False),
    ],
)
async def test_pages_of_this_machine_alone_may_read(
    issuer: Issuer, http: aiohttp.ClientSession, origin: str, may_read: bool
) -> None:
    """Another site's script gets no token out of a browser on this machine."""
    for method, path in (("GET", "/.well-known/openid-configuration"), ("GET", "/jwks"), ("POST", "/token")):
        async with http.request(method, f"{issuer.url}{path}", headers={"Origin": origin}) as answer:
            assert answer.headers.get("Access-Control-Allow-Origin") == (origin if may_read else None)
