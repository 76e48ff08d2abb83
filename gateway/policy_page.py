"""Writes `docs/policy.md` from the policy itself, so that the page cannot say what is not decided."""

from collections.abc import Container, Iterable
from enum import Enum
from pathlib import Path

from gateway.classes import ROOTS, categories_of
from gateway.purpose import BY_KIND, PURPOSES, Purpose
from gateway.shield.policy import BEHIND_THE_SHIELD, EVERYTHING, NEEDED, RULES, AskerRule, Rule
from gateway.viewer import Role
from resolvers.disclosure import Category

HEAD = """\
# Who is told what, and why not

A viewer is told of a child what every one of these rules leaves. The order is that of reasons: the first rule to take a
category away is why it is not shown. Nobody who asks is given the reason; it is for whoever must answer for it. A child
of whom `IDENTITY` may not be told is, for this viewer, no child.

What this means for people is written down in `tests/shield/scenarios/`, to be read and added to by anybody; that it
holds of everybody is shown by `tests/shield/test_policy_exhaustive.py`. This page is written by `make docs` from
`gateway/shield/policy.py`, `gateway/purpose.py` and `gateway/classes.py`.

## The rules

"""

SHIELDED = """
## Of a shielded or held child

To who manages the shield all is left. To anybody else, who the child is, and of `KEY` and `PARENT_NAMES` what the
officer does not withhold. A live override of a shield adds these, and a circle those of them that it names:
{behind}.

## What a purpose needs

`STATISTICS` and `AUDIT` need nothing of any child.

"""

ROLES = """
## What a role may state, and what it is never told

A shield officer and an auditor come from the very authority that their token names. A partner states what it is
registered for, and is told of no category that it is not registered for.

"""

KINDS = """
A practitioner states what its kind of organisation may:

"""

ASKED = """
## What a role may ask

Anything else is unknown to the role: to validation, to introspection and in the printed schema.

"""


def policy_page() -> str:
    """The whole page."""
    asking = [purpose for purpose in Purpose if NEEDED[purpose]]
    rules = ((f"`{rule.name}`", rule.because, _looks_at(rule)) for rule in RULES)
    needs = ((f"`{one.value}`", *("yes" if one in NEEDED[purpose] else "" for purpose in asking)) for one in Category)
    kinds = ((f"`{kind}`", _words(_these(own, Purpose))) for kind, own in BY_KIND.items())
    roots = ((f"`{role.value}`", *(_words(names.split()) for names in ROOTS[role])) for role in Role)
    return (
        HEAD
        + _table(("rule", "because", "looks at"), rules)
        + SHIELDED.format(behind=_words(_these(BEHIND_THE_SHIELD, Category)))
        + _table(("category", *(f"`{purpose.value}`" for purpose in asking)), needs)
        + ROLES
        + _table(("role", "purposes", "never told, whatever its scopes"), map(_of_role, Role))
        + KINDS
        + _table(("organisation", "purposes"), kinds)
        + ASKED
        + _table(("role", "queries", "mutations"), roots)
    )


def _looks_at(rule: Rule) -> str:
    return "who asks, and why" if isinstance(rule, AskerRule) else "the child too"


def _of_role(role: Role) -> tuple[str, str, str]:
    never = EVERYTHING - categories_of(role)
    words = "anything of a child" if never == EVERYTHING else _words(_these(never, Category)) or "nothing"
    return f"`{role.value}`", _words(_these(PURPOSES[role], Purpose)), words


def _these(some: Container[Enum], kind: Iterable[Enum]) -> list[str]:
    """The words of those, in the order in which the kind has them."""
    return [one.value for one in kind if one in some]


def _words(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, ("---",) * len(head), *rows))


if __name__ == "__main__":
    (Path(__file__).parents[1] / "docs" / "policy.md").write_text(policy_page(), encoding="utf-8")
