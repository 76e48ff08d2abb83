"""Writes operations on any schema: fields, aliases, fragments, conditions, and each argument as literal or variable.

It knows nothing of children. What root fields are asked with comes from whoever asks for the operation.
"""

import json
import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from graphql import (
    GraphQLBoolean,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
)

from tests.worlds.operations_values import Values

COMPOSITE: Final = (GraphQLObjectType, GraphQLInterfaceType, GraphQLUnionType)
DEEPEST: Final = 8  # levels that are selected; our schemas have seven


class Root(NamedTuple):
    """A root field to be asked, and with what."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Manner:
    """How an operation is written: of a hundred places where it could be, in how many each of these is."""

    fields: float = 0.5  # of those that there are, how many are asked for
    aliases: float = 0.1
    twice: float = 0.05  # the same response key once more
    conditions: float = 0.08
    fragments: float = 0.15
    typenames: float = 0.1
    variables: float = 0.6  # of arguments, and of values inside them
    defaults: float = 0.1  # of variables, which are then not sent


PLAIN: Final = Manner(fields=1, aliases=0, twice=0, conditions=0, fragments=0, typenames=0, variables=1, defaults=0)


class Written(NamedTuple):
    """An operation's text and its variables."""

    text: str
    variables: dict[str, Any]


class Writer:
    """Writes one operation: `write` once. Where there are `only` these fields, `Type.field`, no others are asked."""

    def __init__(
        self, schema: GraphQLSchema, rng: random.Random, manner: Manner, only: Collection[str] | None = None
    ) -> None:
        self._schema = schema
        self._rng = rng
        self._manner = manner
        self._only = only
        self._made = 0
        self._values = Values(rng, manner.variables, manner.defaults)
        self._fragments: list[str] = []
        self._skipping: dict[bool, str] = {}

    def write(self, kind: str, roots: Iterable[Root], name: str = "") -> Written:
        """`kind` is `query` or `mutation`; fields that would share a response key get aliases of their own."""
        type_ = self._schema.query_type if kind == "query" else self._schema.mutation_type
        assert type_ is not None
        asked: list[str] = []
        seen: set[str] = set()
        for root in roots:
            field = type_.fields[root.name]
            alias = root.name in seen or self._chance(self._manner.aliases)
            seen.add(root.name)
            head = f"{self._new('r')}: {root.name}" if alias else root.name
            head += self._values.arguments(field, root.arguments)
            asked.append(self._field(head, field.type, 1))
            if kind == "query" and self._chance(self._manner.twice):
                asked.append(self._field(head, field.type, 1))
        body = self._set(asked, type_, conditional=kind == "query")
        headed = f"{kind} {name}{self._values.definitions()} {body}"
        return Written(" ".join([headed, *self._fragments]), self._values.sent)

    # Selections

    def _selection(self, type_: GraphQLNamedType, level: int) -> str:
        """What is asked of a type; at least something."""
        if isinstance(type_, GraphQLUnionType):
            parts = [f"... on {one.name} {self._selection(one, level)}" for one in type_.types]
            return self._set(["__typename", *parts], type_, conditional=True)
        assert isinstance(type_, GraphQLObjectType | GraphQLInterfaceType)
        all_of_it = list(type_.fields.items())
        chosen = [one for one in all_of_it if self._wanted(f"{type_.name}.{one[0]}", one[1], level)]
        if not chosen:
            chosen = [self._rng.choice([one for one in all_of_it if not _leads_on(one[1])] or all_of_it)]
        asked: list[str] = []
        for name, field in chosen:
            head = f"{self._new('a')}: {name}" if self._chance(self._manner.aliases) else name
            asked.append(self._field(head, field.type, level + 1))
            if self._chance(self._manner.twice):
                asked.append(self._field(head, field.type, level + 1))
        if self._chance(self._manner.typenames):
            asked.append("__typename")
        return self._set(asked, type_, conditional=True)

    def _wanted(self, coordinate: str, field: GraphQLField, level: int) -> bool:
        if self._only is not None:
            return coordinate in self._only
        if _leads_on(field) and level >= DEEPEST:
            return False
        return self._chance(self._manner.fields)

    def _field(self, head: str, type_: Any, level: int) -> str:
        named = get_named_type(type_)
        below = f" {self._selection(named, level)}" if isinstance(named, COMPOSITE) else ""
        return f"{head}{self._condition()}{below}"

    def _set(self, asked: Sequence[str], type_: GraphQLNamedType, *, conditional: bool) -> str:
        """A selection set of these; some of them maybe behind a fragment, and that behind another."""
        whole = " ".join(asked)
        while conditional and self._chance(self._manner.fragments):
            at = self._rng.randrange(len(asked))
            alone, inside = " ".join(asked[:at]), " ".join(asked[at:])
            whole = f"{alone} {self._fragment(inside, type_)}".strip()
            asked = [whole]
        return f"{{ {whole} }}"

    def _fragment(self, inside: str, type_: GraphQLNamedType) -> str:
        match self._rng.randrange(3):
            case 0:
                name = self._new("F")
                self._fragments.append(f"fragment {name} on {type_.name} {{ {inside} }}")
                return f"...{name}{self._condition()}"
            case 1:
                return f"... on {type_.name}{self._condition()} {{ {inside} }}"
            case _:
                return f"...{self._condition()} {{ {inside} }}"

    def _condition(self) -> str:
        """A directive, which lets pass what it stands on three times out of four."""
        if not self._chance(self._manner.conditions):
            return ""
        stays, directive = self._rng.random() < 0.75, self._rng.choice(("include", "skip"))
        value = stays is (directive == "include")
        if self._rng.random() < 0.5:
            return f" @{directive}(if: {json.dumps(value)})"
        if value not in self._skipping:
            self._skipping[value] = self._values.variable(value, GraphQLNonNull(GraphQLBoolean))
        return f" @{directive}(if: {self._skipping[value]})"

    # Chance

    def _chance(self, probability: float) -> bool:
        return self._rng.random() < probability

    def _new(self, letter: str) -> str:
        self._made += 1
        return f"{letter}{self._made}"


def _leads_on(field: GraphQLField) -> bool:
    return isinstance(get_named_type(field.type), COMPOSITE)
