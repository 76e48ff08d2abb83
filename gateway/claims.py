"""What a token's text says, read as strictly as it can be: three parts, two JSON objects, and each claim as it must be.

Pure. Nothing read here is believed before its signature holds; whatever is wrong with it is `NotAToken` and no more.
"""

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from stdnum.gb import nhs

from adapters.records import NhsNumber
from adapters.verifying_keys import ALGORITHMS, LONGEST_KID
from gateway.viewer import Bearer, Role

CLOCK_SKEW: Final = 60  # seconds by which an issuer's clock may differ from ours
LONGEST_HEADER: Final = 1_024  # bytes
LONGEST_WORD: Final = 255  # characters of a name, as the store holds them
MOST_AUDIENCES: Final = 10
MOST_METHODS: Final = 10
MOST_SCOPES: Final = 50
DEEPEST: Final = 8

ACCESS_TOKEN: Final = frozenset({"at+jwt", "application/at+jwt"})

# Each has us take a key from the token itself, fetch one, or read the token otherwise than we do.
NEVER: Final = frozenset({"crit", "jku", "jwk", "x5u", "x5c", "b64", "zip", "enc"})

_AUTHORITY: Final = re.compile(r"[EWNS][0-9]{8}")
_NHS_NUMBER: Final = re.compile(r"[0-9]{10}")
_ROLES: Final[Mapping[str, Role]] = MappingProxyType({role.value: role for role in Role})


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
        return _text(self.claims, "iss")

    @property
    def algorithm(self) -> str:
        return str(self.header["alg"])

    @property
    def kid(self) -> str | None:
        return None if "kid" not in self.header else str(self.header["kid"])


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRules:
    """What claims must keep to. `longest_life` is seconds from `iat` to `exp`.

    A role of `strong_roles` needs one of `strong_acr`, or one of `strong_amr` among its methods. `names` are the
    issuers' own, by address, where there are several: subjects and ids of tokens then begin with them. Without a
    `print_of` nobody is known by their NHS number.
    """

    audience: str
    print_of: Callable[[NhsNumber], bytes] | None = None
    longest_life: float = 3_600
    strong_roles: frozenset[Role] = frozenset({Role.SHIELD_OFFICER, Role.STEWARD, Role.AUDITOR})
    strong_acr: frozenset[str] = frozenset({"urn:contactpoint:assurance:high"})
    strong_amr: frozenset[str] = frozenset({"mfa"})
    names: Mapping[str, str] = field(default_factory=dict)


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


def bearer_of(claims: Mapping[str, Any], rules: ClaimRules, now: float) -> tuple[Bearer, float]:
    """Whom a token speaks for whose signature holds, and until when it says so. Raises `NotAToken`."""
    expires = _in_time(claims, rules, now)
    _for_us(claims, rules)
    role = _ROLES.get(_text(claims, "acting_role"))
    if role is None or not _strong_enough(claims, role, rules):
        raise NotAToken
    issuer, subject, token = _text(claims, "iss"), _word(claims, "sub"), _word(claims, "jti")
    name = rules.names.get(issuer)
    bearer = Bearer(
        issuer=issuer,
        subject=f"{name}:{subject}" if name else subject,
        client=_word(claims, "client_id"),
        token=f"{name}:{token}" if name else token,
        jti=token,
        role=role,
        organisation=_word(claims, "organisation"),
        authority=_authority(claims),
        scopes=_scopes(claims),
        thumbprint=_thumbprint(claims),
        own_print=_own_print(claims, rules),
    )
    return bearer, expires


# The three parts.


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
        _word(header, "kid", LONGEST_KID)
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


# The claims.


def _in_time(claims: Mapping[str, Any], rules: ClaimRules, now: float) -> float:
    expires, issued = _time(claims, "exp"), _time(claims, "iat")
    begins = _time(claims, "nbf") if "nbf" in claims else issued
    if now >= expires + CLOCK_SKEW or max(issued, begins) > now + CLOCK_SKEW:
        raise NotAToken
    if not 0 < expires - issued <= rules.longest_life:
        raise NotAToken
    return expires


def _for_us(claims: Mapping[str, Any], rules: ClaimRules) -> None:
    audience = claims.get("aud")
    if rules.audience not in ([audience] if isinstance(audience, str) else _texts(audience, MOST_AUDIENCES)):
        raise NotAToken


def _strong_enough(claims: Mapping[str, Any], role: Role, rules: ClaimRules) -> bool:
    assurance = _text(claims, "acr") if "acr" in claims else ""
    methods = _texts(claims["amr"], MOST_METHODS) if "amr" in claims else []
    return role not in rules.strong_roles or assurance in rules.strong_acr or not rules.strong_amr.isdisjoint(methods)


def _authority(claims: Mapping[str, Any]) -> str | None:
    if "authority" not in claims:
        return None
    authority = _text(claims, "authority")
    if not _AUTHORITY.fullmatch(authority):
        raise NotAToken
    return authority


def _scopes(claims: Mapping[str, Any]) -> frozenset[str]:
    if "scope" not in claims:
        return frozenset()
    scope = _text(claims, "scope")
    words = scope.split()
    if len(words) > MOST_SCOPES or not scope.isprintable():
        raise NotAToken
    return frozenset(words)


def _thumbprint(claims: Mapping[str, Any]) -> bytes | None:
    """The certificate's that the token is bound to; to be bound to anything else is a demand that we cannot meet."""
    if "cnf" not in claims:
        return None
    bound_to = claims["cnf"]
    if not isinstance(bound_to, dict) or bound_to.keys() != {"x5t#S256"}:
        raise NotAToken
    try:
        thumbprint = from_base64url(_text(bound_to, "x5t#S256"))
    except ValueError:
        raise NotAToken from None
    if len(thumbprint) != 32:
        raise NotAToken
    return thumbprint


def _own_print(claims: Mapping[str, Any], rules: ClaimRules) -> bytes | None:
    """Whose the token is, as a fingerprint; the number itself is kept nowhere."""
    if "nhs_number" not in claims:
        return None
    number = _text(claims, "nhs_number")
    if not _NHS_NUMBER.fullmatch(number) or not nhs.is_valid(number):
        raise NotAToken
    return None if rules.print_of is None else rules.print_of(NhsNumber(number))


def _text(members: Mapping[str, Any], name: str) -> str:
    value = members.get(name)
    if not isinstance(value, str):
        raise NotAToken
    return value


def _word(members: Mapping[str, Any], name: str, longest: int = LONGEST_WORD) -> str:
    """A text that can stand in a record: not empty, nothing unprintable."""
    value = _text(members, name)
    if not 0 < len(value) <= longest or not value.isprintable():
        raise NotAToken
    return value


def _time(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NotAToken
    return value


def _texts(value: object, most: int) -> list[str]:
    if not isinstance(value, list) or len(value) > most or not all(isinstance(one, str) for one in value):
        raise NotAToken
    return value
