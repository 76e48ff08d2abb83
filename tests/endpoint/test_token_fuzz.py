"""Ten thousand mutants of a good token, over HTTP: each gets the bytes that no token gets, and leaves no trace."""

import asyncio
import random
import re
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

import pytest

from adapters.client import AgencyClient
from adapters.issuer_keys import IssuerKeys
from gateway.errors import Unauthenticated
from gateway.tokens import TokenRules, TokenVerifier
from gateway.wire.peer import Peer
from tests.running import RunningGateway
from tests.token_making import AUDIENCE, Signer, a_signer, an_issuer, good_claims, read_back
from tests.token_mutants import first, of_claims, of_headers, of_text, over_http

SEED: Final = 20261122
COUNTS: Final = (6_000, 3_500, 1_500)  # by letters, by claims, by headers
AT_ONCE: Final = 16  # requests sent ahead on one connection
BODY: Final = b'{"query":"{ viewer { subject } }"}'
DATE: Final = re.compile(rb"Date: [^\r]*\r\n")


def request(authorization: bytes | None) -> bytes:
    said = b"" if authorization is None else b"Authorization: %b\r\n" % authorization
    return (
        b"POST /graphql HTTP/1.1\r\nHost: gateway.example\r\nContent-Type: application/json\r\n"
        b"Contactpoint-Purpose: SAFEGUARDING\r\n%bContent-Length: %d\r\n\r\n%b" % (said, len(BODY), BODY)
    )


async def replies(gateway: RunningGateway, authorizations: Sequence[bytes | None]) -> list[bytes]:
    """What comes back for each, on one connection, all but the date."""
    port = int(gateway.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    came = []
    try:
        for start in range(0, len(authorizations), AT_ONCE):
            together = authorizations[start : start + AT_ONCE]
            writer.write(b"".join(map(request, together)))
            for _ in together:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0])
                came.append(DATE.sub(b"", head) + await reader.readexactly(length))
    finally:
        writer.close()
    return came


def mutants(good: str, other: str, claims: dict[str, Any], signer: Signer) -> tuple[Iterator[str], ...]:
    """Without end, of each kind."""
    dice = random.Random(SEED)  # noqa: S311 - the same mutants every time
    return of_text(good, other, dice), of_claims(claims, signer, dice), of_headers(claims, signer, dice)


async def test_every_mutant_of_a_token_gets_the_one_constant_401(gateway: RunningGateway) -> None:
    """CASES 22, 23, 24, 30: ten thousand and more of them, byte for byte what no token gets; nothing is recorded."""
    signer = Signer(gateway.issuer._key)
    claims = read_back(gateway.issuer.mint("teacher").split(".")[1]) | {"iat": int(time.time())}
    good = signer.token(claims)
    endless = mutants(good, gateway.issuer.mint("gp"), claims, signer)
    changed = [one for count, kind in zip(COUNTS, endless, strict=True) for one in first(count, over_http(kind), good)]
    schemes = (
        "", "Bearer", "Bearer ", good, f"Basic {good}", f"DPoP {good}", f"Token {good}", f"Bearer  {good}",
        f"Bearer:{good}", f"Bearer={good}", f"\u00a0Bearer {good}", f"Bearer,{good}", f"BearerBearer {good}",
    )  # fmt: skip
    said = [
        *(scheme.encode() for scheme in schemes),
        *(b"Bearer " + mutant.encode("utf-8", "surrogatepass") for mutant in changed),
    ]
    bearing_good = b"Bearer " + good.encode()
    refused, believed = await replies(gateway, [None, bearing_good])
    assert refused.startswith(b"HTTP/1.1 401 ")
    assert b'{"data":{"viewer":{"subject":"persona-teacher"}}}' in believed
    recorded = await gateway.rows("SELECT count(*) FROM ledger")

    came = await replies(gateway, said)

    odd = [said[place] for place, reply in enumerate(came) if reply != refused]
    assert odd == []
    assert len(came) >= 10_000
    assert await gateway.rows("SELECT count(*) FROM ledger") == recorded
    assert (await replies(gateway, [bearing_good]))[0].startswith(b"HTTP/1.1 200 ")
    print(f"{len(came)} mutants, one answer")  # noqa: T201 - the figure that is told


async def test_every_mutant_is_refused_by_the_verifier_itself() -> None:
    """CASES 22, 23, 24, 30: those too that HTTP would not carry so far; the issuer is asked once for all of them."""
    signer = a_signer()
    async with an_issuer(signer) as issuer, AgencyClient() as client:
        keys = IssuerKeys(client, issuer.url, lambda: 1_000.0)
        verifier = TokenVerifier({issuer.url: keys}, TokenRules(audience=AUDIENCE))
        claims = good_claims(issuer.url)
        good = signer.token(claims)
        refused = 0
        for count, kind in zip(
            COUNTS, mutants(good, signer.token(claims | {"sub": "gp-1"}), claims, signer), strict=True
        ):
            for mutant in first(count, kind, good):
                with pytest.raises(Unauthenticated):
                    await verifier.bearer(f"Bearer {mutant}", Peer("127.0.0.1"), None)
                refused += 1
        assert (await verifier.bearer(f"Bearer {good}", Peer("127.0.0.1"), None)).subject == "teacher-1"
        assert refused >= 10_000
        assert issuer.asked == 1
