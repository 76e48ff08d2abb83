"""Who may be told what, written category by category from the design's words; it shares nothing with the policy."""

from dataclasses import dataclass
from typing import Final

from adapters.records import ChildRecord, Tier
from gateway.purpose import Purpose
from gateway.viewer import Role, Viewer
from resolvers.disclosure import Category
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
