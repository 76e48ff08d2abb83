"""Documents as a partner publishes them, and how they are sent: by id, with variables alone."""

import hashlib
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    ListValueNode,
    NonNullTypeNode,
    ObjectValueNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_operation_ast,
    parse,
)

from tests.worlds.operations_arguments import Arguments
from tests.worlds.operations_writing import PLAIN, Manner, Root, Writer
from tests.worlds.vocabulary import Vocabulary

DRAWS: Final = 8

# Root fields by which a partner may ask for children.
FINDING: Final = ("child", "children", "childByKey", "findChildren", "_entities")

# The way into an argument's value: names of members, and places in lists.
_Steps: TypeAlias = tuple[str | int, ...]


class Use(NamedTuple):
    """Where a variable of a document stands: below which of its root fields, and where in what they are asked with."""

    variable: str
    root: int
    steps: _Steps


class Document(NamedTuple):
    """A published text: its root fields, where its variables stand, and which of them must be given."""

    id: str
    roots: tuple[str, ...]
    uses: tuple[Use, ...]
    conditions: tuple[str, ...]
    needed: tuple[str, ...]

    def variables(
        self, arguments: Arguments, rng: random.Random, otherwise: Mapping[str, Any] = MappingProxyType({})
    ) -> Mapping[str, Any]:
        """Values for them; one that no argument takes in this draw is left out, or where it must be given `otherwise`.

        Without such a value it is drawn again, a few times.
        """
        for _ in range(DRAWS):
            drawn = [arguments.of(root) for root in self.roots]
            values: dict[str, Any] = {name: rng.random() < 0.75 for name in self.conditions}
            for use in self.uses:
                value = _at(drawn[use.root], use.steps)
                if value is not None:
                    values[use.variable] = value
            values |= {name: otherwise[name] for name in self.needed if name not in values and name in otherwise}
            if all(name in values for name in self.needed):
                break
        return values


def texts_to_publish(schema: GraphQLSchema, rng: random.Random, count: int = 40) -> list[str]:
    """Texts for a partner that may ask for everything: all there is by each way to a child, and then mixtures."""
    nobody = Arguments(Vocabulary(()), rng)

    def text(name: str, manner: Manner, roots: Iterable[str]) -> str:
        return Writer(schema, rng, manner).write("query", [Root(root, nobody.of(root)) for root in roots], name).text

    assert schema.query_type is not None
    every = [root for root in FINDING if root in schema.query_type.fields]
    texts = [text(f"All{place}", PLAIN, [root]) for place, root in enumerate(schema.query_type.fields)]
    for place in range(count - len(texts)):
        manner = replace(PLAIN, fields=rng.choice((0.2, 0.4)), conditions=0.1, fragments=0.15, aliases=0.1, twice=0.05)
        texts.append(text(f"Some{place}", manner, rng.choices(every, k=rng.choice((1, 1, 2)))))
    return texts


@lru_cache(maxsize=1_000)
def document_of(text: str, name: str | None = None) -> Document:
    """What there is to be known of a text's operation, or of the one of this name."""
    document = parse(text, no_location=True)
    operation = get_operation_ast(document, name)
    assert operation is not None
    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
    fields = list(_fields(operation.selection_set, fragments))
    uses = [
        Use(variable, place, (argument.name.value, *steps))
        for place, field in enumerate(fields)
        for argument in field.arguments or ()
        for variable, steps in _variables_in(argument.value)
    ]
    defined = {one.variable.name.value: one for one in operation.variable_definitions or ()}
    used = {use.variable for use in uses}
    return Document(
        id=f"sha256:{hashlib.sha256(text.encode()).hexdigest()}",
        roots=tuple(field.name.value for field in fields),
        uses=tuple(uses),
        conditions=tuple(name for name in defined if name not in used),
        needed=tuple(
            name for name, one in defined.items() if isinstance(one.type, NonNullTypeNode) and not one.default_value
        ),
    )


def _fields(selections: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode]) -> Iterator[FieldNode]:
    for selection in selections.selections:
        match selection:
            case FieldNode():
                yield selection
            case InlineFragmentNode(selection_set=inner):
                yield from _fields(inner, fragments)
            case FragmentSpreadNode(name=name):
                yield from _fields(fragments[name.value].selection_set, fragments)


def _variables_in(value: ValueNode, steps: _Steps = ()) -> Iterator[tuple[str, _Steps]]:
    match value:
        case VariableNode():
            yield value.name.value, steps
        case ListValueNode():
            for place, one in enumerate(value.values):
                yield from _variables_in(one, (*steps, place))
        case ObjectValueNode():
            for field in value.fields:
                yield from _variables_in(field.value, (*steps, field.name.value))


def _at(value: Any, steps: Sequence[str | int]) -> Any:
    """What stands there; None where nothing does."""
    for step in steps:
        match value, step:
            case Mapping(), str():
                value = value.get(step)
            case list(), int() if value:
                value = value[step % len(value)]
            case _:
                return None
    return value
