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

# Puts what fields make of an object and of the record they asked for into a dict, all or nothing; raises likewise.
Fill: TypeAlias = Callable[[Any, Any, dict[str, Any]], None]

# How deep what is plain is written in one place; below that it is called. Python nests no more than twenty loops.
DEEPEST: Final = 8


class Odd(Exception):
    """Out of the ordinary: what it is, the long way says."""


def read_straight(fields: Sequence[Planned], classes: Sequence[type]) -> Put:
    """What reads, of an object of one of these very classes, the fields whose value is at hand and plain."""

    def written() -> Put:
        written = _Written("value")
        written.line(1, f"return {written.object('value', fields, classes, 1)}")
        return written.function()

    return _when_called(written) if is_whole(fields) else written()


def fill_straight(fields: Sequence[Planned]) -> Fill | None:
    """What puts in its place what these fields make of one record; None where something of it is not plain."""
    if any(planned.plain is None for planned in fields):
        return None
    written = _Written("source", "record", "target")
    puts = []
    for planned in fields:
        value = written.variable()
        written.line(1, f"{value} = {written.named(planned.source.then)}(source, record)")  # type: ignore[union-attr]  # questions alone come here
        written.become(value, planned.becomes, 1)
        puts.append(f"target[{planned.key!r}] = {value}")
    for put in puts:
        written.line(1, put)
    return written.function()


def put_plain(becomes: Becomes) -> Put | None:
    """What makes a value what it becomes, where all below it is plain; None where something is not."""
    if not _is_plain(becomes):
        return None

    def written() -> Put:
        written = _Written("value")
        written.become("value", becomes, 1)
        written.line(1, "return value")
        return written.function()

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
    """The lines of one function of these arguments, and what they name."""

    def __init__(self, *arguments: str) -> None:
        self._lines = [f"def put({', '.join(arguments)}):"]
        self._names: dict[str, Any] = {"Odd": Odd}
        self._variables = 0

    def function(self) -> Callable[..., Any]:
        exec(compile("\n".join(self._lines), "<plan>", "exec"), self._names)  # noqa: S102 - see the module's first words
        put: Callable[..., Any] = self._names["put"]
        return put

    def object(self, source: str, fields: Sequence[Planned], classes: Sequence[type], depth: int) -> str:
        """The dict that the variable `source` is read as."""
        unlike = " and ".join(f"type({source}) is not {self.named(class_)}" for class_ in classes)
        self.line(depth, f"if {unlike}: raise Odd")
        entries = []
        for planned in fields:
            value = "None"
            if at_hand(planned):
                value = self.variable()
                match planned.source:
                    case Method(call=call):
                        self.line(depth, f"{value} = {self.named(call)}({source})")
                    case attribute:
                        self.line(depth, f"{value} = {source}{attribute}")
                self.become(value, planned.becomes, depth)
            entries.append(f"{planned.key!r}: {value}")
        return f"{{{', '.join(entries)}}}"

    def become(self, value: str, becomes: Becomes, depth: int) -> None:
        """Make the variable what it becomes. A null that may not stand is of no type that is looked for."""
        match becomes:
            case Leaf(exact=exact) if exact is not None:
                null = f" and {value} is not None" if becomes.nullable else ""
                self.line(depth, f"if type({value}) is not {self.named(exact)}{null}: raise Odd")
                return
            case _ if becomes.nullable:
                self.line(depth, f"if {value} is not None:")
                depth += 1
        match becomes:
            case Leaf(usual=usual) if usual is not None and issubclass(usual, Enum):
                words = {member: becomes.serialize(member) for member in usual}
                self.line(depth, f"{value} = {self.named(words)}[{value}]")
            case Leaf(usual=usual, usually=usually):
                # Serialising cannot refuse it; an exception, or something to be awaited, is of no such type.
                self.line(depth, f"if type({value}) is not {self.named(usual)}: raise Odd")
                self.line(depth, f"{value} = {self.named(usually)}({value})")
            case _ if depth > DEEPEST:
                self.line(depth, f"{value} = {self.named(put_plain(becomes))}({value})")
            case Object(selection=selection):
                self.line(depth, f"{value} = {self.object(value, selection.fields, selection.classes, depth)}")
            case Several(item=Leaf(exact=exact, nullable=False)) if exact is not None:
                one = self.variable()
                self.line(depth, f"if type({value}) is not tuple and type({value}) is not list: raise Odd")
                self.line(depth, f"for {one} in {value}:")
                self.line(depth + 1, f"if type({one}) is not {self.named(exact)}: raise Odd")
                self.line(depth, f"{value} = [*{value}]")
            case Several(item=item):
                one, several = self.variable(), self.variable()
                self.line(depth, f"if type({value}) is not tuple and type({value}) is not list: raise Odd")
                self.line(depth, f"{several} = []")
                self.line(depth, f"for {one} in {value}:")
                self.become(one, item, depth + 1)
                self.line(depth + 1, f"{several}.append({one})")
                self.line(depth, f"{value} = {several}")

    def line(self, depth: int, line: str) -> None:
        self._lines.append(f"{'    ' * depth}{line}")

    def variable(self) -> str:
        self._variables += 1
        return f"value_{self._variables}"

    def named(self, thing: Any) -> str:
        name = f"name_{len(self._names)}"
        self._names[name] = thing
        return name
