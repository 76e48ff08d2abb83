"""The short way through objects of which all is plain: attributes without guard or condition, as in an address.

It yields the very dict that the long way yields, or nothing at the first thing out of the ordinary: then the long way
is taken, which says what is wrong and where.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from gateway.operations.plan import Attribute, Becomes, Leaf, Object, Planned, Several

# A value as it stands in the answer, or `ODD`.
Put: TypeAlias = Callable[[Any], Any]

ODD = object()


def short_way(fields: Sequence[Planned]) -> Put | None:
    """What makes the answer of an object of these fields; None where one of them is not plain."""
    parts: list[tuple[str, str, Put]] = []
    for planned in fields:
        put = _put(planned.becomes)
        if (
            put is None
            or not isinstance(planned.source, Attribute)
            or planned.guard is not None
            or planned.conditions is not None
        ):
            return None
        parts.append((planned.key, planned.source.name, put))

    def short(source: Any) -> Any:
        target = {}
        try:
            for key, name, put in parts:
                value = target[key] = put(getattr(source, name))
                if value is ODD:
                    return ODD
        except Exception:
            return ODD  # the long way meets it again, and says where
        return target

    return short


def _put(becomes: Becomes) -> Put | None:
    match becomes:
        case Leaf():
            return _leaf(becomes)
        case Several(item=Leaf(exact=exact, nullable=False)) if exact is not None:
            return _list(exact, becomes.nullable)
        case Object(selection=selection) if selection.short is not None and selection.exact is not None:
            return _object(selection.short, selection.exact, becomes.nullable)
        case _:
            return None


def _leaf(leaf: Leaf) -> Put:
    exact, nullable, serialize = leaf.exact, leaf.nullable, leaf.serialize

    def put(value: Any) -> Any:
        if type(value) is exact:
            return value
        if value is None:
            return None if nullable else ODD
        serialized = serialize(value)
        return ODD if serialized is None else serialized

    return put


def _list(exact: type, nullable: bool) -> Put:
    def put(value: Any) -> Any:
        if value is None:
            return None if nullable else ODD
        if type(value) is not list:
            return ODD
        for item in value:
            if type(item) is not exact:
                return ODD
        return list(value)

    return put


def _object(short: Put, exact: type, nullable: bool) -> Put:
    def put(value: Any) -> Any:
        if type(value) is exact:
            return short(value)
        return None if value is None and nullable else ODD

    return put
