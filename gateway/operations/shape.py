"""Collects the shape of an operation's answer, once and statically, from its document and the schema's guards.

No variable has a part in it.
"""

from collections.abc import Mapping

from graphql import (
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
    SelectionSetNode,
    get_named_type,
)

from gateway.errors import LimitExceeded
from gateway.shield.shape import Shape
from resolvers.disclosure import Category
from schema.paths import Guards


class _Collector:
    def __init__(self, schema: GraphQLSchema, guards: Guards, document: DocumentNode) -> None:
        self._schema = schema
        self._guards = guards
        self._fragments: Mapping[str, FragmentDefinitionNode] = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._asked_once: set[str] = set()
        self._roots = (schema.query_type, schema.mutation_type)
        self.roots: set[str] = set()

    def collect(
        self,
        into: Shape,
        selections: SelectionSetNode,
        type_: GraphQLNamedType,
        inherited: Category | None,
        spread: set[tuple[str, str]],
    ) -> None:
        """Add what `selections` select on `type_`; `spread` names what was spread into this very level already."""
        for selection in selections.selections:
            match selection:
                case FieldNode():
                    self._collect_field(into, selection, type_, inherited)
                case InlineFragmentNode(type_condition=condition):
                    narrowed = self._schema.type_map[condition.name.value] if condition else type_
                    self.collect(into, selection.selection_set, narrowed, inherited, spread)
                case FragmentSpreadNode(name=name):
                    fragment = self._fragments[name.value]
                    narrowed = self._schema.type_map[fragment.type_condition.name.value]
                    if (name.value, narrowed.name) not in spread:
                        spread.add((name.value, narrowed.name))
                        self.collect(into, fragment.selection_set, narrowed, inherited, spread)

    def _collect_field(self, into: Shape, node: FieldNode, type_: GraphQLNamedType, inherited: Category | None) -> None:
        name = node.name.value
        if name == "__typename" or not isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            return
        if name in ("__schema", "__type", "_service"):
            self._ask_once(name)
        if name.startswith("__"):
            self._refuse_aliases(node, set())
            return  # introspection tells of types, never of a child
        if type_ in self._roots:
            self.roots.add(name)
        own = self._guards.get((type_.name, name))
        category = own or inherited
        level = into.fields.setdefault(node.alias.value if node.alias else name, Shape())
        if category is not None:
            level.categories.add(category)
        if node.selection_set:
            below = get_named_type(type_.fields[name].type)
            self.collect(level, node.selection_set, below, category, set())
        into.plain = into.plain and own is None and level.plain

    def _ask_once(self, name: str) -> None:
        """Refuse to give the whole schema more than once in an answer."""
        if name in self._asked_once:
            raise LimitExceeded("INTROSPECTION", f"`{name}` is answered once in an operation")
        self._asked_once.add(name)

    def _refuse_aliases(self, node: FieldNode | InlineFragmentNode | FragmentDefinitionNode, seen: set[str]) -> None:
        """Refuse to multiply introspection: under aliases one list of types becomes as many as are asked for."""
        for selection in node.selection_set.selections if node.selection_set else ():
            match selection:
                case FieldNode(alias=alias) if alias is not None:
                    raise LimitExceeded("INTROSPECTION", "introspection is answered without aliases")
                case FieldNode() | InlineFragmentNode():
                    self._refuse_aliases(selection, seen)
                case FragmentSpreadNode(name=name) if name.value not in seen:
                    seen.add(name.value)
                    self._refuse_aliases(self._fragments[name.value], seen)


def shape_of(
    schema: GraphQLSchema, guards: Guards, document: DocumentNode, operation: OperationDefinitionNode
) -> tuple[Shape, frozenset[str]]:
    """The shape of a validated operation and the root fields it asks, introspection apart.

    Raises `LimitExceeded` where it would be told of the whole schema many times over.
    """
    root = schema.get_root_type(operation.operation)
    shape = Shape()
    if root is None:  # validation has refused it already; nothing can be selected on no type
        return shape, frozenset()
    collector = _Collector(schema, guards, document)
    collector.collect(shape, operation.selection_set, root, None, set())
    return shape, frozenset(collector.roots)
