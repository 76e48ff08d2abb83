"""Reads variables: how much they may hold, and what they are. What needs no coercing is not given to graphql-core."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, TypeAlias

from graphql import (
    GraphQLError,
    GraphQLInputType,
    GraphQLScalarType,
    GraphQLSchema,
    VariableDefinitionNode,
    get_variable_values,
    is_list_type,
    is_non_null_type,
)
from graphql.execution.get_variable_signature import get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource

from gateway.errors import LimitExceeded
from gateway.operations.limits import Limits

MOST_ERRORS = 10

# Scalars that are, of a value of this very type, the value itself.
_ITSELF: Final[Mapping[str, type]] = {"ID": str, "String": str, "Boolean": bool}

# Whether a value, which is not null, needs no coercing.
Fits: TypeAlias = Callable[[Any], bool]


def check_variables(variables: Mapping[str, Any], limits: Limits) -> None:
    """Raise `LimitExceeded` where they hold too many values, or one or its name is too long: VARIABLES or VALUE."""
    waiting: list[Any] = [variables]
    seen = -1  # what holds them all is none of them
    while waiting:
        value = waiting.pop()
        seen += 1
        if isinstance(value, str) and len(value) > limits.value:
            raise LimitExceeded("VALUE", f"a variable's text may have at most {limits.value} characters")
        inner: Collection[Any] = ()
        if isinstance(value, Mapping):
            inner = value.values()
            if any(len(name) > limits.value for name in value):
                raise LimitExceeded("VALUE", f"a variable's name may have at most {limits.value} characters")
        elif isinstance(value, list):
            inner = value
        if seen + len(waiting) + len(inner) > limits.variables:
            raise LimitExceeded("VARIABLES", f"variables may hold at most {limits.variables} values")
        waiting += inner


class Variables:
    """The variables that one operation defines."""

    def __init__(self, schema: GraphQLSchema, definitions: Sequence[VariableDefinitionNode]) -> None:
        self._schema = schema
        self._definitions = definitions
        self._known = [
            (signature.name, _fits(signature.type), signature)
            for node in definitions
            if not isinstance(signature := get_variable_signature(schema, node), GraphQLError)
        ]

    def read(self, given: Mapping[str, Any]) -> VariableValues | list[GraphQLError]:
        """Their values in one request, or what is wrong with them: what graphql-core says of them."""
        sources, coerced = {}, {}
        for name, fits, signature in self._known:
            value = given.get(name)
            if value is None or fits is None or not fits(value):
                return get_variable_values(
                    self._schema, self._definitions, dict(given), MOST_ERRORS, hide_suggestions=True
                )
            sources[name] = VariableValueSource(signature, value)
            coerced[name] = value
        return VariableValues(sources, coerced)


def _fits(type_: GraphQLInputType) -> Fits | None:
    """The test for a type whose values may be themselves; None for any other."""
    if is_non_null_type(type_):
        return _fits(type_.of_type)
    if is_list_type(type_):
        inner = _fits(type_.of_type)
        return None if inner is None else lambda value: type(value) is list and all(map(inner, value))
    exact = _ITSELF.get(type_.name) if isinstance(type_, GraphQLScalarType) else None
    return None if exact is None else lambda value: type(value) is exact
