"""The GraphQL-over-HTTP route and health: a request is read, and its answer becomes bytes. Decides nothing else.

https://graphql.github.io/graphql-over-http/draft/ is the specification followed; its audits are among the tests.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Any, Protocol

import msgspec
from graphql import GraphQLError

from gateway.errors import NotAcceptable, Refusal, Unavailable
from gateway.reading import JSON, Reader
from gateway.request import Answered, Asked
from gateway.wire.exchange import ALWAYS, Handler, Reply, Request, head, json_reply

GRAPHQL = "application/graphql-response+json"


class Answers(Protocol):
    """What the endpoint asks of the pipeline."""

    async def answer(self, asked: Asked) -> Answered: ...


def graphql_route(pipeline: Answers, certificate_header: str = "") -> Handler:
    """The handler of `/graphql`; a trusted proxy passes on the certificate it was shown in `certificate_header`."""
    reader = Reader(certificate_header)

    async def handle(request: Request) -> Reply:
        media_type = JSON
        try:
            media_type = _media_type(request.header(b"accept"))
            answered = await pipeline.answer(reader.read(request))
        except Refusal as refusal:
            return _refused(refusal, media_type)
        status = 400 if not answered.ran and media_type == GRAPHQL else 200
        return _reply(status, _body_of(answered), media_type, answered.reference)

    return handle


async def live(request: Request) -> Reply:
    """The process answers."""
    return json_reply(200, {"status": "live"}, ALWAYS)


def ready_route(ready: Callable[[], Awaitable[None]]) -> Handler:
    """The handler of `/health/ready`: whether lawful answers can be given now."""

    async def handle(request: Request) -> Reply:
        try:
            await ready()
        except Refusal as refusal:
            return json_reply(refusal.status, {"status": "unavailable"}, ALWAYS)
        return json_reply(200, {"status": "ready"}, ALWAYS)

    return handle


@lru_cache(100)
def _media_type(accept: str | None) -> str:
    """The best media type the caller accepts: GraphQL's own where named, plain JSON where it is not."""
    if accept is None:
        return JSON
    weights: dict[str, float] = {}
    for item in accept.split(","):
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


def _refused(refusal: Refusal, media_type: str) -> Reply:
    error = {"message": refusal.message, "extensions": {"code": refusal.code}}
    return _reply(refusal.status, {"errors": [error]}, media_type, refusal.reference, **refusal.headers)


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


def _reply(status: int, body: object, media_type: str, reference: str | None, **headers: str) -> Reply:
    try:
        encoded = msgspec.json.encode(body)
    except (TypeError, ValueError):  # a lone surrogate that the caller sent and an error repeats
        return _refused(Unavailable(), media_type)
    begun = _head(status, media_type, *headers.items())
    if reference is not None:
        begun += b"Contactpoint-Record: %b\r\n" % reference.encode("ascii")
    return Reply(begun, encoded)


@lru_cache(100)
def _head(status: int, media_type: str, *headers: tuple[str, str]) -> bytes:
    """Nothing in it is anybody's own, so few are ever made."""
    return head(status, {**ALWAYS, "Content-Type": f"{media_type}; charset=utf-8", **dict(headers)})
