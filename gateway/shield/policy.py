"""What one viewer, for one purpose, may be told of one child.

That is what the tier leaves, the purpose needs and the role may: nothing but what stands in all three. Pure: the same
viewer, purpose and record always give the same decision. Every rule that widens names the one case it is for; whatever
no rule names is not shown.
"""

from collections.abc import Callable, Mapping

from adapters.records import ChildRecord, Tier
from gateway.purpose import Purpose
from gateway.viewer import Role, Viewer
from resolvers.disclosure import Category, Disclosure

EVERYTHING = frozenset(Category)
NOTHING: frozenset[Category] = frozenset()

# The names of parents are identity too, kept apart because an officer may withhold them.
IDENTITY = frozenset({Category.IDENTITY, Category.PARENT_NAMES})

# What a circle's member or a live override sees of a shielded child beside what everybody sees.
BEHIND_THE_SHIELD = frozenset(
    {
        Category.HISTORY,
        Category.ADDRESS,
        Category.SCHOOL,
        Category.PRACTICE,
        Category.CONTACT,
        Category.SERVICES,
    }
)

NEEDED: Mapping[Purpose, frozenset[Category]] = {
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


def decide(viewer: Viewer, purpose: Purpose, child: ChildRecord) -> Disclosure | None:
    """What may be told of the child; `None` where, for this viewer, there is no such child."""
    if not exists_for(viewer, purpose, child):
        return None
    left = left_by_tier(viewer, purpose, child)
    shown = left & NEEDED[purpose] & allowed_to_role(viewer)
    if Category.IDENTITY not in shown:
        return None
    return Disclosure(
        number=child.number,
        shown=shown,
        protected=child.protection.protected,
        override=_overrides(viewer, purpose, child),
    )


def exists_for(viewer: Viewer, purpose: Purpose, child: ChildRecord) -> bool:
    """A sealed child exists for its custodians alone, and a shield's manager has the children of their authority."""
    if purpose is Purpose.SHIELD_MANAGEMENT:
        return _manages(viewer, child) and (child.protection.tier is not Tier.SEALED or "sealed" in viewer.scopes)
    return child.protection.tier is not Tier.SEALED


def left_by_tier(viewer: Viewer, purpose: Purpose, child: ChildRecord) -> frozenset[Category]:
    """What the child's protection leaves to be shown, before purpose and role are asked."""
    protection = child.protection
    if not protection.protected:
        return EVERYTHING
    if purpose is Purpose.SHIELD_MANAGEMENT and _manages(viewer, child):
        return EVERYTHING
    withheld = {category for category in (Category.KEY, Category.PARENT_NAMES) if category.value in protection.withheld}
    left = (IDENTITY | {Category.KEY}) - withheld
    if _overrides(viewer, purpose, child):
        left |= BEHIND_THE_SHIELD
    return left | _let_in_by_circle(viewer, child)


def allowed_to_role(viewer: Viewer) -> frozenset[Category]:
    """What the role may see at all; a sensitive service is for a shield officer with the scope `sensitive`."""
    match viewer.role:
        case Role.SHIELD_OFFICER if "sensitive" in viewer.scopes:
            return EVERYTHING
        case Role.SHIELD_OFFICER | Role.PRACTITIONER | Role.PARTNER | Role.STEWARD:
            return EVERYTHING - {Category.SENSITIVE_SERVICE}
        case Role.ANALYST | Role.AUDITOR:
            return NOTHING


def may_address_children(viewer: Viewer, purpose: Purpose) -> bool:
    """Whether any child could be shown at all; where not, none is even looked for."""
    return Category.IDENTITY in NEEDED[purpose] & allowed_to_role(viewer)


def decider(viewer: Viewer, purpose: Purpose) -> Callable[[ChildRecord], Disclosure | None]:
    """`decide` for one request: all that the layers below learn of who asks."""
    return lambda child: decide(viewer, purpose, child)


def _manages(viewer: Viewer, child: ChildRecord) -> bool:
    """An officer of the child's authority, unless the shield is of their own raising and nobody has confirmed it."""
    return (
        viewer.role is Role.SHIELD_OFFICER
        and viewer.authority is not None
        and viewer.authority == child.authority
        and viewer.subject != child.protection.unconfirmed_by
    )


def _overrides(viewer: Viewer, purpose: Purpose, child: ChildRecord) -> bool:
    """A live override by this viewer with this very token; a hold that no authority has taken up has none.

    A shield that nobody has confirmed is its raiser's word alone, and takes up nothing.
    """
    return (
        child.protection.tier is Tier.SHIELDED
        and not (child.protection.held and child.protection.unconfirmed_by is not None)
        and purpose is Purpose.SAFEGUARDING
        and "override" in viewer.scopes
        and any(
            override.viewer == viewer.subject and override.token == viewer.token
            for override in child.protection.overrides
        )
    )


def _let_in_by_circle(viewer: Viewer, child: ChildRecord) -> frozenset[Category]:
    if child.protection.tier is not Tier.SHIELDED:
        return NOTHING
    named = {
        category
        for member in child.protection.circle
        if member.organisation == viewer.organisation
        for category in member.categories
    }
    return frozenset(category for category in BEHIND_THE_SHIELD if category.value in named)
