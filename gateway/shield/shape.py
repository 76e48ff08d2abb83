"""The shape of an answer: every response key it can hold, and the categories each one gives away."""

from dataclasses import dataclass, field

from resolvers.disclosure import Category


@dataclass(slots=True)
class Shape:
    """One level of an answer. `categories` are those of the field that leads here; none means it tells of no child."""

    categories: set[Category] = field(default_factory=set)
    fields: "dict[str, Shape]" = field(default_factory=dict)
