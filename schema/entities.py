"""A federated router's way to a child: the same finder as every other way, and so the same decision.

Strawberry's own resolver believes each representation to be what it should; of one that is not it says nothing useful.
"""

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

from graphql import GraphQLResolveInfo

from resolvers.errors import BadRepresentationError
from schema.child import Child
from schema.context import AnsweringContext


def resolve_entities(
    _: object, info: GraphQLResolveInfo[AnsweringContext], representations: Sequence[Any]
) -> list[Awaitable[Child | None] | BadRepresentationError]:
    """What each stands for, in their order; one that names nothing is an error in its own place, and spoils no other's.

    What else a router has put into one is left alone, as the specification has it.
    """
    return [_entity(info.context, representation) for representation in representations]


def _entity(context: AnsweringContext, representation: Any) -> Awaitable[Child | None] | BadRepresentationError:
    match representation:
        case {"__typename": "Child", "number": str(number)} if isinstance(representation, Mapping):
            return _child(context, number)
        case _:
            return BadRepresentationError("a representation must name a `Child` by its `number`, a string")


async def _child(context: AnsweringContext, number: str) -> Child | None:
    return Child.of(await context.children.by_number(number))
