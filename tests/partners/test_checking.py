"""A schema that would break a partner's document is known before it is served."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

import schema as schema_package
from gateway.operations.limits import Limits
from gateway.partners.checking import Broken, SchemaError, broken_by, broken_today
from tests.partners.texts import CMS, NAME, REGISTERED, SCHOOL, a_document, documents

TODAY = (Path(schema_package.__file__).parent / "schema.graphql").read_text(encoding="utf-8")
REGISTRY = {"partner-1": (CMS, REGISTERED)}
TEXTS = [a_document(NAME, "ChildsName"), a_document(SCHOOL, "ChildsSchool")]


def changed(before: str, after: str) -> str:
    assert before in TODAY
    return TODAY.replace(before, after)


def names(broken: Sequence[Broken]) -> list[str]:
    return [one.document.name for one in broken]


def test_the_schema_of_today_breaks_nothing() -> None:
    """As printed, and as partners' own class of viewers has it."""
    assert broken_by(TODAY, TEXTS, REGISTRY) == []
    assert broken_today(TEXTS, REGISTRY, documents(), Limits()) == []


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("  urn: ID!\n", "  reference: ID!\n", "Cannot query field 'urn'"),
        ("  child(number: ID!): Child\n", "  child(number: ID!, of: ID!): Child\n", "(of:)"),
        (
            "enrolments: [Enrolment!] @shielded(category: SCHOOL)",
            "enrolments: [Enrolment!] @shielded(category: SERVICES)",
            "SERVICES",
        ),
    ],
)
def test_what_a_change_would_break_is_named(before: str, after: str, said: str) -> None:
    """A field gone, an argument more, a category that the partner lacks: with the document and the place."""
    broken = broken_by(changed(before, after), TEXTS, REGISTRY)
    assert "ChildsSchool" in names(broken)
    reason = next(one.reasons[0] for one in broken if one.document.name == "ChildsSchool")
    assert said in reason
    assert reason.startswith("line 1, column ")


def test_what_a_change_leaves_alone_is_not_named() -> None:
    """A school's field is nothing to a document that asks for a name."""
    assert names(broken_by(changed("  urn: ID!\n", "  reference: ID!\n"), TEXTS, REGISTRY)) == ["ChildsSchool"]


def test_what_today_would_not_publish_again_is_named() -> None:
    """A registration that was narrowed, or a limit, breaks a document as a schema does."""
    narrowed = msgspec.structs.replace(REGISTERED, categories=frozenset({"IDENTITY"}))
    assert names(broken_today(TEXTS, {"partner-1": (CMS, narrowed)}, documents(), Limits())) == ["ChildsSchool"]
    strict = Limits(fields=3)
    assert names(broken_today(TEXTS, REGISTRY, documents(strict), strict)) == ["ChildsName", "ChildsSchool"]


@pytest.mark.parametrize("text", ["", "type Query {", "type Query { a: Nothing }", "query Q { viewer { subject } }"])
def test_a_file_that_is_no_schema_is_refused(text: str) -> None:
    """In one line."""
    with pytest.raises(SchemaError, match="that is printed"):
        broken_by(text, TEXTS, REGISTRY)
