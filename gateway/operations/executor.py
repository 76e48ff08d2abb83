"""Runs operations by their plans: variables read, plan run, and of what went wrong only what may be said."""

from collections.abc import Mapping
from typing import Any

from graphql import GraphQLError, GraphQLResolveInfo, GraphQLResolveInfoHelpers
from graphql.execution.values import VariableValues
from graphql.pyutils import is_awaitable as default_is_awaitable

from gateway.events import Observer
from gateway.operations.documents import InvalidDocument, Operation
from gateway.operations.outcome import Executed, safe
from gateway.operations.plan import Planned
from gateway.operations.run import Run
from schema.context import AnsweringContext


class Executor:
    """Runs operations, each telling of the schema that it was validated by."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer

    async def run(self, operation: Operation, variables: Mapping[str, Any], context: AnsweringContext) -> Executed:
        """Run it; raises `InvalidDocument` for variables that do not fit, and what ends a request whole."""
        read = operation.variables.read(variables)
        if not isinstance(read, VariableValues):
            raise InvalidDocument(read)
        if operation.plan.conditional:
            nulls = sorted(name for name in operation.plan.conditional if read.coerced.get(name) is None)
            if nulls:
                wrong = f"Variable '${nulls[0]}' must not be null: a directive asks for it."
                raise InvalidDocument([GraphQLError(wrong)])

        def info(planned: Planned, path: Any, nodes: Any) -> GraphQLResolveInfo[Any]:
            return GraphQLResolveInfo(
                planned.name,
                nodes,
                planned.definition.type,
                planned.parent,
                path,
                operation.schema,
                operation.fragments,
                None,
                operation.definition,
                read,
                context,
                default_is_awaitable,
                None,
                _HELPERS,
            )

        run = Run(read, context, context.contacts, info)
        data = await run.through(operation.plan, None)
        return Executed(data, tuple([safe(error, self._observer) for error in run.errors]))


async def _gather(values: Any) -> list[Any]:
    return [await value for value in values]


_HELPERS = GraphQLResolveInfoHelpers(_gather, lambda values: None)
