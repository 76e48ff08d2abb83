"""What handlers are given and give back: a request read whole, and a reply not yet sent."""

import re
from collections.abc import Awaitable, Callable, Mapping
from enum import Enum
from http import HTTPStatus
from typing import Any, Final, TypeAlias

import httptools
import msgspec

from gateway.wire.peer import Peer

# `Server` says who we are, not which versions of what we are built from.
ALWAYS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Server": "ContactPoint"}

BAD_REQUEST: Final = "BAD_REQUEST"  # the code of what is no request of ours

_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class Unread(Enum):
    """Why a body was not read."""

    TOO_LARGE = "TOO_LARGE"
    TOO_SLOW = "TOO_SLOW"


class Request(msgspec.Struct):
    """One request. Names of headers are lower case; one sent twice has both its values, and its name in `repeated`.

    `peer` is the other end of its connection: the caller, or a proxy of theirs or ours.
    """

    method: bytes
    target: bytes
    headers: dict[bytes, bytes]
    repeated: set[bytes]
    body: bytes | Unread
    peer: Peer = Peer()

    def header(self, name: bytes) -> str | None:
        """The header's text; bytes that are no UTF-8 are kept as lone surrogates."""
        value = self.headers.get(name)
        return None if value is None else value.decode("utf-8", "surrogateescape")

    @property
    def address(self) -> Any:
        """The target taken apart: `path`, `query`, and `host` where it was sent whole; ValueError if it cannot be."""
        try:
            return httptools.parse_url(self.target)
        except httptools.HttpParserInvalidURLError:
            raise ValueError("the target is no address") from None


class Reply(msgspec.Struct, frozen=True):
    """One reply: `head` is its first line and headers but for those that its connection adds."""

    head: bytes
    body: bytes


Handler: TypeAlias = Callable[[Request], Awaitable[Reply]]


def head(status: int, headers: Mapping[str, str]) -> bytes:
    """The first line and these headers as bytes; ValueError where one could be read as two."""
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{name}: {text}" for name, text in headers.items())]
    if any(map(_CONTROL.search, lines)):
        raise ValueError("a header holds what would end its line")
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8", "surrogateescape")


def json_reply(status: int, value: object, headers: Mapping[str, str]) -> Reply:
    """A reply in JSON."""
    return Reply(
        head(status, {"Content-Type": "application/json; charset=utf-8", **headers}), msgspec.json.encode(value)
    )


def error_reply(status: int, message: str, code: str, headers: Mapping[str, str] = {}) -> Reply:
    """A refusal, in the one shape that every error of ours has; the headers are besides those that all have."""
    error = {"message": message, "extensions": {"code": code}}
    return json_reply(status, {"errors": [error]}, {**ALWAYS, **headers})
