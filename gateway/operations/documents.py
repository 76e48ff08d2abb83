"""A document's text becomes an operation ready to run: parsed, measured and validated once, then kept by its hash."""

import hashlib
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Final

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
    specified_rules,
    validate,
)
from graphql.validation.rules import overlapping_fields_can_be_merged

from gateway.errors import LimitExceeded
from gateway.operations.compiler import compile_plan
from gateway.operations.cost import Cost, cost_of
from gateway.operations.limits import Limits, check_document
from gateway.operations.one_of import OneOfVariablesRule
from gateway.operations.plan import Plan
from gateway.operations.shape import shape_of
from gateway.operations.variables import Variables
from gateway.shield.shape import Shape
from gateway.viewer import Role
from schema.paths import Guards
from schema.roots import CHILDLESS

MOST_ERRORS = 5  # each may print what it is about: a large literal as often as it has mistakes

# Objects that all kept operations consist of, about: a hundred and more as they are, or the eight largest. The garbage
# collector goes through all of them from time to time, while everybody waits.
MOST_OBJECTS_KEPT = 100_000
OF_TOKEN, OF_FIELD = 3, 20

# Comparing fields that share a response key is quadratic; by graphql-core's own budget it may take half a second.
overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = 6_000

RULES: Final = (*specified_rules, OneOfVariablesRule)

# Root fields that list what waits for officers and stewards.
LISTS = frozenset({"shields", "quarantine"})


class InvalidDocument(Exception):
    """The document cannot be run; `errors` say why, in GraphQL's own words."""

    def __init__(self, errors: Sequence[GraphQLError]) -> None:
        super().__init__("the document cannot be run")
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a validated document; `hash` is `sha256:` and the hex digest of the whole text.

    `schema` is what whoever sent it is told of; it is `for_desk` where it acts, or lists what waits to be acted upon.
    `touches_no_child`: it can neither name a child nor change anything, so that it may travel in an address, which
    proxies keep. It consists of some `objects`, about.
    """

    document: DocumentNode
    definition: OperationDefinitionNode
    fragments: dict[str, FragmentDefinitionNode]
    variables: Variables
    schema: GraphQLSchema
    plan: Plan
    cost: Cost
    shape: Shape
    roots: frozenset[str]
    hash: str
    objects: int
    for_desk: bool
    touches_no_child: bool

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


class Documents:
    """Reads documents as a role's own schema has them, and keeps what it made of each text, boundedly.

    Validation is by that schema, one of `classes`; all else is by the whole one, of which each of them is a part.
    """

    def __init__(
        self, schema: GraphQLSchema, guards: Guards, classes: Mapping[Role, GraphQLSchema], limits: Limits
    ) -> None:
        self._schema = schema
        self._guards = guards
        self._classes = classes
        self._limits = limits
        self._operations: MutableMapping[tuple[Role, str, str | None], Operation] = LRUCache(
            MOST_OBJECTS_KEPT, lambda operation: min(operation.objects, MOST_OBJECTS_KEPT)
        )

    def operation(self, text: str, name: str | None, role: Role) -> Operation:
        """The operation to run; raises `InvalidDocument` or `LimitExceeded`."""
        if len(text) > self._limits.document:  # asked before anything else, for comments are no tokens
            raise LimitExceeded("DOCUMENT", f"a document may have at most {self._limits.document} characters")
        hash_ = hash_of(text)
        known = self._operations.get((role, hash_, name))
        if known is None:
            try:
                known = self._prepare(text, hash_, name, role)
            except RecursionError:
                raise LimitExceeded("DEPTH", "a document is nested too deeply to be read") from None
            self._operations[role, hash_, name] = known
        return known

    def _prepare(self, text: str, hash_: str, name: str | None, role: Role) -> Operation:
        document, objects = self._parse(text)
        schema = self._classes[role]
        _validate(schema, document)
        node = get_operation_ast(document, name)
        if node is None:
            raise InvalidDocument([GraphQLError("`operationName` must name one operation of the document")])
        if node.operation is OperationType.SUBSCRIPTION:
            raise InvalidDocument([GraphQLError("subscriptions are not served")])
        shape, roots = shape_of(self._schema, self._guards, document, node)
        fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
        plan = compile_plan(self._schema, document, node)
        variables = Variables(self._schema, node.variable_definitions or ())
        return Operation(
            document=document,
            definition=node,
            fragments=fragments,
            variables=variables,
            schema=schema,
            plan=plan,
            cost=cost_of(plan, variables),
            shape=shape,
            roots=roots,
            hash=hash_,
            objects=objects,
            for_desk=plan.serial or not roots.isdisjoint(LISTS),
            touches_no_child=node.operation is OperationType.QUERY and roots <= CHILDLESS,
        )

    def _parse(self, text: str) -> tuple[DocumentNode, int]:
        """The document, and of how many objects it and a plan of it consist at most."""
        try:
            document = parse(text, max_lexical_tokens=self._limits.tokens, max_comments=self._limits.tokens)
        except GraphQLError as error:
            # graphql-core has no error classes of its own for these.
            if "nested too deeply" in error.message:
                raise LimitExceeded("DEPTH", "a document is nested too deeply to be read") from None
            if "Parsing aborted" in error.message:
                raise LimitExceeded("TOKENS", f"a document may have at most {self._limits.tokens} tokens") from None
            raise InvalidDocument([error]) from None
        _let_go_of_tokens(document)
        if len(document.definitions) > self._limits.definitions:
            raise LimitExceeded("DEFINITIONS", f"a document may have at most {self._limits.definitions} definitions")
        found = check_document(document, self._limits)  # before it is validated, which may be dear
        tokens: int = document.token_count  # the parser puts it there
        return document, OF_TOKEN * tokens + OF_FIELD * found.fields


def _let_go_of_tokens(document: DocumentNode) -> None:
    """Part the chain that keeps every token, comment and comma of a text as long as the least part of it is kept."""
    token = document.loc.start_token if document.loc else None
    while token is not None:
        following = token.next
        token.prev = token.next = None
        token = following


def hash_of(text: str) -> str:
    """What names a text, and nothing but that very text."""
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _validate(schema: GraphQLSchema, document: DocumentNode) -> None:
    errors = validate(schema, document, RULES, max_errors=MOST_ERRORS, hide_suggestions=True)
    if errors:
        raise InvalidDocument(errors)
