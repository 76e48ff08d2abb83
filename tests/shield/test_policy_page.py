"""The policy as it is written down for people."""

from pathlib import Path

from gateway.policy_page import policy_page
from gateway.shield.policy import RULES

PAGE = Path(__file__).parents[2] / "docs" / "policy.md"


def test_the_page_says_what_is_decided() -> None:
    """A change of the policy is a change of this page: write it anew with `make docs`."""
    assert PAGE.read_text() == policy_page()


def test_every_rule_has_a_name_and_a_reason_of_its_own() -> None:
    """The name is what a reason is told by, and the sentence what it means to a person."""
    assert len({rule.name for rule in RULES}) == len({rule.because for rule in RULES}) == len(RULES)
