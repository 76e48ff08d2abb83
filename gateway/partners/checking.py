"""Says which published documents another schema would break, or today's does: before partners find out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLField,
    GraphQLSchema,
    StringValueNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    assert_valid_schema,
    build_schema,
    parse,
    validate,
    visit,
)
from graphql.language import EnumValueNode, get_location

from adapters.store.entries import Organisation
from adapters.store.registry_records import Partner, PublishedDocument
from gateway.operations.documents import Documents
from gateway.operations.limits import Limits
from gateway.partners.manifest import Entry
from gateway.partners.publishing import Rejected, judge, told

MOST_ERRORS = 10

Registered = Mapping[str, tuple[Organisation, Partner]]  # partners by organisation


class SchemaError(Exception):
    """A schema's text cannot be read; the text says so in one line and names the fix."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A live document that could not be answered any more, and why."""

    document: PublishedDocument
    reasons: tuple[str, ...]


def broken_today(
    texts: Iterable[PublishedDocument], registered: Registered, documents: Documents, limits: Limits
) -> Sequence[Broken]:
    """What today's schema, limits and registrations would not let be published again."""
    broken = []
    for text in texts:
        organisation, partner = registered[text.partner]
        judgement = judge(Entry(text.body, text.hash), partner, organisation, documents, limits)
        if isinstance(judgement, Rejected):
            broken.append(Broken(text, judgement.reasons))
    return broken


def broken_by(sdl: str, texts: Iterable[PublishedDocument], registered: Registered) -> Sequence[Broken]:
    """What the schema printed in `sdl` would break: by a field gone or changed, or by a category put on it.

    Raises `SchemaError`.
    """
    schema = _schema(sdl)
    broken = []
    for text in texts:
        document = parse(text.body)
        errors = validate(schema, document, max_errors=MOST_ERRORS, hide_suggestions=True)
        reasons = tuple(told(error) for error in errors) or _beyond(schema, document, registered[text.partner][1])
        if reasons:
            broken.append(Broken(text, reasons))
    return broken


def _schema(sdl: str) -> GraphQLSchema:
    try:
        schema = build_schema(sdl, assume_valid=True, assume_valid_sdl=True)
        assert_valid_schema(schema)
    except (GraphQLError, TypeError):
        raise SchemaError("the file holds no schema in GraphQL's own language: give one that is printed") from None
    return schema


def _beyond(schema: GraphQLSchema, document: DocumentNode, partner: Partner) -> tuple[str, ...]:
    type_info = TypeInfo(schema)
    asked = _Asked(type_info, partner)
    visit(document, TypeInfoVisitor(type_info, asked))
    return tuple(asked.beyond)


class _Asked(Visitor):
    """Finds fields whose category the partner is not registered for, as the schema's `@shielded` says it."""

    def __init__(self, type_info: TypeInfo, partner: Partner) -> None:
        super().__init__()
        self._types = type_info
        self._partner = partner
        self.beyond: list[str] = []

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        category = _category(self._types.get_field_def())
        if category is not None and category not in self._partner.categories and node.loc:
            place = get_location(node.loc.source, node.loc.start)
            self.beyond.append(
                f"line {place.line}, column {place.column}: `{node.name.value}` would give away {category},"
                " which the partner is not registered for"
            )


def _category(field: GraphQLField | None) -> str | None:
    directives = field.ast_node.directives if field and field.ast_node else ()
    for directive in directives or ():
        for argument in directive.arguments or ():
            if directive.name.value == "shielded" and isinstance(argument.value, EnumValueNode | StringValueNode):
                return argument.value.value
    return None
