"""Tokens made by hand, so that they may be as wrong as a test needs them; and an issuer that says what it is told.

Nothing here goes by what the gateway thinks a token is.
"""

import base64
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

AUDIENCE: Final = "contactpoint"


def unpadded(data: bytes) -> str:
    """Base64url as tokens have it."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def read_back(part: str) -> Any:
    """A token's part as JSON."""
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


@dataclass(frozen=True)
class Signer:
    """A key that signs whatever it is given."""

    key: Key
    algorithm: str = "ES256"

    @property
    def kid(self) -> str:
        assert self.key.kid is not None
        return self.key.kid

    @property
    def published(self) -> dict[str, Any]:
        return dict(self.key.as_dict(private=False)) | {"use": "sig"}

    def sign(self, text: bytes) -> bytes:
        return JWSRegistry.algorithms[self.algorithm].sign(text, self.key)

    def raw(self, header: bytes, claims: bytes) -> str:
        """A token of exactly these bytes, signed well."""
        signed = f"{unpadded(header)}.{unpadded(claims)}"
        return f"{signed}.{unpadded(self.sign(signed.encode()))}"

    def token(self, claims: Mapping[str, Any], header: Mapping[str, Any] | None = None) -> str:
        """A token of these claims; members of `header` stand in place of the usual ones."""
        usual = {"alg": self.algorithm, "typ": "at+jwt", "kid": self.kid}
        return self.raw(json.dumps(usual | dict(header or {})).encode(), json.dumps(claims).encode())

    def nameless(self, claims: Mapping[str, Any]) -> str:
        """A token whose header names no key."""
        return self.raw(json.dumps({"alg": self.algorithm, "typ": "at+jwt"}).encode(), json.dumps(claims).encode())


def a_signer(algorithm: str = "ES256", kid: str = "key-1") -> Signer:
    """A new key for that algorithm."""
    match algorithm[:2]:
        case "RS" | "PS":
            return Signer(RSAKey.generate_key(2048, {"kid": kid}), algorithm)
        case "ES":
            return Signer(ECKey.generate_key("P-256", {"kid": kid}), algorithm)
        case _:
            return Signer(OKPKey.generate_key("Ed25519", {"kid": kid}), algorithm)


def good_claims(issuer: str, now: float | None = None, **changes: Any) -> dict[str, Any]:
    """Claims that nothing is wrong with; a change to None leaves one out."""
    issued = int(time.time() if now is None else now)
    claims = {
        "iss": issuer,
        "aud": AUDIENCE,
        "sub": "teacher-1",
        "client_id": "front-end",
        "jti": "token-1",
        "iat": issued,
        "exp": issued + 900,
        "acting_role": "PRACTITIONER",
        "organisation": "school-1",
    } | changes
    return {name: value for name, value in claims.items() if value is not None}


@dataclass
class PretendedIssuer:
    """An issuer on loopback that publishes what a test tells it to, and counts how often it is asked for it."""

    keys: list[dict[str, Any]] = field(default_factory=list)
    discovery: dict[str, Any] = field(default_factory=dict)
    url: str = ""
    asked: int = 0
    padding: str = ""

    async def configuration(self, _request: web.Request) -> web.Response:
        return web.json_response({"issuer": self.url, "jwks_uri": f"{self.url}/jwks"} | self.discovery)

    async def key_set(self, _request: web.Request) -> web.Response:
        self.asked += 1
        return web.json_response({"keys": self.keys, "padding": self.padding})


@asynccontextmanager
async def an_issuer(*signers: Signer) -> AsyncIterator[PretendedIssuer]:
    """One that publishes these signers' keys, until left."""
    issuer = PretendedIssuer([signer.published for signer in signers])
    application = web.Application()
    application.router.add_get("/.well-known/openid-configuration", issuer.configuration)
    application.router.add_get("/jwks", issuer.key_set)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.05)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        issuer.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield issuer
    finally:
        await runner.cleanup()
