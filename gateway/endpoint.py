"""The GraphQL-over-HTTP route and health: bytes become a request, an answer becomes bytes. Decides nothing else.

https://graphql.github.io/graphql-over-http/draft/ is the specification followed; its audits are among the tests.
"""

from collections.abc import Awaitable, Callable, Mapping
from collections.abc import Set as AbstractSet
from email.message import Message
from functools import lru_cache
from typing import Any, Final, Literal, Protocol
from urllib.parse import parse_qsl

import msgspec
from graphql import GraphQLError

from gateway.errors import BadRequest, LimitExceeded, NotAcceptable, Refusal, Unavailable, UnsupportedMedia
from gateway.pipeline import Answered, Asked
from gateway.wire.exchange import Handler, Reply, Request, Unread, head, json_reply

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"

# `Server` says who we are, not which versions of what we are built from.
ALWAYS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Server": "ContactPoint"}

# A proxy may read the last where we read the first. To these comes the header for certificates, where there is one.
SAID_ONCE: Final = frozenset({b"authorization", b"contactpoint-purpose", b"contactpoint-reason"})

# How a caller may spell out what our bodies are in.
OUR_CHARSETS: Final = frozenset({"utf-8", "utf8"})


class Answers(Protocol):
    """What the endpoint asks of the pipeline."""

    async def answer(self, asked: Asked) -> Answered: ...


class _Body(msgspec.Struct):
    query: str | None = None
    documentId: str | None = None  # noqa: N815 - the specification's own spelling
    operationName: str | None = None  # noqa: N815 - as above
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None


class _Persisted(msgspec.Struct):
    """Apollo's way to name a document by its hash, beside its text or in its stead."""

    version: Literal[1]
    sha256Hash: str  # noqa: N815 - its own spelling


_body = msgspec.json.Decoder(_Body)
_object = msgspec.json.Decoder(dict[str, Any])


def graphql_route(pipeline: Answers, certificate_header: str = "") -> Handler:
    """The handler of `/graphql`; a trusted proxy passes on the certificate it was shown in `certificate_header`."""
    certificate = certificate_header.lower().encode("ascii")
    said_once = SAID_ONCE | ({certificate} if certificate else set())

    async def handle(request: Request) -> Reply:
        media_type = JSON
        try:
            media_type = _media_type(request.header(b"accept"))
            answered = await pipeline.answer(_asked(request, certificate, said_once))
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


def _asked(request: Request, certificate: bytes, said_once: AbstractSet[bytes]) -> Asked:
    if request.repeated and not request.repeated.isdisjoint(said_once):
        raise BadRequest("a header that says who asks or why was sent twice")
    by_get = request.method == b"GET"
    body = _parameters(request) if by_get else _posted(request)
    return Asked(
        authorization=request.header(b"authorization"),
        purpose=request.header(b"contactpoint-purpose"),
        reason=request.header(b"contactpoint-reason"),
        query=body.query,
        document_id=_document_id(body),
        operation_name=body.operationName,
        variables=body.variables or {},
        by_get=by_get,
        peer=request.peer,
        forwarded=request.header(certificate) if certificate else None,
    )


def _document_id(body: _Body) -> str | None:
    """The id of the document asked for, or of the text sent, where its caller gives one."""
    said = body.extensions.get("persistedQuery") if body.extensions else None
    if body.documentId is not None:
        if body.query is not None or said is not None:
            raise BadRequest("`documentId` stands alone: leave out `query` and `persistedQuery`")
        return body.documentId
    if said is not None:
        try:
            return f"sha256:{msgspec.convert(said, _Persisted).sha256Hash}"
        except msgspec.ValidationError:
            raise BadRequest("`persistedQuery` must hold `version` 1 and a `sha256Hash`") from None
    if body.query is None:
        raise BadRequest("send a string `query`, or the id of a document as `documentId`")
    return None


def _posted(request: Request) -> _Body:
    if not _is_ours(request.header(b"content-type") or "") or b"content-encoding" in request.headers:
        raise UnsupportedMedia
    match request.body:
        case Unread.TOO_SLOW:
            raise BadRequest("the body did not arrive in time")
        case Unread.TOO_LARGE:
            raise LimitExceeded("BODY", "the body is too large")
        case text:
            body: _Body = _decoded(_body, text, "the body must be a JSON object with a string `query` or `documentId`")
            return body


@lru_cache(100)
def _is_ours(content_type: str) -> bool:
    """Whether it says JSON in UTF-8, which only a preflighted request can say."""
    message = Message()
    message["Content-Type"] = content_type
    charset = message.get_param("charset", "utf-8")
    return message.get_content_type() == JSON and str(charset).lower() in OUR_CHARSETS


def _parameters(request: Request) -> _Body:
    try:
        query = (request.address.query or b"").decode("ascii")
        # The first of several, as with every header that we let be sent twice.
        said = dict(reversed(parse_qsl(query, keep_blank_values=True, errors="strict")))
    except ValueError:
        raise BadRequest("the parameters must be UTF-8, percent-encoded") from None
    return _Body(
        query=said.get("query"),
        documentId=said.get("documentId"),
        operationName=said.get("operationName") or None,
        variables=_parameter(said, "variables"),
        extensions=_parameter(said, "extensions"),
    )


def _parameter(said: Mapping[str, str], name: str) -> dict[str, Any] | None:
    text = said.get(name)
    return _decoded(_object, text.encode(), f"`{name}` must be a JSON object") if text else None


def _decoded(decoder: "msgspec.json.Decoder[Any]", text: bytes, otherwise: str) -> Any:
    try:
        return decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadRequest(otherwise) from None


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
