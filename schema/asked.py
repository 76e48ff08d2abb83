"""Fields whose value an agency is asked for: which question, by which key, and what its record becomes.

The record's meaning is a plain function of the object and the record, so that whoever runs an operation may ask for
many objects at once. Field by field, the same is done by the resolver made here.
"""

from collections.abc import Callable, Hashable
from typing import Any

import strawberry
from strawberry.extensions import FieldExtension
from strawberry.types.field import StrawberryField

from resolvers.disclosure import Category
from resolvers.questions import Question
from schema.context import AnsweringInfo
from schema.directives import Shielded


class Asked(FieldExtension):
    """Marks a field as asked of an agency. It takes no part in resolving: it says how the value comes about."""

    def __init__(
        self, question: Question, key: Callable[[Any], Hashable | None], then: Callable[[Any, Any], Any]
    ) -> None:
        self.question = question
        self.key = key
        self.then = then


def asks(
    question: Question,
    category: Category,
    key: Callable[[Any], Hashable | None],
    description: str | None = None,
    gives: Any = None,
) -> Callable[[Callable[[Any, Any], Any]], StrawberryField]:
    """Make `then(self, record)` a guarded field: `key(self)` is asked, and None means that there is nothing to ask by.

    `record` is None where the agency has none, or where nothing was asked. `gives` is the field's type in the schema,
    where `then` returns a record that stands for it.
    """

    def field_of(then: Callable[[Any, Any], Any]) -> StrawberryField:
        async def resolve(self: Any, info: AnsweringInfo) -> Any:
            wanted = key(self)
            if wanted is None:
                return then(self, None)
            contacts = info.context.contacts
            [answer] = await contacts.ask(question, [wanted])
            outcome = contacts.outcome(question, self, answer)
            if isinstance(outcome, Exception):
                raise outcome
            return then(self, outcome)

        resolve.__annotations__["return"] = then.__annotations__["return"]
        made: StrawberryField = strawberry.field(
            resolve,
            description=description,
            graphql_type=gives,
            extensions=[Shielded(category=category), Asked(question, key, then)],
        )
        return made

    return field_of
