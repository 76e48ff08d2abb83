"""Bodies, parameters and methods that are no request: told so in one constant shape, and nothing of them is done."""

import asyncio
import gzip
import json
from collections.abc import Mapping
from typing import Any, Final

import pytest

from gateway.reading import MOST_BRACKETS
from tests.running import RunningGateway

JSON: Final = "application/json"
VIEWER: Final = b'{"query":"{ viewer { subject } }"}'
ACT: Final = 'mutation { overrideShield(number: "%s", reason: "a reason of some length") { until } }'

DEEP: Final = 100_000
DIGITS: Final = b"9" * 5_000

# What every error of a request is; whatever else comes back is a document's own.
SHAPE: Final = {"message", "extensions"}


async def raw(gateway: RunningGateway, *parts: bytes) -> tuple[int, bytes, dict[str, Any]]:
    """Send these very bytes; status, head and JSON of the first reply."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(gateway.url.rpartition(":")[2]))
    try:
        writer.write(b"".join(parts))
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0])
        return int(head.split(b" ", 2)[1]), head, json.loads(await reader.readexactly(length))
    finally:
        writer.close()


def posted(
    gateway: RunningGateway, body: bytes, headers: Mapping[str, str | None] | None = None, viewer: str = "social-worker"
) -> bytes:
    """A POST as somebody let in; a header that is None is left out."""
    said: dict[str, str | None] = {
        "Host": "gateway.example",
        "Authorization": f"Bearer {gateway.token(viewer)}",
        "Contactpoint-Purpose": "SAFEGUARDING",
        "Content-Type": JSON,
        "Content-Length": str(len(body)),
        **(headers or {}),
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in said.items() if value is not None)
    return b"POST /graphql HTTP/1.1\r\n" + lines.encode() + b"\r\n" + body


async def nothing_done(gateway: RunningGateway) -> None:
    assert await gateway.rows("SELECT 1 FROM overrides") == []
    assert not any(gateway.calls.values())


def of_request(head: bytes, body: dict[str, Any]) -> None:
    """That it is the one shape and has the headers that every answer has."""
    assert set(body) == {"errors"}
    [error] = body["errors"]
    assert set(error) == SHAPE
    assert set(error["extensions"]) == {"code"}
    for line in (b"Cache-Control: no-store", b"X-Content-Type-Options: nosniff", b"Server: ContactPoint"):
        assert line in head


def with_variables(variables: bytes) -> bytes:
    return b'{"query":"{ viewer { subject } }","variables":%b}' % variables


# Each with its status; what is 200 is a request like any other.
BODIES: Final[Mapping[str, tuple[bytes, int]]] = {
    "nothing": (b"", 400),
    "100,000 lists deep": (with_variables(b'{"x":' + b"[" * DEEP + b"]" * DEEP + b"}"), 400),
    "100,000 lists, never closed": (b"[" * DEEP, 400),
    "9,000 lists deep": (with_variables(b'{"x":' + b"[" * 9_000 + b"]" * 9_000 + b"}"), 400),
    "500 deep": (with_variables(b'{"x":' * 500 + b"1" + b"}" * 500), 400),
    "33 deep": (with_variables(b'{"x":' * 32 + b"1" + b"}" * 32), 400),
    "32 deep": (with_variables(b'{"y":' * 31 + b"1" + b"}" * 31), 200),
    "deep where it is said first, of two": (
        b'{"extensions":' + b"[" * 900 + b"]" * 900 + b',"extensions":{},"query":"{ viewer { subject } }"}',
        400,
    ),
    "an integer of 5,000 digits": (with_variables(b'{"x":%b}' % DIGITS), 400),
    "an integer of 5,000 digits that nobody asks for": (b'{"query":"{ viewer { subject } }","y":%b}' % DIGITS, 400),
    "1e400": (with_variables(b'{"x":1e400}'), 400),
    "-0": (with_variables(b'{"x":-0}'), 200),
    "NaN": (with_variables(b'{"x":NaN}'), 400),
    "Infinity": (with_variables(b'{"x":-Infinity}'), 400),
    "01": (with_variables(b'{"x":01}'), 400),
    "UTF-16 with its mark": (VIEWER.decode().encode("utf-16"), 400),
    "UTF-16 without": (VIEWER.decode().encode("utf-16-le"), 400),
    "UTF-32": (VIEWER.decode().encode("utf-32"), 400),
    "a mark of UTF-8": (b"\xef\xbb\xbf" + VIEWER, 400),
    "a byte that is no UTF-8": (b'{"query":"{ viewer { subject } } #\xff"}', 400),
    "a byte that is no UTF-8, in what nobody asks for": (b'{"query":"{ viewer { subject } }","y":["\xff"]}', 400),
    "a surrogate as bytes": (b'{"query":"{ viewer { subject } } #\xed\xa0\x80"}', 400),
    "an overlong slash": (b'{"query":"{ viewer { subject } } #\xc0\xaf"}', 400),
    "a lone high surrogate": (b'{"query":"{ viewer { subject } } #\\ud800"}', 400),
    "a lone low surrogate": (b'{"query":"{ viewer { subject } } #\\udc00"}', 400),
    "surrogates the wrong way round": (b'{"query":"{ viewer { subject } } #\\ude00\\ud83d"}', 400),
    "a lone surrogate in a variable's name": (with_variables(b'{"\\ud800":1}'), 400),
    "a pair of surrogates": (b'{"query":"{ viewer { subject } } #\\ud83d\\ude00"}', 200),
    "NUL itself": (b'{"query":"{ viewer { subject } } #\x00"}', 400),
    "NUL after it": (VIEWER + b"\x00", 400),
    "two at once": (VIEWER + VIEWER, 400),
    "a trailing comma": (b'{"query":"{ viewer { subject } }",}', 400),
    "a comment": (b'{"query":"{ viewer { subject } }"} // so', 400),
    "single quotes": (b"{'query':'{ viewer { subject } }'}", 400),
    "a query twice": (b'{"query":"{ viewer { subject } }","query":"{ viewer { subject } }"}', 400),
    "another query twice": (b'{"query":"{ viewer { subject } }" , "query":"{ viewer { purpose } }"}', 400),
    "a query twice, spelt otherwise": (b'{"query":"{ viewer { subject } }","qu\\u0065ry":"{ x }"}', 400),
    "a variable twice": (with_variables(b'{"x":1,"x":1}'), 400),
    "a variable twice, far down": (with_variables(b'{"y":[[{"a":{"b":1,"c":[],"b":2}}]]}'), 400),
    "a variable's member twice, where another is longer": (with_variables(b'{"y":{"a":1,"a":1e5,"b":"\\/"}}'), 400),
    "an extension twice": (b'{"query":"{ viewer { subject } }","extensions":{"a":{"b":1,"b":1}}}', 400),
    "what nobody asks for, twice": (b'{"query":"{ viewer { subject } }","y":{"a":1,"a":1}}', 400),
    "the empty name twice": (with_variables(b'{"":1,"":1}'), 400),
    "the same name in two objects": (with_variables(b'{"y":[{"a":1},{"a":1}]}'), 200),
    "spaces, escapes and what nobody asks for": (
        b' {"y" : [1.0e1, -0, "\\/\\u00e9"],\n"query"\t: "{ viewer { subject } }" } ',
        200,
    ),
}


@pytest.mark.parametrize("what", BODIES)
async def test_a_body_is_read_in_one_way_or_not_at_all(gateway: RunningGateway, what: str) -> None:
    """CASES 40: UTF-8, numbers that there are, each member once, so deep and no deeper; and never a 500."""
    body, status = BODIES[what]
    told, head, answer = await raw(gateway, posted(gateway, body))
    assert told == status
    if status != 200:
        of_request(head, answer)
        code = answer["errors"][0]["extensions"]["code"]
        assert code == ("LIMIT_BODY" if body.count(b"[") > MOST_BRACKETS else "BAD_REQUEST")
    else:
        assert answer["data"] == {"viewer": {"subject": "persona-social-worker"}}


CHARSETS: Final = ("utf-16", "utf-16le", "utf-32", "iso-8859-1", "us-ascii", '"utf-16"', "", "utf-8; charset=utf-16")


@pytest.mark.parametrize("charset", CHARSETS)
async def test_no_other_encoding_is_taken(gateway: RunningGateway, charset: str) -> None:
    """CASES 40: 415, whatever the bytes are."""
    sent = posted(gateway, VIEWER, {"Content-Type": f"{JSON}; charset={charset}"})
    status, head, body = await raw(gateway, sent)
    assert status == 415
    of_request(head, body)


@pytest.mark.parametrize("said", [JSON, "Application/JSON", f"{JSON};charset=UTF-8", f'{JSON} ; charset="utf8"'])
async def test_utf_8_may_be_said_in_a_few_ways(gateway: RunningGateway, said: str) -> None:
    """As clients do."""
    assert (await raw(gateway, posted(gateway, VIEWER, {"Content-Type": said})))[0] == 200


BOUNDARY: Final = "multipart/form-data; boundary=x"


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": BOUNDARY},
        {"Content-Type": None},
        {"Content-Type": ""},
        {"Content-Type": "application/jsonp"},
        {"Content-Type": f"text/plain, {JSON}"},
        {"Content-Type": f"{JSON}, text/plain"},
        {"Content-Type": "application/graphql"},
        {"Content-Encoding": "gzip"},
        {"Content-Encoding": "identity"},
    ],
)
async def test_a_mutation_that_a_form_could_send_is_not_carried_out(
    gateway: RunningGateway, headers: Mapping[str, str | None]
) -> None:
    """CASES 37: a type that needs no leave, none at all, two, or a coding of the body: 415, and nothing was done."""
    act = json.dumps({"query": ACT % gateway.child("shielded").number}).encode()
    sent = gzip.compress(act) if headers.get("Content-Encoding") == "gzip" else act
    status, head, body = await raw(gateway, posted(gateway, sent, headers))
    assert status == 415
    of_request(head, body)
    await nothing_done(gateway)


async def test_an_upload_is_no_request(gateway: RunningGateway) -> None:
    """CASES 37, 42: not by the form that other servers take files in, whatever leave a browser has asked for."""
    act = json.dumps({"query": ACT % gateway.child("shielded").number, "variables": {"file": None}})
    parts = "".join(
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'
        for name, text in (("operations", act), ("map", '{"0":["variables.file"]}'), ("0", "a file"))
    )
    headers = {"Content-Type": BOUNDARY, "Apollo-Require-Preflight": "true", "X-Apollo-Operation-Name": "x"}
    status, head, body = await raw(gateway, posted(gateway, f"{parts}--x--\r\n".encode(), headers))
    assert status == 415
    of_request(head, body)
    await nothing_done(gateway)


async def test_several_operations_at_once_are_none(gateway: RunningGateway) -> None:
    """CASES 37: an array of them, of one or of none."""
    act = {"query": ACT % gateway.child("shielded").number}
    for several in ([act], [act, act], []):
        status, head, body = await raw(gateway, posted(gateway, json.dumps(several).encode()))
        assert status == 400
        of_request(head, body)
    await nothing_done(gateway)


def by_get(gateway: RunningGateway, query: str, method: str = "GET") -> bytes:
    return (
        f"{method} /graphql?{query} HTTP/1.1\r\nHost: gateway.example\r\nContactpoint-Purpose: SAFEGUARDING\r\n"
        f"Authorization: Bearer {gateway.token('social-worker')}\r\n\r\n"
    ).encode()


VIEWER_BY_GET: Final = "query=%7Bviewer%7Bsubject%7D%7D"


@pytest.mark.parametrize(
    ("parameters", "status"),
    [
        (VIEWER_BY_GET, 200),
        (f"{VIEWER_BY_GET}&utm=1&utm=2", 200),
        (f"{VIEWER_BY_GET}&variables=%7B%22x%22%3A1%7D&extensions=%7B%7D&operationName=", 200),
        (f"{VIEWER_BY_GET}&{VIEWER_BY_GET}", 400),
        (f"{VIEWER_BY_GET}&qu%65ry=%7B__typename%7D", 400),
        (f"{VIEWER_BY_GET}&variables=%7B%7D&variables=%7B%7D", 400),
        (f"{VIEWER_BY_GET}&variables=&variables=", 400),
        (f"{VIEWER_BY_GET}&operationName=&operationName=", 400),
        (f"{VIEWER_BY_GET}&extensions=%7B%7D&extensions=%7B%7D", 400),
        (f"{VIEWER_BY_GET}&documentId=a&documentId=a", 400),
        (f"{VIEWER_BY_GET}&variables=%7B%22x%22%3A1%2C%22x%22%3A1%7D", 400),
        (f"{VIEWER_BY_GET}&variables={'%5B' * 2_000}", 400),
        (f"{VIEWER_BY_GET}&variables=%7B%22x%22%3A{'9' * 5_000}%7D", 400),
        (f"{VIEWER_BY_GET}&variables=%5B%5D", 400),
        (f"{VIEWER_BY_GET}&variables=%FF", 400),
        (f"{VIEWER_BY_GET}%23%ED%A0%80", 400),
        ("query=%FF%FE", 400),
        ("", 400),
    ],
)
async def test_parameters_are_read_as_strictly(gateway: RunningGateway, parameters: str, status: int) -> None:
    """CASES 40: each of ours once, and their JSON as in a body."""
    told, head, answer = await raw(gateway, by_get(gateway, parameters))
    assert told == status
    if status != 200:
        of_request(head, answer)


async def test_nothing_is_done_by_get_nor_by_any_other_method(gateway: RunningGateway) -> None:
    """CASES 37: 405 for what acts or reads a child, and for methods that there are not."""
    act = (ACT % gateway.child("shielded").number).replace(" ", "%20").replace('"', "%22")
    status, head, body = await raw(gateway, by_get(gateway, f"query={act}"))
    assert (status, b"Allow: POST\r\n" in head) == (405, True)
    of_request(head, body)
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
        status, head, body = await raw(gateway, by_get(gateway, f"query={act}", method))
        assert (status, b"Allow: GET,POST\r\n" in head) == (405, True)
        of_request(head, body)
    await nothing_done(gateway)


@pytest.mark.parametrize("protocol", ["graphql-transport-ws", "graphql-ws"])
async def test_no_connection_becomes_another_protocols(gateway: RunningGateway, protocol: str) -> None:
    """CASES 42: an upgrade is answered as what it is without it, and what is spoken on is read as nothing."""
    upgrade = (
        by_get(gateway, "")[:-2]
        + (
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: {protocol}\r\n\r\n"
        ).encode()
    )
    status, head, body = await raw(gateway, upgrade, b"\x81\x1a" + json.dumps({"type": "connection_init"}).encode())
    assert status == 400
    of_request(head, body)
    assert b"Connection: close\r\n" in head


async def test_a_subscription_is_refused_however_it_is_asked_for(gateway: RunningGateway) -> None:
    """CASES 42: as a document, by name among others, and as a stream of events."""
    for body in (
        {"query": "subscription { child { number } }"},
        {"query": "query A { viewer { subject } } subscription B { child { number } }", "operationName": "B"},
    ):
        reply = await gateway.post(body, headers={"Contactpoint-Purpose": "SAFEGUARDING"})
        assert reply.status == 400
        assert "data" not in reply.body
    streamed = posted(gateway, VIEWER, {"Accept": "text/event-stream"})
    status, head, told = await raw(gateway, streamed)
    assert status == 406
    of_request(head, told)
    for deferred in ("@defer", "@stream"):
        reply = await gateway.ask(f"{{ viewer {{ ... {deferred} {{ subject }} }} }}")
        assert reply.status == 400


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET /graphql HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET /graphql\xff HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"POST /graphql HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\nContent-Length: 1\r\n\r\n", 417),
        (b"GET /graphql/ HTTP/1.1\r\nHost: a\r\n\r\n", 404),
        (b"GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n", 404),
        (b"GET /assets/nothing.js HTTP/1.1\r\nHost: a\r\n\r\n", 404),
        (b"DELETE /health/live HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        (
            b"POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1048577\r\n\r\n",
            400,
        ),
    ],
)
async def test_what_the_connection_answers_by_itself_has_the_same_shape(
    gateway: RunningGateway, sent: bytes, status: int
) -> None:
    """Whoever reads our errors reads one format, from wherever they come."""
    told, head, body = await raw(gateway, sent)
    assert told == status
    of_request(head, body)


async def test_a_reason_that_is_no_text_is_no_reason(gateway: RunningGateway) -> None:
    """CASES 40: bytes that are no UTF-8 in a header that is kept."""
    sent = posted(gateway, VIEWER).replace(
        b"\r\n\r\n", b"\r\nContactpoint-Reason: a reason \xff\xed\xa0\x80\r\n\r\n", 1
    )
    status, head, body = await raw(gateway, sent)
    assert status == 400
    of_request(head, body)
