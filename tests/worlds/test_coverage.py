"""What counts as asked, and that what is missing is found, and asked for."""

from collections.abc import Mapping
from typing import Any, Final

import pytest

from gateway.classes import CLASSES
from gateway.viewer import Role
from tests.worlds.asking import OF_TIER, TIERS_OF, WORDS, answered, dice
from tests.worlds.coverage import CELLS, TIERS, Cell, Coverage
from tests.worlds.operations import Sent
from tests.worlds.operations_aimed import aimed
from tests.worlds.operations_published import document_of, texts_to_publish

ROLE: Final = Role.PRACTITIONER


def cells(text: str, data: Mapping[str, Any] | None, **sent: Any) -> set[tuple[str | None, str]]:
    """What counts as asked when this was sent, with its tier."""
    coverage = Coverage()
    coverage.ran(ROLE, Sent(text, **{"variables": {}, **sent}), TIERS_OF, data)
    return {(cell.tier, cell.field) for cell, times in coverage.asked.items() if times}


def test_a_field_counts_for_the_tier_of_the_child_that_is_asked_of() -> None:
    """And its root counts once more, for whomever."""
    text = "query($n: ID!) { child(number: $n) { address { postcode } } }"
    assert cells(text, {"child": None}, variables={"n": OF_TIER["SEALED"].lower()}) == {
        (None, "Query.child"),
        ("SEALED", "Query.child"),
        ("SEALED", "Child.address"),
        ("SEALED", "Address.postcode"),
    }


def test_several_children_count_each_for_its_tier() -> None:
    """By `children`, and by what a federated router sends; unknown and mistyped numbers count for no tier."""
    numbers = [OF_TIER["OPEN"], OF_TIER["HELD"], "ZZZZZZZZZ000P", "mistyped"]
    asked = cells("query($n: [ID!]!) { children(numbers: $n) { number } }", {"children": []}, variables={"n": numbers})
    assert {tier for tier, field in asked if field == "Child.number"} == {"OPEN", "HELD"}
    representation = f'{{__typename: "Child", number: "{numbers[1]}"}}'
    text = f"{{ _entities(representations: [{representation}]) {{ ... on Child {{ gender }} }} }}"
    assert ("HELD", "Child.gender") in cells(text, {"_entities": [None]})


def test_what_was_refused_was_not_asked() -> None:
    """An answer without data counts nothing, nor does a root that is not in the data."""
    text = f'{{ child(number: "{OF_TIER["OPEN"]}") {{ number }} viewer {{ subject }} }}'
    assert cells(text, None) == set()
    assert cells(text, {"viewer": {}}) == {(None, "Query.viewer"), (None, "Viewer.subject")}


@pytest.mark.parametrize(
    "written",
    [
        "gender @skip(if: true)",
        "gender @include(if: $no)",
        "... @include(if: false) { gender }",
        "...F @skip(if: $yes)",
    ],
)
def test_what_a_condition_leaves_out_was_not_asked(written: str) -> None:
    """Be it a field, an inline fragment or a named one; a variable may have its value by default."""
    text = (
        f'query($no: Boolean! = false, $yes: Boolean!) {{ child(number: "{OF_TIER["OPEN"]}") {{ number {written} '
        "... @include(if: $no) { number } ...F @skip(if: $yes) } } fragment F on Child { gender @include(if: $no) }"
    )
    found = cells(text, {"child": {}}, variables={"yes": True})
    assert ("OPEN", "Child.number") in found
    assert ("OPEN", "Child.gender") not in found


def test_who_was_searched_for_counts_where_nothing_else_was_asked() -> None:
    """A search does not say whom it is aimed at: its writer does, and of one question alone it is sure."""
    search = 'findChildren(by: {family: "Byron", birthYear: 2015}) { children { number } }'
    targets = (OF_TIER["SHIELDED"],)
    assert ("SHIELDED", "Child.number") in cells(f"{{ {search} }}", {"findChildren": {}}, targets=targets)
    both = cells(f"{{ {search} viewer {{ subject }} }}", {"findChildren": {}, "viewer": {}}, targets=targets)
    assert {tier for tier, _ in both} == {None}


def test_a_document_counts_by_its_id() -> None:
    """Where its text is known; of another nothing is."""
    text = "query($n: ID!) { child(number: $n) { number } }"
    id_ = document_of(text).id
    sent = Sent(None, {"n": OF_TIER["OPEN"]}, document_id=id_)
    known, unknown = Coverage({id_: text}), Coverage()
    for coverage in (known, unknown):
        coverage.ran(Role.PARTNER, sent, TIERS_OF, {"child": {}})
    assert known.asked[Cell(Role.PARTNER, "OPEN", "Child.number")] == 1
    assert not unknown.asked


def test_there_is_a_cell_for_every_field_of_every_role_and_tier() -> None:
    """A role's own fields and no others: what it is not shown cannot be asked by it."""
    assert Cell(Role.PRACTITIONER, "SEALED", "School.address") in CELLS
    assert Cell(Role.STEWARD, "HELD", "Keys.nhsNumber") in CELLS
    assert Cell(Role.SHIELD_OFFICER, None, "ShieldCase.household") in CELLS
    assert not {cell for cell in CELLS if cell.role is Role.STEWARD and cell.field.startswith("School.")}
    assert not {cell for cell in CELLS if cell.role is Role.ANALYST and cell.tier is not None}
    below = {cell.field for cell in CELLS if cell.role is Role.PRACTITIONER and cell.tier == "OPEN"}
    whole = (
        "Child",
        "PersonName",
        "Address",
        "Enrolment",
        "School",
        "Origin",
        "PracticeRegistration",
        "Parent",
        "Service",
    )
    types = [CLASSES[ROLE].type_map[name] for name in whole]
    assert {f"{type_.name}.{field}" for type_ in types for field in getattr(type_, "fields", {})} <= below
    assert len(set(CELLS)) == len(CELLS)


@pytest.mark.parametrize("role", Role, ids=lambda role: role.value)
def test_what_is_missing_is_aimed_at(role: Role) -> None:
    """From nothing to everything in a few rounds, with operations that can all be run."""
    documents = texts_to_publish(CLASSES[role], dice(), count=12) if role is Role.PARTNER else []
    by_id = {document_of(text).id: text for text in documents}
    coverage, chance = Coverage(by_id), dice()
    for _ in range(6):
        for sent in aimed(role, WORDS, chance, coverage.missing(role), TIERS_OF, documents):
            data = answered(sent, role, by_id.get(sent.document_id or ""))
            assert data is not None, sent
            coverage.ran(role, sent, TIERS_OF, data)
    assert coverage.missing(role) == []


def test_one_field_that_nobody_asked_is_missing() -> None:
    """All but one, of one tier: that is what is said to be missing, and less than everything is its share."""
    coverage = Coverage()
    coverage.asked.update(CELLS)
    assert coverage.share() == 1
    gap = Cell(Role.PARTNER, "SEALED", "Child.practice")
    del coverage.asked[gap]
    assert coverage.missing() == coverage.missing(Role.PARTNER) == [gap]
    assert coverage.missing(Role.STEWARD) == []
    assert coverage.share() == pytest.approx(1 - 1 / len(CELLS))
    other = Coverage()
    other.asked[gap] += 1
    coverage.add(other)
    assert coverage.share() == 1


def test_the_table_has_a_line_to_a_role() -> None:
    """With what was asked of what there is, tier by tier."""
    coverage = Coverage()
    coverage.ran(ROLE, Sent(f'{{ child(number: "{OF_TIER["OPEN"]}") {{ number }} }}', {}), TIERS_OF, {"child": {}})
    heading, *lines = coverage.table()
    assert heading.split() == ["role", *TIERS, "elsewhere"]
    assert [line.split()[0] for line in lines] == [role.value for role in Role]
    assert lines[0].split()[1:4] == ["2", "of", "56"]
    assert lines[0].split()[4:7] == ["0", "of", "56"]
