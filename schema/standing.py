"""Types whose objects are plain records of the layers below, shown as they are."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

import strawberry
from strawberry.types.field import StrawberryField

Type = TypeVar("Type")

_RECORD: Final = "__record__"


def stands_for(record: type) -> Callable[[type[Type]], type[Type]]:
    """Say of a type that a `record` may stand wherever one of its objects may: all its fields are attributes of it."""

    def marked(type_: type[Type]) -> type[Type]:
        setattr(type_, _RECORD, record)
        return type_

    return marked


def shown_as(type_: Any) -> Callable[[Callable[..., Any]], StrawberryField]:
    """Make a resolver a field of this type, where it returns a record that stands for it."""

    def field_of(resolver: Callable[..., Any]) -> StrawberryField:
        made: StrawberryField = strawberry.field(resolver, graphql_type=type_)
        return made

    return field_of


def record_of(type_: type) -> type | None:
    """The record that stands for a type, if there is one."""
    record: type | None = vars(type_).get(_RECORD)
    return record
