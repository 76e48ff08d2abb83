"""One operation as it goes over the wire to one world, and everything that was to be observed meanwhile."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from adapters.store.entries import Conditions
from gateway.audit.scribe import Access
from tests.worlds.operations import Sent
from tests.worlds.seams import LogLines
from tests.worlds.world import World

_PATIENCE: Final = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came over the wire, byte for byte: the head with its first line, and the body."""

    head: bytes
    body: bytes

    @property
    def data(self) -> dict[str, Any] | None:
        """The body's own `data`; None where it has none."""
        try:
            body = msgspec.json.decode(self.body)
        except msgspec.DecodeError:
            return None
        return body.get("data") if isinstance(body, dict) else None

    @property
    def status(self) -> int:
        return int(self.head[9:12])


@dataclass(frozen=True, slots=True)
class Observed:
    """An answer, and what was heard at the seams until it had come."""

    answer: Answer
    questions: frozenset[str] = frozenset()
    statements: tuple[tuple[str, tuple[object, ...]], ...] = ()
    recorded: tuple[Access | Conditions, ...] = ()
    logs: tuple[str, ...] = ()
    counts: tuple[str, ...] = ()


@dataclass
class Line:
    """One connection to a gateway, asked one thing at a time."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    host: str

    @classmethod
    @asynccontextmanager
    async def to(cls, url: str) -> AsyncIterator["Line"]:
        place = urlsplit(url)
        secure = place.scheme == "https"
        reader, writer = await asyncio.open_connection(
            place.hostname, place.port or (443 if secure else 80), ssl=secure or None
        )
        try:
            yield cls(reader, writer, place.netloc)
        finally:
            writer.close()

    async def send(self, sent: Sent, headers: Mapping[str, str]) -> Answer:
        """Send it and read the whole answer."""
        self.writer.write(_request(sent, headers, self.host))
        async with asyncio.timeout(_PATIENCE):
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
            return Answer(head, await self.reader.readexactly(length))


def _request(sent: Sent, headers: Mapping[str, str], host: str) -> bytes:
    said = {
        "query": sent.text,
        "documentId": sent.document_id,
        "operationName": sent.operation_name,
        "variables": dict(sent.variables) or None,
    }
    said = {name: value for name, value in said.items() if value is not None}
    if sent.by_get:
        words = {name: value if isinstance(value, str) else json.dumps(value) for name, value in said.items()}
        target, body = f"/graphql?{urlencode(words, quote_via=quote)}", b""
    else:
        target, body = "/graphql", json.dumps(said).encode()
    lines = {"Host": host, **headers, "Accept": sent.accept}
    if not sent.by_get:
        lines |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    first = f"{'GET' if sent.by_get else 'POST'} {target} HTTP/1.1\r\n"
    return (first + "".join(f"{name}: {value}\r\n" for name, value in lines.items()) + "\r\n").encode() + body


@dataclass
class Place:
    """A world, and our line to it."""

    world: World
    line: Line
    lines: LogLines
    answers: int = field(default=0)

    async def observe(self, sent: Sent, headers: Mapping[str, str]) -> Observed:
        """Ask, alone: whatever is heard meanwhile is this operation's."""
        seams = self.world.seams
        seams.questions, seams.statements, seams.recorded, self.lines.lines = set(), [], [], []
        before = seams.counts()
        answer = await self.line.send(sent, headers)
        return Observed(
            answer,
            frozenset(seams.questions),
            tuple(seams.statements),
            tuple(seams.recorded),
            tuple(self.lines.lines),
            tuple(
                f"{name} +{n - before.get(name, 0):g}" for name, n in seams.counts().items() if n != before.get(name)
            ),
        )
