"""One connection's talk, where only its own turns of the loop can show what is promised."""

import asyncio
from contextvars import Context

import pytest

from adapters.conversation import Answer, Caps, Conversation
from adapters.deadlines import Deadlines

SAID = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Line(asyncio.Transport):
    """The other end's line: what is written to it is kept, and it is closed or not."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: object) -> None:
        assert isinstance(data, bytes)
        self.written.append(data)

    def close(self) -> None:
        self.closed = True


def a_conversation(line: Line) -> Conversation:
    loop = asyncio.get_running_loop()
    caps = Caps(silence=3, body=100, header=100)
    return Conversation(line, loop, caps, Deadlines(loop, Context()), lambda _: None, lambda _, __: None)


async def test_who_leaves_once_answered_disturbs_nobody(soon: float) -> None:
    """Cancelled in the turn in which its answer came, a call does not take down the one that has its connection now."""
    line = Line()
    conversation = a_conversation(line)
    first: asyncio.Future[Answer] = conversation.ask(b"1", (), soon)
    conversation.data_received(SAID)
    second = conversation.ask(b"2", (), soon)
    conversation.leave(first)
    assert not line.closed
    conversation.data_received(SAID)
    assert (await first).body == (await second).body == b"{}"


@pytest.mark.parametrize("answered", [False, True])
async def test_what_nobody_waits_for_ends_the_connection(soon: float, answered: bool) -> None:
    """A word before anybody asks, or after the answer, could only be taken for the answer to the next."""
    line = Line()
    conversation = a_conversation(line)
    if answered:
        conversation.ask(b"1", (), soon)
        conversation.data_received(SAID)
    assert not conversation.over
    conversation.data_received(SAID)
    assert conversation.over
    assert line.closed


async def test_nothing_that_was_said_is_kept(soon: float) -> None:
    """A connection that is open and unused holds no header and no body (law 10)."""
    conversation = a_conversation(Line())
    conversation.ask(b"1", (), soon)
    conversation.data_received(SAID)
    assert not hasattr(conversation, "_parts")
    assert not hasattr(conversation, "_headers")
