"""The shape of an answer: every response key it can hold, and the categories each one gives away."""

from dataclasses import dataclass, field

from resolvers.disclosure import Category


@dataclass(slots=True)
class Shape:
    """One level of an answer. `categories` are those of the field that leads here; none means it tells of no child.

    It is `plain` where nothing below has a guard of its own: then all of it is covered by the field that leads here.
    """

    categories: set[Category] = field(default_factory=set)
    fields: "dict[str, Shape]" = field(default_factory=dict)
    plain: bool = True
