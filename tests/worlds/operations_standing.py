"""Queries that are written once and asked again and again about others: to read a text costs ten times its answer."""

import random
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Final

from graphql import GraphQLSchema

from tests.worlds.operations_arguments import Arguments
from tests.worlds.operations_pool import patterns
from tests.worlds.operations_writing import Manner, Root, Writer, Written
from tests.worlds.vocabulary import Vocabulary

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

DENSITIES: Final = (0.15, 0.3, 0.5, 0.8, 1)  # of fields that are asked, of those that there are
OWN, PATTERNS = 25, 25  # texts; a gateway keeps a hundred operations or so, and is to keep all of these among others


@lru_cache
def standing_texts(schema: GraphQLSchema, pool: int) -> Sequence[Written]:
    """Queries with all that they are asked with in variables, here about nobody; always the same.

    There are our own, and of the `pool` that hypothesis-graphql writes.
    """
    assert schema.query_type is not None
    rng = random.Random(0)  # noqa: S311 - it keeps no secret
    names = list(schema.query_type.fields)
    weights = [WEIGHTS.get(name, 1) for name in names]
    nobody = Arguments(Vocabulary((), today=date(2026, 1, 1)), rng, malformed=0)
    texts = [
        pattern.asked(schema, nobody, rng, "Standing", variables=1) for pattern in patterns(schema, pool)[:PATTERNS]
    ]
    for _ in range(OWN):
        roots = [Root(name, nobody.of(name)) for name in rng.choices(names, weights, k=rng.choice((1, 1, 1, 2, 3)))]
        manner = Manner(fields=rng.choice(DENSITIES), variables=1, defaults=0)
        texts.append(Writer(schema, rng, manner).write("query", roots, "Standing"))
    return tuple(texts)
