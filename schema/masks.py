"""The schema that one class of viewer may use: the whole one without the fields and types that are nothing to them.

What is hidden is unknown: to validation, introspection and printing alike. Execution runs on the whole schema, of which
every mask is a part, so a mask can only ever refuse more. Who may see what is not decided here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, TypeAlias

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    assert_valid_schema,
    build_client_schema,
    get_named_type,
    introspection_from_schema,
    is_introspection_type,
    lexicographic_sort_schema,
    print_schema,
    specified_directives,
)
from strawberry.federation.schema_directives import Key
from strawberry.schema.schema_converter import GraphQLCoreConverter

from resolvers.disclosure import Category
from schema.paths import COMPOSITE, guards

FEDERATION = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.11", import: ["@key"])'

# The steps from each type to the next, and which that is: the fields of an object, the members of a union.
Left: TypeAlias = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Mask:
    """What is left: these root fields of queries and of mutations, and fields under no other guard than these."""

    queries: frozenset[str]
    mutations: frozenset[str]
    categories: frozenset[Category]


def masked(schema: GraphQLSchema, mask: Mask) -> GraphQLSchema:
    """The schema under the mask, types that nothing leads to left out.

    Fields keep their definitions, and types their Python classes. Raises ValueError where the mask names a root field
    that there is not, or leaves no query.
    """
    _check_roots(schema, mask)
    left = _left(schema, mask)
    reached = _reached(schema, left)
    made: dict[str, Any] = {}

    def again(type_: Any) -> Any:
        if isinstance(type_, GraphQLNonNull | GraphQLList):
            return type(type_)(again(type_.of_type))
        return made.get(type_.name, type_)

    def fields(type_: GraphQLObjectType | GraphQLInterfaceType) -> dict[str, GraphQLField]:
        kept = {name: type_.fields[name] for name in left[type_.name]}
        return {name: GraphQLField(**{**field.to_kwargs(), "type_": again(field.type)}) for name, field in kept.items()}

    def those_made(types: Iterable[GraphQLNamedType]) -> list[Any]:
        return [made[type_.name] for type_ in types if type_.name in made]

    for name, type_ in schema.type_map.items():  # in an order of their own, which is the same in every process
        changed: dict[str, Any] = {}
        if isinstance(type_, GraphQLUnionType):
            changed = {"types": partial(those_made, type_.types)}
        elif isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            changed = {"fields": partial(fields, type_), "interfaces": partial(those_made, type_.interfaces)}
        if name in reached:
            made[name] = type(type_)(**{**type_.to_kwargs(), **changed})
    found = GraphQLSchema(
        query=made.get(schema.query_type.name) if schema.query_type else None,
        mutation=made.get(schema.mutation_type.name) if schema.mutation_type else None,
        types=list(made.values()),
        directives=specified_directives,  # ours would name every category there is
        description=schema.description,
        extensions=schema.extensions,
    )
    assert_valid_schema(found)
    return found


@lru_cache(maxsize=32)
def printed(schema: GraphQLSchema) -> str:
    """The schema in its own language, sorted: the same bytes for the same class.

    Where a federated gateway may ask, it is told of entities by what.
    """
    told = build_client_schema(introspection_from_schema(schema))  # so that neither tells what the other does not
    text = print_schema(lexicographic_sort_schema(told))
    if "_Entity" not in schema.type_map:
        return f"{text}\n"
    for type_ in schema.type_map.values():
        text = text.replace(f"\ntype {type_.name} {{", f"\ntype {type_.name}{_keys(type_)} {{")
    return f"{FEDERATION}\n\n{text}\n"


def _check_roots(schema: GraphQLSchema, mask: Mask) -> None:
    for root, named in ((schema.query_type, mask.queries), (schema.mutation_type, mask.mutations)):
        unknown = sorted(named - (root.fields.keys() if root else frozenset()))
        if unknown:
            raise ValueError(f"there is no root field `{unknown[0]}`: correct the mask")
    if not mask.queries:
        raise ValueError("a mask must leave a query")


def _left(schema: GraphQLSchema, mask: Mask) -> Left:
    """The steps left from every type, without those to a type of no step: a type without fields is none."""
    known, roots = guards(schema), {schema.query_type: mask.queries, schema.mutation_type: mask.mutations}

    def may(type_: GraphQLNamedType, step: str) -> bool:
        if type_ in roots:
            return step in roots[type_]
        category = known.get((type_.name, step))
        return category is None or category in mask.categories

    left = {
        name: {step: to for step, to in steps.items() if may(schema.type_map[name], step)}
        for name in schema.type_map
        if (steps := _steps(schema.type_map[name]))
    }
    while nothing := {name for name, steps in left.items() if not steps}:
        left = {
            name: {step: to for step, to in steps.items() if to not in nothing}
            for name, steps in left.items()
            if name not in nothing
        }
    return left


def _steps(type_: GraphQLNamedType) -> Mapping[str, str]:
    """Where each field leads, or each member of a union."""
    if isinstance(type_, GraphQLUnionType):
        return {member.name: member.name for member in type_.types}
    if isinstance(type_, COMPOSITE) and not is_introspection_type(type_):
        return {name: get_named_type(field.type).name for name, field in type_.fields.items()}
    return {}


def _reached(schema: GraphQLSchema, left: Left) -> set[str]:
    """The types that the roots lead to by what is left; an interface leads to whatever implements it."""
    reached: set[str] = set()
    waiting = [root.name for root in (schema.query_type, schema.mutation_type) if root and root.name in left]
    while waiting:
        name = waiting.pop()
        if name in reached or name not in left:
            continue
        reached.add(name)
        waiting.extend(left[name].values())
        type_ = schema.type_map[name]
        if isinstance(type_, GraphQLInterfaceType):
            waiting.extend(possible.name for possible in schema.get_possible_types(type_))
    return reached


def _keys(type_: GraphQLNamedType) -> str:
    """By what a federated gateway may ask for objects of the type, as its directives say it."""
    definition = type_.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    keys = [one.fields for one in getattr(definition, "directives", None) or () if isinstance(one, Key)]
    return "".join(f' @key(fields: "{key}")' for key in keys)
