"""What a text would give away is known before anybody asks, and a partner publishes nothing beyond its registration."""

from typing import get_args

import msgspec
import pytest

from gateway.classes import ROOTS
from gateway.operations.limits import Limits
from gateway.partners.publishing import Accepted, Judgement, Rejected
from gateway.partners.scopes import disclosed
from gateway.registration import Root
from gateway.viewer import Role
from resolvers.disclosure import Category
from tests.partners.texts import CMS, NAME, REGISTERED, SCHOOL, documents, judged


def reasons(judgement: Judgement) -> tuple[str, ...]:
    assert isinstance(judgement, Rejected)
    return judgement.reasons


def test_what_it_gives_away_is_told_by_path() -> None:
    """By response keys, as the answer has them; what lies below is told where it is of another category alone."""
    operation = documents().operation(
        """
        query Q($number: ID!) {
          viewer { subject }
          child(number: $number) {
            number
            home: address { lines postcode }
            parents { name { family } phone }
            ...Schools
          }
        }
        fragment Schools on Child { enrolments { school { urn address { postcode } } } }
        """,
        None,
        Role.PARTNER,
    )
    assert disclosed(operation) == {
        "child.number": {Category.IDENTITY},
        "child.home": {Category.ADDRESS},
        "child.parents": {Category.PARENT_NAMES},
        "child.parents.phone": {Category.CONTACT},
        "child.enrolments": {Category.SCHOOL},
    }


def test_what_a_partner_may_ask_is_accepted_with_its_cost() -> None:
    """For one child its fields and calls; for a list, as many children as the limits allow."""
    one = judged(SCHOOL, name="ChildsSchool")
    many = judged(SCHOOL.replace("child(number: $number)", "children(numbers: $number)").replace("ID!", "[ID!]!"))
    assert isinstance(one, Accepted)
    assert isinstance(many, Accepted)
    assert one.discloses == {"child.enrolments": {Category.SCHOOL}}
    assert one.name == "ChildsSchool"
    assert many.cost == one.cost * Limits().children


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("services { kind }", "`child.services` gives away SERVICES, which the partner is not registered for"),
        ("parents { phone }", "`child.parents.phone` gives away CONTACT, which the partner is not registered for"),
        ("keys { nhsNumber }", "gives away KEY, which no purpose of the partner needs"),
    ],
)
def test_what_is_beyond_its_registration_or_its_purposes_is_refused(asked: str, said: str) -> None:
    """A category that it lacks; and one that it has, but that none of its purposes needs."""
    [reason] = reasons(judged(f"query Q($n: ID!) {{ child(number: $n) {{ {asked} }} }}"))
    assert said in reason


def test_a_fixed_purpose_is_the_only_one() -> None:
    """What another of the organisation's purposes would need does not count."""
    fixed = msgspec.structs.replace(
        REGISTERED, purpose="CHILD_WELFARE", categories=REGISTERED.categories | {"PRACTICE"}
    )
    practice = "query Q($n: ID!) { child(number: $n) { practice { odsCode } } }"
    assert isinstance(judged(practice, partner=fixed), Accepted)
    [reason] = reasons(judged(practice, partner=msgspec.structs.replace(fixed, purpose="EDUCATION")))
    assert "no purpose of the partner needs" in reason


def test_no_purpose_needs_nothing() -> None:
    """An organisation without purposes publishes nothing of a child."""
    without = type(CMS)(CMS.id, CMS.name, CMS.kind, CMS.authority, frozenset())
    assert reasons(judged(NAME, organisation=without))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("query Q($by: ChildCriteria!) { findChildren(by: $by) { tooMany } }", "`findChildren` is none"),
        ("query Q { statistics(by: [GENDER]) { month } }", "statistics"),
        ("mutation Q($n: ID!, $r: String!) { overrideShield(number: $n, reason: $r) { until } }", "mutation"),
        ("query Q { viewer { subjects } }", "line 1, column 20: Cannot query field"),
        ("query Q { viewer { subject ", "line 1, column 28: not GraphQL"),
        ("query A { viewer { subject } } query B { viewer { subject } }", "it has 2 operations"),
        ("{ viewer { subject } }", "has no name"),
        ("query Other { viewer { subject } }", "otherwise than `Other`"),
        ("query Q { viewer { subject } } # " + "x" * 40_000, "characters"),
    ],
)
def test_what_cannot_be_asked_or_listed_is_refused(text: str, said: str) -> None:
    """Roots of others, acts, what the schema has not, texts that no list could name; each in one line."""
    told = reasons(judged(text, name="Q" if "Other" in text else None))
    assert any(said in reason for reason in told), told
    assert all(len(reason.splitlines()) == 1 for reason in told)


def test_an_identifier_is_never_repeated() -> None:
    """Neither where the text is valid nor where GraphQL's own message would quote it."""
    for text in (
        'query Q { child(number: "9990000018") { number } }',
        'query Q { child(number: {of: "9990000018"}) { number } }',
        "query Q { child(number: 9990000018.5) { number } }",
        'query Q { "9990000018" }',
    ):
        told = reasons(judged(text))
        assert told
        assert "9990000018" not in "".join(told)


def test_every_reason_is_given_at_once() -> None:
    """Whoever mends a manifest need not ask again for each."""
    text = """
    query ($by: ChildCriteria!) {
      findChildren(by: $by) { children { number services { kind } } }
      child(number: "1") { number }
    }
    """
    assert len(reasons(judged(text))) == 4


def test_a_partner_can_be_registered_for_the_roots_of_its_class() -> None:
    """The registration file names them; the class's own table is what they are compared with."""
    assert set(get_args(Root)) == set(ROOTS[Role.PARTNER][0].split())
