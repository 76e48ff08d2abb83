"""Operations that ask for what nobody has asked yet, one cell of the coverage after the other until none is left."""

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from graphql import GraphQLSchema

from gateway.classes import CLASSES
from gateway.viewer import Role
from tests.worlds.asked import BY_NUMBER, CHILD, FINDING
from tests.worlds.coverage import Cell, fields_below
from tests.worlds.operations import Sent
from tests.worlds.operations_arguments import Arguments
from tests.worlds.operations_published import document_of
from tests.worlds.operations_writing import Manner, Root, Writer
from tests.worlds.vocabulary import Vocabulary

MANNER: Final = Manner(fields=1, twice=0, conditions=0, variables=0.7)


def aimed(
    role: Role,
    vocabulary: Vocabulary,
    rng: random.Random,
    missing: Iterable[Cell],
    tiers: Mapping[str, str],
    documents: Sequence[str] = (),
) -> Iterator[Sent]:
    """A few operations that together ask for all of these, as far as there are children of the tiers.

    Now and then a list among them is empty: what is missing after them is to be aimed at again. With `documents` it is
    these that are sent, by their ids; whether they ask for it is their publisher's care.
    """
    aim = _Aim(CLASSES[role], vocabulary, rng)
    together: defaultdict[str | None, list[str]] = defaultdict(list)
    for cell in missing:
        if cell.role is role:
            together[cell.tier].append(cell.field)
    for tier, fields in together.items():
        numbers = [number for number in vocabulary.numbers if tiers.get(number) == tier]
        if documents:
            yield from aim.published(documents, numbers or vocabulary.numbers)
        elif tier is None:
            yield from aim.elsewhere(fields)
        elif numbers:
            yield from aim.below_a_child(fields, numbers)


class _Aim:
    """Writes with one schema."""

    def __init__(self, schema: GraphQLSchema, vocabulary: Vocabulary, rng: random.Random) -> None:
        self._schema = schema
        self._vocabulary = vocabulary
        self._rng = rng
        assert schema.query_type is not None
        self._by_number = [one for one in BY_NUMBER if one.partition(".")[2] in schema.query_type.fields]

    def below_a_child(self, fields: Sequence[str], numbers: Sequence[str]) -> Iterator[Sent]:
        """A question about one child by each way to find one that is missing, or by any that goes by number."""
        roots = [one for one in FINDING if one in fields] or [self._rng.choice(self._by_number)]
        ways = fields_below(self._schema, self._schema.type_map[CHILD])
        only = {step for one in fields for step in ways.get(one, ())}
        only |= {"ChildMatches.children"}  # the one step between a root and its children
        for root in roots:
            yield self._asked("query", root.partition(".")[2], only, self._about(numbers))

    def elsewhere(self, fields: Iterable[str]) -> Iterator[Sent]:
        """A question or an act for each root field that leads to some of them."""
        ways = fields_below(self._schema, self._schema.query_type, self._schema.mutation_type)
        by_root: defaultdict[str, set[str]] = defaultdict(set)
        for one in fields:
            by_root[ways[one][0]] |= set(ways[one])
        for root, steps in by_root.items():
            type_, _, name = root.partition(".")
            yield self._asked(type_.lower(), name, steps, self._vocabulary)

    def published(self, documents: Sequence[str], numbers: Sequence[str]) -> Iterator[Sent]:
        """Each document once, about one of them."""
        for text in documents:
            arguments = Arguments(self._about(numbers), self._rng, malformed=0)
            document = document_of(text)
            variables = document.variables(arguments, self._rng)
            yield Sent(None, variables, document_id=document.id, targets=tuple(dict.fromkeys(arguments.targets)))

    def _asked(self, kind: str, root: str, only: set[str], vocabulary: Vocabulary) -> Sent:
        arguments = Arguments(vocabulary, self._rng, malformed=0)
        given = arguments.of(root)
        text, variables = Writer(self._schema, self._rng, MANNER, only).write(kind, [Root(root, given)])
        return Sent(text, variables, targets=tuple(dict.fromkeys(arguments.targets)))

    def _about(self, numbers: Sequence[str]) -> Vocabulary:
        """Nobody else can be asked about."""
        number = self._rng.choice(numbers)
        them = tuple(child for child in self._vocabulary.children if child.number == number)
        return replace(self._vocabulary, children=them, nobodies=them)
