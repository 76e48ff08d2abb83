"""Authorization codes with PKCE (RFC 6749, 7636, 9700), as the sandbox's issuer hands them out: once, for a minute."""

import base64
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlencode

from cachetools import TTLCache

LIFETIME: Final = 60  # seconds
MOST_OUTSTANDING: Final = 1_000
CALLBACK: Final = "/explorer/callback"

# To the letter: a browser reads odd addresses otherwise than we do, and takes a backslash for the end of the host.
_OF_THIS_MACHINE: Final = re.compile(
    rf"http://(?:localhost|127(?:\.[0-9]{{1,3}}){{3}}|\[::1\])(?::[0-9]{{1,5}})?{CALLBACK}", re.ASCII
)
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")  # of SHA-256, as base64url
_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")


class BadRequest(Exception):
    """The request names nobody to whom an answer could be sent; the text is for whoever wrote it."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a page asks for on behalf of whoever sits before it. `error` is what is to be told instead of a code."""

    redirect_uri: str
    state: str
    challenge: str
    error: str | None

    def back(self, issuer: str, **answer: str) -> str:
        """Where the browser goes with the answer. The issuer names itself: none passes for another (RFC 9207)."""
        return f"{self.redirect_uri}?{urlencode(answer | {'state': self.state, 'iss': issuer})}"


def wish_of(asked: Mapping[str, str], client: str) -> Wish:
    """Read it; raises `BadRequest` unless it comes from `client`, and from this machine."""
    if asked.get("client_id") != client:
        raise BadRequest(f"`client_id` is {client}")
    redirect_uri = asked.get("redirect_uri", "")
    if not _OF_THIS_MACHINE.fullmatch(redirect_uri):
        raise BadRequest(f"`redirect_uri` is the explorer's own, on this machine: http://127.0.0.1:PORT{CALLBACK}")
    challenge, state = asked.get("code_challenge", ""), asked.get("state", "")
    error = None
    if asked.get("response_type") != "code":
        error = "unsupported_response_type"
    elif not state or asked.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(challenge):
        error = "invalid_request"
    return Wish(redirect_uri, state, challenge, error)


class Codes:
    """Codes that nobody has redeemed yet, each for one persona and one wish."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._outstanding: TTLCache[str, tuple[str, Wish]] = TTLCache(MOST_OUTSTANDING, LIFETIME, timer=clock)

    def issue(self, persona: str, wish: Wish) -> str:
        """A code, good once."""
        code = secrets.token_urlsafe(32)
        self._outstanding[code] = persona, wish
        return code

    def redeem(self, form: Mapping[str, str]) -> str | None:
        """The persona whose code it is; None for every other. Whatever is said with it, the code is gone."""
        found = self._outstanding.pop(form.get("code", ""), None)
        if found is None:
            return None
        persona, wish = found
        verifier = form.get("code_verifier", "")
        if not _VERIFIER.fullmatch(verifier) or form.get("redirect_uri") != wish.redirect_uri:
            return None
        return persona if hmac.compare_digest(_challenge_of(verifier), wish.challenge) else None


def _challenge_of(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def is_loopback(host: str | None) -> bool:
    """Whether the host is this machine, whoever asks."""
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False
