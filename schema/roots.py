"""How many children each root field asks for, by its arguments. A field that nobody has put here builds no schema.

What an operation may cost, and whether it may travel in an address, follow from these two tables.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from graphql import GraphQLSchema

from resolvers.children import MOST_MATCHES

MOST_LISTED: Final = 50  # of what waits for officers and stewards

Children: TypeAlias = Callable[[Mapping[str, Any]], int]


class UncountedRootError(Exception):
    """A root field of which it is not said how many children it asks for; the message names it."""


def _one(_: Mapping[str, Any]) -> int:
    return 1


def _each_of(argument: str) -> Children:
    return lambda given: len(given[argument])


def _first(by_default: int, children_a_row: int) -> Children:
    def asked(given: Mapping[str, Any]) -> int:
        first = given.get("first")
        return children_a_row * max(by_default if first is None else first, 0)

    return asked


CHILDREN_OF: Final[Mapping[str, Children]] = MappingProxyType(
    {
        "child": _one,
        "childByKey": _one,
        "children": _each_of("numbers"),
        "findChildren": _first(MOST_MATCHES, 1),
        "_entities": _each_of("representations"),
        "shields": _first(MOST_LISTED, 2),  # each with its household
        "quarantine": _first(MOST_LISTED, 5),  # each with those it may be
        "accesses": _one,
        "raiseShield": _one,
        "confirmShield": _one,
        "changeShield": _one,
        "transferShield": _one,
        "liftShield": _one,
        "clearHold": _one,
        "overrideShield": _one,
        "giveNewIdentity": _one,
        "resolveQuarantine": _one,
    }
)

CHILDLESS: Final = frozenset({"viewer", "statistics", "_service"})


def check_roots(schema: GraphQLSchema) -> None:
    """Raise `UncountedRootError` unless each root field stands in one of the tables."""
    for root in (schema.query_type, schema.mutation_type):
        for name in root.fields if root else ():
            if name not in CHILDREN_OF and name not in CHILDLESS:
                raise UncountedRootError(
                    f"`{name}` needs a place in `schema/roots.py`: how many children does it ask for?"
                )
