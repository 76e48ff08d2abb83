"""The shape of an answer: every response key it can hold, and the categories each one gives away."""

from dataclasses import dataclass, field
from typing import TypeAlias

from resolvers.disclosure import Category

# Where such and such may be shown: the keys at which nothing may stand, and the shapes to be looked through.
LookedFor: TypeAlias = "tuple[tuple[str, ...], tuple[tuple[str, Shape], ...]]"


@dataclass(slots=True)
class Shape:
    """One level of an answer. `categories` are those of the field that leads here; none means it tells of no child.

    It is `plain` where nothing below has a guard of its own: then all of it is covered by the field that leads here.
    """

    categories: set[Category] = field(default_factory=set)
    fields: "dict[str, Shape]" = field(default_factory=dict)
    plain: bool = True
    looked_for: "dict[frozenset[Category], LookedFor]" = field(default_factory=dict, repr=False, compare=False)
