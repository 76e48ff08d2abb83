"""The one place where a request's bytes become what it asks: strictly, boundedly, and each thing said once.

What two readers could read apart is not read at all. Nobody is known here yet, and no document is looked into.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, Literal
from urllib.parse import parse_qsl

import msgspec

from gateway.errors import BadRequest, LimitExceeded, UnsupportedMedia
from gateway.request import Asked
from gateway.wire.exchange import Request, Unread

JSON: Final = "application/json"

DEEPEST: Final = 32  # objects and lists within one another, the body itself among them
MOST_BRACKETS: Final = 10_000  # of all variables and the document together: far more than either may have

# A proxy may read the last where we read the first. To these comes the header for certificates, where there is one.
SAID_ONCE: Final = frozenset({b"authorization", b"contactpoint-purpose", b"contactpoint-reason"})

# How a caller may spell out what our bodies are in.
OUR_CHARSETS: Final = frozenset({"utf-8", "utf8"})

_NO_BODY: Final = "the body must be a JSON object with a string `query` or `documentId`"


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


PARAMETERS: Final = frozenset(_Body.__struct_fields__)


class Reader:
    """Reads requests; a trusted proxy passes on the certificate it was shown in `certificate_header`."""

    def __init__(self, certificate_header: str = "") -> None:
        self._certificate = certificate_header.lower().encode("ascii")
        self._said_once = SAID_ONCE | ({self._certificate} if self._certificate else set())

    def read(self, request: Request) -> Asked:
        """What it asks. Raises `BadRequest`, `LimitExceeded` or `UnsupportedMedia`."""
        if request.repeated and not request.repeated.isdisjoint(self._said_once):
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
            forwarded=request.header(self._certificate) if self._certificate else None,
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
            try:
                return msgspec.convert(object_in(text, _NO_BODY), _Body)
            except msgspec.ValidationError:
                raise BadRequest(_NO_BODY) from None


@lru_cache(100)
def _is_ours(content_type: str) -> bool:
    """Whether it says JSON in UTF-8, which only a preflighted request can say."""
    kind, *parameters = (part.strip() for part in content_type.lower().split(";"))
    charsets = [one.partition("=")[2].strip(' "') for one in parameters if one.startswith("charset")]
    return kind == JSON and OUR_CHARSETS.issuperset(charsets)


def _parameters(request: Request) -> _Body:
    try:
        query = (request.address.query or b"").decode("ascii")
        given = parse_qsl(query, keep_blank_values=True, errors="strict")
    except ValueError:
        raise BadRequest("the parameters must be UTF-8, percent-encoded") from None
    ours = [(name, value) for name, value in given if name in PARAMETERS]
    said = dict(ours)
    if len(said) != len(ours):
        raise BadRequest("a parameter was sent twice")
    return _Body(
        query=said.get("query"),
        documentId=said.get("documentId"),
        operationName=said.get("operationName") or None,
        variables=_parameter(said, "variables"),
        extensions=_parameter(said, "extensions"),
    )


def _parameter(said: Mapping[str, str], name: str) -> dict[str, Any] | None:
    text = said.get(name)
    return object_in(text.encode(), f"`{name}` must be a JSON object") if text else None


_decoder: Final = msgspec.json.Decoder(dict[str, Any])


def object_in(text: bytes, otherwise: str) -> dict[str, Any]:
    """The JSON object that the text is: UTF-8, numbers that there are, each member once, at most `DEEPEST` deep.

    Raises `LimitExceeded`, and `BadRequest` with the words `otherwise` where it is no JSON object at all.
    """
    brackets = text.count(b"{") + text.count(b"[")  # in texts, too
    if brackets > MOST_BRACKETS:  # an object costs a hundred times what it takes to write it
        raise LimitExceeded("BODY", f"a body may hold at most {MOST_BRACKETS} objects and lists")
    try:
        value = _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadRequest(otherwise) from None
    if brackets > DEEPEST and _is_too_deep(value):
        raise BadRequest(f"JSON may be nested at most {DEEPEST} deep")
    if not _says_each_once(text, value):
        raise BadRequest("a member of a JSON object was sent twice")
    return value


def _is_too_deep(value: dict[str, Any]) -> bool:
    level: list[Any] = [value]
    for _ in range(DEEPEST):
        level = [
            inner
            for one in level
            for inner in (one.values() if type(one) is dict else one)
            if type(inner) is dict or type(inner) is list
        ]
        if not level:
            return False
    return True


def _says_each_once(text: bytes, value: dict[str, Any]) -> bool:
    """Whether no object in the text names a member twice, of which we would have taken the last.

    What was understood names each once. Where writing it out gives the very text, as with most callers, the text does
    so too; only of others every object is looked at.
    """
    written = msgspec.json.encode(value)
    if written == text:
        return True
    try:
        if written != msgspec.json.format(text, indent=-1):
            _pairs.decode(text.decode())
    except (_Twice, RecursionError):  # the first of two may be deeper than anything that is left
        return False
    return True


class _Twice(Exception):
    """An object names a member twice."""


def _once(pairs: list[tuple[str, Any]]) -> None:
    if len(dict(pairs)) != len(pairs):
        raise _Twice


_pairs: Final = json.JSONDecoder(object_pairs_hook=_once)
