"""Heads of replies, and the table of handlers."""

import json

import pytest

from gateway.wire.exchange import Handler, Reply, Request, head
from gateway.wire.routes import Routes


def a_request(method: bytes, target: bytes) -> Request:
    return Request(method, target, {}, set(), b"")


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: b", "a\nb", "a\x00"])
def test_no_header_is_read_as_two(value: str) -> None:
    """Whatever it holds, and wherever it came from."""
    with pytest.raises(ValueError, match="end its line"):
        head(200, {"A": value})


async def found(routes: Routes, method: bytes, target: bytes) -> Reply:
    request = a_request(method, target)
    return await routes.handler_of(request)(request)


@pytest.fixture
def routes() -> Routes:
    routes = Routes()

    def named(name: str) -> Handler:
        async def handle(request: Request) -> Reply:
            return Reply(head(200, {}), name.encode())

        return handle

    routes.add_page("/page", named("page"))
    routes.add("POST", "/door", named("door"))
    routes.add_folder("/files/", lambda name: named(f"file {name}"))
    return routes


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        (b"GET", b"/page", b"page"),
        (b"HEAD", b"/page", b"page"),
        (b"GET", b"/page?a=b", b"page"),
        (b"GET", b"http://here/page?a=b", b"page"),
        (b"POST", b"/door", b"door"),
        (b"GET", b"/files/a.js?b", b"file a.js"),
        (b"GET", b"/files/..%2fa", b"file ..%2fa"),
    ],
)
async def test_a_path_is_found_however_it_is_sent(routes: Routes, method: bytes, target: bytes, body: bytes) -> None:
    """With a query, and with the whole address."""
    assert (await found(routes, method, target)).body == body


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        (b"GET", b"/", b"404"),
        (b"GET", b"//page", b"404"),
        (b"GET", b"/page/", b"404"),
        (b"GET", b"/files/a/b", b"404"),
        (b"OPTIONS", b"*", b"404"),
        (b"GET", b"/a\xff", b"400"),
        (b"POST", b"/page", b"405"),
        (b"GET", b"/door", b"405"),
    ],
)
async def test_what_is_not_there_is_said(routes: Routes, method: bytes, target: bytes, status: bytes) -> None:
    """In the shape and with the headers that every error has, and with what would be allowed."""
    reply = await found(routes, method, target)
    assert reply.head.startswith(b"HTTP/1.1 " + status)
    assert b"Cache-Control: no-store\r\n" in reply.head
    assert b"Content-Type: application/json" in reply.head
    assert [error["extensions"] for error in json.loads(reply.body)["errors"]] == [{"code": "BAD_REQUEST"}]
    assert (b"Allow: " in reply.head) is (status == b"405")
