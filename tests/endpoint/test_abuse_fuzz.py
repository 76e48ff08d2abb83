"""Requests made of whatever comes: each has one answer, and its connection goes on or ends in order."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Final

import hypothesis
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from gateway.events import Event
from gateway.settings import Settings
from tests.running import RunningGateway

CASES: Final = int(os.environ.get("ABUSE_CASES", "300"))

# None is ever 500, and none 503: nothing here is out of order.
STATUSES: Final = frozenset({200, 400, 401, 403, 404, 405, 406, 415, 417, 429})

LIVE: Final = b"GET /health/live HTTP/1.1\r\nHost: gateway.example\r\n\r\n"

TEXTS: Final = (
    "{ viewer { subject } }",
    "query($n: ID!) { child(number: $n) { number name { given family } practice { odsCode } } }",
    "query($n: [ID!]!) { children(numbers: $n) { number address { postcode } parents { phone } } }",
    "query($by: ChildCriteria!, $f: Int) { findChildren(by: $by, first: $f) { tooMany children { number } } }",
    "query($k: ChildKey!) { childByKey(key: $k) { number services { kind } } }",
    "query($r: [_Any!]!) { _entities(representations: $r) { ... on Child { number } } }",
    'mutation($n: ID!) { overrideShield(number: $n, reason: "a reason of some length") { until } }',
    "query A { __schema { types { name } } } query B($x: Boolean!) { ...F @skip(if: $x) } fragment F on Query { x }",
)

WORDS: Final = st.sampled_from(
    [
        *("{", "}", "(", ")", "[", "]", ":", "$", "!", "=", "@", '"', "|", "&", "#", ",", "...", '"""', "\\", "\x00"),
        *("\ufeff", "\u2028", "\U0001f600", "\\u{110000}", "on", "query", "fragment", "F", "child", "number"),
        *("_entities", "__typename", "-0", "1e999", "9" * 400, "null", "@skip(if: $x)"),
    ]
)

JSON_VALUES: Final = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(),
        st.sampled_from(["F12R0749SBD38", "Child", "FEMALE", "2015-02-30", "999 000 0000", "\x00"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.dictionaries(
            st.sampled_from(["number", "__typename", "family", "birthYear", "gender", "upn", "nhsNumber"]) | st.text(),
            inner,
            max_size=5,
        ),
    ),
    max_leaves=10,
)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """A text that says something, with words put in, taken out, or said again."""
    text = draw(st.sampled_from(TEXTS))
    for _ in range(draw(st.integers(0, 4))):
        place, length = draw(st.integers(0, len(text))), draw(st.integers(0, 20))
        text = text[:place] + draw(WORDS | st.just(text[place : place + length] * 3)) + text[place + length :]
    return text


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """JSON that asks something; as often with members and bytes of it changed, or bytes alone."""
    names = st.sampled_from(["n", "by", "f", "k", "r", "x"])
    body: dict[str, Any] = {"query": draw(documents()), "variables": draw(st.dictionaries(names, JSON_VALUES))}
    if draw(st.booleans()):
        return json.dumps(body).encode()
    if draw(st.integers(0, 4)) == 0:
        return draw(st.binary(max_size=200))
    members = st.sampled_from(["variables", "operationName", "documentId", "extensions", "x"])
    body |= draw(st.dictionaries(members, JSON_VALUES | st.just(float("nan")), max_size=2))
    text = json.dumps(body).encode()
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 3]))):
        place = draw(st.integers(0, len(text)))
        text = text[:place] + draw(st.binary(max_size=4)) + text[place + draw(st.integers(0, 4)) :]
    return text


# Bytes that end no line: those the connection itself refuses are its own tests'.
LINE: Final = st.binary(max_size=40).map(lambda text: bytes(byte for byte in text if byte not in b"\r\n"))

HEADERS: Final = st.fixed_dictionaries(
    {},
    optional={
        b"Content-Type": LINE | st.sampled_from([b"application/json", b"text/plain", b"application/json;charset*=''y"]),
        b"Accept": LINE | st.sampled_from([b"*/*", b"application/graphql-response+json", b"a/b;q=nan, */*;q=inf"]),
        b"Contactpoint-Purpose": LINE | st.sampled_from([b"SAFEGUARDING", b"EDUCATION", b"AUDIT"]),
        b"Contactpoint-Reason": LINE | st.just(b"a reason of some length"),
        **dict.fromkeys((b"Authorization", b"Content-Encoding", b"Expect", b"X-Anything"), LINE),
    },
)

BEGUN: Final = (b"/graphql?", b"/graphql?query={", b"/graphql?query=%7Bviewer%7Bsubject%7D%7D&", b"/", b"*")

TARGETS: Final = st.just(b"/graphql") | st.builds(
    lambda begun, text: begun + text.encode(),
    st.sampled_from(BEGUN),
    st.text("%=&{}abcdef0123456789query", max_size=30),
)

METHODS: Final = st.sampled_from([b"POST", b"POST", b"POST", b"GET", b"HEAD", b"PUT", b"OPTIONS"])


@pytest.fixture
def settings(settings: Settings) -> Settings:
    # Whoever fuzzes guesses a lot.
    return replace(settings, guess_burst=1_000_000)


async def exchanged(gateway: RunningGateway, sent: bytes, *, bare: bool) -> tuple[int, bytes, bytes, bool]:
    """Status, head and body; and whether the connection went on as it said."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(gateway.url.rpartition(":")[2]))
    try:
        async with asyncio.timeout(60):
            writer.write(sent)
            head = await reader.readuntil(b"\r\n\r\n")
            while head.startswith(b"HTTP/1.1 100 "):
                head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0])
            body = b"" if bare else await reader.readexactly(length)
            if b"\r\nConnection: close\r\n" in head:
                left = await reader.read()
                in_order = bare or left == b""
            else:
                writer.write(LIVE)
                in_order = (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
            return int(head.split(b" ", 2)[1]), head, body, in_order
    finally:
        writer.close()


def proper(status: int, body: Any) -> None:
    """That an answer of `/graphql` has the shape that it says it has."""
    assert set(body) <= {"data", "errors", "extensions"}
    for error in body.get("errors", []):
        assert set(error) <= {"message", "locations", "path", "extensions"}
        assert isinstance(error["message"], str)
        assert "code" in error.get("extensions", {"code": ""})
    if status != 200:
        assert body["errors"]
        assert "data" not in body


async def asked_of(ask: Callable[[Any], Awaitable[None]], **strategies: st.SearchStrategy[Any]) -> None:
    """Have every example asked on this very loop, from a thread in which hypothesis may wait for it."""
    loop = asyncio.get_running_loop()

    @hypothesis.settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.fixed_dictionaries(strategies))
    def each(drawn: Any) -> None:
        asyncio.run_coroutine_threadsafe(ask(drawn), loop).result()

    await asyncio.to_thread(each)


async def test_whatever_comes_is_answered_in_order(gateway: RunningGateway) -> None:
    """CASES 37, 40: never a 500, never a body of another shape, never an end that was not announced."""

    async def ask(drawn: Any) -> None:
        own = drawn["headers"]
        said = {
            b"Host": b"gateway.example",
            b"Authorization": f"Bearer {gateway.token(drawn['viewer'])}".encode(),
            b"Contactpoint-Purpose": b"SAFEGUARDING",
            b"Content-Type": b"application/json",
            **own,
            b"Content-Length": b"%d" % len(drawn["body"]),
        }
        lines = b"".join(b"%b: %b\r\n" % one for one in said.items())
        sent = b"%b %b HTTP/1.1\r\n%b\r\n%b" % (drawn["method"], drawn["target"], lines, drawn["body"])
        bare = drawn["method"] == b"HEAD"
        status, head, body, in_order = await exchanged(gateway, sent, bare=bare)
        assert status in STATUSES
        assert in_order
        assert b"Server: ContactPoint\r\n" in head or status == 200
        if not bare and drawn["target"] != b"/":
            proper(status, json.loads(body))

    await asked_of(
        ask,
        body=bodies(),
        headers=st.just({}) | HEADERS,
        target=st.just(b"/graphql") | TARGETS,
        method=METHODS,
        viewer=st.sampled_from(["teacher", "social-worker", "shield-officer", "partner-cms"]),
    )
    happened = gateway.gateway.observer._counts
    assert not [one for one in happened if one[0] in (Event.UNFORESEEN, Event.RESOLVER_FAILED)]
