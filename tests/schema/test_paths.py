"""The schema refuses to exist where a path from a child to a value is not guarded (law 3)."""

from pathlib import Path

import pytest
import strawberry
from graphql import GraphQLSchema, get_named_type
from strawberry.tools import create_type

from gateway.classes import CLASSES
from gateway.viewer import Role
from resolvers.disclosure import Category
from schema.built import field_guards, graphql_schema
from schema.directives import Shielded, shielded
from schema.paths import UnguardedPathError, check_paths
from schema.printed import print_sdl

SDL = Path(__file__).parents[2] / "schema" / "schema.graphql"


def schema_with(child: type, *more: type) -> GraphQLSchema:
    """A schema whose one root field leads to `child`."""

    def find() -> None:
        return None

    root = strawberry.field(find, name="child", graphql_type=child | None)
    return strawberry.Schema(create_type("Query", [root]), types=more)._schema


def test_the_printed_schema_is_the_one_partners_read() -> None:
    """A change of the schema is a change of this file: print it anew with `make docs`."""
    assert SDL.read_text() == print_sdl()


def test_the_schema_in_force_is_guarded_on_every_path() -> None:
    """The check that ran at its building passes again, and saw guards."""
    check_paths(graphql_schema)
    assert field_guards["Child", "address"] is Category.ADDRESS
    assert field_guards["Parent", "phone"] is Category.CONTACT
    assert field_guards["Keys", "upn"] is Category.SCHOOL


@pytest.mark.parametrize("role", CLASSES, ids=lambda role: role.value)
def test_nothing_beneath_a_child_leads_to_another(role: Role) -> None:
    """CASES 8: no school's pupils, no parent's other children, no list of a practice: there are no edges back."""
    schema = CLASSES[role]
    beneath, waiting = set(), ["Child"] if "Child" in schema.type_map else []
    while waiting:
        for field in getattr(schema.type_map[waiting.pop()], "fields", {}).values():
            name = get_named_type(field.type).name
            if name not in beneath:
                beneath.add(name)
                waiting.append(name)
    assert beneath.isdisjoint({"Child", "ChildMatches", "ShieldCase", "Query", "_Entity"})


def test_a_field_without_a_category_is_refused() -> None:
    """The field that somebody adds and forgets to guard."""

    @strawberry.type
    class Child:
        @shielded(Category.IDENTITY)
        def number(self) -> str:
            return ""

        @strawberry.field
        def religion(self) -> str | None:
            return None

    with pytest.raises(UnguardedPathError, match=r"`Child\.religion` meets no category"):
        check_paths(schema_with(Child))


def test_a_value_below_a_guarded_field_is_guarded_by_it() -> None:
    """Value types take the category of the field that leads to them."""

    @strawberry.type
    class Address:
        postcode: str

    @strawberry.type
    class Child:
        @shielded(Category.ADDRESS)
        def address(self) -> Address | None:
            return None

    check_paths(schema_with(Child))


def test_a_withheld_field_that_could_not_be_null_is_refused() -> None:
    """CASES 2: only identity may be non-null, or withholding would be an error that takes its parent along."""

    @strawberry.type
    class Child:
        @shielded(Category.SCHOOL)
        def school(self) -> str:
            return ""

    with pytest.raises(UnguardedPathError, match=r"`Child\.school` is SCHOOL and must be nullable"):
        check_paths(schema_with(Child))


def test_a_type_that_redefines_an_interfaces_field_keeps_its_guard() -> None:
    """CASES 14: the way round that an interface would offer."""

    @strawberry.interface
    class Person:
        @shielded(Category.ADDRESS)
        def postcode(self) -> str | None:
            return None

    @strawberry.type
    class Child(Person):
        @strawberry.field
        def postcode(self) -> str | None:
            return None

    with pytest.raises(UnguardedPathError, match=r"`Child\.postcode` redefines a field of `Person`"):
        check_paths(schema_with(Child))


def test_a_directive_that_only_decorates_is_refused() -> None:
    """What is printed must be what refuses."""

    @strawberry.type
    class Child:
        @strawberry.field(directives=[Shielded(category=Category.SCHOOL)])
        def school(self) -> str | None:
            return None

    with pytest.raises(UnguardedPathError, match="prints a guard that nothing enforces"):
        check_paths(schema_with(Child))


def test_a_field_has_one_guard() -> None:
    """Two would leave in doubt which of them the ledger names."""

    @strawberry.type
    class Child:
        @strawberry.field(extensions=[Shielded(category=Category.SCHOOL), Shielded(category=Category.ADDRESS)])
        def school(self) -> str | None:
            return None

    with pytest.raises(UnguardedPathError, match="more than one guard"):
        check_paths(schema_with(Child))


def test_every_member_of_a_union_is_walked() -> None:
    """A union is a path like any other."""

    @strawberry.type
    class Phone:
        @shielded(Category.CONTACT)
        def number(self) -> str:
            return ""

    @strawberry.type
    class Email:
        text: str

    @strawberry.type
    class Child:
        @shielded(Category.CONTACT)
        def contact(self) -> Phone | Email | None:
            return None

    with pytest.raises(UnguardedPathError, match=r"`Phone\.number` is CONTACT and must be nullable"):
        check_paths(schema_with(Child))


def test_what_an_interface_leads_to_is_walked_through_every_type_that_implements_it() -> None:
    """A type reached through its interface alone adds its own fields to the path."""

    @strawberry.interface
    class Carer:
        @shielded(Category.IDENTITY)
        def name(self) -> str:
            return ""

    @strawberry.type
    class FosterCarer(Carer):
        agency: str

    @strawberry.type
    class Child:
        @shielded(Category.IDENTITY)
        def number(self) -> str:
            return ""

    @strawberry.type
    class Household:
        child: Child | None

    @strawberry.type
    class Root:
        carers: list[Carer]
        household: Household

    with pytest.raises(UnguardedPathError, match=r"`FosterCarer\.agency` meets no category"):
        check_paths(schema_with(Root, FosterCarer), root="Carer")
