"""A real OpenID provider for the personas: discovery, keys, and RFC 9068 access tokens over loopback HTTP.

It asks nobody for a password, so it must never be an issuer that a gateway with real children trusts.
"""

import json
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

from aiohttp import web
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from adapters import private_files
from adapters.sandbox.authorization_codes import BadRequest, Codes, is_loopback, wish_of
from adapters.sandbox.personas import CLIENT, PERSONAS
from adapters.sandbox.sign_in_page import sign_in_page

PERSONA_GRANT = "urn:contactpoint:params:oauth:grant-type:persona"
CODE_GRANT = "authorization_code"
AUDIENCE = "contactpoint"
LIFETIME = 15 * 60  # seconds

_UNCACHED = {"Cache-Control": "no-store"}
_PAGE_HEADERS: Final = {
    **_UNCACHED,
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}

# Whom the explorer signs in; a partner is a system, and has a client of its own.
SIGNED_IN: Final = tuple(persona for persona in PERSONAS.values() if persona.acting_role != "PARTNER")


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
        self._codes = Codes()
        app = web.Application(client_max_size=4096)
        app.router.add_get("/.well-known/openid-configuration", self._configuration)
        app.router.add_get("/jwks", self._keys)
        app.router.add_get("/authorize", self._authorize)
        app.router.add_get("/authorize/as/{persona}", self._authorize_as)
        app.router.add_post("/token", self._token)
        app.on_response_prepare.append(_let_local_pages_read)
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
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "grant_types_supported": [CODE_GRANT, PERSONA_GRANT],
                "response_types_supported": ["code"],
                "response_modes_supported": ["query"],
                "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": True,
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256"],
                "token_endpoint_auth_methods_supported": ["none"],
                "scopes_supported": sorted({scope for persona in PERSONAS.values() for scope in persona.scopes}),
            }
        )

    async def _keys(self, _request: web.Request) -> web.Response:
        return web.json_response({"keys": [self._key.as_dict(private=False)]})

    async def _authorize(self, request: web.Request) -> web.Response:
        """Ask who it is: a link for each, and not a line of script."""
        try:
            wish = wish_of(request.query, CLIENT)
        except BadRequest as bad:
            return web.Response(status=400, text=f"{bad}\n", headers=_PAGE_HEADERS)
        if wish.error is not None:
            return _go(wish.back(self.url, error=wish.error))
        page = sign_in_page(SIGNED_IN, request.query_string)
        return web.Response(text=page, content_type="text/html", headers=_PAGE_HEADERS)

    async def _authorize_as(self, request: web.Request) -> web.Response:
        persona = request.match_info["persona"]
        try:
            wish = wish_of(request.query, CLIENT)
        except BadRequest as bad:
            return web.Response(status=400, text=f"{bad}\n", headers=_PAGE_HEADERS)
        if wish.error is not None or persona not in {one.name for one in SIGNED_IN}:
            return _go(wish.back(self.url, error=wish.error or "access_denied"))
        return _go(wish.back(self.url, code=self._codes.issue(persona, wish)))

    async def _token(self, request: web.Request) -> web.Response:
        if request.content_type != "application/x-www-form-urlencoded":
            return _refusal("invalid_request", "send a form (application/x-www-form-urlencoded)")
        form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        grant = form.get("grant_type")
        if grant == CODE_GRANT:
            return self._token_for_code(form)
        if grant == PERSONA_GRANT:
            return self._token_for_persona(form.get("persona"))
        error = "invalid_request" if grant is None else "unsupported_grant_type"
        return _refusal(error, f"`grant_type` is {CODE_GRANT} or {PERSONA_GRANT}")

    def _token_for_code(self, form: Mapping[str, str]) -> web.Response:
        if form.get("client_id") != CLIENT:
            return _refusal("invalid_client", f"`client_id` is {CLIENT}")
        persona = self._codes.redeem(form)
        if persona is None:
            return _refusal("invalid_grant", "the code is used, too old or another's: sign in again")
        return self._granted(persona)

    def _token_for_persona(self, persona: str | None) -> web.Response:
        if persona is None or persona not in PERSONAS:
            return _refusal("invalid_request", f"`persona` is one of {', '.join(PERSONAS)}")
        return self._granted(persona)

    def _granted(self, persona: str) -> web.Response:
        scopes = PERSONAS[persona].scopes
        granted = {"access_token": self.mint(persona), "token_type": "Bearer", "expires_in": self.lifetime}
        return web.json_response(granted | ({"scope": " ".join(scopes)} if scopes else {}), headers=_UNCACHED)


async def _let_local_pages_read(request: web.Request, response: web.StreamResponse) -> None:
    """A page of this machine may read discovery, keys and tokens; nobody else's may."""
    origin = request.headers.get("Origin", "")
    if request.path in ("/.well-known/openid-configuration", "/jwks", "/token") and is_loopback(_host(origin)):
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Vary"] = "Origin"


def _host(origin: str) -> str | None:
    try:
        return urlsplit(origin).hostname
    except ValueError:
        return None


def _go(address: str) -> web.Response:
    return web.Response(status=302, headers={**_PAGE_HEADERS, "Location": address})


def _refusal(error: str, description: str) -> web.Response:
    return web.json_response({"error": error, "error_description": description}, status=400, headers=_UNCACHED)
