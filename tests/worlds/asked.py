"""Reads an operation for what it asks, and of whom: it takes the text's word for it, and never the writer's."""

from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
    get_operation_ast,
    parse,
    value_from_ast_untyped,
)

from adapters.number import BadNumber, parse_number
from tests.worlds.operations import Sent

CHILD: Final = "Child"

# Fields by which one asks for children that one names, or has in mind.
BY_NUMBER: Final = ("Query.child", "Query.children", "Query._entities")
FINDING: Final = (*BY_NUMBER, "Query.childByKey", "Query.findChildren")


def asked_in(
    schema: GraphQLSchema, text: str, sent: Sent, answered: Collection[str]
) -> Iterator[tuple[str, frozenset[str] | None]]:
    """Each field that it asks, `Type.field`, with the numbers of the children below which it does; None: below none.

    `answered` are the response keys at the root of what came of it. Who is found otherwise than by number is known by
    `targets` alone, and then only where nothing else is asked in the same operation.
    """
    document = _parsed(text)
    operation = get_operation_ast(document, sent.operation_name)
    if operation is None:
        return
    reading = _Reading(schema, document, operation, sent.variables)
    root = schema.query_type if operation.operation is OperationType.QUERY else schema.mutation_type
    assert root is not None
    found = [field for field in reading.fields(root, operation.selection_set) if field.key in answered]
    alone = len({field.key for field in found}) == 1
    for field in found:
        numbers = reading.numbers(field.node)
        if numbers is None:
            numbers = frozenset(sent.targets) if alone else frozenset()
        yield field.coordinate, None
        if field.coordinate in FINDING:
            yield field.coordinate, numbers
        for below in reading.below(field):
            yield below.coordinate, numbers if below.of_child else None


class Found(NamedTuple):
    """A field that stands in an answer. `of_child`: it is a child's, or below one."""

    key: str
    coordinate: str
    node: FieldNode
    type_: GraphQLNamedType
    of_child: bool


class _Reading:
    """One operation with its variables."""

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any],
    ) -> None:
        self._schema = schema
        self._fragments = {
            one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)
        }
        self._variables = {
            one.variable.name.value: value_from_ast_untyped(one.default_value)
            for one in operation.variable_definitions or ()
            if one.default_value
        } | dict(variables)

    def fields(
        self, type_: GraphQLNamedType, selections: SelectionSetNode, *, of_child: bool = False
    ) -> Iterator[Found]:
        """Those that stand on one level, fragments spread out and conditions met; of a union, its members'."""
        for selection in selections.selections:
            if not self._stands(selection.directives or ()):
                continue
            match selection:
                case FieldNode(name=name, alias=alias):
                    if name.value.startswith("__") or not isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
                        continue
                    yield Found(
                        (alias or name).value,
                        f"{type_.name}.{name.value}",
                        selection,
                        get_named_type(type_.fields[name.value].type),
                        of_child or type_.name == CHILD,
                    )
                case InlineFragmentNode(type_condition=wanted, selection_set=inner):
                    on = self._schema.type_map[wanted.name.value] if wanted else type_
                    yield from self.fields(on, inner, of_child=of_child)
                case FragmentSpreadNode(name=name):
                    fragment = self._fragments[name.value]
                    on = self._schema.type_map[fragment.type_condition.name.value]
                    yield from self.fields(on, fragment.selection_set, of_child=of_child)

    def below(self, found: Found) -> Iterator[Found]:
        """All that is asked below a field."""
        if found.node.selection_set:
            for field in self.fields(found.type_, found.node.selection_set, of_child=found.of_child):
                yield field
                yield from self.below(field)

    def numbers(self, node: FieldNode) -> frozenset[str] | None:
        """Of whom a root field asks by number, as the store writes them; None where it asks otherwise."""
        given = {
            argument.name.value: value_from_ast_untyped(argument.value, self._variables)
            for argument in node.arguments or ()
        }
        match node.name.value:
            case "child":
                named = [given.get("number")]
            case "children":
                named = given.get("numbers") or []
            case "_entities":
                named = [one.get("number") for one in given.get("representations") or () if isinstance(one, dict)]
            case _:
                return None
        return frozenset(filter(None, map(_number, named)))

    def _stands(self, directives: Collection[DirectiveNode]) -> bool:
        for directive in directives:
            [condition] = directive.arguments or ()
            if value_from_ast_untyped(condition.value, self._variables) is not (directive.name.value == "include"):
                return False
        return True


def _number(sent: Any) -> str | None:
    try:
        return parse_number(sent) if isinstance(sent, str) else None
    except BadNumber:
        return None


@lru_cache(maxsize=1_000)
def _parsed(text: str) -> DocumentNode:
    return parse(text, no_location=True)
