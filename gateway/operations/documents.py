"""A document's text becomes an operation ready to run: parsed, validated and measured once, then kept by its hash."""

import hashlib
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass

from cachetools import LRUCache
from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    get_operation_ast,
    parse,
    validate,
)
from graphql.validation.rules import overlapping_fields_can_be_merged

from gateway.errors import LimitExceeded
from gateway.operations.compiler import compile_plan
from gateway.operations.plan import Plan
from gateway.operations.shape import shape_of
from gateway.operations.variables import Variables
from gateway.shield.shape import Shape
from resolvers.acts import MOST_ACTS
from schema.paths import Guards

LONGEST_TEXT = 32 * 1024  # characters; asked before anything else, for comments are no tokens
MOST_DEFINITIONS = 20
MOST_TOKENS = 2_000
MOST_ERRORS = 10
MOST_DOCUMENTS_KEPT = 1_000

# Comparing fields that share a response key is quadratic; by graphql-core's own budget it may take half a second.
overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = 20_000

# Root fields that lead to no child, and those that list what waits for officers and stewards.
CHILDLESS = frozenset({"viewer", "_service"})
LISTS = frozenset({"shields", "quarantine"})


class InvalidDocument(Exception):
    """The document cannot be run; `errors` say why, in GraphQL's own words."""

    def __init__(self, errors: Sequence[GraphQLError]) -> None:
        super().__init__("the document cannot be run")
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a validated document; `hash` is `sha256:` and the hex digest of the whole text.

    It is `for_desk` where it acts, or lists what waits to be acted upon.
    """

    document: DocumentNode
    definition: OperationDefinitionNode
    fragments: dict[str, FragmentDefinitionNode]
    variables: Variables
    plan: Plan
    shape: Shape
    roots: frozenset[str]
    hash: str
    for_desk: bool

    @property
    def name(self) -> str | None:
        return self.definition.name.value if self.definition.name else None

    @property
    def type(self) -> OperationType:
        return self.definition.operation

    @property
    def is_introspection(self) -> bool:
        """Whether it asks of nothing but types: what every role, and a partner without a document, may send."""
        return self.type is OperationType.QUERY and not self.roots

    @property
    def touches_no_child(self) -> bool:
        """Whether it may travel in an address, which proxies keep: it can neither name a child nor change anything."""
        return self.type is OperationType.QUERY and self.roots <= CHILDLESS


class Documents:
    """Reads documents against one schema and keeps what it made of each text, boundedly."""

    def __init__(self, schema: GraphQLSchema, guards: Guards) -> None:
        self._schema = schema
        self._guards = guards
        self._kept: MutableMapping[str, DocumentNode] = LRUCache(MOST_DOCUMENTS_KEPT)
        self._operations: MutableMapping[tuple[str, str | None], Operation] = LRUCache(MOST_DOCUMENTS_KEPT)

    def operation(self, text: str, name: str | None) -> Operation:
        """The operation to run; raises `InvalidDocument` or `LimitExceeded`."""
        if len(text) > LONGEST_TEXT:
            raise LimitExceeded("DOCUMENT", f"a document may have at most {LONGEST_TEXT} characters")
        hash_ = "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        known = self._operations.get((hash_, name))
        if known is None:
            known = self._operations[hash_, name] = self._prepare(text, hash_, name)
        return known

    def _prepare(self, text: str, hash_: str, name: str | None) -> Operation:
        document = self._kept.get(hash_)
        if document is None:
            document = self._kept[hash_] = self._read(text)
        node = get_operation_ast(document, name)
        if node is None:
            raise InvalidDocument([GraphQLError("`operationName` must name one operation of the document")])
        if node.operation is OperationType.SUBSCRIPTION:
            raise InvalidDocument([GraphQLError("subscriptions are not served")])
        shape, roots = shape_of(self._schema, self._guards, document, node)
        fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
        plan = compile_plan(self._schema, document, node)
        variables = Variables(self._schema, node.variable_definitions or ())
        if plan.serial and sum(field.name != "__typename" for field in plan.root.fields) > MOST_ACTS:
            raise LimitExceeded("ACTS", f"an operation may carry out at most {MOST_ACTS} acts")
        for_desk = plan.serial or not roots.isdisjoint(LISTS)
        return Operation(document, node, fragments, variables, plan, shape, roots, hash_, for_desk)

    def _read(self, text: str) -> DocumentNode:
        try:
            document = parse(text, max_lexical_tokens=MOST_TOKENS)
        except GraphQLError as error:
            if "Parsing aborted" in error.message:  # graphql-core has no error class of its own for it
                raise LimitExceeded("TOKENS", f"a document may have at most {MOST_TOKENS} tokens") from None
            raise InvalidDocument([error]) from None
        if len(document.definitions) > MOST_DEFINITIONS:
            raise LimitExceeded("DEFINITIONS", f"a document may have at most {MOST_DEFINITIONS} definitions")
        errors = validate(self._schema, document, max_errors=MOST_ERRORS, hide_suggestions=True)
        if errors:
            raise InvalidDocument(errors)
        return document
