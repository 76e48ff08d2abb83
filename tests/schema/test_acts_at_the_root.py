"""Acts are for the root: nothing of a child sees them, and what they list is told as decisions let it be told."""

from collections.abc import Iterator
from datetime import date
from types import CodeType
from typing import Any

import pytest
from graphql import GraphQLObjectType, GraphQLUnionType, get_named_type
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

from adapters.identity import LikenessReason
from adapters.records import Gender
from gateway.shield.redaction import LeakCaught, look
from resolvers.acts import BadActError
from resolvers.disclosure import Category, Disclosure
from schema.built import graphql_schema
from schema.new_identity import NewAddress, NewIdentityInput, entry_of
from schema.quarantine import SPEAKS_OF
from tests.operations.whole import ANYBODY, whole_documents


def reachable(name: str, seen: set[str] | None = None) -> set[str]:
    """The names of all object types that a value of this type leads to."""
    seen = set() if seen is None else seen
    type_ = graphql_schema.type_map[name]
    if isinstance(type_, GraphQLUnionType):
        for member in type_.types:
            reachable(member.name, seen)
    elif isinstance(type_, GraphQLObjectType) and name not in seen:
        seen.add(name)
        for field in type_.fields.values():
            reachable(get_named_type(field.type).name, seen)
    return seen


def functions_of(name: str) -> Iterator[Any]:
    """What resolves a type's fields: their own functions, and those of their extensions."""
    type_ = graphql_schema.type_map[name]
    assert isinstance(type_, GraphQLObjectType)
    for field in type_.fields.values():
        definition = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
        if isinstance(definition, StrawberryField):
            if definition.base_resolver is not None:
                yield definition.base_resolver.wrapped_func
            for extension in definition.extensions:
                yield type(extension).resolve
                yield from (value for value in vars(extension).values() if callable(value))


def names_in(code: CodeType) -> set[str]:
    """All names that a function's code and the code within it speak of."""
    inner = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return {*code.co_names, *code.co_freevars}.union(*(names_in(one) for one in inner))


def speaks_of_acts(type_: str) -> bool:
    codes = [getattr(function, "__code__", None) for function in functions_of(type_)]
    return any(names_in(code) & {"acts", "acts_of"} for code in codes if code is not None)


def test_no_field_that_a_child_leads_to_takes_acts() -> None:
    """Law 10: the capability of a root field stays there; what does take it is seen by this very test."""
    below = reachable("Child") | reachable("IncomingRecord")
    assert {"Parent", "School", "Service", "Keys", "Address"} <= below
    assert not [name for name in below if speaks_of_acts(name)]
    assert speaks_of_acts("Query")


def test_what_a_mutation_answers_reads_no_child() -> None:
    """So that an act's answer depends on no shield but the one it changed, and is recorded as it stands."""
    assert not reachable("Mutation") & {"Child", "IncomingRecord", "ShieldCase"}


def test_every_reason_speaks_of_some_category() -> None:
    """A reason without one could not be told, or would be told to everybody."""
    assert set(SPEAKS_OF) == set(LikenessReason)


@pytest.mark.parametrize("leak", ["child", "incoming"])
@pytest.mark.parametrize("decided", [True, False])
def test_the_last_look_reaches_what_a_list_tells_of_children(leak: str, decided: bool) -> None:
    """Of a candidate and of the record that came in: what its decision withholds, or what nobody decided about."""
    text = """{ quarantine { nodes {
        incoming { name { family } address { postcode } } candidates { child { number address { postcode } } } } } }"""
    shape = whole_documents().operation(text, None, ANYBODY).shape
    entry: tuple[str | int, ...] = ("quarantine", "nodes", 0)
    places = {"incoming": (*entry, "incoming"), "child": (*entry, "candidates", 0, "child")}
    told = {"address": {"postcode": "LS1 1AA"}}
    shown = frozenset({Category.IDENTITY, Category.ADDRESS} - ({Category.ADDRESS} if decided else set()))
    disclosures = {places[leak]: Disclosure("number", shown)} if decided else {}
    incoming, child = (told, {}) if leak == "incoming" else ({}, told)
    with pytest.raises(LeakCaught, match=f"{leak}.address"):
        look({"quarantine": {"nodes": [{"incoming": incoming, "candidates": [{"child": child}]}]}}, shape, disclosures)


def an_identity(**changed: Any) -> NewIdentityInput:
    said = {"given": ["Ada"], "family": "New", "birth_date": date(2015, 1, 2), "gender": Gender.FEMALE}
    return NewIdentityInput(**{**said, **changed})


def test_a_new_identity_is_read_as_people_write_it() -> None:
    """Spaces, hyphens and lower case in keys and postcode; what is left out stays unsaid."""
    address = NewAddress(lines=[" 1 Mill Lane "], postcode="ls11aa")
    entry = entry_of(an_identity(nhs_number="999 000-0018", upn=" b801200005001", address=address))
    assert entry.keys.nhs_number is not None
    assert entry.keys.upn is not None
    assert entry.keys.nhs_number.value == "9990000018"
    assert entry.keys.upn.value == "B801200005001"
    assert entry.keys.birth_entry is None
    assert entry.address is not None
    assert (entry.address.lines, entry.address.postcode, entry.address.uprn) == (("1 Mill Lane",), "LS1 1AA", None)


def test_equal_identities_have_equal_digests_and_no_others() -> None:
    """By which the second officer's call is known to be the same."""
    assert entry_of(an_identity()).digest == entry_of(an_identity()).digest
    for changed in ({"given": ["Ida"]}, {"family": None}, {"gender": Gender.OTHER}, {"birth_entry": "900000001"}):
        assert entry_of(an_identity(**changed)).digest != entry_of(an_identity()).digest


@pytest.mark.parametrize(
    "wrong",
    [
        {"given": []},
        {"given": [" "]},
        {"family": "\x00"},
        {"nhs_number": ""},
        {"address": NewAddress(lines=[], postcode="LS1 1AA")},
        {"address": NewAddress(lines=["1 Mill Lane"], postcode="LS1")},
        {"address": NewAddress(lines=["1 Mill Lane"], postcode="LS1 1AA", uprn="one")},
    ],
    ids=str,
)
def test_what_is_no_identity_is_refused(wrong: dict[str, Any]) -> None:
    """By one constant text, that repeats nothing."""
    with pytest.raises(BadActError) as refused:
        entry_of(an_identity(**wrong))
    assert refused.value.extensions == {"code": "BAD_ACT"}
