"""An access token (RFC 9068, RFC 8725) and its issuer's keys become a `Bearer`, or one constant refusal.

Whatever is wrong with a token, the caller learns only that it is not valid. What a viewer may do comes from here and
from the registry, never from a header, variable or document.
"""

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from adapters.issuer_keys import IssuerKeys, IssuerUnavailable
from adapters.verifying_keys import VerifyingKeys, verifies
from gateway.claims import CLOCK_SKEW, ClaimRules, bearer_of
from gateway.confirmation import ProxyRule, confirmed
from gateway.errors import Unauthenticated, Unavailable
from gateway.kept import Kept
from gateway.token_text import NotAToken, Unverified, read_token
from gateway.viewer import Bearer
from gateway.wire.peer import Peer

LONGEST_TOKEN: Final = 8 * 1024

# A signature costs more than the rest of a request, so a token found good is kept for so long, by its hash alone.
KEPT_SECONDS: Final = 5
MOST_KEPT: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRules(ClaimRules):
    """What a token must keep to; without `forwarded_by` a certificate counts only where it is shown to us."""

    forwarded_by: ProxyRule | None = None


class TokenVerifier:
    """Turns bearer tokens into bearers, by the keys of the issuers that settings name: each by its own alone."""

    def __init__(
        self, issuers: Mapping[str, IssuerKeys], rules: TokenRules, clock: Callable[[], float] = time.time
    ) -> None:
        self._issuers = issuers
        self._rules = rules
        self._clock = clock
        self._good: Kept[bytes, tuple[Bearer, float]] = Kept(MOST_KEPT, KEPT_SECONDS)

    async def bearer(self, authorization: str | None, peer: Peer, forwarded: str | None) -> Bearer:
        """Whom an `Authorization` header speaks for; raises `Unauthenticated`, or `Unavailable` without keys.

        `forwarded` is what the header says in which a proxy passes on the certificate it was shown.
        """
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not 0 < len(token) <= LONGEST_TOKEN or not token.isascii():
            raise Unauthenticated
        digest = hashlib.sha256(token.encode("ascii")).digest()
        known = self._good.get(digest)
        if known is None:
            known = await self._verified(token)
            self._good.keep(digest, known)
        bearer, expires = known
        if self._clock() >= expires + CLOCK_SKEW:
            raise Unauthenticated
        if not confirmed(bearer, peer, forwarded, self._rules.forwarded_by):
            raise Unauthenticated
        return bearer

    async def _verified(self, token: str) -> tuple[Bearer, float]:
        try:
            read = read_token(token)
            await self._check_signature(read)
            return bearer_of(read.claims, self._rules, self._clock())
        except NotAToken:
            raise Unauthenticated from None
        except IssuerUnavailable:
            raise Unavailable from None

    async def _check_signature(self, read: Unverified) -> None:
        issuer = self._issuers.get(read.issuer)
        if issuer is None or not await _is_signed(read, issuer):
            raise NotAToken


async def _is_signed(read: Unverified, issuer: IssuerKeys) -> bool:
    keys = await issuer.current()
    if _holds(read, keys):
        return True
    if read.kid is not None and keys.known(read.kid):
        return False  # the key is there, and this is not its signature: nothing newer could make it so
    # The issuer may have rotated its keys since we asked; the keys decide how often we may ask again.
    newer = await issuer.newer_than(keys)
    return newer is not None and _holds(read, newer)


def _holds(read: Unverified, keys: VerifyingKeys) -> bool:
    key = keys.fitting(read.algorithm, read.kid)
    return key is not None and verifies(read.algorithm, key, read.signed, read.signature)
