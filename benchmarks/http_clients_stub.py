"""The cheapest agency there can be, for measuring clients: it answers every request with bytes made beforehand.

Run by `benchmarks.http_clients` on a core of its own. It reads nothing of a request but its path.
"""

import asyncio
import gzip
import hashlib
import json
import sys

import uvloop


def _record(number: int) -> dict[str, object]:
    return {
        "resourceType": "Patient",
        "id": str(9990000000 + number),
        "meta": {"versionId": hashlib.sha256(b"%d" % number).hexdigest()},  # so that it compresses as records do
        "name": [{"use": "usual", "given": ["Ada", "Joy"], "family": f"Example{number}"}],
        "address": [{"line": [f"{number} Sample Road", "Testham"], "postalCode": f"ZZ9 {number % 10}ZZ"}],
        "telecom": [{"system": "phone", "value": f"07700 900{number % 1000:03}"}],
    }


def _answer(body: bytes, *more: str) -> bytes:
    head = ["HTTP/1.1 200 OK", "Content-Type: application/json", f"Content-Length: {len(body)}", *more]
    return "\r\n".join([*head, 'ETag: W/"2"', "X-Request-Id: 4ae4c4c8", "\r\n"]).encode() + body


BODIES = {
    "/small": json.dumps([_record(number) for number in range(3)]).encode(),
    "/gzip": json.dumps([_record(number) for number in range(60)]).encode(),
}
SMALL = _answer(BODIES["/small"])
LARGE = _answer(gzip.compress(BODIES["/gzip"]), "Content-Encoding: gzip")


class Stub(asyncio.Protocol):
    """One connection; each end of a request's head earns one answer."""

    def connection_made(self, transport: asyncio.WriteTransport) -> None:  # type: ignore[override]  # what TCP gives
        self._transport = transport
        self._head = b""

    def data_received(self, data: bytes) -> None:
        *heads, self._head = (self._head + data).split(b"\r\n\r\n")
        for head in heads:
            self._transport.write(LARGE if head.startswith(b"GET /gzip") else SMALL)


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(Stub, "127.0.0.1", 0, backlog=1024)
    async with server:
        print(server.sockets[0].getsockname()[1], flush=True)
        # The benchmark holds the other end of our standard input; when it goes, so do we.
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    uvloop.run(_serve())
