"""Writes Python that reads an object in a straight line: attributes and plain functions, and whatever is plain below.

It makes the very dict that the long way makes, with None in the places of what comes later; at the first thing out of
the ordinary it raises, and the long way is taken, which says what is wrong and where. Of a document's text nothing
reaches the source but response keys, and those as literals.
"""

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, Final, TypeAlias

from gateway.operations.plan import Attribute, Becomes, Leaf, Method, Object, Planned, Several

# A value as it stands in the answer; raises where it is out of the ordinary.
Put: TypeAlias = Callable[[Any], Any]

# How deep what is plain is written in one place; below that it is called. Python nests no more than twenty loops.
DEEPEST: Final = 8


class Odd(Exception):
    """Out of the ordinary: what it is, the long way says."""


def read_straight(fields: Sequence[Planned], classes: Sequence[type]) -> Put:
    """What reads, of an object of one of these very classes, the fields whose value is at hand and plain."""

    def written() -> Put:
        written = _Written()
        return written.function(written.object("value", fields, classes, 1))

    return _when_called(written) if is_whole(fields) else written()


def put_plain(becomes: Becomes) -> Put | None:
    """What makes a value what it becomes, where all below it is plain; None where something is not."""
    if not _is_plain(becomes):
        return None

    def written() -> Put:
        written = _Written()
        written.become("value", becomes, 1)
        return written.function("value")

    return _when_called(written)


def at_hand(planned: Planned) -> bool:
    """Whether its value is there at once, and plain all through."""
    return isinstance(planned.source, Attribute | Method) and planned.plain is not None


def is_whole(fields: Sequence[Planned]) -> bool:
    """Whether there is nothing but what is at hand, and no guard on it."""
    return all(at_hand(planned) and planned.guard is None for planned in fields)


def _is_plain(becomes: Becomes) -> bool:
    match becomes:
        case Leaf():
            return True
        case Object(selection=selection):
            return selection.straight is not None and is_whole(selection.fields)
        case Several(item=item):
            return _is_plain(item)
        case _:
            return False


def _when_called(written: Callable[[], Put]) -> Put:
    """Written when it is first called: most of what is plain is only ever read within what it stands in."""
    made: list[Put] = []

    def put(value: Any) -> Any:
        if not made:
            made.append(written())
        return made[0](value)

    return put


class _Written:
    """The lines of one function of `value`, and what they name."""

    def __init__(self) -> None:
        self._lines = ["def put(value):"]
        self._names: dict[str, Any] = {"Odd": Odd}
        self._variables = 0

    def function(self, returned: str) -> Put:
        source = "\n".join([*self._lines, f"    return {returned}"])
        exec(compile(source, "<plan>", "exec"), self._names)  # noqa: S102 - see the module's first words
        put: Put = self._names["put"]
        return put

    def object(self, source: str, fields: Sequence[Planned], classes: Sequence[type], depth: int) -> str:
        """The dict that the variable `source` is read as."""
        unlike = " and ".join(f"type({source}) is not {self._named(class_)}" for class_ in classes)
        self._line(depth, f"if {unlike}: raise Odd")
        entries = []
        for planned in fields:
            value = "None"
            if at_hand(planned):
                value = self._variable()
                match planned.source:
                    case Method(call=call):
                        self._line(depth, f"{value} = {self._named(call)}({source})")
                    case attribute:
                        self._line(depth, f"{value} = {source}{attribute}")
                self.become(value, planned.becomes, depth)
            entries.append(f"{planned.key!r}: {value}")
        return f"{{{', '.join(entries)}}}"

    def become(self, value: str, becomes: Becomes, depth: int) -> None:
        """Make the variable what it becomes. A null that may not stand is of no type that is looked for."""
        match becomes:
            case Leaf(exact=exact) if exact is not None:
                null = f" and {value} is not None" if becomes.nullable else ""
                self._line(depth, f"if type({value}) is not {self._named(exact)}{null}: raise Odd")
                return
            case _ if becomes.nullable:
                self._line(depth, f"if {value} is not None:")
                depth += 1
        match becomes:
            case Leaf(usual=usual) if usual is not None and issubclass(usual, Enum):
                words = {member: becomes.serialize(member) for member in usual}
                self._line(depth, f"{value} = {self._named(words)}[{value}]")
            case Leaf(usual=usual, usually=usually):
                # Serialising cannot refuse it; an exception, or something to be awaited, is of no such type.
                self._line(depth, f"if type({value}) is not {self._named(usual)}: raise Odd")
                self._line(depth, f"{value} = {self._named(usually)}({value})")
            case _ if depth > DEEPEST:
                self._line(depth, f"{value} = {self._named(put_plain(becomes))}({value})")
            case Object(selection=selection):
                self._line(depth, f"{value} = {self.object(value, selection.fields, selection.classes, depth)}")
            case Several(item=Leaf(exact=exact, nullable=False)) if exact is not None:
                one = self._variable()
                self._line(depth, f"if type({value}) is not tuple and type({value}) is not list: raise Odd")
                self._line(depth, f"for {one} in {value}:")
                self._line(depth + 1, f"if type({one}) is not {self._named(exact)}: raise Odd")
                self._line(depth, f"{value} = [*{value}]")
            case Several(item=item):
                one, several = self._variable(), self._variable()
                self._line(depth, f"if type({value}) is not tuple and type({value}) is not list: raise Odd")
                self._line(depth, f"{several} = []")
                self._line(depth, f"for {one} in {value}:")
                self.become(one, item, depth + 1)
                self._line(depth + 1, f"{several}.append({one})")
                self._line(depth, f"{value} = {several}")

    def _line(self, depth: int, line: str) -> None:
        self._lines.append(f"{'    ' * depth}{line}")

    def _variable(self) -> str:
        self._variables += 1
        return f"value_{self._variables}"

    def _named(self, thing: Any) -> str:
        name = f"name_{len(self._names)}"
        self._names[name] = thing
        return name
