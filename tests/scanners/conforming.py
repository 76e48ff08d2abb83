"""Whether an answer is what its operation asked for: read from the specification, and not from a library."""

from collections.abc import Iterable, Iterator
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    is_enum_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)

LEAVES: dict[str, type] = {"ID": str, "String": str, "Date": str, "DateTime": str, "Int": int, "Boolean": bool}


def misfits(schema: GraphQLSchema, document: DocumentNode, data: Any) -> list[str]:
    """Where `data` is not of the types that were asked for, as dotted paths; a whole null is what errors make of it.

    For documents of one operation, without fragments.
    """
    [operation] = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    root = schema.get_root_type(operation.operation)
    assert root is not None
    return [] if data is None else list(_of_object(root, operation.selection_set, data, "data"))


def _of(type_: Any, selections: SelectionSetNode | None, value: Any, path: str) -> Iterable[str]:
    if is_non_null_type(type_):
        return [path] if value is None else _of(type_.of_type, selections, value, path)
    if value is None:
        return []
    if is_list_type(type_):
        if not isinstance(value, list):
            return [path]
        return [
            wrong for at, item in enumerate(value) for wrong in _of(type_.of_type, selections, item, f"{path}.{at}")
        ]
    if is_object_type(type_):
        return _of_object(type_, selections, value, path)
    fits = value in type_.values if is_enum_type(type_) else type(value) is LEAVES[type_.name]
    return [] if fits else [path]


def _of_object(type_: GraphQLObjectType, selections: SelectionSetNode | None, value: Any, path: str) -> Iterator[str]:
    assert selections is not None
    asked = {(node.alias or node.name).value: node for node in selections.selections if isinstance(node, FieldNode)}
    if not isinstance(value, dict) or list(value) != list(asked):  # in the order asked, and nothing besides
        yield path
        return
    for key, node in asked.items():
        field = None if node.name.value == "__typename" else type_.fields[node.name.value]
        if field is None:
            yield from [] if value[key] == type_.name else [f"{path}.{key}"]
        else:
            yield from _of(field.type, node.selection_set, value[key], f"{path}.{key}")
