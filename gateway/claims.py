"""What a token claims, and whether it may: who bears it, for whom, from when until when, how they signed in. Pure."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from stdnum.gb import nhs

from adapters.records import NhsNumber
from gateway.token_text import NotAToken, from_base64url, text_of, word_of
from gateway.viewer import Bearer, Role

CLOCK_SKEW: Final = 60  # seconds by which an issuer's clock may differ from ours
MOST_AUDIENCES: Final = 10
MOST_METHODS: Final = 10
MOST_SCOPES: Final = 50

_AUTHORITY: Final = re.compile(r"[EWNS][0-9]{8}")
_NHS_NUMBER: Final = re.compile(r"[0-9]{10}")
_ROLES: Final[Mapping[str, Role]] = MappingProxyType({role.value: role for role in Role})


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


def bearer_of(claims: Mapping[str, Any], rules: ClaimRules, now: float) -> tuple[Bearer, float]:
    """Whom a token speaks for whose signature holds, and until when it says so. Raises `NotAToken`."""
    expires = _in_time(claims, rules, now)
    _for_us(claims, rules)
    role = _ROLES.get(text_of(claims, "acting_role"))
    if role is None or not _strong_enough(claims, role, rules):
        raise NotAToken
    issuer, subject, token = text_of(claims, "iss"), word_of(claims, "sub"), word_of(claims, "jti")
    name = rules.names.get(issuer)
    bearer = Bearer(
        issuer=issuer,
        subject=f"{name}:{subject}" if name else subject,
        client=word_of(claims, "client_id"),
        token=f"{name}:{token}" if name else token,
        jti=token,
        role=role,
        organisation=word_of(claims, "organisation"),
        authority=_authority(claims),
        scopes=_scopes(claims),
        thumbprint=_thumbprint(claims),
        own_print=_own_print(claims, rules),
    )
    return bearer, expires


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
    assurance = text_of(claims, "acr") if "acr" in claims else ""
    methods = _texts(claims["amr"], MOST_METHODS) if "amr" in claims else []
    return role not in rules.strong_roles or assurance in rules.strong_acr or not rules.strong_amr.isdisjoint(methods)


def _authority(claims: Mapping[str, Any]) -> str | None:
    if "authority" not in claims:
        return None
    authority = text_of(claims, "authority")
    if not _AUTHORITY.fullmatch(authority):
        raise NotAToken
    return authority


def _scopes(claims: Mapping[str, Any]) -> frozenset[str]:
    if "scope" not in claims:
        return frozenset()
    scope = text_of(claims, "scope")
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
        thumbprint = from_base64url(text_of(bound_to, "x5t#S256"))
    except ValueError:
        raise NotAToken from None
    if len(thumbprint) != 32:
        raise NotAToken
    return thumbprint


def _own_print(claims: Mapping[str, Any], rules: ClaimRules) -> bytes | None:
    """Whose the token is, as a fingerprint; the number itself is kept nowhere."""
    if "nhs_number" not in claims:
        return None
    number = text_of(claims, "nhs_number")
    if not _NHS_NUMBER.fullmatch(number) or not nhs.is_valid(number):
        raise NotAToken
    return None if rules.print_of is None else rules.print_of(NhsNumber(number))


def _time(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NotAToken
    return value


def _texts(value: object, most: int) -> list[str]:
    if not isinstance(value, list) or len(value) > most or not all(isinstance(one, str) for one in value):
        raise NotAToken
    return value
