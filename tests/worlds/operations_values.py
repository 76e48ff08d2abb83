"""Values as they stand in a text, or as variables beside it: of the type that they are wanted as."""

import json
import random
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    get_nullable_type,
)

Inside: TypeAlias = Callable[[Any, GraphQLInputType], str]


class Values:
    """Writes the values of one operation, and keeps what is to be sent beside it.

    `variables` is the share of values that become one, be it a whole argument or what stands deep inside; `defaults`
    the share of those which the operation itself gives, so that nothing is sent.
    """

    def __init__(self, rng: random.Random, variables: float, defaults: float) -> None:
        self._rng = rng
        self._share = variables
        self._defaults = defaults
        self._defined: dict[str, str] = {}
        self.sent: dict[str, Any] = {}

    def definitions(self) -> str:
        """What the operation says of its variables; nothing where it has none."""
        return f"({', '.join(f'${name}: {said}' for name, said in self._defined.items())})" if self._defined else ""

    def arguments(self, field: GraphQLField, given: Mapping[str, Any]) -> str:
        """What stands behind the field's name."""
        if not given:
            return ""
        return f"({', '.join(f'{name}: {self._value(value, field.args[name].type)}' for name, value in given.items())})"

    def variable(self, value: Any, type_: GraphQLInputType) -> str:
        """The new variable, as it stands where its value would. One that is not null suits every place for the type."""
        name = f"v{len(self._defined)}"
        said = str(type_) if value is None else f"{get_nullable_type(type_)}!"
        if value is not None and self._rng.random() < self._defaults:
            said = f"{said} = {_constant(value, type_)}"
        else:
            self.sent[name] = value
        self._defined[name] = said
        return f"${name}"

    def _value(self, value: Any, type_: GraphQLInputType) -> str:
        if self._rng.random() < self._share:
            return self.variable(value, type_)
        return _literal(value, type_, self._value)


def _constant(value: Any, type_: GraphQLInputType) -> str:
    return _literal(value, type_, _constant)


def _literal(value: Any, type_: GraphQLInputType, inside: Inside) -> str:
    bare = get_nullable_type(type_)
    if value is None:
        return "null"
    if isinstance(bare, GraphQLList):
        return f"[{', '.join(inside(one, bare.of_type) for one in value)}]"
    if isinstance(bare, GraphQLInputObjectType):
        parts = (f"{name}: {inside(one, bare.fields[name].type)}" for name, one in value.items())
        return f"{{{', '.join(parts)}}}"
    return str(value) if isinstance(bare, GraphQLEnumType) else _untyped(value)


def _untyped(value: Any) -> str:
    """A JSON value of a scalar, which may be an object of whatever shape."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{name}: {_untyped(one)}' for name, one in value.items())}}}"
    return json.dumps(value)
