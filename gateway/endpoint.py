"""The GraphQL-over-HTTP route and health: bytes become a request, an answer becomes bytes. Decides nothing else.

https://graphql.github.io/graphql-over-http/draft/ is the specification followed; its audits are among the tests.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec
from aiohttp import web
from graphql import GraphQLError

from gateway.errors import BadRequest, LimitExceeded, NotAcceptable, Refusal, Unavailable, UnsupportedMedia
from gateway.pipeline import Answered, Asked

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"

# `Server` says who we are, not which versions of what we are built from.
_ALWAYS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Server": "ContactPoint"}


# A proxy may read the last where we read the first.
_SAID_ONCE = ("Authorization", "Contactpoint-Purpose", "Contactpoint-Reason")

BODY_PATIENCE = 5.0  # seconds a body may take to arrive


class Answers(Protocol):
    """What the endpoint asks of the pipeline."""

    async def answer(self, asked: Asked) -> Answered: ...


class _Body(msgspec.Struct):
    query: str
    operationName: str | None = None  # noqa: N815 - the specification's own spelling
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None


_body = msgspec.json.Decoder(_Body)
_object = msgspec.json.Decoder(dict[str, Any])


def graphql_route(pipeline: Answers) -> Callable[[web.Request], Awaitable[web.Response]]:
    """The handler of `/graphql`."""

    async def handle(request: web.Request) -> web.Response:
        media_type = JSON
        try:
            media_type = _media_type(request.headers.getall("Accept", []))
            answered = await pipeline.answer(await _asked(request))
        except Refusal as refusal:
            return _refused(refusal, media_type)
        status = 400 if not answered.ran and media_type == GRAPHQL else 200
        return _respond(status, _body_of(answered), media_type, {"Contactpoint-Record": answered.reference})

    return handle


async def live(request: web.Request) -> web.Response:
    """The process answers."""
    return web.json_response({"status": "live"}, headers=_ALWAYS)


def ready_route(ready: Callable[[], Awaitable[None]]) -> Callable[[web.Request], Awaitable[web.Response]]:
    """The handler of `/health/ready`: whether lawful answers can be given now."""

    async def handle(request: web.Request) -> web.Response:
        try:
            await ready()
        except Refusal as refusal:
            return web.json_response({"status": "unavailable"}, status=refusal.status, headers=_ALWAYS)
        return web.json_response({"status": "ready"}, headers=_ALWAYS)

    return handle


async def _asked(request: web.Request) -> Asked:
    if any(len(request.headers.getall(name, ())) > 1 for name in _SAID_ONCE):
        raise BadRequest("a header that says who asks or why was sent twice")
    body = _parameters(request) if request.method == "GET" else await _posted(request)
    headers = request.headers
    return Asked(
        authorization=headers.get("Authorization"),
        purpose=headers.get("Contactpoint-Purpose"),
        reason=headers.get("Contactpoint-Reason"),
        query=body.query,
        operation_name=body.operationName,
        variables=body.variables or {},
        by_get=request.method == "GET",
    )


async def _posted(request: web.Request) -> _Body:
    charset = (request.charset or "utf-8").lower()
    if request.content_type != JSON or charset not in ("utf-8", "utf8") or "Content-Encoding" in request.headers:
        raise UnsupportedMedia
    try:
        async with asyncio.timeout(BODY_PATIENCE):
            text = await request.read()
    except TimeoutError:
        raise BadRequest("the body did not arrive in time") from None
    except web.HTTPRequestEntityTooLarge:
        raise LimitExceeded("BODY", "the body is too large") from None
    body: _Body = _decoded(_body, text, "the body must be a JSON object with a string `query`")
    return body


def _parameters(request: web.Request) -> _Body:
    query = request.query.get("query")
    if query is None:
        raise BadRequest("the parameter `query` is missing")
    return _Body(
        query=query,
        operationName=request.query.get("operationName") or None,
        variables=_parameter(request, "variables"),
        extensions=_parameter(request, "extensions"),
    )


def _parameter(request: web.Request, name: str) -> dict[str, Any] | None:
    text = request.query.get(name)
    return _decoded(_object, text.encode("utf-8", "surrogatepass"), f"`{name}` must be a JSON object") if text else None


def _decoded(decoder: "msgspec.json.Decoder[Any]", text: bytes, otherwise: str) -> Any:
    try:
        return decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadRequest(otherwise) from None


def _media_type(accepts: Sequence[str]) -> str:
    """The best media type the caller accepts: GraphQL's own where named, plain JSON where it is not."""
    if not accepts:
        return JSON
    weights: dict[str, float] = {}
    for item in ",".join(accepts).split(","):
        name, *parameters = (part.strip().lower() for part in item.split(";"))
        weights[name] = next((_weight(part[2:]) for part in parameters if part.startswith("q=")), 1.0)
    everything = weights.get("*/*", 0.0)
    anything = weights.get("application/*", everything)
    best = max((GRAPHQL, JSON), key=lambda name: (weights.get(name, 0.0), weights.get(name, anything), name == JSON))
    if weights.get(best, anything) <= 0:
        raise NotAcceptable
    return best


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _refused(refusal: Refusal, media_type: str) -> web.Response:
    error = {"message": refusal.message, "extensions": {"code": refusal.code}}
    record = {"Contactpoint-Record": refusal.reference} if refusal.reference else {}
    return _respond(refusal.status, {"errors": [error]}, media_type, {**refusal.headers, **record})


def _body_of(answered: Answered) -> dict[str, Any]:
    body: dict[str, Any] = {}
    if answered.errors:
        body["errors"] = [_formatted(error) for error in answered.errors]
    if answered.ran:
        body["data"] = answered.data
    if answered.extensions:
        body["extensions"] = answered.extensions
    return body


def _formatted(error: GraphQLError) -> Mapping[str, Any]:
    return error.formatted


def _respond(status: int, body: object, media_type: str, headers: Mapping[str, str]) -> web.Response:
    try:
        encoded = msgspec.json.encode(body)
    except (TypeError, ValueError):  # a lone surrogate that the caller sent and an error repeats
        return _refused(Unavailable(), media_type)
    return web.Response(
        status=status,
        body=encoded,
        headers={**_ALWAYS, "Content-Type": f"{media_type}; charset=utf-8", **headers},
    )
