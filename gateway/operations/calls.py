"""Calls a field's own function straight, where its arguments are scalars that a variable or a literal gives.

Strawberry wraps every resolver in a coroutine and looks at each argument's type for every call. Of scalars it changes
nothing, so that may be known beforehand; whatever else an argument is, or where one is left out or null, is for it.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLInputType,
    GraphQLNonNull,
    GraphQLResolveInfo,
    GraphQLScalarType,
    StringValueNode,
    VariableNode,
    is_list_type,
)
from strawberry.types import Info
from strawberry.types.field import StrawberryField

from gateway.operations.plan import UNBOUND

OwnCall: TypeAlias = Callable[[Any, GraphQLResolveInfo[Any], Mapping[str, Any]], Any]

_SCALARS: Final = frozenset({"ID", "String", "Int", "Float", "Boolean"})


def own_call(field: StrawberryField, definition: GraphQLField, node: FieldNode) -> OwnCall | None:
    """`call(source, info, variables)` of what the field itself says; None where its arguments need more than a look."""
    if field.base_resolver is None or field.extensions or field.permission_classes:
        return None
    function: Callable[..., Any] = field.base_resolver.wrapped_func  # type: ignore[assignment]  # a static one takes no self
    given = {argument.name.value: argument.value for argument in node.arguments or ()}
    variables: list[tuple[str, str]] = []
    literals: dict[str, Any] = {}
    for argument, (name, known) in zip(field.arguments, definition.args.items(), strict=True):
        match given.get(name):
            case VariableNode(name=variable) if _is_scalar(known.type):
                variables.append((argument.python_name, variable.value))
            case StringValueNode(value=text) if _named(known.type) in ("ID", "String"):
                literals[argument.python_name] = text
            case _:
                return None
    if list(inspect.signature(function).parameters) != ["self", "info", *(one.python_name for one in field.arguments)]:
        return None

    def call(source: Any, info: GraphQLResolveInfo[Any], values: Mapping[str, Any]) -> Any:
        arguments = dict(literals)
        for name, variable in variables:
            value = values.get(variable)
            if value is None:
                return UNBOUND  # left out or null: what stands in its place is looked up the long way
            # A list is the whole request's, and a function may take its own apart.
            arguments[name] = list(value) if type(value) is list else value
        return function(source, Info(info, field), **arguments)

    return call


def _is_scalar(type_: GraphQLInputType) -> bool:
    """Whether it is a scalar of GraphQL's own, or one list of those."""
    inner = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
    if is_list_type(inner):
        inner = inner.of_type
    return _named(inner) in _SCALARS


def _named(type_: GraphQLInputType) -> str | None:
    inner = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
    return inner.name if isinstance(inner, GraphQLScalarType) else None
