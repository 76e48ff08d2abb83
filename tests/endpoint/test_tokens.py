"""Who is believed: tokens of the configured issuer alone, whole and in time; everything else is one constant 401."""

import asyncio
import base64
import json
import time
from pathlib import Path
from typing import Any

import aiohttp.web
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from adapters.client import AgencyClient
from adapters.issuer_keys import IssuerKeys, IssuerUnavailable
from adapters.sandbox.issuer import Issuer
from gateway.errors import Unauthenticated
from gateway.tokens import TokenRules, TokenVerifier
from gateway.wire.peer import Peer
from tests.running import RunningGateway

VIEWER = {"query": "{ viewer { subject } }"}
REFUSED = {"errors": [{"message": "a valid access token is needed", "extensions": {"code": "UNAUTHENTICATED"}}]}


async def ask(gateway: RunningGateway, authorization: str | None) -> tuple[int, Any, Any]:
    headers = {"Contactpoint-Purpose": "SAFEGUARDING"}
    if authorization is not None:
        headers["Authorization"] = authorization
    async with gateway.session.post(f"{gateway.url}/graphql", json=VIEWER, headers=headers) as answer:
        return answer.status, await answer.json(), answer.headers


async def refused(gateway: RunningGateway, authorization: str | None) -> None:
    status, body, headers = await ask(gateway, authorization)
    assert (status, body) == (401, REFUSED)
    assert headers["WWW-Authenticate"] == "Bearer"


def signed_by_hand(gateway: RunningGateway, extra: dict[str, Any]) -> str:
    """A token with the issuer's own good signature over a header that no library would make."""
    header, claims, _ = gateway.issuer.mint("teacher").split(".")
    fields = json.loads(base64.urlsafe_b64decode(header + "==")) | extra
    signed = f"{unpadded(json.dumps(fields).encode())}.{claims}"
    key = gateway.issuer._key.private_key
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{signed}.{unpadded(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def unpadded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


NOW = int(time.time())


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://another.example"},
        {"aud": "another-service"},
        {"aud": ["another-service"]},
        {"exp": NOW - 120},
        {"exp": None},
        {"exp": str(NOW + 600)},
        {"iat": None},
        {"iat": NOW + 600},
        {"sub": None},
        {"sub": ""},
        {"jti": None},
        {"client_id": None},
        {"acting_role": None},
        {"acting_role": "HEADMASTER"},
        {"acting_role": ["PRACTITIONER", "SHIELD_OFFICER"]},
        {"organisation": None},
        {"organisation": 7},
        {"organisation": "school\u0000"},
        {"authority": 7},
        {"scope": ["override"]},
    ],
    ids=lambda claims: next(iter(claims)),  # by the claim alone: the times differ between processes
)
async def test_a_token_that_lacks_or_twists_a_claim_is_refused(gateway: RunningGateway, claims: dict[str, Any]) -> None:
    """CASES 24, 30: RFC 9068's seven claims and our own, each as it must be."""
    await refused(gateway, f"Bearer {gateway.issuer.mint('teacher', **claims)}")


@pytest.mark.parametrize("kind", ["JWT", "at+jws", "logout+jwt", ""])
async def test_a_token_made_for_something_else_is_refused(gateway: RunningGateway, kind: str) -> None:
    """CASES 23: an ID, logout or refresh token is no access token."""
    await refused(gateway, f"Bearer {gateway.issuer.mint('teacher', header={'typ': kind})}")


async def test_a_token_signed_by_another_key_is_refused(gateway: RunningGateway) -> None:
    """Even one that names the issuer's own key."""
    await refused(gateway, f"Bearer {gateway.issuer.mint('teacher', key=ECKey.generate_key('P-256'))}")


async def test_an_unsigned_or_symmetrically_signed_token_is_refused(gateway: RunningGateway) -> None:
    """CASES 22: `alg: none`, and HS256 with the public key for a secret."""
    token = gateway.issuer.mint("teacher")
    header, claims, _ = token.split(".")
    unsigned = unpadded(b'{"alg":"none","typ":"at+jwt"}')
    await refused(gateway, f"Bearer {unsigned}.{claims}.")
    async with gateway.session.get(f"{gateway.issuer.url}/jwks") as answer:
        public = json.dumps((await answer.json())["keys"][0])
    fields = json.loads(base64.urlsafe_b64decode(header + "=="))
    said = json.loads(base64.urlsafe_b64decode(claims + "=="))
    forged = jwt.encode(fields | {"alg": "HS256"}, said, OctKey.import_key(public.encode()), algorithms=["HS256"])
    await refused(gateway, f"Bearer {forged}")


@pytest.mark.parametrize(
    "header",
    [
        {"crit": ["exp"], "exp": 1},
        {"crit": ["unheard-of"], "unheard-of": True},
        {"crit": []},
        {"jku": "http://127.0.0.1:9/keys"},
        {"jwk": ECKey.generate_key("P-256").as_dict(private=False)},
        {"x5u": "http://127.0.0.1:9/certificate"},
        {"x5c": []},
        {"b64": True},
        {"zip": "DEF"},
        {"enc": None},
        {"kid": "unknown"},
        {"kid": "../../etc/passwd"},
    ],
    ids=lambda header: next(iter(header)),
)
async def test_what_a_header_asks_us_to_do_is_not_done(gateway: RunningGateway, header: dict[str, Any]) -> None:
    """CASES 22: keys come from the issuer's own set, and a token that demands anything else is none of ours."""
    await refused(gateway, f"Bearer {signed_by_hand(gateway, header)}")


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "Bearer not.a.token", "Bearer " + "a" * 9_000, "Bearer ...."],
)
async def test_what_is_no_token_is_refused_the_same(gateway: RunningGateway, authorization: str | None) -> None:
    """One body for every cause: a caller learns nothing of which check failed."""
    await refused(gateway, authorization)


async def test_a_token_in_time_is_believed_within_a_minute_of_skew(gateway: RunningGateway) -> None:
    """Clocks differ a little; sixty seconds and no more."""
    now = int(time.time())
    for claims in ({"iat": now - 600, "exp": now - 30}, {"iat": now + 30}, {"nbf": now + 30}):
        status, _, _ = await ask(gateway, f"bearer {gateway.issuer.mint('teacher', **claims)}")
        assert status == 200
    for claims in ({"iat": now - 600, "exp": now - 61}, {"iat": now + 90}, {"nbf": now + 90}):
        await refused(gateway, f"Bearer {gateway.issuer.mint('teacher', **claims)}")


class Clock:
    """Time that passes when told."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


async def test_an_issuer_out_of_reach_costs_nothing_while_its_keys_are_known(tmp_path: Path) -> None:
    """CASES 27: cached keys work."""
    issuer = await Issuer.start(tmp_path / "key.json")
    async with AgencyClient() as client:
        keys = IssuerKeys(client, issuer.url, Clock())
        known = await keys.current()
        await issuer.close()
        assert await keys.current() is known
        assert await keys.newer_than(known) is None


async def test_a_flood_of_unknown_keys_costs_one_question_in_thirty_seconds(tmp_path: Path) -> None:
    """CASES 27: rotated keys are found at the next question, and the issuer is not flooded before it."""
    asked = 0

    async def counting(request: aiohttp.web.Request) -> aiohttp.web.Response:
        nonlocal asked
        asked += 1
        keys = [ECKey.generate_key("P-256").as_dict(private=False)]
        answers = {"/jwks": {"keys": keys}}
        default = {"issuer": url, "jwks_uri": f"{url}/jwks"}
        return aiohttp.web.json_response(answers.get(request.path, default))

    server = aiohttp.web.AppRunner(aiohttp.web.Application())
    server.app.router.add_get("/{path:.*}", counting)
    await server.setup()
    await aiohttp.web.TCPSite(server, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{server.addresses[0][1]}"
    clock = Clock()
    async with AgencyClient() as client:
        keys = IssuerKeys(client, url, clock)
        first = await keys.current()
        assert asked == 2  # discovery, keys
        assert await asyncio.gather(*(keys.newer_than(first) for _ in range(50))) == [None] * 50
        assert asked == 2
        clock.now += 31
        newer = await asyncio.gather(*(keys.newer_than(first) for _ in range(50)))
        assert asked == 4
        assert all(one is newer[0] is not None for one in newer)
    await server.cleanup()


async def test_without_any_keys_nobody_is_believed_and_it_is_said(tmp_path: Path) -> None:
    """Doubt closes: no keys, no answers; and a key set that speaks for another issuer is none."""
    issuer = await Issuer.start(tmp_path / "key.json")
    async with AgencyClient() as client:
        keys = IssuerKeys(client, f"{issuer.url}/", Clock())
        with pytest.raises(IssuerUnavailable):
            await keys.current()
    await issuer.close()


async def test_a_gateway_without_its_issuer_answers_503(gateway: RunningGateway) -> None:
    """Neither 401, which would blame the caller, nor an answer."""
    await gateway.issuer.close()
    status, body, headers = await ask(gateway, f"Bearer {gateway.token('teacher')}")
    assert (status, body["errors"][0]["extensions"]["code"]) == (503, "UNAVAILABLE")
    assert headers["Retry-After"]


async def test_a_token_found_good_is_not_believed_past_its_life(gateway: RunningGateway) -> None:
    """It is kept for seconds, by its hash; its own end is looked at each time."""
    clock = Clock()
    clock.now = time.time()
    keys = IssuerKeys(gateway.gateway.client, gateway.issuer.url)
    verifier = TokenVerifier({gateway.issuer.url: keys}, TokenRules(audience="contactpoint"), clock)
    authorization = f"Bearer {gateway.token('teacher')}"
    first = await verifier.bearer(authorization, Peer(), None)
    assert await verifier.bearer(authorization, Peer(), None) is first
    clock.now += gateway.issuer.lifetime + 61
    with pytest.raises(Unauthenticated):
        await verifier.bearer(authorization, Peer(), None)
