"""A real OpenID provider for the personas: discovery, keys, and RFC 9068 access tokens over loopback HTTP.

It asks nobody for a password, so it must never be an issuer that a gateway with real children trusts.
"""

import json
import secrets
import time
from pathlib import Path
from typing import Any, Self

from aiohttp import web
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from adapters import private_files
from adapters.sandbox.personas import PERSONAS

PERSONA_GRANT = "urn:contactpoint:params:oauth:grant-type:persona"
AUDIENCE = "contactpoint"
CLIENT = "contactpoint-explorer"
LIFETIME = 15 * 60  # seconds

_UNCACHED = {"Cache-Control": "no-store"}


class IssuerKeyError(Exception):
    """The signing key's file cannot be used. The text is one line that names the fix."""


def _signing_key(file: Path) -> ECKey:
    """The key kept in the file, made there (mode 0600) if it is missing, so that tokens outlive a restart."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        made = ECKey.generate_key("P-256", {"kid": secrets.token_hex(8), "use": "sig", "alg": "ES256"})
        private_files.keep(file, json.dumps(made.as_dict(private=True)).encode())
    try:
        return ECKey.import_key(json.loads(file.read_text(encoding="utf-8")))
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise IssuerKeyError(f"`{file}` holds no signing key: remove it, and a new one is made") from error


class Issuer:
    """The running provider. `url` is what tokens name as `iss`; `lifetime` is a token's, in seconds."""

    def __init__(self, key: ECKey, audience: str, lifetime: int) -> None:
        self.url = ""
        self.lifetime = lifetime
        self._key = key
        self._audience = audience
        app = web.Application(client_max_size=4096)
        app.router.add_get("/.well-known/openid-configuration", self._configuration)
        app.router.add_get("/jwks", self._keys)
        app.router.add_post("/token", self._token)
        self._runner = web.AppRunner(app, access_log=None)

    @classmethod
    async def start(
        cls,
        key_file: Path,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        audience: str = AUDIENCE,
        lifetime: int = LIFETIME,
    ) -> Self:
        """Listen; port 0 takes a free one. Raises `IssuerKeyError` or OSError."""
        issuer = cls(_signing_key(key_file), audience, lifetime)
        await issuer._runner.setup()
        try:
            await web.TCPSite(issuer._runner, host, port).start()
        except OSError:
            await issuer.close()
            raise
        issuer.url = f"http://{host}:{issuer._runner.addresses[0][1]}"
        return issuer

    async def close(self) -> None:
        """Stop listening."""
        await self._runner.cleanup()

    def mint(
        self,
        persona: str,
        *,
        key: ECKey | None = None,
        header: dict[str, Any] | None = None,
        **claims: Any,
    ) -> str:
        """A signed access token for a persona; KeyError where there is no such persona.

        For tests of what must be refused: `claims` replace ours (None leaves one out), `header` fields too, and
        another `key` may sign.
        """
        now = int(time.time())
        ours = PERSONAS[persona].claims() | {
            "iss": self.url,
            "aud": self._audience,
            "iat": now,
            "exp": now + self.lifetime,
            "client_id": persona if PERSONAS[persona].acting_role == "PARTNER" else CLIENT,
            "jti": secrets.token_urlsafe(16),
        }
        said = {name: value for name, value in (ours | claims).items() if value is not None}
        fields = {"alg": "ES256", "typ": "at+jwt", "kid": self._key.kid} | (header or {})
        return jwt.encode(fields, said, key or self._key)

    async def _configuration(self, _request: web.Request) -> web.Response:
        return web.json_response(
            {
                "issuer": self.url,
                "jwks_uri": f"{self.url}/jwks",
                "token_endpoint": f"{self.url}/token",
                "grant_types_supported": [PERSONA_GRANT],
                "response_types_supported": [],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256"],
                "token_endpoint_auth_methods_supported": ["none"],
                "scopes_supported": sorted({scope for persona in PERSONAS.values() for scope in persona.scopes}),
            }
        )

    async def _keys(self, _request: web.Request) -> web.Response:
        return web.json_response({"keys": [self._key.as_dict(private=False)]})

    async def _token(self, request: web.Request) -> web.Response:
        if request.content_type != "application/x-www-form-urlencoded":
            return _refusal("invalid_request", "send a form (application/x-www-form-urlencoded)")
        form = await request.post()
        grant, persona = form.get("grant_type"), form.get("persona")
        if grant is None:
            return _refusal("invalid_request", f"`grant_type` is missing: it is {PERSONA_GRANT}")
        if grant != PERSONA_GRANT:
            return _refusal("unsupported_grant_type", f"`grant_type` is {PERSONA_GRANT}")
        if not isinstance(persona, str) or persona not in PERSONAS:
            return _refusal("invalid_request", f"`persona` is one of {', '.join(PERSONAS)}")
        scopes = PERSONAS[persona].scopes
        granted = {"access_token": self.mint(persona), "token_type": "Bearer", "expires_in": self.lifetime}
        return web.json_response(granted | ({"scope": " ".join(scopes)} if scopes else {}), headers=_UNCACHED)


def _refusal(error: str, description: str) -> web.Response:
    return web.json_response({"error": error, "error_description": description}, status=400, headers=_UNCACHED)
