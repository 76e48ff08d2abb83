"""The explorer's page: static files of our own under a policy that lets it ask no other host, and its configuration.

The demonstration alone hands out personas' tokens here; a real gateway has no such door.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Protocol

import msgspec
from aiohttp import web

STATIC = Path(str(files("gateway") / "explorer" / "static"))

POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
    "img-src 'self' data:; font-src 'self'; worker-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'; object-src 'none'"
)

HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Minted:
    """A persona's access token, and the seconds it lives."""

    access_token: str
    expires_in: int


class Demonstration(Protocol):
    """What the explorer shows in the demonstration, and where its personas' tokens come from."""

    @property
    def personas(self) -> Sequence[Mapping[str, Any]]: ...

    @property
    def children(self) -> Mapping[str, str]: ...

    @property
    def examples(self) -> Sequence[Mapping[str, Any]]: ...

    def mint(self, persona: str) -> Minted | None: ...


class _TokenWish(msgspec.Struct):
    persona: str


def add_explorer(application: web.Application, demonstration: Demonstration | None) -> None:
    """Serve the page at `/`, its files at `/assets/`, and what it must know at `/explorer/`."""
    application.router.add_get("/", _page)
    application.router.add_get("/assets/{name}", _asset)
    application.router.add_get("/explorer/config", _configuration(demonstration))
    if demonstration is not None:
        application.router.add_post("/explorer/token", _token_door(demonstration))


async def _page(request: web.Request) -> web.StreamResponse:
    page = STATIC / "index.html"
    if not page.is_file():
        return web.Response(status=404, text="the explorer is not built: run `make demo`\n", headers=HEADERS)
    return web.FileResponse(page, headers=HEADERS)


async def _asset(request: web.Request) -> web.StreamResponse:
    # The route takes one path segment alone, and the name is looked up in the folder rather than trusted.
    name = request.match_info["name"]
    known = {path.name: path for path in (STATIC / "assets").glob("*") if path.is_file()}
    if name not in known:
        raise web.HTTPNotFound(headers=HEADERS)
    return web.FileResponse(known[name], headers={**HEADERS, "Cache-Control": "public, max-age=31536000, immutable"})


def _is_plain_address(host: str | None) -> bool:
    """Whether it is `localhost` or an IP address, and no name that somebody could point here."""
    try:
        return host == "localhost" or bool(ip_address(host or ""))
    except ValueError:
        return False


def _configuration(demonstration: Demonstration | None) -> Any:
    shown: dict[str, Any] = {"demo": False, "personas": [], "children": {}, "examples": []}
    if demonstration is not None:
        shown = {
            "demo": True,
            "personas": list(demonstration.personas),
            "children": dict(demonstration.children),
            "examples": list(demonstration.examples),
        }

    async def handle(request: web.Request) -> web.Response:
        return web.json_response(shown, headers=HEADERS)

    return handle


def _token_door(demonstration: Demonstration) -> Any:
    wishes = msgspec.json.Decoder(_TokenWish)

    async def handle(request: web.Request) -> web.Response:
        if not _is_plain_address(request.url.host):
            # A name that leads here is how a foreign page makes its own script pass for ours.
            return web.json_response({"error": "ask by this machine's own address"}, status=403, headers=HEADERS)
        # Only a preflighted content type: no other site's form can ask for a token.
        if request.content_type != "application/json":
            return web.json_response({"error": "send `application/json`"}, status=415, headers=HEADERS)
        try:
            wish = wishes.decode(await request.read())
        except msgspec.DecodeError:
            return web.json_response({"error": "name a `persona`"}, status=400, headers=HEADERS)
        minted = demonstration.mint(wish.persona)
        if minted is None:
            return web.json_response({"error": "no such persona"}, status=400, headers=HEADERS)
        return web.json_response(
            {"access_token": minted.access_token, "expires_in": minted.expires_in}, headers=HEADERS
        )

    return handle
