"""No published text holds an identifier: not as a value, a default, an alias, a name, a description or a comment."""

import re
from collections.abc import Callable

import pytest
from graphql import GraphQLError, parse
from hypothesis import given
from hypothesis import strategies as st
from stdnum.gb import upn

from adapters.number import with_check_character
from adapters.sandbox import arithmetic
from gateway.partners.identifiers import literal_identifiers
from schema.built import graphql_schema

# Where a text can hold a word of letters and digits, and where it can hold anything at all.
NAMES = [
    "query Q { WORD: viewer { subject } }",
    "query WORD { viewer { subject } }",
    "query Q($WORD: ID!) { child(number: $WORD) { number } }",
    "query Q { viewer { ...WORD } } fragment WORD on Viewer { subject }",
    "query Q { viewer { subject @WORD } }",
]
ANYWHERE = [
    "# WORD\nquery Q { viewer { subject } }",
    "query Q { viewer { subject } } # asked for WORD, of this morning",
    'query Q { child(number: "WORD") { number } }',
    'query Q { children(numbers: ["WORD"]) { number } }',
    'query Q { childByKey(key: {nhsNumber: "WORD"}) { number } }',
    'query Q($n: ID! = "WORD") { child(number: $n) { number } }',
    'query Q($n: [ID!]! = ["WORD"]) { children(numbers: $n) { number } }',
    'query Q($k: ChildKey! = {upn: "WORD"}) { childByKey(key: $k) { number } }',
    'query Q { viewer { subject @of(child: "WORD") } }',
    'query Q { child(number: """WORD""") { number } }',
    'query Q { _entities(representations: [{__typename: "Child", number: "WORD"}]) { __typename } }',
    '"about WORD" query Q { viewer { subject } }',
]


def grouped(text: str, by: str) -> str:
    return by.join(text[at : at + 4] for at in range(0, len(text), 4))


NUMBERS = st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=12, max_size=12).map(with_check_character)


@st.composite
def upns(draw: st.DrawFn) -> str:
    rest = draw(st.from_regex("[0-9]{11}[0-9AZ]", fullmatch=True))
    return str(upn.calc_check_digit(rest)) + rest


NHS_NUMBERS = st.integers(0, arithmetic.NHS_NUMBERS - 1).map(arithmetic.nhs_number_from)
IDENTIFIERS = st.one_of(NUMBERS, NHS_NUMBERS, upns())
WRITTEN: list[Callable[[str], str]] = [
    str,
    str.lower,
    lambda text: grouped(text, "-"),
    lambda text: grouped(text, " "),
    lambda text: grouped(text.lower(), "-"),
    lambda text: f"child {text}",
    lambda text: f"CP:{text}.",
]
NAMED: list[Callable[[str], str]] = [
    lambda text: f"_{text}",
    lambda text: f"_{text.lower()}",
    lambda text: f"child_{text}",
    lambda text: f"_{grouped(text, '_')}",
]


@given(identifier=IDENTIFIERS, template=st.sampled_from(ANYWHERE), written=st.sampled_from(WRITTEN))
def test_one_is_found_wherever_a_text_can_hold_it(
    identifier: str, template: str, written: Callable[[str], str]
) -> None:
    """As it is, in small letters, in groups, among words; and never repeated by what says so."""
    text = template.replace("WORD", written(identifier))
    found = literal_identifiers(parse(text), graphql_schema)
    assert found
    for one in found:
        assert identifier.lower() not in str(one).lower()
        assert 1 <= one.line <= 2


@given(identifier=IDENTIFIERS, template=st.sampled_from(NAMES), written=st.sampled_from(NAMED))
def test_one_is_found_within_names(identifier: str, template: str, written: Callable[[str], str]) -> None:
    """Tools that make an alias for each child asked for put its number there."""
    assert literal_identifiers(parse(template.replace("WORD", written(identifier))), graphql_schema)


@given(number=NHS_NUMBERS, glued=st.sampled_from(["child{}", "x{}y", "n1{}"]))
def test_one_is_found_glued_to_other_letters(number: str, glued: str) -> None:
    """No border is needed: digits are not words."""
    text = f"query Q {{ {glued.format(number)}: viewer {{ subject }} }}"
    assert literal_identifiers(parse(text), graphql_schema)


@pytest.mark.parametrize(
    "word",
    [
        "CWTFMKRVCAWKG",
        "CWTF MKRV CAWK G",
        "cwtf-mkrv-cawk-g",
        "x7XK2P9M4R8T3I",
        "child7XK2_P9M4_R8T3_I",
        "7XK2-P9M4-R8T3-Iyesterday",
        "\uff19\uff19\uff19 0000018",
        "999\u20110000\u2011018",
    ],
)
def test_one_is_found_however_it_is_spelt(word: str) -> None:
    """Without a digit, glued at either end, in groups, with the wide digits and hyphens of a word processor."""
    assert literal_identifiers(parse(f"# {word}\nquery Q {{ viewer {{ subject }} }}"), graphql_schema)


@pytest.mark.parametrize(
    "text",
    [
        "query Q($n: [ID!]!) { children(numbers: $n) { number name { given family } birthDate } }",
        "query Q($a: ID!, $b: ID!) { children(numbers: [$a, $b]) { number } }",
        "query Q($n: ID!) { childByKey(key: {nhsNumber: $n}) { number } }",
        "query Q($b: ChildCriteria!) { findChildren(by: $b, first: 10) { tooMany children { number } } }",
        "query Q($f: String!, $y: Int!) { findChildren(by: {family: $f, birthYear: $y}) { tooMany } }",
        "query Q($b: ChildCriteria!, $first: Int = 5) { findChildren(by: $b, first: $first) { tooMany } }",
        "query Q($w: Boolean = true) { viewer { subject @include(if: $w) organisation @skip(if: false) } }",
        "query Q($g: Gender, $f: String!) { findChildren(by: {family: $f, gender: $g, birthYear: null}) { tooMany } }",
        "query Q($g: Gender = null, $f: String!) { findChildren(by: {family: $f, gender: $g}) { tooMany } }",
        "query Q($after: String = null) { viewer { subject } }",
        "# Shows 2 children and the school of each, since version 3 of 2026-11-22.\nquery Q { viewer { subject } }",
        '"What a case worker sees first" query Q { viewer { subject } }',
        "# cwtf mkrv cawk g are words, for all we know\nquery Q { viewer { subject } }",
        "query PartnersChildWithSchoolAndPracticeAndAddress { viewer { subject } }",
    ],
)
def test_what_says_how_much_or_whether_passes(text: str) -> None:
    """Counts, switches and choices, and variables wherever they stand."""
    assert literal_identifiers(parse(text), graphql_schema) == ()


@pytest.mark.parametrize(
    "text",
    [
        'query Q { child(number: "anything") { number } }',
        "query Q { child(number: 7) { number } }",
        "query Q { findChildren(by: {family: $f, birthYear: 2015}) { tooMany } }",
        "query Q { findChildren(by: {family: $f, gender: FEMALE}) { tooMany } }",
        'query Q { findChildren(by: {family: "Byron", birthDate: $b}) { tooMany } }',
        "query Q($b: ChildCriteria = {gender: FEMALE}) { findChildren(by: $b) { tooMany } }",
        'query Q($d: Date = "2015-01-01") { findChildren(by: {family: $f, birthDate: $d}) { tooMany } }',
        "query Q { _entities(representations: [{number: 7}]) { __typename } }",
        "query Q($g: Gender = FEMALE) { findChildren(by: {family: $f, gender: $g}) { tooMany } }",
        "query Q($y: Int = 2015) { findChildren(by: {family: $f, birthYear: $y}) { tooMany } }",
        "query Q($y: Int = 2015) { ...F } fragment F on Query { findChildren(by: {birthYear: $y}) { tooMany } }",
        "query Q($n: Int = 7) { _entities(representations: [{of: {number: $n}}]) { __typename } }",
        "query Q { viewer { unknown(of: 7) } }",
    ],
)
def test_a_value_that_says_who_is_refused_whatever_it_is(text: str) -> None:
    """A text that asks for somebody in particular is no partner's document; and what has no type is no exception."""
    [found] = literal_identifiers(parse(text), graphql_schema)
    assert "bring it in a variable" in found.what


def test_its_place_is_told() -> None:
    """By line and column, so that whoever wrote it finds it."""
    [found] = literal_identifiers(parse('query Q {\n  child(number: "Ada") { number }\n}'), graphql_schema)
    assert str(found).startswith("line 2, column 17: ")


def test_no_name_of_our_own_schema_looks_like_an_identifier() -> None:
    """Or nobody could ask for it."""
    names = {name for type_ in graphql_schema.type_map.values() for name in (type_.name, *getattr(type_, "fields", ()))}
    assert len(names) > 100
    for name in sorted(names):
        if re.match("__", name):
            continue
        assert literal_identifiers(parse(f"query Q {{ {name} }}"), graphql_schema) == ()


def test_what_cannot_be_parsed_is_never_looked_at() -> None:
    """A number may begin no name: the lexer is the first to refuse it."""
    with pytest.raises(GraphQLError):
        parse("query Q { 9990000018: viewer { subject } }")
