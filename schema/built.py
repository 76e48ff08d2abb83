"""The schema, built and proven once; importing this module fails where a path is unguarded."""

from typing import Final

import strawberry
from graphql import GraphQLInputObjectType, GraphQLSchema
from strawberry.schema.config import StrawberryConfig

from schema.entities import resolve_entities
from schema.masks import printed
from schema.mutation import Mutation
from schema.paths import Guards, check_paths, guards
from schema.query import Query
from schema.roots import check_roots

strawberry_schema: Final = strawberry.federation.Schema(
    query=Query,
    mutation=Mutation,
    config=StrawberryConfig(disable_field_suggestions=True),
)

# Strawberry keeps the graphql-core schema it builds to itself; the executor and the paths need that very one.
graphql_schema: Final[GraphQLSchema] = strawberry_schema._schema  # noqa: SLF001

# A federated router is told the schema of its class, as everybody is: the one that the operation runs under.
graphql_schema.type_map["_Service"].fields["sdl"].resolve = lambda _, info: printed(info.schema)  # type: ignore[attr-defined]  # an object type

# Strawberry keeps to `@oneOf` by a rule of its own, which we do not run; graphql-core's rules ask the type.
for named in graphql_schema.type_map.values():
    if isinstance(named, GraphQLInputObjectType):
        named.is_one_of = named.extensions["strawberry-definition"].is_one_of

graphql_schema.query_type.fields["_entities"].resolve = resolve_entities  # type: ignore[union-attr]  # there is one

check_roots(graphql_schema)
check_paths(graphql_schema)
check_paths(graphql_schema, root="IncomingRecord")  # what a feed says of a child it may be
field_guards: Final[Guards] = guards(graphql_schema)
