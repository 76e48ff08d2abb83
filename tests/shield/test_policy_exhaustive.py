"""Every viewer that matters, for every purpose, before every child that matters: the policy against a twin.

The twin is written category by category from the words of the design, and shares nothing with the policy's rules.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Final

import pytest
from msgspec.structs import replace

from adapters.records import ChildRecord, Tier
from gateway.purpose import Purpose
from gateway.shield.policy import RULES, decider, explain
from gateway.viewer import Role, Viewer
from resolvers.disclosure import Category, Disclosure
from tests.builders import ELSEWHERE, HERE, a_child, a_viewer

# Which purposes need a category, and which a role may state: the design's own words, turned round.
NEEDED_BY: Final = {
    "IDENTITY": "SAFEGUARDING CHILD_WELFARE HEALTH EDUCATION SERVICE_COORDINATION SHIELD_MANAGEMENT DATA_QUALITY",
    "PARENT_NAMES": "SAFEGUARDING CHILD_WELFARE HEALTH EDUCATION SERVICE_COORDINATION SHIELD_MANAGEMENT DATA_QUALITY",
    "HISTORY": "SAFEGUARDING SHIELD_MANAGEMENT",
    "ADDRESS": "SAFEGUARDING CHILD_WELFARE HEALTH EDUCATION SHIELD_MANAGEMENT",
    "SCHOOL": "SAFEGUARDING CHILD_WELFARE EDUCATION SERVICE_COORDINATION SHIELD_MANAGEMENT",
    "PRACTICE": "SAFEGUARDING CHILD_WELFARE HEALTH SERVICE_COORDINATION SHIELD_MANAGEMENT",
    "CONTACT": "SAFEGUARDING CHILD_WELFARE HEALTH EDUCATION SHIELD_MANAGEMENT",
    "SERVICES": "SAFEGUARDING CHILD_WELFARE SERVICE_COORDINATION SHIELD_MANAGEMENT",
    "SENSITIVE_SERVICE": "SHIELD_MANAGEMENT",
    "KEY": "SAFEGUARDING HEALTH SHIELD_MANAGEMENT DATA_QUALITY",
}
STATED_BY: Final = {
    "PRACTITIONER": "SAFEGUARDING CHILD_WELFARE HEALTH EDUCATION SERVICE_COORDINATION",
    "PARTNER": "SAFEGUARDING CHILD_WELFARE HEALTH EDUCATION SERVICE_COORDINATION",
    "SHIELD_OFFICER": "SAFEGUARDING SHIELD_MANAGEMENT",
    "STEWARD": "DATA_QUALITY",
    "ANALYST": "",
    "AUDITOR": "",
}
LOCATES: Final = "HISTORY ADDRESS SCHOOL PRACTICE CONTACT SERVICES"

ME, OTHER, MY_PRINT, ANOTHERS = "viewer-1", "viewer-2", b"m" * 16, b"a" * 16
REGISTRATIONS: Final = (frozenset(Category), frozenset({Category.IDENTITY, Category.ADDRESS}), frozenset[Category]())


@dataclass(frozen=True)
class Facts:
    """A child, as the twin knows one."""

    tier: Tier
    held: bool
    withheld: str
    overridden: bool
    circle: str
    mine_by_authority: bool
    raised_by: str | None

    def record(self) -> ChildRecord:
        child = a_child().of(HERE if self.mine_by_authority else ELSEWHERE)
        if self.tier is not Tier.OPEN:
            child = child.shielded(*self.withheld.split()) if self.tier is Tier.SHIELDED else child.sealed()
        child = child.held() if self.held else child
        child = child.with_circle("school-1", *self.circle.split()) if self.circle else child
        child = child.overridden_by(a_viewer(subject=ME)) if self.overridden else child
        child = child.raised_by(a_viewer(subject=self.raised_by)) if self.raised_by else child
        return child.related_to(ANOTHERS).build()


@dataclass(frozen=True)
class Asker:
    """Who asks and why, as the twin knows it."""

    role: Role
    purpose: Purpose
    scopes: str
    registered: frozenset[Category] | None

    def viewer(self) -> Viewer:
        return a_viewer(self.role, scopes=self.scopes, subject=ME, prints=(MY_PRINT,), categories=self.registered)


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


def may_be_told(category: Category, asker: Asker, child: Facts) -> bool:
    """The design, for one category: what the tier leaves, the purpose needs and the role may."""
    word, purpose = category.value, asker.purpose.value
    if purpose not in NEEDED_BY[word].split() or purpose not in STATED_BY[asker.role.value].split():
        return False
    if asker.registered is not None and category not in asker.registered:
        return False
    if word == "SENSITIVE_SERVICE" and "sensitive" not in asker.scopes.split():
        return False
    if purpose == "SHIELD_MANAGEMENT":
        custodian = child.tier is not Tier.SEALED or "sealed" in asker.scopes.split()
        return child.mine_by_authority and child.raised_by != ME and custodian
    if child.tier is Tier.SEALED:
        return False
    if child.tier is Tier.OPEN and not child.held:
        return True
    if word in ("KEY", "PARENT_NAMES"):
        return word not in child.withheld.split()
    return word == "IDENTITY" or (
        child.tier is Tier.SHIELDED
        and word in LOCATES.split()
        and (word in child.circle.split() or looks_behind(asker, child))
    )


def looks_behind(asker: Asker, child: Facts) -> bool:
    """A live override, where a shield that somebody else stands by takes up what is held."""
    return (
        child.overridden
        and child.tier is Tier.SHIELDED
        and asker.purpose is Purpose.SAFEGUARDING
        and "override" in asker.scopes.split()
        and not (child.held and child.raised_by is not None)
    )


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
