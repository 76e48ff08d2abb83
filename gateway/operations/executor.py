"""Runs one operation once, field by field, and sorts what went wrong into what may be said and what may not."""

from collections.abc import Mapping
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any

from graphql import ExecutionResult, GraphQLError, GraphQLSchema, execute

from adapters.store.failures import StoreUnavailable
from gateway.errors import LimitExceeded
from gateway.events import Event, Observer
from gateway.operations.documents import InvalidDocument, Operation
from resolvers.errors import LimitError, QuestionError
from schema.context import AnsweringContext


@dataclass(frozen=True, slots=True)
class Executed:
    """What came of one run: data, and errors safe to show."""

    data: dict[str, Any] | None
    errors: tuple[GraphQLError, ...]


class Executor:
    """Runs operations on one schema."""

    def __init__(self, schema: GraphQLSchema, observer: Observer) -> None:
        self._schema = schema
        self._observer = observer

    async def run(self, operation: Operation, variables: Mapping[str, Any], context: AnsweringContext) -> Executed:
        """Run it; raises `InvalidDocument` for variables that do not fit, and what ends a request whole."""
        outcome = execute(
            self._schema,
            operation.document,
            context_value=context,
            variable_values=dict(variables),
            operation_name=operation.name,
            hide_suggestions=True,
        )
        result: ExecutionResult = await outcome if isawaitable(outcome) else outcome
        errors = result.errors or []
        if result.data is None and any(error.path is None for error in errors):
            raise InvalidDocument(errors)  # nothing ran: a variable was missing or did not fit
        return Executed(result.data, tuple(self._safe(error) for error in errors))

    def _safe(self, error: GraphQLError) -> GraphQLError:
        cause = error if isinstance(error, QuestionError) else error.original_error
        match cause:
            case LimitError():
                raise LimitExceeded(cause.code.removeprefix("LIMIT_"), cause.message)
            case StoreUnavailable():
                raise cause
            case QuestionError():
                return error
            case _:
                # Its text may hold anything; only the kind of it is told, and to operators alone.
                self._observer.happened(Event.RESOLVER_FAILED, type(cause or error).__name__)
                return GraphQLError(
                    "this field could not be answered",
                    nodes=error.nodes,
                    path=error.path,
                    extensions={"code": "UNAVAILABLE"},
                )
