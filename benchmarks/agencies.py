"""The agencies, as cheap as they can be made: every answer is bytes made beforehand, and HTTP is read just far enough.

`POST /bulk/KIND` with `{"keys": […]}` answers `{"records": {key: record}}`; `GET /single/KIND/KEY` answers a record.
"""

import asyncio
from collections.abc import Mapping
from typing import Final, cast

import msgspec
import uvloop

from benchmarks.people import KINDS, held_by, key_of, measured_children

_LENGTH: Final = b"content-length:"
_END: Final = b"\r\n\r\n"


class _Keys(msgspec.Struct):
    keys: list[str]


_keys = msgspec.json.Decoder(_Keys)

Held = Mapping[str, Mapping[str, bytes]]  # by kind, by key: a record in JSON


def everything() -> Held:
    """What each agency holds of every child that is measured."""
    children = list(measured_children())
    return {
        kind: {key_of(kind, child): msgspec.json.encode(held_by(kind, child)) for child in children} for kind in KINDS
    }


class Conversation(asyncio.Protocol):
    """One connection, kept for as long as its caller likes."""

    def __init__(self, held: Held) -> None:
        self._held = held
        self._unread = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own is none by its class

    def data_received(self, data: bytes) -> None:
        self._unread += data
        while (end := self._unread.find(_END)) >= 0:
            head = self._unread[:end]
            start = end + len(_END)
            stop = start + _length(head)
            if len(self._unread) < stop:
                return
            body, self._unread = self._unread[start:stop], self._unread[stop:]
            _, how, kind, *key = head.split(b" ", 2)[1].decode().split("/")
            self._answer(how, kind, "".join(key), body)

    def _answer(self, how: str, kind: str, key: str, body: bytes) -> None:
        held = self._held[kind]
        if how == "bulk":
            found = [b'"%s":%s' % (key.encode(), held[key]) for key in _keys.decode(body).keys if key in held]
            answer = b'{"records":{%s}}' % b",".join(found)
        else:
            answer = held.get(key, b"null")
        self._transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(answer), answer)
        )


def _length(head: bytes) -> int:
    _, found, rest = head.lower().partition(_LENGTH)
    return int(rest.partition(b"\r\n")[0]) if found else 0


async def serve() -> None:
    """Answer until ended, having said where."""
    held = everything()
    server = await asyncio.get_running_loop().create_server(lambda: Conversation(held), "127.0.0.1", 0, backlog=1024)
    port = server.sockets[0].getsockname()[1]
    print(f"ready http://127.0.0.1:{port}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve())
