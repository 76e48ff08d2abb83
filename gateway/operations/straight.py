"""Writes Python that reads an object in a straight line: attributes and plain functions, and whatever is plain below.

It makes the very dict that the long way makes, with None in the places of what comes later; at the first thing out of
the ordinary it raises, and the long way is taken, which says what is wrong and where. Of a document's text nothing
reaches the source but response keys, and those as literals.
"""

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, TypeAlias

from gateway.operations.plan import Attribute, Becomes, Leaf, Method, Object, Planned, Several

# A value as it stands in the answer; raises where it is out of the ordinary.
Put: TypeAlias = Callable[[Any], Any]


class Odd(Exception):
    """Out of the ordinary: what it is, the long way says."""


def read_straight(fields: Sequence[Planned], classes: Sequence[type]) -> Put:
    """What reads, of an object of one of these very classes, the fields whose value is at hand and plain."""
    names: dict[str, Any] = {"Odd": Odd}
    unlike = []
    for index, class_ in enumerate(classes):
        names[f"class_{index}"] = class_
        unlike.append(f"type(source) is not class_{index}")
    lines = ["def read(source):", f"    if {' and '.join(unlike)}: raise Odd"]
    entries = []
    for index, planned in enumerate(fields):
        if not at_hand(planned):
            entries.append(f"{planned.key!r}: None")
            continue
        if isinstance(planned.source, Method):
            names[f"call_{index}"] = planned.source.call
            lines.append(f"    value_{index} = call_{index}(source)")
        else:
            lines.append(f"    value_{index} = source{planned.source}")
        lines += [f"    {line}" for line in _becoming(planned.becomes, index, names)]
        entries.append(f"{planned.key!r}: value_{index}")
    lines.append(f"    return {{{', '.join(entries)}}}")
    exec(compile("\n".join(lines), "<plan>", "exec"), names)  # noqa: S102 - see the module's first words
    read: Put = names["read"]
    return read


def at_hand(planned: Planned) -> bool:
    """Whether its value is there at once, and plain all through."""
    return isinstance(planned.source, Attribute | Method) and planned.plain is not None


def put_plain(becomes: Becomes) -> Put | None:
    """What makes a value what it becomes, where all below it is plain; None where something is not."""
    put = _put(becomes)
    if put is None or not becomes.nullable:
        return put
    return lambda value: None if value is None else put(value)


def _put(becomes: Becomes) -> Put | None:
    """The same for what is not null."""
    match becomes:
        case Leaf():
            return _leaf(becomes)
        case Object(selection=selection) if (straight := selection.straight) is not None and straight.whole:
            return straight.read
        case Several(item=Leaf(exact=exact, nullable=False)) if exact is not None:
            return _list_of(exact)
        case Several(item=item):
            put = put_plain(item)
            return None if put is None else _list(put)
        case _:
            return None


def _becoming(becomes: Becomes, index: int, names: dict[str, Any]) -> list[str]:
    """The lines that make `value_N` what it becomes: what is usual in place, anything else by a call."""
    value, put = f"value_{index}", f"put_{index}"
    names[put] = _put(becomes)
    otherwise = f"{value} = {put}({value})"
    if becomes.nullable:
        otherwise = f"if {value} is not None: {otherwise}"
    if isinstance(becomes, Leaf) and becomes.exact is not None:
        names[f"exact_{index}"] = becomes.exact
        return [f"if type({value}) is not exact_{index}:", f"    {otherwise}"]
    return [otherwise]


def _leaf(leaf: Leaf) -> Put:
    """It takes what serialising cannot change or refuse; an exception or something to be awaited is of no such type."""
    exact, usual, serialize = leaf.exact, leaf.usual, leaf.serialize
    if usual is not None and issubclass(usual, Enum):
        names = {member: serialize(member) for member in usual}
        return names.__getitem__

    def put(value: Any) -> Any:
        if type(value) is exact:
            return value
        if type(value) is not usual:
            raise Odd
        return serialize(value)

    return put


def _list_of(exact: type) -> Put:
    def put_list(values: Any) -> list[Any]:
        if type(values) is not tuple and type(values) is not list:
            raise Odd
        for value in values:
            if type(value) is not exact:
                raise Odd
        return list(values)

    return put_list


def _list(put: Put) -> Put:
    def put_list(values: Any) -> list[Any]:
        if type(values) is not tuple and type(values) is not list:
            raise Odd
        return [put(value) for value in values]

    return put_list
