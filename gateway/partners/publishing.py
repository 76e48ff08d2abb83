"""Judges the texts of a manifest for the partner that would publish them: all that can be known before anybody asks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from graphql import GraphQLError, OperationDefinitionNode, parse

from adapters.store.entries import Organisation
from adapters.store.registry_records import Partner
from gateway.errors import LimitExceeded
from gateway.operations.documents import Documents, InvalidDocument, Operation
from gateway.operations.limits import Limits
from gateway.partners.identifiers import literal_identifiers
from gateway.partners.manifest import Entry
from gateway.partners.scopes import beyond, disclosed
from gateway.viewer import Role
from resolvers.disclosure import Category
from schema.built import graphql_schema


@dataclass(frozen=True, slots=True)
class Accepted:
    """A text that its partner may publish. `cost` is the most that it can, whatever its variables."""

    entry: Entry
    operation: Operation
    discloses: Mapping[str, frozenset[Category]]
    cost: int

    @property
    def name(self) -> str:
        return self.operation.name or ""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A text that it may not, and everything that is wrong with it; no reason repeats an identifier."""

    entry: Entry
    reasons: tuple[str, ...]


Judgement: TypeAlias = Accepted | Rejected


def judge(
    entry: Entry, partner: Partner, organisation: Organisation, documents: Documents, limits: Limits
) -> Judgement:
    """Whether the partner may publish the text."""
    try:
        operation = documents.operation(entry.body, None, Role.PARTNER)
    except LimitExceeded as limit:
        return Rejected(entry, (limit.message,))
    except InvalidDocument as invalid:
        return Rejected(entry, _why_invalid(entry.body, invalid))
    found = (str(one) for one in literal_identifiers(operation.document, graphql_schema))
    reasons = (*_misnamed(entry, operation), *found, *beyond(operation, partner, organisation))
    if reasons:
        return Rejected(entry, reasons)
    return Accepted(entry, operation, disclosed(operation), operation.cost.at_most(limits))


def _misnamed(entry: Entry, operation: Operation) -> tuple[str, ...]:
    """A list of documents is read by their names."""
    if operation.name is None:
        return ("its operation has no name: give it one",)
    if entry.name is not None and entry.name != operation.name:
        return (f"the manifest calls it otherwise than `{operation.name}`: let its tool write it anew",)
    return ()


def _why_invalid(text: str, invalid: InvalidDocument) -> tuple[str, ...]:
    """In GraphQL's own words, unless those would quote an identifier."""
    try:
        document = parse(text)
    except GraphQLError as error:
        return tuple(f"line {place.line}, column {place.column}: not GraphQL" for place in error.locations or ())
    operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    if len(operations) != 1:
        return (f"it has {len(operations)} operations: publish each by itself",)
    found = tuple(str(one) for one in literal_identifiers(document, graphql_schema))
    return found or tuple(told(error) for error in invalid.errors)


def told(error: GraphQLError) -> str:
    """A validation error in one line, with its place."""
    places = [f"line {place.line}, column {place.column}: " for place in error.locations or ()]
    return f"{places[0] if places else ''}{error.message}"
