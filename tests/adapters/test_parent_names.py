"""When two names are one person's, and when a doubt joins nothing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.parent_names import contacts_of, folded, same_person
from adapters.records import Name, Origin, ParentContactRecord, ParentRecord
from tests.adapters.loopback import NOW

ORIGIN = Origin("an agency", NOW)


def name(text: str) -> Name:
    """`Mary Jane/O'Brien`: given names apart at spaces, `_` for a space within one; nothing after `/`: no family."""
    given_names, _, family = text.partition("/")
    return Name(tuple(part.replace("_", " ") for part in given_names.split()), family or None)


def parent(text: str) -> ParentRecord:
    return ParentRecord(name(text), "Mother", ORIGIN)


def contact_of(
    one: ParentRecord, parents: list[ParentRecord], contacts: list[ParentContactRecord]
) -> ParentContactRecord | None:
    """The contact that is this parent's."""
    return contacts_of(parents, contacts)[parents.index(one)]


def contact(text: str, phone: str = "01632 960001") -> ParentContactRecord:
    return ParentContactRecord(name(text), phone, None, None, ORIGIN)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Mary/Smith", "Mary/Smith"),
        ("Mary/SMITH", "MARY/Smith"),
        ("Zoë/Brontë", "Zoe/Bronte"),
        ("Mary/O'Brien", "Mary/OBRIEN"),
        ("Mary/O'Brien", "Mary/O\N{RIGHT SINGLE QUOTATION MARK}Brien"),
        ("Mary/Smith-Jones", "Mary/Smith Jones"),
        ("Mary/van der Berg", "Mary/Vanderberg"),
        ("John_Paul/Smith", "John Paul/Smith"),
        ("Mary-Kate/Smith", "Mary Kate/Smith"),
        ("Mary/Smith", "Mary Jane/Smith"),
        ("Mary Jane/Smith", "Mary Jane Ann/Smith"),
        ("Jürgen/Groß", "JÜRGEN/GROSS"),
    ],
)
def test_equal_once_normalised(one: str, other: str) -> None:
    """Case, accents, punctuation and spaces are no difference, nor are further given names one register lacks."""
    assert same_person(name(one), name(other))
    assert same_person(name(other), name(one))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Mary/Smith", "Mary/Smyth"),
        ("Mary/Smith", "Maria/Smith"),
        ("Mary/Smith", "Mary/Smith-Jones"),
        ("Mary Jane/Smith", "Mary Ann/Smith"),
        ("Mary Jane/Smith", "Jane/Smith"),
        ("Mary/Smith", "M/Smith"),
        ("Ann/Smith", "Anna/Smith"),
        ("Mary/", "Mary/"),
        ("/Smith", "/Smith"),
        ("-/Smith", "-/Smith"),
        ("Mary/-", "Mary/-"),
    ],
)
def test_a_doubt_is_a_difference(one: str, other: str) -> None:
    """Likeness, an initial, a middle name, half a name: no join."""
    assert not same_person(name(one), name(other))
    assert not same_person(name(other), name(one))


words = st.text(alphabet="abcdeé' -", max_size=6)
names = st.builds(Name, st.lists(words, max_size=3).map(tuple), st.none() | words)


@settings(deadline=None)
@given(names, names)
def test_sameness_is_mutual(one: Name, other: Name) -> None:
    """Whoever is asked first."""
    assert same_person(one, other) == same_person(other, one)


@settings(deadline=None)
@given(names)
def test_a_whole_name_is_its_own(one: Name) -> None:
    """A name with a letter in both halves is the same as itself, and one without is nobody's."""
    whole = any(c.isalpha() for c in "".join(one.given)) and any(c.isalpha() for c in one.family or "")
    assert same_person(one, one) == whole


def test_the_one_contact_is_the_parents() -> None:
    """Among several relatives, the one of that name."""
    mary, john = parent("Mary/Smith"), parent("John/Smith")
    relatives = [contact("John/Smith", "01632 960002"), contact("Mary/Smith")]
    assert contact_of(mary, [mary, john], relatives) == relatives[1]
    assert contact_of(john, [mary, john], relatives) == relatives[0]
    assert contact_of(parent("Ann/Smith"), [parent("Ann/Smith")], relatives) is None
    assert contact_of(mary, [mary], []) is None


def test_two_contacts_of_one_name_join_nothing() -> None:
    """Which phone is hers cannot be said, so neither is given, even where both are the same."""
    mary = parent("Mary/Smith")
    assert contact_of(mary, [mary], [contact("Mary/Smith"), contact("Mary Jane/SMITH")]) is None
    assert contact_of(mary, [mary], [contact("Mary/Smith"), contact("Mary/Smith")]) is None


def test_two_parents_of_one_name_join_nothing() -> None:
    """One contact that could be either parent is nobody's."""
    junior, senior = parent("John/Smith"), parent("John Paul/Smith")
    assert contact_of(junior, [junior, senior], [contact("John/Smith")]) is None
    assert contact_of(senior, [junior, senior], [contact("John/Smith")]) is None


@given(st.text(alphabet=st.characters(max_codepoint=127), max_size=30))
def test_plain_letters_fold_as_any_others(text: str) -> None:
    """The short way for names without accents comes to the same as the long way."""
    assert f"{folded(text)} e".strip() == folded(f"{text} \N{LATIN SMALL LETTER E WITH ACUTE}")
