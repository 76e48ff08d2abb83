"""The operations the explorer offers in the demonstration, each with variables that find a notable child."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.sandbox.population import NOTABLE, child_at

ONE_CHILD = """\
query Child($number: ID!) {
  child(number: $number) {
    number
    name { given family }
    birthDate
    shield { brokerReference }
    address { lines postcode }
    enrolments { start school { urn name phone } }
    practice { odsCode name phone }
    parents { name { given family } relationship phone }
    services { kind organisation practitioner lead }
  }
}
"""

CASELOAD = """\
query Caseload($numbers: [ID!]!) {
  children(numbers: $numbers) {
    number
    name { given family }
    shield { brokerReference }
    enrolments { school { name } }
    practice { name }
  }
}
"""

SEARCH = """\
query Search($by: ChildCriteria!) {
  findChildren(by: $by) {
    tooMany
    children { number name { given family } birthDate address { postcode } }
  }
}
"""

RAISE = """\
mutation Raise($number: ID!, $reviewOn: Date!, $reason: String!) {
  raiseShield(number: $number, ground: "a threat to the child", reviewOn: $reviewOn, reason: $reason) {
    state
    reference
  }
}
"""

OVERRIDE = """\
mutation Override($number: ID!, $reason: String!) {
  overrideShield(number: $number, reason: $reason) {
    until
  }
}
"""

COUNTS = """\
query Counts($by: [Dimension!]!) {
  statistics(by: $by) {
    month
    cells { authority ageBand gender count }
  }
}
"""

ACCESSES = """\
query Accesses($number: ID!) {
  accesses(number: $number, first: 10) {
    nodes { at viewer organisation purpose reason shown withheld override reference }
    hasNextPage
  }
}
"""

VIEWER = """\
{
  viewer { subject organisation actingRole purpose }
}
"""


def notable_numbers() -> dict[str, str]:
    """The children worth asking for, by what is notable about each."""
    return {name: child_at(index).number for name, index in NOTABLE.items()}


def examples() -> Sequence[Mapping[str, Any]]:
    """Each with `title`, `query` and `variables`, as the explorer lists them."""
    numbers = notable_numbers()
    caseload = [numbers[name] for name in ("open", "shielded", "home-educated", "renamed")]
    sought = child_at(NOTABLE["open"])
    raised = {
        "number": numbers["home-educated"],
        "reviewOn": (datetime.now(UTC).date() + timedelta(days=90)).isoformat(),
        "reason": "somebody who may not know is looking for the child",
    }
    overridden = {"number": numbers["shielded"], "reason": "the child has not come home from school"}
    criteria = {"family": sought.name.family, "birthYear": sought.birth_date.year}
    return [
        {"title": "One child", "query": ONE_CHILD, "variables": {"number": numbers["open"]}},
        {"title": "A shielded child", "query": ONE_CHILD, "variables": {"number": numbers["shielded"]}},
        {"title": "A caseload", "query": CASELOAD, "variables": {"numbers": caseload}},
        {"title": "A search", "query": SEARCH, "variables": {"by": criteria}},
        {"title": "Raise a shield (officer)", "query": RAISE, "variables": raised},
        {"title": "Override (social worker)", "query": OVERRIDE, "variables": overridden},
        {"title": "Counts (analyst)", "query": COUNTS, "variables": {"by": ["AGE_BAND", "GENDER"]}},
        {"title": "Who looked (auditor)", "query": ACCESSES, "variables": {"number": numbers["open"]}},
        {"title": "Who am I?", "query": VIEWER, "variables": {}},
    ]
