"""What a compiled operation is: which fields of which objects, where each value comes from, and what it becomes.

A plan knows nothing of variables' values and nothing of any type of ours; it is made once per operation and shared by
every request that sends it. Printed, it draws itself: levels by indentation, questions and guards beside their fields.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeAlias

from graphql import FieldNode, GraphQLAbstractType, GraphQLField, GraphQLObjectType

# A field occurs where all of these variables have the values named; a field stands if any of its occurrences does.
Condition: TypeAlias = tuple[tuple[str, bool], ...]

# One place in the document that asks for a field: the node, when it counts, and how many stand before it.
Occurrence: TypeAlias = tuple[FieldNode, Condition, int]


PathOf: TypeAlias = Callable[[], tuple[str | int, ...]]


class Guard(Protocol):
    """Refuses a field of an object before its value is made, and hears what became of it."""

    def admits(self, source: Any, context: Any, path: PathOf) -> bool: ...

    def held_back(self, source: Any, context: Any, path: PathOf) -> None: ...

    def shown(self, source: Any, context: Any) -> None: ...

    def stands(self, source: Any, context: Any, path: PathOf) -> None: ...

    def together(self, others: Iterable[Any]) -> "Guards": ...


class Guards(Protocol):
    """The guards of several fields of an object, asked at once."""

    def admit(self, source: Any, context: Any) -> bool: ...

    def shown(self, source: Any, context: Any) -> None: ...


@dataclass(frozen=True, slots=True)
class Attribute:
    """The value is an attribute of the object."""

    name: str

    def __str__(self) -> str:
        return f".{self.name}"


@dataclass(frozen=True, slots=True)
class Method:
    """The value is what a plain function makes of the object."""

    call: Callable[[Any], Any] = field(repr=False)

    def __str__(self) -> str:
        return "()"


@dataclass(frozen=True, slots=True)
class Question:
    """The value is made of a record that is asked for, together with every other object's on the level."""

    question: Any
    key: Callable[[Any], Hashable | None] = field(repr=False)
    then: Callable[[Any, Any], Any] = field(repr=False)

    def __str__(self) -> str:
        return f"? {self.question.name}"


@dataclass(frozen=True, slots=True)
class Call:
    """The value is what a function of the schema's returns or awaits, called with arguments that need no making.

    `call(source, info, variables)` gives `UNBOUND` where they do: then the resolver is asked.
    """

    call: Callable[[Any, Any, Mapping[str, Any]], Any] = field(repr=False)

    def __str__(self) -> str:
        return "call"


@dataclass(frozen=True, slots=True)
class Resolver:
    """The value is whatever the schema's own resolver returns or awaits: what nothing above fits."""

    def __str__(self) -> str:
        return "resolver"


UNBOUND: Final = object()

Source: TypeAlias = Attribute | Method | Question | Call | Resolver


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar or an enum: checked and serialised as graphql-core does.

    What is of the type `exact` is serialised already; what is of the type `usual` is serialised by `usually`.
    """

    serialize: Callable[[Any], Any] = field(repr=False)
    usually: Callable[[Any], Any] = field(repr=False)
    exact: type | None
    usual: type | None
    nullable: bool


@dataclass(frozen=True, slots=True)
class Object:
    """An object whose fields are the selection's."""

    selection: "Selection"
    nullable: bool


@dataclass(frozen=True, slots=True)
class Abstract:
    """One of several types of object, told apart when the value is there."""

    type: GraphQLAbstractType = field(repr=False)
    possible: Mapping[str, "Selection"]
    nullable: bool


@dataclass(frozen=True, slots=True)
class Several:
    """A list."""

    item: "Becomes"
    nullable: bool


Becomes: TypeAlias = Leaf | Object | Abstract | Several


@dataclass(frozen=True, slots=True)
class Planned:
    """One response key of one type of object."""

    key: str
    name: str
    definition: GraphQLField = field(repr=False)
    parent: GraphQLObjectType = field(repr=False)
    source: Source
    becomes: Becomes
    guard: Guard | None
    plain: Callable[[Any], Any] | None = field(repr=False)  # what a value becomes, where all of that is plain
    occurrences: tuple[Occurrence, ...] = field(repr=False)
    conditions: tuple[Condition, ...] | None  # None: it always stands

    def nodes(self, variables: Mapping[str, Any]) -> list[FieldNode]:
        """The places in the document that ask for it in this run; errors point at them."""
        if len(self.occurrences) == 1:
            return [self.occurrences[0][0]]
        # A fragment's own field is one place, under however many conditions it was spread.
        return list({id(node): node for node, condition, _ in self.occurrences if holds(condition, variables)}.values())

    def stands(self, variables: Mapping[str, Any]) -> bool:
        """Whether this run's answer has it."""
        return self.conditions is None or any(holds(condition, variables) for condition in self.conditions)

    def position(self, variables: Mapping[str, Any]) -> int:
        """Where in the document it first stands in this run."""
        return next((place for _, condition, place in self.occurrences if holds(condition, variables)), 0)


@dataclass(frozen=True, slots=True)
class Asking:
    """Fields of one object that are made of the same record: asked for once.

    `fill` puts what they make of object and record into the dict, or raises; None where something of it is not plain.
    """

    question: Any
    key: Callable[[Any], Hashable | None] = field(repr=False)
    fields: tuple[Planned, ...]
    guards: Guard | Guards | None  # one of them, or all together
    fill: Callable[[Any, Any, dict[str, Any]], None] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Straight:
    """The straight way through an object of which nothing is withheld.

    `read` gives what is at hand, with None for the rest, or raises; `later` is what may leave a place open, `askings`
    what must be asked for.
    """

    read: Callable[[Any], dict[str, Any]] = field(repr=False)
    later: tuple[Planned, ...]
    askings: tuple[Asking, ...]
    admitted: Guards | None  # of all the fields
    at_hand: Guards | None  # of those at hand


@dataclass(frozen=True, slots=True)
class Selection:
    """What is asked of one type of object. `shifting`: in what order depends on variables."""

    of: GraphQLObjectType = field(repr=False)
    fields: tuple[Planned, ...]
    guard: Guard | None = None  # one of its fields': hears where the object stands
    classes: tuple[type, ...] = ()  # what is of one of these very classes is of the type; anything else is looked at
    straight: Straight | None = field(default=None, repr=False)
    shifting: bool = False

    def in_order(self, variables: Mapping[str, Any]) -> "tuple[Planned, ...]":
        """The fields as this run's answer has them: each where it first stands."""
        if not self.shifting:
            return self.fields
        return tuple(sorted(self.fields, key=lambda planned: planned.position(variables)))

    def drawn(self, depth: int = 0) -> Iterator[str]:
        """The selection as lines, two spaces deeper each level."""
        for planned in self.fields:
            name = planned.name if planned.name == planned.key else f"{planned.key}: {planned.name}"
            guard = f" [{planned.guard}]" if planned.guard is not None else ""
            when = "" if planned.conditions is None else f" if {_drawn(planned.conditions)}"
            yield f"{'  ' * depth}{name} {planned.source}{guard}{when}"
            yield from _drawn_below(planned.becomes, depth + 1)


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole operation. `serial`: its root fields run one after another, each to its end.

    `conditional` names the variables that conditions are about: none of them may be null.
    """

    root: Selection
    serial: bool
    conditional: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return "\n".join(self.root.drawn())


def holds(condition: Condition, variables: Mapping[str, Any]) -> bool:
    """Whether every variable has the value named. A nullable one left out is as its directive's argument would be."""
    return all(variables.get(name) is expected for name, expected in condition)


def _drawn(conditions: tuple[Condition, ...]) -> str:
    return " or ".join(
        " and ".join(f"${name}" if expected else f"not ${name}" for name, expected in condition)
        for condition in conditions
    )


def _drawn_below(becomes: Becomes, depth: int) -> Iterator[str]:
    match becomes:
        case Object(selection=selection):
            yield from selection.drawn(depth)
        case Abstract(possible=possible):
            for name, selection in possible.items():
                yield f"{'  ' * depth}… on {name}"
                yield from selection.drawn(depth + 1)
        case Several(item=item):
            yield from _drawn_below(item, depth)
        case Leaf():
            return
