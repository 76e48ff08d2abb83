"""An endless stream of what one class of viewers may send: whatever can be asked of two worlds, on their own schema.

Most of it is to be answered with data, for a refusal compares little; the rest is refused for every reason there is.
"""

import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from graphql import GraphQLSchema

from tests.worlds.operations_arguments import Arguments
from tests.worlds.operations_pool import patterns
from tests.worlds.operations_published import document_of
from tests.worlds.operations_refused import introspection, refused, unknown_id
from tests.worlds.operations_standing import DENSITIES, WEIGHTS, standing_texts
from tests.worlds.operations_writing import PLAIN, Manner, Root, Writer, Written
from tests.worlds.vocabulary import Vocabulary

GRAPHQL: Final = "application/graphql-response+json"
ACCEPTED: Final = (GRAPHQL,) * 16 + ("application/json",) * 3 + ("*/*",)

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


class Shares(NamedTuple):
    """Of a hundred operations, how many are of which kind; the rest are of our own writing."""

    acts: float = 0.03  # where the role has any
    generated: float = 0.06  # by hypothesis-graphql, with arguments in its text
    again: float = 0.7  # one of a few texts, theirs and ours, about others: to read one costs ten times its answer
    introspection: float = 0.03
    refused: float = 0.05
    published: float = 0.97  # where there are documents


# What officers ask for who manage shields, and who come for anything else are refused.
FOR_MANAGING: Final = frozenset({"shields", "quarantine"})

SHARES: Final = Shares()


def operations(
    schema: GraphQLSchema,
    vocabulary: Vocabulary,
    rng: random.Random,
    documents: Sequence[str] = (),
    shares: Shares = SHARES,
    pool: int = 60,
    seldom: Collection[str] = (),
) -> Iterator[Sent]:
    """Endless, and the same for the same `rng`.

    `documents` are the texts that a partner has published, and then most of what it sends are their ids. `pool` is how
    many documents hypothesis-graphql writes before the first: some 15 ms for each, once in a process for each schema.
    Root fields in `seldom` are asked now and then: those that the role has and this purpose is refused.
    """
    stream = _Stream(schema, vocabulary, rng, documents, pool, frozenset(seldom))
    while True:
        yield stream.next(shares)


class _Stream:
    """Draws one operation after the other."""

    def __init__(
        self,
        schema: GraphQLSchema,
        vocabulary: Vocabulary,
        rng: random.Random,
        documents: Sequence[str],
        pool: int,
        seldom: frozenset[str],
    ) -> None:
        assert schema.query_type is not None
        self._schema = schema
        self._vocabulary = vocabulary
        self._rng = rng
        self._documents = documents
        written, standing = patterns(schema, pool), standing_texts(schema, pool)
        self._written = [one for one in written if seldom.isdisjoint(one.roots)]
        self._standing = [one for one in standing if seldom.isdisjoint(document_of(one.text).roots)]
        self._queries = list(schema.query_type.fields)
        self._weights = [0.05 if name in seldom else WEIGHTS.get(name, 1) for name in self._queries]
        self._acts = list(schema.mutation_type.fields) if schema.mutation_type else []

    def next(self, shares: Shares) -> Sent:
        published = self._documents and self._rng.random() < shares.published
        drawn = self._rng.choices(
            (self._introspection, self._refused, self._act, self._generated, self._again, self._query),
            (
                shares.introspection,
                shares.refused,
                shares.acts if self._acts else 0,
                shares.generated,
                shares.again,
                max(0, 1 - sum(shares) + shares.published),
            ),
        )[0]
        if published and drawn not in (self._introspection, self._refused):
            return self._published()
        return drawn()

    def _query(self) -> Sent:
        roots = self._rng.choices(self._queries, self._weights, k=self._rng.choice((1, 1, 1, 1, 2, 2, 3, 4)))
        return self._written_here("query", roots, Manner(fields=self._rng.choice(DENSITIES)))

    def _again(self) -> Sent:
        """A text that was written once, about somebody: all that it is asked with stands in its variables."""
        standing = self._rng.choice(self._standing)
        document, arguments = document_of(standing.text), Arguments(self._vocabulary, self._rng)
        variables = document.variables(arguments, self._rng, standing.variables)
        return Sent(standing.text, variables, accept=self._accept(), targets=_once(arguments.targets))

    def _act(self) -> Sent:
        return self._written_here("mutation", self._rng.choices(self._acts, k=self._rng.choice((1, 1, 1, 2, 3))), PLAIN)

    def _written_here(self, kind: str, names: Sequence[str], manner: Manner) -> Sent:
        arguments = Arguments(self._vocabulary, self._rng)
        roots = [Root(name, arguments.of(name)) for name in names]
        name = "Asked" if self._rng.random() < 0.4 else ""
        written = Writer(self._schema, self._rng, manner).write(kind, roots, name)
        by_get = kind == "query" and self._rng.random() < (0.3 if CHILDLESS.issuperset(names) else 0.004)
        return self._sent(written, name, arguments, by_get)

    def _generated(self) -> Sent:
        arguments = Arguments(self._vocabulary, self._rng)
        name = "Generated" if self._rng.random() < 0.4 else ""
        written = self._rng.choice(self._written).asked(self._schema, arguments, self._rng, name)
        return self._sent(written, name, arguments)

    def _sent(self, written: Written, name: str, arguments: Arguments, by_get: bool = False) -> Sent:
        """Alone in its document, or beside another operation; named by the request where it must be."""
        text, named = written.text, name or None
        beside = self._rng.random()
        if name and beside < 0.15:
            text = f"{text} query Other {{ __typename }}"
        elif name and beside < 0.3:
            text = f"query Other {{ __typename }} {text}"
        elif beside < 0.65:
            named = None
        return Sent(text, written.variables, named, None, self._accept(), by_get, _once(arguments.targets))

    def _published(self) -> Sent:
        """Mostly by its id, and now and then by the text that it stands for."""
        text = self._rng.choice(self._documents)
        document, arguments = document_of(text), Arguments(self._vocabulary, self._rng)
        variables = document.variables(arguments, self._rng)
        by_get = self._rng.random() < (0.3 if CHILDLESS.issuperset(document.roots) else 0.004)
        sent = Sent(None, variables, None, document.id, self._accept(), by_get, _once(arguments.targets))
        return sent._replace(text=text, document_id=None) if self._rng.random() < 0.1 else sent

    def _introspection(self) -> Sent:
        return Sent(introspection(self._rng), {}, accept=self._accept(), by_get=self._rng.random() < 0.3)

    def _refused(self) -> Sent:
        if self._rng.random() < 0.1:
            return Sent(None, {}, document_id=unknown_id(self._rng), accept=self._accept())
        text, variables, name = refused(self._schema, self._vocabulary, self._rng)
        return Sent(text, variables, name, accept=self._accept())

    def _accept(self) -> str:
        return self._rng.choice(ACCEPTED)


def _once(numbers: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(numbers))
