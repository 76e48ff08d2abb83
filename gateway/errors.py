"""The errors a caller may read, each with its status and stable code; everything else is never shown.

Refusal                       ends a request; its text is safe, constant, and says nothing of any child
├── Unauthenticated     401   no valid token; one body for every cause
├── PurposeRequired     400   no purpose was stated
├── ReasonRequired      400   no reason was stated where the role must state one
├── Forbidden           403   this client or role may not come in, not state this purpose, or not use this door
├── BadRequest          400   not a GraphQL-over-HTTP request
├── UnknownDocument     400   no such document of this partner's; one body for every cause
├── LimitExceeded       400   more than one request may ask
├── RateLimited         429   too many guesses at who is on record
├── MethodNotAllowed    405   reading a child, or changing anything, by GET
├── NotAcceptable       406   no media type we can answer in
├── UnsupportedMedia    415   a body that is not JSON in UTF-8
└── Unavailable         503   no answer can be given lawfully right now
"""

from collections.abc import Mapping
from typing import ClassVar


class Refusal(Exception):
    """Ends a request. The text is shown to the caller; `reference` is the ledger's, where the refusal is recorded."""

    status: ClassVar[int] = 400
    headers: Mapping[str, str] = {}
    reference: str | None = None

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class Unauthenticated(Refusal):
    """No valid token."""

    status = 401
    headers = {"WWW-Authenticate": "Bearer"}

    def __init__(self) -> None:
        super().__init__("a valid access token is needed", "UNAUTHENTICATED")


class PurposeRequired(Refusal):
    """No purpose was stated."""

    def __init__(self) -> None:
        super().__init__("state why you ask in the header `Contactpoint-Purpose`", "PURPOSE_REQUIRED")


class ReasonRequired(Refusal):
    """The role states this purpose with a reason alone."""

    def __init__(self) -> None:
        super().__init__(
            "state a reason of 10 to 255 characters in the header `Contactpoint-Reason`", "REASON_REQUIRED"
        )


class Forbidden(Refusal):
    """The client or the role may not do this."""

    status = 403

    def __init__(self, message: str) -> None:
        super().__init__(message, "FORBIDDEN")


class BadRequest(Refusal):
    """Not a GraphQL-over-HTTP request."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "BAD_REQUEST")


class UnknownDocument(Refusal):
    """No live document of this partner's has this id or this text."""

    def __init__(self) -> None:
        super().__init__("there is no such document", "UNKNOWN_DOCUMENT")


class LimitExceeded(Refusal):
    """More than one request may ask; the code names the limit."""

    def __init__(self, limit: str, message: str) -> None:
        super().__init__(message, f"LIMIT_{limit}")


class RateLimited(Refusal):
    """Too many look-ups that found nobody, and searches; what is asked for now is not looked at."""

    status = 429

    def __init__(self, seconds: int) -> None:
        super().__init__("too many look-ups that found nobody, and searches; try again later", "RATE_LIMITED")
        self.headers = {"Retry-After": str(seconds)}


class MethodNotAllowed(Refusal):
    """Only what touches no child may be read by GET: addresses are kept in proxies' logs."""

    status = 405
    headers = {"Allow": "POST"}

    def __init__(self) -> None:
        super().__init__("this operation must be sent by POST", "BAD_REQUEST")


class NotAcceptable(Refusal):
    """The caller accepts no media type we can answer in."""

    status = 406

    def __init__(self) -> None:
        super().__init__("accept `application/graphql-response+json` or `application/json`", "BAD_REQUEST")


class UnsupportedMedia(Refusal):
    """The body is not JSON in UTF-8."""

    status = 415

    def __init__(self) -> None:
        super().__init__("send `application/json` in UTF-8", "BAD_REQUEST")


class Unavailable(Refusal):
    """The store, the ledger or the issuer gives no answer, so neither do we."""

    status = 503
    headers = {"Retry-After": "2"}

    def __init__(self) -> None:
        super().__init__("no answer can be given now; try again", "UNAVAILABLE")
