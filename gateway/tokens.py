"""An access token (RFC 9068) and its issuer's keys become a `Viewer`, or one constant refusal.

Whatever is wrong with a token, the caller learns only that it is not valid. What a viewer may do comes from here and
from the registry, never from a header, variable or document.
"""

import hashlib
import time
from collections.abc import Callable, Mapping
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError

from adapters.issuer_keys import IssuerKeys, IssuerUnavailable
from gateway.errors import Unauthenticated, Unavailable
from gateway.kept import Kept
from gateway.viewer import Role, Viewer

LONGEST_TOKEN = 8 * 1024
CLOCK_SKEW = 60

# A signature costs more than the rest of a request, so a token found good is kept for so long, by its hash alone.
KEPT_SECONDS = 5
MOST_KEPT = 10_000
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")


class TokenVerifier:
    """Turns bearer tokens into viewers, by the keys of one issuer and for one audience."""

    def __init__(self, keys: IssuerKeys, audience: str, clock: Callable[[], float] = time.time) -> None:
        self._keys = keys
        self._audience = audience
        self._clock = clock
        self._verified: Kept[bytes, tuple[Viewer, float]] = Kept(MOST_KEPT, KEPT_SECONDS)

    async def viewer(self, authorization: str | None) -> Viewer:
        """The viewer an `Authorization` header speaks for; raises `Unauthenticated`, or `Unavailable` without keys."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token or len(token) > LONGEST_TOKEN:
            raise Unauthenticated
        digest = hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
        known = self._verified.get(digest)
        if known is None:
            known = await self._read(token)
            self._verified.keep(digest, known)
        viewer, expires = known
        if self._clock() >= expires + CLOCK_SKEW:
            raise Unauthenticated
        return viewer

    async def _read(self, token: str) -> tuple[Viewer, float]:
        try:
            verified = await self._verify(token)
        except IssuerUnavailable:
            raise Unavailable from None
        except (JoseError, ValueError, TypeError, KeyError):
            raise Unauthenticated from None
        claims = self._checked(verified.header, verified.claims)
        return _viewer(claims), claims["exp"]

    async def _verify(self, token: str) -> jwt.Token:
        keys = await self._keys.current()
        try:
            return jwt.decode(token, keys, algorithms=list(ALGORITHMS))
        except (JoseError, ValueError):
            # The issuer may have rotated its keys since we asked; the keys decide how often we may ask again.
            newer = await self._keys.newer_than(keys)
            if newer is None:
                raise
            return jwt.decode(token, newer, algorithms=list(ALGORITHMS))

    def _checked(self, header: Mapping[str, Any], claims: Mapping[str, Any]) -> Mapping[str, Any]:
        now = self._clock()
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        expires, issued = claims.get("exp"), claims.get("iat")
        sound = (
            str(header.get("typ", "")).lower() in {"at+jwt", "application/at+jwt"}
            and claims.get("iss") == self._keys.issuer
            and self._audience in audiences
            and isinstance(expires, int | float)
            and isinstance(issued, int | float)
            and now < expires + CLOCK_SKEW
            and issued <= now + CLOCK_SKEW
            and all(_is_word(claims.get(name)) for name in ("sub", "client_id", "jti"))
        )
        if not sound:
            raise Unauthenticated
        return claims


def _is_word(value: object) -> bool:
    """Whether it is a text that can stand in a record: not empty, nothing unprintable."""
    return isinstance(value, str) and value != "" and value.isprintable()


def _viewer(claims: Mapping[str, Any]) -> Viewer:
    role = next((role for role in Role if role.value == claims.get("acting_role")), None)
    organisation, authority, scope = claims.get("organisation"), claims.get("authority"), claims.get("scope", "")
    if role is None or not isinstance(organisation, str) or not _is_word(organisation) or not isinstance(scope, str):
        raise Unauthenticated
    if authority is not None and not isinstance(authority, str):
        raise Unauthenticated
    return Viewer(
        subject=claims["sub"],
        client=claims["client_id"],
        token=claims["jti"],
        role=role,
        organisation=organisation,
        authority=authority,
        scopes=frozenset(scope.split()),
    )
