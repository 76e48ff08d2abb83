"""The last look at an answer before it is recorded and sent: nothing stands in it that its child's decision withholds.

It trusts no resolver and no guard: it reads the operation's shape and the decisions, and looks at the values that are
about to leave. What it finds is a fault of ours, so the answer does not leave at all.
"""

from collections.abc import Mapping
from typing import Any

from gateway.shield.shape import LookedFor, Shape
from resolvers.answering import ResponsePath
from resolvers.disclosure import Category, Disclosure

NOTHING: frozenset[Category] = frozenset()

# What one level of a shape was found to forbid is kept, for so many different decisions.
MOST_KEPT = 100


class LeakCaught(Exception):
    """A value stood where the decision says it must not; `path` says where, without indices of lists."""

    def __init__(self, path: ResponsePath) -> None:
        super().__init__(".".join(str(step) for step in path if isinstance(step, str)))


def look(data: Mapping[str, Any] | None, shape: Shape, disclosures: Mapping[ResponsePath, Disclosure]) -> None:
    """Raise `LeakCaught` if a value in `data` is not covered by the disclosure of the child it belongs to."""
    if data is not None:
        _look_at(data, shape, disclosures, NOTHING, ())


def _look_at(
    value: object,
    shape: Shape,
    disclosures: Mapping[ResponsePath, Disclosure],
    shown: frozenset[Category],
    path: ResponsePath,
) -> None:
    if isinstance(value, list):
        for index, item in enumerate(value):
            _look_at(item, shape, disclosures, shown, (*path, index))
    elif isinstance(value, dict):
        disclosure = disclosures.get(path)
        if disclosure is not None:
            shown = disclosure.shown
        forbidden, below = shape.looked_for.get(shown) or _looked_for(shape, shown)
        for key in forbidden:
            if value.get(key) is not None:
                raise LeakCaught((*path, key))
        for key, inner in below:
            field = value.get(key)
            if field is not None:
                _look_at(field, inner, disclosures, shown, (*path, key))


def _looked_for(shape: Shape, shown: frozenset[Category]) -> LookedFor:
    """Which keys of this level may hold nothing where only `shown` may be shown, and what lies below the others."""
    if len(shape.looked_for) >= MOST_KEPT:
        shape.looked_for.clear()
    # Two types may give one key two categories; without knowing which stands here, both must be shown.
    forbidden = tuple(key for key, below in shape.fields.items() if not below.categories <= shown)
    below = tuple((key, inner) for key, inner in shape.fields.items() if key not in forbidden and not inner.plain)
    looked_for = shape.looked_for[shown] = forbidden, below
    return looked_for
