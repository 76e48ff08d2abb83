"""`python -m benchmarks.tokens`: what it costs to verify a token, seen a moment ago and not seen before.

Each token is another, so that nothing kept helps; processor time, so that whatever else runs does not count.
"""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import ECKey, Key, RSAKey

from adapters.client import AgencyClient
from adapters.issuer_keys import IssuerKeys
from adapters.sandbox.issuer import AUDIENCE
from adapters.sandbox.personas import PERSONAS
from benchmarks.operation import PERSONA
from gateway.tokens import TokenRules, TokenVerifier
from gateway.wire.peer import Peer

ROUNDS: Final = 5
TOKENS: Final = 10_000
CACHED_AT_MOST: Final = 10.0  # microseconds
COLD_AT_MOST: Final = 200.0

HERE: Final = Peer("127.0.0.1")


class Verified(NamedTuple):
    """The median over the rounds, in microseconds a token, and the most it should be."""

    what: str
    microseconds: float
    at_most: float


async def verifying(rounds: int = ROUNDS, tokens: int = TOKENS) -> Sequence[Verified]:
    """Tokens signed by P-256 and by RSA of 2,048 bits: each not seen before, then one of them again and again."""
    measured: list[Verified] = []
    for algorithm, key in (
        ("ES256", ECKey.generate_key("P-256", {"kid": "bench"})),
        ("RS256", RSAKey.generate_key(2_048, {"kid": "bench"})),
    ):
        async with _issuer(key) as url, AgencyClient() as client:
            keys = IssuerKeys(client, url)
            await keys.current()
            several = [f"Bearer {_token(key, algorithm, url, serial)}" for serial in range(tokens)]
            cold = await _median(keys, [several] * rounds)
            cached = await _median(keys, [several[:1] * tokens] * rounds)
        measured += [
            Verified(f"verifying a token not seen before, {algorithm}", cold, COLD_AT_MOST),
            Verified(f"verifying a token again, {algorithm}", cached, CACHED_AT_MOST),
        ]
    return measured


async def _median(keys: IssuerKeys, rounds: Sequence[Sequence[str]]) -> float:
    return statistics.median([await _each(keys, tokens) for tokens in rounds])


async def _each(keys: IssuerKeys, authorizations: Sequence[str]) -> float:
    verifier = TokenVerifier({keys.issuer: keys}, TokenRules(audience=AUDIENCE))
    began = time.process_time_ns()
    for authorization in authorizations:
        await verifier.bearer(authorization, HERE, None)
    return (time.process_time_ns() - began) / 1_000 / len(authorizations)


def _token(key: Key, algorithm: str, issuer: str, serial: int) -> str:
    now = int(time.time())
    said: dict[str, Any] = PERSONAS[PERSONA].claims() | {
        "iss": issuer,
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + 900,
        "client_id": "contactpoint-explorer",
        "jti": f"a-token-to-measure-{serial}",
    }
    return jwt.encode({"alg": algorithm, "typ": "at+jwt", "kid": "bench"}, said, key)


@asynccontextmanager
async def _issuer(key: Key) -> AsyncIterator[str]:
    """One that publishes this key, on loopback."""

    async def told(request: web.BaseRequest) -> web.Response:
        if request.path == "/jwks":
            return web.json_response({"keys": [key.as_dict(private=False)]})
        return web.json_response({"issuer": url, "jwks_uri": f"{url}/jwks"})

    server = web.ServerRunner(web.Server(told))
    await server.setup()
    try:
        await web.TCPSite(server, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{server.addresses[0][1]}"
        yield url
    finally:
        await server.cleanup()


if __name__ == "__main__":
    for figure in asyncio.run(verifying()):
        print(f"{figure.what}: {figure.microseconds:.1f} µs, at most {figure.at_most:.0f}")
