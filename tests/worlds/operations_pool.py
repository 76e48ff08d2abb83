"""Documents that hypothesis-graphql writes for a schema, kept as patterns: asked again and again with other arguments.

Writing one takes it milliseconds, so a few are written, once.
"""

import random
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLSchema,
    NameNode,
    OperationDefinitionNode,
    SelectionSetNode,
    print_ast,
)
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis_graphql import nodes, queries

from tests.worlds.operations_arguments import Arguments
from tests.worlds.operations_values import Values
from tests.worlds.operations_writing import Written

MARK: Final = "#arguments#"  # what no selection holds


class Pattern(NamedTuple):
    """A query's selection set, in pieces; between two of them stand the arguments of a root field."""

    pieces: tuple[str, ...]
    roots: tuple[str, ...]

    def asked(
        self,
        schema: GraphQLSchema,
        arguments: Arguments,
        rng: random.Random,
        name: str = "",
        variables: float | None = None,
    ) -> Written:
        """The whole query, with arguments of ours, of which such a share are variables: all, half or none by chance."""
        assert schema.query_type is not None
        fields = schema.query_type.fields
        share = rng.choice((0.0, 0.5, 1.0)) if variables is None else variables
        values = Values(rng, variables=share, defaults=0.1 if variables is None else 0)
        text = self.pieces[0]
        for root, piece in zip(self.roots, self.pieces[1:], strict=True):
            text += values.arguments(fields[root], arguments.of(root)) + piece
        return Written(f"query {name}{values.definitions()} {text}", values.sent)


@lru_cache
def patterns(schema: GraphQLSchema, size: int) -> Sequence[Pattern]:
    """At most `size` of them, and always the same."""
    found: list[DocumentNode] = []
    # Nothing is drawn for them: hypothesis looks for values in whatever modules are loaded, and we have our own.
    scalars = dict.fromkeys(("ID", "String", "Int", "Date", "_Any"), st.just(nodes.String("")))

    @seed(0)
    @settings(
        max_examples=size,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(queries(schema, custom_scalars=scalars, print_ast=lambda document: document))
    def collect(document: DocumentNode) -> None:
        found.append(document)

    collect()
    return tuple(dict.fromkeys(map(_pattern, found)))


def _pattern(document: DocumentNode) -> Pattern:
    [operation] = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    fields = [field for field in operation.selection_set.selections if isinstance(field, FieldNode)]
    assert len(fields) == len(operation.selection_set.selections), "a fragment at the root"
    marked = tuple(
        FieldNode(
            alias=field.alias,
            name=NameNode(value=f"{field.name.value}{MARK}"),
            directives=field.directives,
            selection_set=field.selection_set,
        )
        for field in fields
    )
    pieces = print_ast(SelectionSetNode(selections=marked)).split(MARK)
    return Pattern(tuple(re.sub(r"\s+", " ", piece) for piece in pieces), tuple(field.name.value for field in fields))
