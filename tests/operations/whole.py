"""Documents read against a whole schema: what is tested by them has nothing to do with who sends them."""

from typing import Final

from graphql import GraphQLSchema

from gateway.operations.documents import Documents
from gateway.operations.limits import Limits
from gateway.viewer import Role
from schema.built import field_guards, graphql_schema
from schema.paths import Guards

ANYBODY: Final = Role.PRACTITIONER


def whole_documents(
    schema: GraphQLSchema = graphql_schema, guards: Guards = field_guards, limits: Limits | None = None
) -> Documents:
    """Every role is told of the whole schema."""
    return Documents(schema, guards, dict.fromkeys(Role, schema), limits or Limits())
