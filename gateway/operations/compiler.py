"""Makes a plan of a validated operation: collects its fields statically and finds out where each value comes from.

Fragments and aliases end here, `@skip` and `@include` become conditions on variables. What costs something per
request is done by the plan; what can be known from the document alone is done here, once.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

import msgspec
from graphql import (
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    is_abstract_type,
    is_leaf_type,
)
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField

from gateway.errors import LimitExceeded
from gateway.operations.calls import own_call
from gateway.operations.plan import (
    Abstract,
    Asking,
    Attribute,
    Becomes,
    Call,
    Condition,
    Guard,
    Guards,
    Leaf,
    Method,
    Object,
    Occurrence,
    Plan,
    Planned,
    Question,
    Resolver,
    Selection,
    Several,
    Source,
    Straight,
)
from gateway.operations.straight import at_hand, fill_straight, put_plain, read_straight
from schema.asked import Asked
from schema.directives import Shielded
from schema.standing import record_of

MOST_COLLECTED: Final = 4_000

# Scalars whose Python value of this exact type is its own serialised form; and those serialised without more ado.
_EXACT: Final[Mapping[str, type]] = {"String": str, "ID": str, "Boolean": bool}
_USUAL: Final[Mapping[str, type]] = {"Int": int, "Float": float, "Date": date, "DateTime": datetime}


def _moment(value: datetime) -> str:
    """As `isoformat` has it, in a fifth of the time; agencies' moments are all of UTC."""
    return f"{msgspec.to_builtins(value)[:-1]}+00:00" if value.tzinfo is UTC else value.isoformat()


# What serialising comes to for a value of the usual type, where there is a shorter way to the same.
_SHORT: Final[Mapping[str, Callable[[Any], Any]]] = {"Date": msgspec.to_builtins, "DateTime": _moment}


def compile_plan(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) -> Plan:
    """The operation's plan."""
    root = schema.get_root_type(operation.operation)
    if root is None:
        raise ValueError("the schema has no such root type")
    compiler = _Compiler(schema, document)
    selection = compiler.selection(root, [(operation.selection_set, ())])
    return Plan(
        selection,
        serial=operation.operation is OperationType.MUTATION,
        conditional=frozenset(compiler.conditional),
    )


class _Compiler:
    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self.conditional: set[str] = set()
        self._collected = 0
        self._schema = schema
        self._fragments: Mapping[str, FragmentDefinitionNode] = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }

    def selection(self, type_: GraphQLObjectType, sets: list[tuple[SelectionSetNode, Condition]]) -> Selection:
        """What these selection sets, each under its condition, ask of `type_` together."""
        collected: dict[str, list[Occurrence]] = {}
        for selections, condition in sets:
            self._collect(type_, selections, condition, collected, set())
        fields = tuple(self._planned(type_, key, nodes) for key, nodes in collected.items())
        shifting = any(nodes[0][1] and len({when for _, when, _ in nodes}) > 1 for nodes in collected.values())
        classes = _classes(type_)
        straight_on = classes and not shifting and all(planned.conditions is None for planned in fields)
        return Selection(
            type_,
            fields,
            guard=next((planned.guard for planned in fields if planned.guard), None),
            classes=classes,
            straight=_straight(fields, classes) if straight_on else None,
            shifting=shifting,
        )

    def _collect(
        self,
        type_: GraphQLObjectType,
        selections: SelectionSetNode,
        inherited: Condition,
        into: dict[str, list[Occurrence]],
        spread: set[tuple[str, Condition]],
    ) -> None:
        for selection in selections.selections:
            condition = _condition(selection.directives or (), inherited)
            if condition is None:
                continue
            # A fragment spread under several conditions is collected under each, and so are those within it.
            self._collected += 1
            if self._collected > MOST_COLLECTED:
                raise LimitExceeded("FIELDS", "an operation has too many fields under too many conditions")
            self.conditional.update(name for name, _ in condition)
            match selection:
                case FieldNode(name=name):
                    key = selection.alias.value if selection.alias else name.value
                    into.setdefault(key, []).append((selection, condition, self._collected))
                case InlineFragmentNode(type_condition=wanted):
                    if wanted is None or self._fits(type_, wanted.name.value):
                        self._collect(type_, selection.selection_set, condition, into, spread)
                case FragmentSpreadNode(name=name):
                    fragment = self._fragments[name.value]
                    if (name.value, condition) not in spread and self._fits(type_, fragment.type_condition.name.value):
                        spread.add((name.value, condition))
                        self._collect(type_, fragment.selection_set, condition, into, spread)

    def _fits(self, type_: GraphQLObjectType, wanted: str) -> bool:
        other = self._schema.type_map[wanted]
        return other is type_ or (is_abstract_type(other) and self._schema.is_sub_type(other, type_))

    def _planned(self, type_: GraphQLObjectType, key: str, occurrences: list[Occurrence]) -> Planned:
        name = occurrences[0][0].name.value
        definition = self._schema.get_field(type_, name)
        if definition is None:
            raise ValueError(f"`{type_.name}.{name}` is not in the schema: the document was not validated")
        conditions = tuple(dict.fromkeys(condition for _, condition, _ in occurrences))
        always = () in conditions
        source = _typename(type_) if name == "__typename" else _source(definition, occurrences)
        becomes = self._becomes(definition.type, occurrences, nullable=True)
        return Planned(
            key=key,
            name=name,
            definition=definition,
            parent=type_,
            source=source,
            becomes=becomes,
            guard=None if isinstance(source, Resolver) else _guard(definition),  # a resolver has its own in it
            plain=put_plain(becomes),
            occurrences=tuple(occurrences),
            conditions=None if always else conditions,
        )

    def _becomes(self, type_: GraphQLOutputType, occurrences: list[Occurrence], *, nullable: bool) -> Becomes:
        if isinstance(type_, GraphQLNonNull):
            return self._becomes(type_.of_type, occurrences, nullable=False)
        if isinstance(type_, GraphQLList):
            return Several(self._becomes(type_.of_type, occurrences, nullable=True), nullable)
        if is_leaf_type(type_):
            return _leaf(type_, nullable=nullable)
        sets = [(node.selection_set, condition) for node, condition, _ in occurrences if node.selection_set]
        if isinstance(type_, GraphQLObjectType):
            return Object(self.selection(type_, sets), nullable)
        possible = {one.name: self.selection(one, sets) for one in self._schema.get_possible_types(type_)}  # type: ignore[arg-type]  # what is neither leaf nor object is abstract
        return Abstract(type_, possible, nullable)  # type: ignore[arg-type]  # as above


def _condition(directives: tuple[DirectiveNode, ...], inherited: Condition) -> Condition | None:
    """The condition under which something stands; None where it never does."""
    condition = dict(inherited)
    for directive in directives:
        expected = {"skip": False, "include": True}.get(directive.name.value)
        if expected is None:
            continue
        value = (directive.arguments or ())[0].value
        if isinstance(value, BooleanValueNode):
            if value.value is not expected:
                return None
        elif isinstance(value, VariableNode) and condition.setdefault(value.name.value, expected) is not expected:
            return None  # it would have to be true and false at once
    return tuple(sorted(condition.items()))


def _typename(type_: GraphQLObjectType) -> Source:
    name = type_.name
    return Method(lambda _: name)


def _source(definition: GraphQLField, occurrences: Sequence[Occurrence]) -> Source:
    known = definition.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if not isinstance(known, StrawberryField):
        return Resolver()
    if known.arguments:
        call = own_call(known, definition, occurrences[0][0])
        return Resolver() if call is None else Call(call)
    asked = [extension for extension in known.extensions if isinstance(extension, Asked)]
    if asked:
        return Question(asked[0].question, asked[0].key, asked[0].then)
    if any(not isinstance(extension, Shielded) for extension in known.extensions) or known.permission_classes:
        return Resolver()
    if known.base_resolver is None:
        return Attribute(known.python_name)
    method: Callable[..., Any] = known.base_resolver.wrapped_func  # type: ignore[assignment]  # a static one takes no self
    if _takes_the_object_alone(method) and not inspect.iscoroutinefunction(method):
        return Method(method)
    return Resolver()


def _takes_the_object_alone(call: Callable[..., Any]) -> bool:
    return list(inspect.signature(call).parameters) == ["self"]


def _guard(definition: GraphQLField) -> Guard | None:
    known = definition.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if not isinstance(known, StrawberryField):
        return None
    return next((extension for extension in known.extensions if isinstance(extension, Shielded)), None)


def _leaf(type_: Any, *, nullable: bool) -> Leaf:
    if isinstance(type_, GraphQLScalarType):
        exact, usual = _EXACT.get(type_.name), _USUAL.get(type_.name)
    else:
        exact, usual = None, getattr(type_, "wrapped_cls", None)  # Strawberry's enums know their Python class
    return Leaf(type_.coerce_output_value, _SHORT.get(type_.name, type_.coerce_output_value), exact, usual, nullable)


def _classes(type_: GraphQLObjectType) -> tuple[type, ...]:
    """The Python classes whose very objects are of the type: its own, and the record that stands for it."""
    known = type_.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if not isinstance(known, StrawberryObjectDefinition):
        return ()
    record = record_of(known.origin)
    return (known.origin,) if record is None else (record, known.origin)


def _straight(fields: Sequence[Planned], classes: Sequence[type]) -> Straight:
    return Straight(
        read_straight(fields, classes),
        later=tuple(one for one in fields if not at_hand(one) and not isinstance(one.source, Question)),
        askings=_askings(fields),
        admitted=_together(fields),
        at_hand=_together([planned for planned in fields if at_hand(planned)]),
    )


def _askings(fields: Sequence[Planned]) -> tuple[Asking, ...]:
    together: dict[Any, list[Planned]] = {}
    for planned in fields:
        if isinstance(planned.source, Question):
            together.setdefault((planned.source.question, planned.source.key), []).append(planned)
    return tuple(
        Asking(question, key, tuple(asked), _together(asked), fill_straight(asked))
        for (question, key), asked in together.items()
    )


def _together(fields: Sequence[Planned]) -> Guards | None:
    guards = [planned.guard for planned in fields if planned.guard is not None]
    return guards[0].together(guards) if guards else None
