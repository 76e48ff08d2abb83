"""The schema of each class of viewers, and a class is a role: what somebody in it may use, and nothing besides.

Built once from the policy itself, so that a field which nobody of the role could ever be shown is no field to them.
Equal for all of a role: scopes, organisation and purpose decide answers, and a schema must not tell who has which.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from graphql import GraphQLSchema

from gateway.purpose import PURPOSES
from gateway.shield.policy import EVERYTHING, at_most
from gateway.viewer import Role, Viewer
from resolvers.disclosure import Category
from schema.built import graphql_schema
from schema.masks import Mask, masked
from schema.paths import check_paths

_FINDING: Final = "viewer child childByKey children findChildren"
_FEDERATED: Final = "_entities _service"
_MANAGING: Final = "raiseShield confirmShield changeShield transferShield liftShield clearHold giveNewIdentity"

# Each role's root fields, queries and then mutations; one that stands nowhere here is nobody's.
ROOTS: Final[Mapping[Role, tuple[str, str]]] = {
    Role.PRACTITIONER: (f"{_FINDING} {_FEDERATED}", "overrideShield"),
    Role.PARTNER: (f"{_FINDING} {_FEDERATED}", ""),
    Role.SHIELD_OFFICER: (f"{_FINDING} shields quarantine {_FEDERATED}", f"{_MANAGING} resolveQuarantine"),
    Role.STEWARD: (f"{_FINDING} quarantine", "resolveQuarantine"),
    Role.ANALYST: ("viewer statistics", ""),
    Role.AUDITOR: ("viewer accesses", ""),
}

_SCOPES: Final = frozenset({"override", "sealed", "sensitive"})


def categories_of(role: Role) -> frozenset[Category]:
    """All that anybody of the role may be shown of any child, with every scope and for every purpose of theirs."""
    categories = EVERYTHING if role is Role.PARTNER else None
    fullest = Viewer("", "", "", role, "", None, _SCOPES, categories=categories)
    return frozenset().union(*(at_most(fullest, purpose) for purpose in PURPOSES[role]))


def _schema_of(role: Role) -> GraphQLSchema:
    queries, mutations = (frozenset(names.split()) for names in ROOTS[role])
    schema = masked(graphql_schema, Mask(queries, mutations, categories_of(role)))
    for root in ("Child", "IncomingRecord"):
        if root in schema.type_map:
            check_paths(schema, root)
    return schema


CLASSES: Final[Mapping[Role, GraphQLSchema]] = MappingProxyType({role: _schema_of(role) for role in Role})
