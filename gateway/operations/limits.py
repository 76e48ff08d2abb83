"""How much one operation may ask, and what a document's text amounts to. All of it is known before a resolver runs."""

from dataclasses import dataclass

from graphql import DocumentNode


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The settings' `limit_…`, each the most that is allowed; what exceeds one is `LIMIT_` and its name, 400."""

    document: int = 32 * 1024  # characters of a text
    tokens: int = 2_000
    definitions: int = 20
    depth: int = 15
    aliases: int = 100  # fragments spread out
    directives: int = 100
    repeats: int = 50  # of one response key in one selection
    fields: int = 2_000  # fragments spread out
    variables: int = 2_000  # values in all of them
    value: int = 1_000  # characters of one
    children: int = 100  # asked for by number
    searches: int = 10
    acts: int = 10
    cost: int = 20_000


@dataclass(frozen=True, slots=True)
class Measured:
    """A parsed document, fragments spread out: a cycle is deeper than anything. Whole numbers, however large."""

    depth: int
    aliases: int
    directives: int
    repeats: int
    fields: int


def measured(document: DocumentNode) -> Measured:
    """Measure it before it is validated, in time linear in its text."""
    raise NotImplementedError


def check_document(document: DocumentNode, limits: Limits) -> None:
    """Raise `LimitExceeded` for the first limit exceeded, in the order of `Measured`."""
    raise NotImplementedError
