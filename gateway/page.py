"""The explorer's page: static files of our own, and its configuration, under a policy of what it may ask.

That is the gateway, and the issuers' token endpoints. The demonstration alone hands out personas' tokens here; a real
gateway has no such door.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from ipaddress import ip_address
from mimetypes import guess_type
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import msgspec

from gateway.sign_in import Door, SignIn, origins
from gateway.wire.exchange import BAD_REQUEST, Handler, Reply, Request, error_reply, head, json_reply
from gateway.wire.routes import Routes

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


def add_explorer(routes: Routes, demonstration: Demonstration | None, sign_in: SignIn | None = None) -> None:
    """Serve the page at `/`, its files at `/assets/`, and what it must know at `/explorer/`."""
    routes.add_page("/", _page(sign_in))
    routes.add_page("/explorer/callback", _callback)
    routes.add_folder("/assets/", _asset)
    routes.add_page("/explorer/config", _configuration(demonstration, sign_in))
    if demonstration is not None:
        routes.add("POST", "/explorer/token", _token_door(demonstration))


def _page(sign_in: SignIn | None) -> Handler:
    async def handle(request: Request) -> Reply:
        doors = await _doors(sign_in)
        allowed = " ".join(["connect-src 'self'", *origins(doors)])
        policy = POLICY.replace("connect-src 'self'", allowed)
        return await _built("index.html", {**HEADERS, "Content-Security-Policy": policy})

    return handle


async def _callback(request: Request) -> Reply:
    """Where an issuer sends people back to: a page of ours that hands the code to the explorer, and closes."""
    return await _built("callback.html", HEADERS)


async def _built(name: str, headers: Mapping[str, str]) -> Reply:
    page = STATIC / name
    if not page.is_file():
        return error_reply(404, "the explorer is not built: run `make demo`", BAD_REQUEST, HEADERS)
    return await _file(page, headers)


async def _doors(sign_in: SignIn | None) -> Sequence[Door]:
    return [] if sign_in is None else await sign_in.doors()


def _asset(name: str) -> Handler:
    async def handle(request: Request) -> Reply:
        # The name is looked up in the folder rather than trusted.
        known = {path.name: path for path in (STATIC / "assets").glob("*") if path.is_file()}
        if name not in known:
            return error_reply(404, "there is nothing here", BAD_REQUEST, HEADERS)
        if request.method not in (b"GET", b"HEAD"):
            return error_reply(405, "send GET,HEAD", BAD_REQUEST, {**HEADERS, "Allow": "GET,HEAD"})
        return await _file(known[name], {**HEADERS, "Cache-Control": "public, max-age=31536000, immutable"})

    return handle


async def _file(path: Path, headers: Mapping[str, str]) -> Reply:
    media_type = guess_type(path.name)[0] or "application/octet-stream"
    return Reply(head(200, {"Content-Type": media_type, **headers}), await asyncio.to_thread(path.read_bytes))


def _is_plain_address(host: str | None) -> bool:
    """Whether it is `localhost` or an IP address, and no name that somebody could point here."""
    try:
        return host == "localhost" or bool(ip_address(host or ""))
    except ValueError:
        return False


def _host(request: Request) -> str | None:
    """The host that was asked, whichever way it was said, without its port; None where it cannot be read."""
    said = request.address.host or request.headers.get(b"host", b"")
    try:
        return urlsplit(f"//{said.decode('ascii')}").hostname
    except ValueError:
        return None


def _configuration(demonstration: Demonstration | None, sign_in: SignIn | None) -> Handler:
    shown: dict[str, Any] = {"demo": False, "personas": [], "children": {}, "examples": []}
    if demonstration is not None:
        shown = {
            "demo": True,
            "personas": list(demonstration.personas),
            "children": dict(demonstration.children),
            "examples": list(demonstration.examples),
        }

    async def handle(request: Request) -> Reply:
        said = {**shown, "signInOffered": sign_in is not None, "signIn": await _doors(sign_in)}
        return json_reply(200, said, HEADERS)

    return handle


def _token_door(demonstration: Demonstration) -> Handler:
    wishes = msgspec.json.Decoder(_TokenWish)

    async def handle(request: Request) -> Reply:
        if not _is_plain_address(_host(request)):
            # A name that leads here is how a foreign page makes its own script pass for ours.
            return json_reply(403, {"error": "ask by this machine's own address"}, HEADERS)
        # Only a preflighted content type: no other site's form can ask for a token.
        if (request.header(b"content-type") or "").partition(";")[0].strip().lower() != "application/json":
            return json_reply(415, {"error": "send `application/json`"}, HEADERS)
        try:
            wish = wishes.decode(request.body if isinstance(request.body, bytes) else b"")
        except msgspec.DecodeError:
            return json_reply(400, {"error": "name a `persona`"}, HEADERS)
        minted = demonstration.mint(wish.persona)
        if minted is None:
            return json_reply(400, {"error": "no such persona"}, HEADERS)
        return json_reply(200, {"access_token": minted.access_token, "expires_in": minted.expires_in}, HEADERS)

    return handle
