"""The plan's twin: graphql-core's own execution, field by field, with which every plan must agree.

It answers in tests and in the benchmark, and answers introspection everywhere.
"""

from collections.abc import Mapping
from inspect import isawaitable
from typing import Any

from graphql import ExecutionResult, execute

from gateway.events import Observer
from gateway.operations.documents import InvalidDocument, Operation
from gateway.operations.outcome import Executed, safe
from schema.context import AnsweringContext


class Twin:
    """Runs operations as graphql-core does, each on the schema that it was validated by."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer

    async def run(self, operation: Operation, variables: Mapping[str, Any], context: AnsweringContext) -> Executed:
        """Run it; raises `InvalidDocument` for variables that do not fit, and what ends a request whole."""
        outcome = execute(
            operation.schema,
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
        return Executed(result.data, tuple(safe(error, self._observer) for error in errors))
