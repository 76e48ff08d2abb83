"""An endless stream of what one class of viewers may send: whatever can be asked of two worlds, on their own schema.

Most of it is to be answered with data, for a refusal compares little; the rest is refused for every reason there is.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from graphql import GraphQLSchema

from tests.worlds.operations_arguments import Arguments
from tests.worlds.operations_writing import Manner, Root, Writer
from tests.worlds.vocabulary import Vocabulary

GRAPHQL: Final = "application/graphql-response+json"
ACCEPTED: Final = (GRAPHQL,) * 16 + ("application/json",) * 3 + ("*/*",)

# How often each root field is asked, where the role has it; and any other, once.
WEIGHTS: Final[Mapping[str, int]] = {
    "child": 6,
    "children": 6,
    "findChildren": 6,
    "childByKey": 4,
    "_entities": 4,
    "shields": 5,
    "quarantine": 5,
    "accesses": 8,
    "statistics": 8,
}

CHILDLESS: Final = frozenset({"viewer", "statistics", "_service"})  # what may stand in an address


class Sent(NamedTuple):
    """One operation as a client sends it: everything that a viewer may choose.

    Without a `text` it is sent by `document_id`. `targets` are the numbers of the children it is aimed at, visible or
    not.
    """

    text: str | None
    variables: Mapping[str, Any]
    operation_name: str | None = None
    document_id: str | None = None
    accept: str = GRAPHQL
    by_get: bool = False
    targets: tuple[str, ...] = ()


def operations(
    schema: GraphQLSchema,
    vocabulary: Vocabulary,
    rng: random.Random,
    documents: Sequence[str] = (),
    acts: float = 0.03,
) -> Iterator[Sent]:
    """Endless, and the same for the same `rng`; `acts` is the share of mutations, where the role has any."""
    while True:
        if schema.mutation_type and rng.random() < acts:
            yield _act(schema, vocabulary, rng)
        else:
            yield _query(schema, vocabulary, rng)


def _query(schema: GraphQLSchema, vocabulary: Vocabulary, rng: random.Random) -> Sent:
    assert schema.query_type is not None
    names = list(schema.query_type.fields)
    weights = [WEIGHTS.get(name, 1) for name in names]
    chosen = rng.choices(names, weights, k=rng.choice((1, 1, 1, 1, 2, 2, 3, 4)))
    manner = Manner(fields=rng.choice((0.15, 0.3, 0.5, 0.8, 1)))
    arguments = Arguments(vocabulary, rng)
    return _sent(schema, rng, "query", chosen, manner, arguments)


def _act(schema: GraphQLSchema, vocabulary: Vocabulary, rng: random.Random) -> Sent:
    assert schema.mutation_type is not None
    chosen = rng.choices(list(schema.mutation_type.fields), k=rng.choice((1, 1, 1, 2, 3)))
    manner = Manner(fields=1)
    arguments = Arguments(vocabulary, rng)
    return _sent(schema, rng, "mutation", chosen, manner, arguments)


def _sent(
    schema: GraphQLSchema, rng: random.Random, kind: str, names: Sequence[str], manner: Manner, arguments: Arguments
) -> Sent:
    roots = [Root(name, arguments.of(name)) for name in names]
    name = "Asked" if rng.random() < 0.4 else ""
    text, variables = Writer(schema, rng, manner).write(kind, roots, name)
    named = name or None
    if name and rng.random() < 0.3:
        text = rng.choice((f"{text} query Other {{ __typename }}", f"query Other {{ __typename }} {text}"))
    elif name and rng.random() < 0.5:
        named = None
    by_get = kind == "query" and (rng.random() < 0.3 if CHILDLESS.issuperset(names) else rng.random() < 0.005)
    return Sent(text, variables, named, None, rng.choice(ACCEPTED), by_get, tuple(dict.fromkeys(arguments.targets)))
