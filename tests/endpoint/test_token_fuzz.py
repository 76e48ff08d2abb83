"""Ten thousand mutants of a good token, over HTTP: each gets the bytes that no token gets, and leaves no trace."""

import asyncio
import random
import re
import time
from collections.abc import Sequence
from typing import Final

from tests.running import RunningGateway
from tests.token_making import Signer, read_back
from tests.token_mutants import first, of_claims, of_headers, of_text

SEED: Final = 20261122
OF_TEXT: Final = 6_000
OF_CLAIMS: Final = 3_500
OF_HEADERS: Final = 1_500
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


async def test_every_mutant_of_a_token_gets_the_one_constant_401(gateway: RunningGateway) -> None:
    """CASES 22, 23, 24, 30: ten thousand and more of them, byte for byte what no token gets; nothing is recorded."""
    dice = random.Random(SEED)  # noqa: S311 - the same mutants every time
    signer = Signer(gateway.issuer._key)
    claims = read_back(gateway.issuer.mint("teacher").split(".")[1]) | {"iat": int(time.time())}
    good, other = signer.token(claims), gateway.issuer.mint("gp")
    mutants = [
        *first(OF_TEXT, of_text(good, other, dice), good),
        *first(OF_CLAIMS, of_claims(claims, signer, dice), good),
        *first(OF_HEADERS, of_headers(claims, signer, dice), good),
    ]
    schemes = (
        "", "Bearer", "Bearer ", good, f"Basic {good}", f"DPoP {good}", f"Token {good}", f"Bearer  {good}",
        f"Bearer:{good}", f"Bearer={good}", f"\u00a0Bearer {good}", f"Bearer,{good}", f"BearerBearer {good}",
    )  # fmt: skip
    said = [
        *(scheme.encode() for scheme in schemes),
        *(b"Bearer " + mutant.encode("utf-8", "surrogatepass") for mutant in mutants),
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
