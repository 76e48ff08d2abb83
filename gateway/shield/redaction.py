"""The last look at an answer before it is recorded and sent: nothing stands in it that its child's decision withholds.

It trusts no resolver and no guard: it reads the operation's shape and the decisions, and looks at the values that are
about to leave. What it finds is a fault of ours, so the answer does not leave at all.
"""

from collections.abc import Mapping
from typing import Any

from gateway.shield.shape import Shape
from resolvers.answering import ResponsePath
from resolvers.disclosure import Disclosure


class LeakCaught(Exception):
    """A value stood where the decision says it must not; `path` says where, without indices of lists."""

    def __init__(self, path: ResponsePath) -> None:
        super().__init__(".".join(str(step) for step in path if isinstance(step, str)))


def look(data: Mapping[str, Any] | None, shape: Shape, disclosures: Mapping[ResponsePath, Disclosure]) -> None:
    """Raise `LeakCaught` if a value in `data` is not covered by the disclosure of the child it belongs to."""
    if data is not None:
        _look_at(data, shape, disclosures, None, ())


def _look_at(
    value: object,
    shape: Shape,
    disclosures: Mapping[ResponsePath, Disclosure],
    disclosure: Disclosure | None,
    path: ResponsePath,
) -> None:
    if isinstance(value, list):
        for index, item in enumerate(value):
            _look_at(item, shape, disclosures, disclosure, (*path, index))
    elif isinstance(value, dict):
        disclosure = disclosures.get(path, disclosure)
        for key, below in shape.fields.items():
            field = value.get(key)
            if field is None:
                continue
            # Two types may give one key two categories; without knowing which stands here, both must be shown.
            if below.categories and (disclosure is None or not below.categories <= disclosure.shown):
                raise LeakCaught((*path, key))
            if not below.plain:
                _look_at(field, below, disclosures, disclosure, (*path, key))
