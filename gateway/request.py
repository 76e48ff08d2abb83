"""A request as it comes in, what goes back, and what lives as long as it does."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec
from graphql import GraphQLError

from gateway.audit.ledger import new_reference
from gateway.purpose import Ground
from gateway.viewer import Viewer
from gateway.wire.peer import Peer
from resolvers.acts import Acts


class Asked(msgspec.Struct, frozen=True):
    """A request as HTTP delivered it, not yet believed.

    A `document_id` beside a `query` is what its caller says the text's hash to be. `forwarded` is the header in which
    a proxy passes on the certificate that it was shown.
    """

    authorization: str | None
    purpose: str | None
    reason: str | None
    query: str | None
    document_id: str | None = None
    operation_name: str | None = None
    variables: Mapping[str, Any] = {}
    by_get: bool = False
    peer: Peer = Peer()
    forwarded: str | None = None


class Answered(msgspec.Struct, frozen=True):
    """What goes back: `data` and `errors` as GraphQL has them, and the ledger's reference.

    `ran` is False where the document or its variables could not be run at all: then there is no `data`.
    """

    reference: str
    data: dict[str, Any] | None = None
    errors: Sequence[GraphQLError] = ()
    extensions: Mapping[str, Any] = {}
    ran: bool = True


class RequestActs(Acts, Protocol):
    """What one request may do, however often its answer is made.

    `guesses` counts acts that came to nobody; `done` is whether any came to somebody.
    """

    @property
    def guesses(self) -> int: ...

    @property
    def done(self) -> bool: ...

    def let_in_anew(self, viewer: Viewer, ground: Ground) -> None:
        """The registry has changed: from here on they act as it has them now. What is done stays done."""
        ...


class Desk(Protocol):
    """Where officers and stewards act; what it gives to a request knows who asks, and why."""

    def for_request(self, viewer: Viewer, ground: Ground, reference: str) -> RequestActs: ...


class Request:
    """What lives as long as a request, however often its answer is begun anew."""

    __slots__ = ("acts", "asked", "began", "deadline", "reference")

    def __init__(self, asked: Asked, began: float, deadline: float) -> None:
        self.asked = asked
        self.began = began
        self.deadline = deadline
        self.reference = new_reference()
        self.acts: RequestActs | None = None
