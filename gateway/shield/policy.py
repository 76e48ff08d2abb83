"""What one viewer, for one purpose, may be told of one child: what every rule leaves, and nothing else.

The rules stand in `RULES`, in the order in which they are given as reasons; `docs/policy.md` is written from them.
Pure: the same viewer, purpose and record always give the same decision. A rule can only take away, so that whatever no
case is made for is not shown.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

from adapters.records import ChildRecord, Protection, Tier
from adapters.store.kinship import is_kin
from gateway.purpose import PURPOSES, Purpose
from gateway.viewer import Role, Viewer
from resolvers.disclosure import Category, Disclosure

Left: TypeAlias = frozenset[Category]

EVERYTHING: Final[Left] = frozenset(Category)
NOTHING: Final[Left] = frozenset()

# The names of parents are identity too, kept apart because an officer may withhold them.
IDENTITY: Final = frozenset({Category.IDENTITY, Category.PARENT_NAMES})

# What a circle's member or a live override sees of a shielded child beside what everybody sees.
BEHIND_THE_SHIELD: Final = frozenset(
    {
        Category.HISTORY,
        Category.ADDRESS,
        Category.SCHOOL,
        Category.PRACTICE,
        Category.CONTACT,
        Category.SERVICES,
    }
)

NEEDED: Final[Mapping[Purpose, Left]] = {
    Purpose.SAFEGUARDING: EVERYTHING - {Category.SENSITIVE_SERVICE},
    Purpose.CHILD_WELFARE: IDENTITY
    | {Category.ADDRESS, Category.SCHOOL, Category.PRACTICE, Category.CONTACT, Category.SERVICES},
    Purpose.HEALTH: IDENTITY | {Category.ADDRESS, Category.PRACTICE, Category.CONTACT, Category.KEY},
    Purpose.EDUCATION: IDENTITY | {Category.ADDRESS, Category.SCHOOL, Category.CONTACT},
    Purpose.SERVICE_COORDINATION: IDENTITY | {Category.SCHOOL, Category.PRACTICE, Category.SERVICES},
    Purpose.SHIELD_MANAGEMENT: EVERYTHING,
    Purpose.DATA_QUALITY: IDENTITY | {Category.KEY},
    Purpose.STATISTICS: NOTHING,
    Purpose.AUDIT: NOTHING,
}


@dataclass(frozen=True, slots=True)
class AskerRule:
    """A rule of who asks and why, whoever the child is: `leaves` what may be told of any."""

    name: str
    because: str
    leaves: Callable[[Viewer, Purpose], Left]


@dataclass(frozen=True, slots=True)
class ChildRule:
    """A rule of the child too: `leaves` what this child's record lets be told to who asks."""

    name: str
    because: str
    leaves: Callable[[Viewer, Purpose, ChildRecord], Left]


Rule: TypeAlias = AskerRule | ChildRule


def addresses_children(viewer: Viewer, purpose: Purpose) -> Left:
    """An analyst counts, an auditor reads accesses: neither asks for a child."""
    counts = viewer.role in (Role.ANALYST, Role.AUDITOR) or purpose in (Purpose.STATISTICS, Purpose.AUDIT)
    return NOTHING if counts else EVERYTHING


def own_purpose(viewer: Viewer, purpose: Purpose) -> Left:
    """What a role may never state, it is shown nothing for; the request was refused before it came here."""
    return EVERYTHING if purpose in PURPOSES[viewer.role] else NOTHING


def not_own_record(viewer: Viewer, purpose: Purpose, child: ChildRecord) -> Left:
    """The viewer's fingerprints against those of the child and of its known parents."""
    return NOTHING if viewer.prints and is_kin(viewer.prints, child.kin) else EVERYTHING


def known_to_exist(viewer: Viewer, purpose: Purpose, child: ChildRecord) -> Left:
    """A custodian is an officer with the scope `sealed` who manages shields; whose, the next rule asks."""
    if child.protection.tier is not Tier.SEALED:
        return EVERYTHING
    custodian = viewer.role is Role.SHIELD_OFFICER and "sealed" in viewer.scopes
    return EVERYTHING if custodian and purpose is Purpose.SHIELD_MANAGEMENT else NOTHING


def own_authority(viewer: Viewer, purpose: Purpose, child: ChildRecord) -> Left:
    """Managing shields is for the children of one's own authority, the open ones too."""
    if purpose is Purpose.SHIELD_MANAGEMENT and not _manages(viewer, child):
        return NOTHING
    return EVERYTHING


def left_by_tier(viewer: Viewer, purpose: Purpose, child: ChildRecord) -> Left:
    """What shield and hold leave: all to who manages them, to others identity and what they are let in to."""
    protection = child.protection
    if not protection.protected:
        return EVERYTHING
    if purpose is Purpose.SHIELD_MANAGEMENT and _manages(viewer, child):
        return EVERYTHING
    left = _beside_whereabouts(protection.withheld)
    if _overrides(viewer, purpose, protection):
        left |= BEHIND_THE_SHIELD
    return left | _let_in_by_circle(viewer, protection)


def needed(viewer: Viewer, purpose: Purpose) -> Left:
    """What the purpose needs."""
    return NEEDED[purpose]


def allowed_to_role(viewer: Viewer, purpose: Purpose) -> Left:
    """Sexual health, mental health, substance misuse: for an officer whose token says `sensitive`."""
    if viewer.role is Role.SHIELD_OFFICER and "sensitive" in viewer.scopes:
        return EVERYTHING
    return EVERYTHING - {Category.SENSITIVE_SERVICE}


def registered(viewer: Viewer, purpose: Purpose) -> Left:
    """A partner of which nothing is registered is told nothing."""
    if viewer.categories is None:
        return NOTHING if viewer.role is Role.PARTNER else EVERYTHING
    return viewer.categories


# The order is that of reasons: the first rule to take a category away is why it is not shown.
RULES: Final[tuple[Rule, ...]] = (
    AskerRule("no-child", "who counts or audits children asks for none", addresses_children),
    AskerRule("purpose-of-role", "a purpose is for the roles that may state it", own_purpose),
    ChildRule("own-record", "nobody reads their own or their own child's record through this door", not_own_record),
    ChildRule("sealed", "a sealed child exists for its custodians alone", known_to_exist),
    ChildRule(
        "another-authority",
        "a shield is managed by the child's own authority, and not by whoever raised it and waits to be confirmed",
        own_authority,
    ),
    ChildRule(
        "shield",
        "a shield or hold leaves who the child is; a circle or an override adds what it is for",
        left_by_tier,
    ),
    AskerRule("purpose", "nobody is told more than their purpose needs", needed),
    AskerRule("role", "sensitive services are for shield officers with the scope `sensitive`", allowed_to_role),
    AskerRule("partner", "a partner is told what it is registered for", registered),
)

_OF_WHO_ASKS: Final = tuple(rule.leaves for rule in RULES if isinstance(rule, AskerRule))
_OF_THE_CHILD: Final = tuple(rule.leaves for rule in RULES if isinstance(rule, ChildRule))


def at_most(viewer: Viewer, purpose: Purpose) -> Left:
    """What may be told of any child at all, before one is looked at; nothing where no child is told of without."""
    left = EVERYTHING
    for leaves in _OF_WHO_ASKS:
        left &= leaves(viewer, purpose)
    return left if Category.IDENTITY in left else NOTHING


def decider(viewer: Viewer, purpose: Purpose) -> Callable[[ChildRecord], Disclosure | None]:
    """`decide` for one viewer and purpose: all that the layers below learn of who asks.

    What follows from those two is found once; of each child, only what its own record says.
    """
    most = at_most(viewer, purpose)

    def decided(child: ChildRecord) -> Disclosure | None:
        left = most
        for leaves in _OF_THE_CHILD:
            kept = leaves(viewer, purpose, child)
            if kept is NOTHING:
                return None
            if kept is not EVERYTHING:
                left &= kept
        if Category.IDENTITY not in left:
            return None
        protection = child.protection
        return Disclosure(child.number, left, protection.protected, _overrides(viewer, purpose, protection))

    return decided if most else lambda child: None


def decide(viewer: Viewer, purpose: Purpose, child: ChildRecord) -> Disclosure | None:
    """What may be told of the child; `None` where, for this viewer, there is no such child."""
    return decider(viewer, purpose)(child)


def explain(viewer: Viewer, purpose: Purpose, child: ChildRecord) -> Mapping[Category, str | None]:
    """For each category the name of the first rule that took it away; None where it is shown.

    A child is told of with its identity or not at all: without it, what no rule took away has gone for the same reason.
    """
    taken: dict[Category, str] = {}
    for rule in RULES:
        left = rule.leaves(viewer, purpose, child) if isinstance(rule, ChildRule) else rule.leaves(viewer, purpose)
        for category in EVERYTHING - left:
            taken.setdefault(category, rule.name)
    without = taken.get(Category.IDENTITY)
    return {category: taken.get(category, without) for category in Category}


def _manages(viewer: Viewer, child: ChildRecord) -> bool:
    """An officer of the child's authority, unless the shield is of their own raising and nobody has confirmed it."""
    return (
        viewer.role is Role.SHIELD_OFFICER
        and viewer.authority is not None
        and viewer.authority == child.authority
        and viewer.subject != child.protection.unconfirmed_by
    )


def _overrides(viewer: Viewer, purpose: Purpose, protection: Protection) -> bool:
    """A live override by this viewer with this very token; a hold that no authority has taken up has none.

    A shield that nobody has confirmed is its raiser's word alone, and takes up nothing.
    """
    if not protection.overrides or protection.tier is not Tier.SHIELDED:
        return False
    return (
        not (protection.held and protection.unconfirmed_by is not None)
        and purpose is Purpose.SAFEGUARDING
        and "override" in viewer.scopes
        and any(
            override.viewer == viewer.subject and override.token == viewer.token for override in protection.overrides
        )
    )


def _let_in_by_circle(viewer: Viewer, protection: Protection) -> Left:
    left = NOTHING
    if protection.tier is Tier.SHIELDED:
        for member in protection.circle:
            if member.organisation == viewer.organisation:
                left |= _named(member.categories)
    return left


@lru_cache(maxsize=16)
def _beside_whereabouts(withheld: frozenset[str]) -> Left:
    """Who the child is and its keys, without what the officer withholds."""
    withholdable = {Category.KEY, Category.PARENT_NAMES}
    return (IDENTITY | {Category.KEY}) - {category for category in withholdable if category.value in withheld}


@lru_cache(maxsize=256)
def _named(categories: frozenset[str]) -> Left:
    """What a circle may name, as far as this one does."""
    return frozenset(category for category in BEHIND_THE_SHIELD if category.value in categories)
