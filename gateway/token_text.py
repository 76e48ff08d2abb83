"""What a token's text says, read as strictly as it can be: three parts, two JSON objects, one way to spell each.

Pure. Nothing read here is believed before its signature holds; whatever is wrong with it is `NotAToken` and no more.
"""

import base64
import json
from collections.abc import Mapping
from math import isfinite
from typing import Any, Final, NamedTuple

from adapters.verifying_keys import ALGORITHMS, LONGEST_KID

LONGEST_HEADER: Final = 1_024  # bytes
LONGEST_WORD: Final = 255  # characters of a name, as the store holds them
DEEPEST: Final = 8

ACCESS_TOKEN: Final = frozenset({"at+jwt", "application/at+jwt"})

# Each has us take a key from the token itself, fetch one, or read the token otherwise than we do.
NEVER: Final = frozenset({"crit", "jku", "jwk", "x5u", "x5c", "b64", "zip", "enc"})


class NotAToken(Exception):
    """It is no access token of ours, whatever it is."""


class Unverified(NamedTuple):
    """What a token says of itself; `signed` is what `signature` must be of."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    signed: bytes
    signature: bytes

    @property
    def issuer(self) -> str:
        return text_of(self.claims, "iss")

    @property
    def algorithm(self) -> str:
        return str(self.header["alg"])

    @property
    def kid(self) -> str | None:
        return None if "kid" not in self.header else str(self.header["kid"])


def read_token(text: str) -> Unverified:
    """Take a token in compact serialization apart, and look at its header. Raises `NotAToken`."""
    try:
        header, claims, signature = text.split(".")
        signed = text[: -len(signature) - 1].encode("ascii")
        read = Unverified(
            _header(from_base64url(header)), _object(from_base64url(claims)), signed, from_base64url(signature)
        )
    except (ValueError, RecursionError):
        raise NotAToken from None
    if not read.signature:
        raise NotAToken
    return read


def from_base64url(text: str) -> bytes:
    """The bytes of unpadded base64url (RFC 7515); ValueError for a text that is not the one way to say them."""
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64.urlsafe_b64encode(data).rstrip(b"=") != text.encode("ascii"):
        raise ValueError("not the one way to say it")
    return data


def text_of(members: Mapping[str, Any], name: str) -> str:
    """The member's text; raises `NotAToken` where it is none."""
    value = members.get(name)
    if not isinstance(value, str):
        raise NotAToken
    return value


def word_of(members: Mapping[str, Any], name: str, longest: int = LONGEST_WORD) -> str:
    """A text that can stand in a record, not empty and nothing unprintable; raises `NotAToken` where it cannot."""
    value = text_of(members, name)
    if not 0 < len(value) <= longest or not value.isprintable():
        raise NotAToken
    return value


def _header(data: bytes) -> Mapping[str, Any]:
    if len(data) > LONGEST_HEADER:
        raise NotAToken
    header = _object(data)
    kind, algorithm = header.get("typ"), header.get("alg")
    if not isinstance(kind, str) or kind.lower() not in ACCESS_TOKEN:
        raise NotAToken
    if algorithm not in ALGORITHMS or not NEVER.isdisjoint(header):
        raise NotAToken
    if "kid" in header:
        word_of(header, "kid", LONGEST_KID)
    return header


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is there twice")
    return members


def _whole(digits: str) -> int:
    number = int(digits)
    if not -(2**63) <= number < 2**63:
        raise ValueError("more than 64 bits")
    return number


def _real(digits: str) -> float:
    number = float(digits)
    if not isfinite(number):
        raise ValueError("beyond every number")
    return number


def _no_number(constant: str) -> float:
    raise ValueError(f"{constant} is no JSON")


# One decoder for all of a token: what two would read apart, two could be made to disagree about.
_decoder: Final = json.JSONDecoder(
    object_pairs_hook=_members, parse_int=_whole, parse_float=_real, parse_constant=_no_number
)


def _object(data: bytes) -> Mapping[str, Any]:
    value = _decoder.decode(data.decode("utf-8"))
    if not isinstance(value, dict):
        raise NotAToken
    _look_down(value, DEEPEST)
    return value


def _look_down(value: Mapping[str, Any] | list[Any], deepest: int) -> None:
    if not deepest:
        raise NotAToken
    for inner in value.values() if isinstance(value, Mapping) else value:
        if isinstance(inner, dict | list):
            _look_down(inner, deepest - 1)
