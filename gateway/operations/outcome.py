"""What came of running an operation, and which of its errors may be said."""

from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError

from adapters.store.failures import StoreUnavailable
from adapters.store.registry_records import RegistryMoved
from gateway.errors import LimitExceeded
from gateway.events import Event, Observer
from resolvers.errors import LimitError, QuestionError


@dataclass(frozen=True, slots=True)
class Executed:
    """What came of one run: data, and errors safe to show."""

    data: dict[str, Any] | None
    errors: tuple[GraphQLError, ...]


def safe(error: GraphQLError, observer: Observer) -> GraphQLError:
    """The error as the caller may read it; raises instead what ends a request whole."""
    cause = error if isinstance(error, QuestionError) else error.original_error
    match cause:
        case LimitError():
            raise LimitExceeded(cause.code.removeprefix("LIMIT_"), cause.message)
        case StoreUnavailable() | RegistryMoved():
            raise cause
        case QuestionError():
            return error
        case _:
            # Its text may hold anything; only the kind of it is told, and to operators alone.
            observer.happened(Event.RESOLVER_FAILED, type(cause or error).__name__)
            return GraphQLError(
                "this field could not be answered",
                nodes=error.nodes,
                path=error.path,
                extensions={"code": "UNAVAILABLE"},
            )
