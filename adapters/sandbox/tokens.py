"""The token endpoints of the pretended agencies, and the credentials they know; public, for they guard nothing real."""

import asyncio
import base64
import secrets
from collections.abc import Mapping
from functools import cache
from urllib.parse import unquote_plus

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeyFlexible, RSAKey

SANDBOX_CLIENT_ID = "contactpoint-gateway"
SANDBOX_CLIENT_SECRET = "sandbox-secret-that-guards-nothing"  # noqa: S105  published: the sandbox holds no real child
SANDBOX_API_KEY = "sandbox-key-that-guards-nothing"
SANDBOX_KEY_ID = "contactpoint-gateway-1"
SANDBOX_REPORT_KEY_ID = "contactpoint-reports-1"

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@cache
def sandbox_pds_key() -> RSAKey:
    """Give the private key that the sandbox's PDS knows us by: made once a process, for making one takes a while."""
    return RSAKey.generate_key(2048)


@cache
def sandbox_report_key() -> Ed25519PrivateKey:
    """Give the private key that signs reports to the sandbox's receiver: made once a process."""
    return Ed25519PrivateKey.generate()


class TokenDesk:
    """Issues bearer tokens by the client credentials grant, and says whether a request bears a live one.

    With `public_key` the client proves itself by a signed JWT (RS512, RFC 7523), without it by HTTP Basic.
    `life` is in seconds, on the running loop's clock.
    """

    def __init__(
        self, *, scopes: frozenset[str] = frozenset(), life: int = 600, public_key: KeyFlexible | None = None
    ) -> None:
        self._scopes = scopes
        self._life = life
        self._public_key = public_key
        self._live: dict[str, tuple[float, frozenset[str]]] = {}
        self.issued = 0

    async def issue(self, request: web.Request) -> web.Response:
        """Answer `POST /token` as RFC 6749 says, errors too."""
        form = {name: str(value) for name, value in (await request.post()).items()}
        if form.get("grant_type") != "client_credentials":
            return _refusal(400, "unsupported_grant_type")
        if not self._is_our_client(request, form):
            return _refusal(401, "invalid_client")
        asked = frozenset(form.get("scope", "").split())
        if not asked <= self._scopes:
            return _refusal(400, "invalid_scope")
        token = secrets.token_urlsafe(32)
        self._live[token] = (asyncio.get_running_loop().time() + self._life, asked)
        self.issued += 1
        granted = {"access_token": token, "token_type": "Bearer", "expires_in": self._life}
        return web.json_response(granted | ({"scope": " ".join(sorted(asked))} if asked else {}))

    def admits(self, request: web.Request) -> bool:
        """Say whether the request bears a token of ours that has not run out."""
        return self.scopes_of(request) is not None

    def scopes_of(self, request: web.Request) -> frozenset[str] | None:
        """Give what the request's token was granted; None where it bears no live token of ours."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        live_until, scopes = self._live.get(token, (0.0, frozenset()))
        alive = scheme.lower() == "bearer" and asyncio.get_running_loop().time() < live_until
        return scopes if alive else None

    def revoke_all(self) -> None:
        """Forget every token, as an agency does that rotates its keys: the next call with one is a 401."""
        self._live.clear()

    def _is_our_client(self, request: web.Request, form: Mapping[str, str]) -> bool:
        if self._public_key is None:
            return _basic(request) == (SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET)
        if form.get("client_assertion_type") != ASSERTION:
            return False
        try:
            proof = jwt.decode(form.get("client_assertion", ""), self._public_key, algorithms=["RS512"])
            jwt.JWTClaimsRegistry(
                iss={"essential": True, "value": SANDBOX_CLIENT_ID},
                sub={"essential": True, "value": SANDBOX_CLIENT_ID},
                aud={"essential": True, "value": str(request.url)},
                jti={"essential": True},
                exp={"essential": True},
            ).validate(proof.claims)
        except (JoseError, ValueError):
            return False
        return bool(proof.header.get("kid") == SANDBOX_KEY_ID)


def _basic(request: web.Request) -> tuple[str, ...] | None:
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    try:
        pair = base64.b64decode(encoded, validate=True).decode()
    except ValueError:
        return None
    return tuple(map(unquote_plus, pair.split(":", 1))) if scheme.lower() == "basic" else None


def _refusal(status: int, error: str) -> web.Response:
    return web.json_response({"error": error}, status=status, headers={"Cache-Control": "no-store"})
