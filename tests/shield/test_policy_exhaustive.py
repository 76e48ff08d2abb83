"""Every viewer that matters, for every purpose, before every child that matters: the policy against a twin.

The twin shares nothing with the policy's rules.
"""

from collections.abc import Iterator
from itertools import product
from typing import Final

import pytest
from msgspec.structs import replace

from adapters.records import Tier
from gateway.purpose import Purpose
from gateway.shield.policy import RULES, decider, explain
from gateway.viewer import Role
from resolvers.disclosure import Category, Disclosure
from tests.shield.twin import ANOTHERS, LOCATES, ME, MY_PRINT, OTHER, Asker, Facts, looks_behind, may_be_told

REGISTRATIONS: Final = (frozenset(Category), frozenset({Category.IDENTITY, Category.ADDRESS}), frozenset[Category]())


def every_child() -> Iterator[Facts]:
    """No shield keeps what it withholds or lets in, but for what a hold could be mistaken to stand for."""
    for tier, held in product(Tier, (False, True)):
        bare = tier is Tier.OPEN
        yield from (
            Facts(tier, held, *rest)
            for rest in product(
                ("",) if bare else ("", "KEY", "PARENT_NAMES", "KEY PARENT_NAMES"),
                (False, True),
                ("", "SCHOOL", f"{LOCATES} SENSITIVE_SERVICE"),
                (False, True),
                (None, ME) if bare else (None, ME, OTHER),
            )
        )


def every_asker(role: Role) -> Iterator[Asker]:
    scopes = [" ".join(some) for some in product(("", "override"), ("", "sealed"), ("", "sensitive"))]
    registered = REGISTRATIONS if role is Role.PARTNER else (None,)
    return (Asker(role, *rest) for rest in product(Purpose, scopes, registered))


def twin(asker: Asker, child: Facts, number: str) -> Disclosure | None:
    shown = frozenset(category for category in Category if may_be_told(category, asker, child))
    if Category.IDENTITY not in shown:
        return None
    protected = child.held or child.tier is not Tier.OPEN
    return Disclosure(number, shown, protected, looks_behind(asker, child))


CHILDREN: Final = [(facts, facts.record()) for facts in every_child()]
OWN: Final = [replace(record, kin=ANOTHERS + MY_PRINT) for _, record in CHILDREN]


@pytest.mark.parametrize("role", Role, ids=lambda role: role.value)
def test_policy_and_twin_agree_on_everybody(role: Role) -> None:
    """CASES 29 and 30: whatever the role, the purpose, the scopes, the shield and the kin, both tell the same."""
    for asker in every_asker(role):
        decide = decider(asker.viewer(), asker.purpose)
        for facts, record in CHILDREN:
            assert decide(record) == twin(asker, facts, record.number), (asker, facts)


@pytest.mark.parametrize("role", Role, ids=lambda role: role.value)
def test_nobody_is_told_of_their_own_child(role: Role) -> None:
    """Whatever the role, the purpose, the scopes, the circle or the override: of one's own there is no such child."""
    for asker in every_asker(role):
        decide = decider(asker.viewer(), asker.purpose)
        assert not any(map(decide, OWN)), asker


def test_every_rule_is_the_first_to_refuse_something() -> None:
    """A rule that never gives the reason would be no rule; and every reason is a rule's name."""
    first = {
        reason
        for role in Role
        for asker in every_asker(role)
        for record in (*(record for _, record in CHILDREN[::7]), OWN[0])
        for reason in explain(asker.viewer(), asker.purpose, record).values()
    }
    assert first == {None, *(rule.name for rule in RULES)}
