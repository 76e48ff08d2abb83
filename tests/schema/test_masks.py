"""What a class of viewers may use is all that it can know of: what is hidden is unknown, and not only refused."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import strawberry
from graphql import (
    GraphQLSchema,
    build_schema,
    is_introspection_type,
    is_specified_scalar_type,
    lexicographic_sort_schema,
    parse,
    print_schema,
    validate,
)
from hypothesis import given

from adapters.records import ChildRecord
from gateway.classes import CLASSES, ROOTS, categories_of
from gateway.purpose import PURPOSES, Purpose
from gateway.shield.policy import decide
from gateway.viewer import Role, Viewer
from resolvers.disclosure import Category
from schema.built import graphql_schema
from schema.directives import shielded
from schema.masks import FEDERATION, Mask, masked, printed
from schema.paths import check_paths, guards
from tests.builders import HERE, a_child, a_viewer
from tests.shield.test_policy import CHILDREN, VIEWERS
from tests.shield.test_policy import PURPOSES as ANY_PURPOSE

ROOT = Path(__file__).parents[2]
BY_ROLE = pytest.mark.parametrize("role", Role, ids=lambda role: role.value)


@BY_ROLE
def test_whatever_a_class_may_use_somebody_of_it_is_shown(role: Role) -> None:
    """CASES 21: no category stands in a schema that everybody of the role would find withheld for ever."""
    fullest = a_viewer(role, scopes="override sealed sensitive", authority=HERE, categories=frozenset(Category))
    decided = [decide(fullest, purpose, a_child().build()) for purpose in PURPOSES[role]]
    assert frozenset().union(*(one.shown for one in decided if one is not None)) == categories_of(role)


@given(VIEWERS, ANY_PURPOSE, CHILDREN)
def test_whatever_anybody_is_shown_their_class_may_use(viewer: Viewer, purpose: Purpose, child: ChildRecord) -> None:
    """CASES 21: a schema that left something out would hide it from who may see it."""
    decided = decide(viewer, purpose, child)
    assert decided is None or decided.shown <= categories_of(viewer.role)


def test_every_root_field_is_somebodys() -> None:
    """A root field that no class had would be served to nobody, unseen."""
    queries, mutations = ({name for named in ROOTS.values() for name in named[kind].split()} for kind in (0, 1))
    assert graphql_schema.query_type is not None
    assert graphql_schema.mutation_type is not None
    assert queries == set(graphql_schema.query_type.fields)
    assert mutations == set(graphql_schema.mutation_type.fields)


@BY_ROLE
def test_a_class_is_part_of_the_whole(role: Role) -> None:
    """What is left keeps its type, its arguments and its guard, so that a document valid here is valid there."""
    schema, known = CLASSES[role], guards(graphql_schema)
    assert guards(schema).items() <= known.items()
    assert set(guards(schema).values()) <= categories_of(role)
    for name, type_ in schema.type_map.items():
        for field_name, field in getattr(type_, "fields", {}).items():
            whole = graphql_schema.type_map[name].fields[field_name]
            assert str(field.type) == str(whole.type)
            if hasattr(field, "args"):
                assert {arg: str(one.type) for arg, one in field.args.items()} == {
                    arg: str(one.type) for arg, one in whole.args.items()
                }


@BY_ROLE
def test_what_is_printed_is_what_there_is(role: Role) -> None:
    """CASES 21: read back, the text has the class's types and fields: none more, none fewer."""
    text = printed(CLASSES[role]).removeprefix(f"{FEDERATION}\n\n").replace(' @key(fields: "number")', "")
    assert fields_of(build_schema(text)) == fields_of(CLASSES[role])
    assert ("input ChildKey @oneOf" in text) == ("childByKey" in ROOTS[role][0])


def fields_of(schema: GraphQLSchema) -> dict[str, set[str]]:
    return {
        name: set(getattr(type_, "fields", getattr(type_, "values", ())))
        for name, type_ in schema.type_map.items()
        if not is_introspection_type(type_) and not is_specified_scalar_type(type_)
    }


def test_every_class_reads_a_schema_of_its_own() -> None:
    """CASES 21: different classes, different schemas; and none tells of categories, guards or what others may do."""
    texts = {role: printed(CLASSES[role]) for role in Role}
    assert len(set(texts.values())) == len(Role)
    assert all("enum Category" not in text and "shielded" not in text for text in texts.values())
    assert "raiseShield" in texts[Role.SHIELD_OFFICER]
    assert "type Child " not in texts[Role.ANALYST]
    assert "Mutation" not in texts[Role.PARTNER]
    assert "Address" not in texts[Role.STEWARD]
    for role in (Role.PRACTITIONER, Role.PARTNER, Role.STEWARD, Role.ANALYST, Role.AUDITOR):
        assert "ShieldCase" not in texts[role]


def test_every_process_tells_the_same_in_the_same_order() -> None:
    """CASES 21: introspection is answered by any replica, and by which one nobody may tell."""
    script = (
        "import json; from graphql import introspection_from_schema; from gateway.classes import CLASSES;"
        "print(json.dumps([introspection_from_schema(schema) for schema in CLASSES.values()]))"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=ROOT,
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(told) == 1


def test_a_federated_gateway_is_told_by_what_to_ask() -> None:
    """Whoever may send `_entities` reads the key; to others it would be a word without a use."""
    for role in Role:
        assert ('type Child @key(fields: "number") {' in printed(CLASSES[role])) == ("_entities" in ROOTS[role][0])


@pytest.mark.parametrize(
    ("role", "text"),
    [
        (Role.ANALYST, '{ child(number: "x") { number } }'),
        (Role.PRACTITIONER, "{ shields { endCursor } }"),
        (Role.PRACTITIONER, 'mutation { clearHold(number: "x", reason: "x") { reference } }'),
        (Role.STEWARD, '{ child(number: "x") { address { postcode } } }'),
        (Role.PARTNER, 'mutation { overrideShield(number: "x", reason: "x") { until } }'),
        (Role.AUDITOR, "{ statistics(by: []) { month } }"),
    ],
)
def test_what_is_hidden_is_unknown(role: Role, text: str) -> None:
    """CASES 21 and 39: the answer is the one for a word that nobody ever wrote, and suggests nothing."""
    document = parse(text)
    assert not validate(graphql_schema, document)
    errors = [error.message for error in validate(CLASSES[role], document, hide_suggestions=True)]
    assert errors
    assert all(one.startswith(("Cannot query field", "The mutation operation is not supported")) for one in errors)
    assert not any("Did you mean" in one for one in errors)


def a_schema() -> GraphQLSchema:
    """A place is a school or a refuge; what is told of a refuge is nothing but where it is."""

    @strawberry.interface
    class Place:
        @shielded(Category.SCHOOL)
        def name(self) -> str | None:
            return None

        @shielded(Category.ADDRESS)
        def postcode(self) -> str | None:
            return None

    @strawberry.type
    class School(Place):
        pass

    @strawberry.type
    class Refuge:
        @shielded(Category.ADDRESS)
        def street(self) -> str | None:
            return None

    @strawberry.type
    class Query:
        place: Place | None
        either: School | Refuge | None
        refuge: Refuge | None

    return strawberry.Schema(Query, types=[School])._schema


def test_types_that_nothing_leads_to_are_left_out() -> None:
    """A type of which no field is left is none: not as a field's type, nor as a union's member or an implementation."""
    schema = masked(
        a_schema(), Mask(frozenset({"place", "either", "refuge"}), frozenset(), frozenset({Category.SCHOOL}))
    )
    left = build_schema(
        "type Query { place: Place either: SchoolRefuge } interface Place { name: String } "
        "type School implements Place { name: String } union SchoolRefuge = School"
    )
    assert printed(schema) == print_schema(lexicographic_sort_schema(left)) + "\n"
    check_paths(schema, root="Place")


def test_an_interface_nobody_is_led_to_is_left_out() -> None:
    """A type of which something is left no longer names what is hidden beside it."""
    schema = masked(a_schema(), Mask(frozenset({"either"}), frozenset(), frozenset({Category.SCHOOL})))
    assert "Place" not in printed(schema)
    assert "type School" in printed(schema)


def test_a_mask_names_root_fields_that_are_there() -> None:
    """A name mistyped in the table of roles would hide a field from everybody, unseen."""
    with pytest.raises(ValueError, match="there is no root field `chlid`"):
        masked(graphql_schema, Mask(frozenset({"chlid"}), frozenset(), frozenset()))
    with pytest.raises(ValueError, match="there is no root field `child`"):
        masked(graphql_schema, Mask(frozenset({"viewer"}), frozenset({"child"}), frozenset()))
    with pytest.raises(ValueError, match="a mask must leave a query"):
        masked(graphql_schema, Mask(frozenset(), frozenset(), frozenset()))
