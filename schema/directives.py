"""`@shielded(category:)`: the directive that is printed and the guard that refuses, in one class.

The guard asks the decision it is handed with the object it stands on; nothing here decides, and nothing here knows
who asked. A field that is not shown is null: its resolver does not run, and so nothing is fetched for it.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, TypeAlias

import strawberry
from strawberry.extensions import FieldExtension
from strawberry.schema_directive import Location
from strawberry.types.field import StrawberryField

from resolvers.answering import ResponsePath, response_path
from resolvers.contacts import HeldBackError
from resolvers.disclosure import Category, Disclosure
from schema.context import AnsweringContext, AnsweringInfo

PathOf: TypeAlias = Callable[[], ResponsePath]

strawberry.enum(Category, description="What a field would give away.")


_ALONE: Mapping[Category, frozenset[Category]] = {category: frozenset({category}) for category in Category}


class Guarded(Protocol):
    """Every object that a guarded field stands on carries the decision about its child."""

    disclosure: Disclosure


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="shielded",
    description="Withheld (null, and listed in `extensions.withheld`) unless the viewer may know this category.",
)
class Shielded(FieldExtension):
    """Guards one field by one category of the child that its object belongs to."""

    category: Category

    def __str__(self) -> str:
        return self.category.value

    def apply(self, field: StrawberryField) -> None:
        """Print what stands in the way: directive and guard are one object, so neither is without the other."""
        if self not in field.directives:  # a field inherited from an interface is made twice
            field.directives = [*field.directives, self]

    def admits(self, source: Guarded, context: AnsweringContext, path: PathOf) -> bool:
        """Whether the field may be shown; if not, it is noted as withheld at `path`."""
        if source.disclosure.shows(self.category):
            return True
        self.held_back(source, context, path)
        return False

    def held_back(self, source: Guarded, context: AnsweringContext, path: PathOf) -> None:
        """Note the field as withheld: it is not shown, or its agency holds its record back."""
        context.answering.withhold(source.disclosure, self.category, path())

    def shown(self, source: Guarded, context: AnsweringContext) -> None:
        """Note, for the ledger, that the category was shown."""
        context.answering.shown(source.disclosure, _ALONE[self.category])

    def stands(self, source: Guarded, context: AnsweringContext, path: PathOf) -> None:
        """Note, for the last look, that the object at `path` is answered under its decision."""
        context.answering.stands_at(path(), source.disclosure)

    def together(self, others: "Iterable[Shielded]") -> "ShieldedTogether":
        """The guards of several fields of one object, asked at once."""
        return ShieldedTogether(frozenset(guard.category for guard in others))

    def resolve(self, next_: Callable[..., Any], source: Guarded, info: AnsweringInfo, **arguments: Any) -> Any:
        """Refuse, or run a resolver that asks no agency."""
        path = response_path(info.path)
        self.stands(source, info.context, lambda: path[:-1])
        if not self.admits(source, info.context, lambda: path):
            return None
        value = next_(source, info, **arguments)
        self.shown(source, info.context)
        return value

    async def resolve_async(
        self, next_: Callable[..., Any], source: Guarded, info: AnsweringInfo, **arguments: Any
    ) -> Any:
        """Refuse, or run the resolver; what its agency then holds back is withheld just the same."""
        path = response_path(info.path)
        self.stands(source, info.context, lambda: path[:-1])
        if not self.admits(source, info.context, lambda: path):
            return None
        try:
            value = next_(source, info, **arguments)
            value = await value if inspect.isawaitable(value) else value
        except HeldBackError:
            self.held_back(source, info.context, lambda: path)
            return None
        self.shown(source, info.context)
        return value


class ShieldedTogether:
    """What several guards of an object would say, each for itself, in one look."""

    def __init__(self, categories: frozenset[Category]) -> None:
        self._categories = categories

    def admit(self, source: Guarded, context: AnsweringContext) -> bool:
        """Whether all may be shown. Nothing is noted: where one may not, each must be asked by itself."""
        return self._categories <= source.disclosure.shown

    def shown(self, source: Guarded, context: AnsweringContext) -> None:
        """Note, for the ledger, that all were shown."""
        context.answering.shown(source.disclosure, self._categories)


def shielded(
    category: Category, description: str | None = None, *, gives: Any = None
) -> Callable[[Callable[..., Any]], StrawberryField]:
    """Make a resolver a field that gives away `category`: `@shielded(Category.SCHOOL)`.

    `gives` is its type in the schema, where the resolver returns a record that stands for it.
    """

    def guarded(resolver: Callable[..., Any]) -> StrawberryField:
        field: StrawberryField = strawberry.field(
            resolver, description=description, graphql_type=gives, extensions=[Shielded(category=category)]
        )
        return field

    return guarded
