"""Proves, when the schema is built, that every path from a child to a value meets a category. Else there is no schema.

A field's category is its own guard's, or that of the field that leads to it. Checked besides: a guarded field of any
category but identity may be null (so that withholding it is never an error), a type that implements an interface
keeps the interface's guards, and no directive stands there that nothing enforces.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TypeAlias

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_non_null_type,
)
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

from resolvers.disclosure import Category
from schema.directives import Shielded

Guards: TypeAlias = Mapping[tuple[str, str], Category]

COMPOSITE = (GraphQLObjectType, GraphQLInterfaceType)


class UnguardedPathError(Exception):
    """The schema would give a value away: the message names the field and what is wrong with it."""


def guards(schema: GraphQLSchema) -> Guards:
    """Each guarded field, as (type, field), with its category, read from the guards themselves."""
    found: dict[tuple[str, str], Category] = {}
    for type_ in schema.type_map.values():
        if isinstance(type_, COMPOSITE):
            for name, field in type_.fields.items():
                category = _guard_of(type_, name, field)
                if category is not None:
                    found[type_.name, name] = category
    return MappingProxyType(found)


def check_paths(schema: GraphQLSchema, root: str = "Child") -> None:
    """Raise `UnguardedPathError` unless every path from `root` is guarded."""
    known = guards(schema)
    for interface, implementation in _implementations(schema):
        for name in interface.fields:
            expected = known.get((interface.name, name))
            if known.get((implementation.name, name)) is not expected:
                raise UnguardedPathError(
                    f"`{implementation.name}.{name}` redefines a field of `{interface.name}` with another guard"
                )
    for (type_name, name), category in known.items():
        if category is not Category.IDENTITY and is_non_null_type(_fields(schema.type_map[type_name])[name].type):
            raise UnguardedPathError(f"`{type_name}.{name}` is {category.value} and must be nullable")
    _walk(schema, schema.type_map[root], None, known, set())


def _fields(type_: GraphQLNamedType) -> Mapping[str, GraphQLField]:
    return type_.fields if isinstance(type_, COMPOSITE) else {}


def _walk(
    schema: GraphQLSchema,
    type_: GraphQLNamedType,
    inherited: Category | None,
    known: Guards,
    seen: set[tuple[str, Category | None]],
) -> None:
    if (type_.name, inherited) in seen:
        return
    seen.add((type_.name, inherited))
    if isinstance(type_, GraphQLUnionType):
        for member in type_.types:
            _walk(schema, member, inherited, known, seen)
    elif isinstance(type_, COMPOSITE):
        for name, field in type_.fields.items():
            category = known.get((type_.name, name), inherited)
            if category is None:
                raise UnguardedPathError(f"`{type_.name}.{name}` meets no category on its path from a child")
            _walk(schema, get_named_type(field.type), category, known, seen)
        if isinstance(type_, GraphQLInterfaceType):
            for possible in schema.get_possible_types(type_):
                _walk(schema, possible, inherited, known, seen)


def _implementations(schema: GraphQLSchema) -> Iterator[tuple[GraphQLInterfaceType, GraphQLObjectType]]:
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLObjectType):
            for interface in type_.interfaces:
                yield interface, type_


def _guard_of(type_: GraphQLNamedType, name: str, field: GraphQLField) -> Category | None:
    definition = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if not isinstance(definition, StrawberryField):
        return None
    enforced = [extension for extension in definition.extensions if isinstance(extension, Shielded)]
    printed = [directive for directive in definition.directives if isinstance(directive, Shielded)]
    if enforced != printed:
        raise UnguardedPathError(f"`{type_.name}.{name}` prints a guard that nothing enforces")
    if len(enforced) > 1:
        raise UnguardedPathError(f"`{type_.name}.{name}` has more than one guard")
    return enforced[0].category if enforced else None
