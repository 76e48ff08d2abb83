"""Why a viewer asks: the purpose and the reason stated with a request, and whether this role may state that purpose."""

from collections.abc import Collection, Mapping
from enum import Enum

import msgspec

from adapters.store.entries import Organisation
from gateway.errors import BadRequest, Forbidden, PurposeRequired, ReasonRequired
from gateway.viewer import Role, Standing

SHORTEST_REASON, LONGEST_REASON = 10, 255


class Purpose(Enum):
    """Every purpose there is."""

    SAFEGUARDING = "SAFEGUARDING"
    CHILD_WELFARE = "CHILD_WELFARE"
    HEALTH = "HEALTH"
    EDUCATION = "EDUCATION"
    SERVICE_COORDINATION = "SERVICE_COORDINATION"
    SHIELD_MANAGEMENT = "SHIELD_MANAGEMENT"
    DATA_QUALITY = "DATA_QUALITY"
    STATISTICS = "STATISTICS"
    AUDIT = "AUDIT"

    __hash__ = object.__hash__  # each is one object; by its name, as enums have it, costs a call for every look


_BY_NAME: Mapping[str, Purpose] = {purpose.value: purpose for purpose in Purpose}


class Ground(msgspec.Struct, frozen=True):
    """Why a request is made: its purpose, and the reason in the viewer's own words, if they gave one."""

    purpose: Purpose
    reason: str | None


# What a practitioner may come for, by the kind of organisation they come from.
BY_KIND: Mapping[str, frozenset[Purpose]] = {
    "SCHOOL": frozenset({Purpose.SAFEGUARDING, Purpose.CHILD_WELFARE, Purpose.EDUCATION}),
    "HEALTH": frozenset({Purpose.SAFEGUARDING, Purpose.CHILD_WELFARE, Purpose.HEALTH}),
    "SOCIAL_CARE": frozenset({Purpose.SAFEGUARDING, Purpose.CHILD_WELFARE, Purpose.SERVICE_COORDINATION}),
    "LOCAL_AUTHORITY": frozenset(
        {Purpose.SAFEGUARDING, Purpose.CHILD_WELFARE, Purpose.EDUCATION, Purpose.SERVICE_COORDINATION}
    ),
}

# What a role may ever come for; a practitioner's kind of organisation and a partner's registration narrow it.
PURPOSES: Mapping[Role, frozenset[Purpose]] = {
    Role.PRACTITIONER: frozenset().union(*BY_KIND.values()),
    Role.PARTNER: frozenset().union(*BY_KIND.values()),
    Role.SHIELD_OFFICER: frozenset({Purpose.SAFEGUARDING, Purpose.SHIELD_MANAGEMENT}),
    Role.STEWARD: frozenset({Purpose.DATA_QUALITY}),
    Role.ANALYST: frozenset({Purpose.STATISTICS}),
    Role.AUDITOR: frozenset({Purpose.AUDIT}),
}

# Who acts for one authority, and must come from it.
_FOR_THEIR_AUTHORITY = (Role.SHIELD_OFFICER, Role.AUDITOR)


def purposes_of(role: Role, organisation: Organisation) -> frozenset[Purpose]:
    """The purposes that somebody in this role, from this organisation, may state."""
    if role is Role.PRACTITIONER:
        return BY_KIND.get(organisation.kind, frozenset())
    if role is Role.PARTNER:
        registered = organisation.purposes if organisation.kind == "PARTNER" else ()
        return frozenset(purpose for purpose in PURPOSES[role] if purpose.value in registered)
    return PURPOSES[role]


def ground_of(
    standing: Standing, purpose: str | None, reason: str | None, demanded: Collection[tuple[Role, Purpose]] = ()
) -> Ground:
    """What both headers state; a partner's registration where they state nothing and it does.

    A role and purpose in `demanded` must come with a reason. Raises `PurposeRequired`, `ReasonRequired`, `Forbidden` or
    `BadRequest`.
    """
    partner = standing.partner
    fixed = partner.purpose if partner else None
    if partner and fixed:
        purpose, reason = purpose or fixed, reason or partner.reason
    if not purpose:
        raise PurposeRequired
    if reason is not None and (len(reason) > LONGEST_REASON or not reason.isprintable()):
        raise BadRequest(f"`Contactpoint-Reason` is at most {LONGEST_REASON} printable characters")
    stated = _BY_NAME.get(purpose)
    # A purpose nobody knows is answered as one that is not allowed.
    if stated is None or not _may_state(standing, stated) or purpose != (fixed or purpose):
        raise Forbidden("this role may not state this purpose")
    if (standing.viewer.role, stated) in demanded and len((reason or "").strip()) < SHORTEST_REASON:
        raise ReasonRequired
    return Ground(stated, reason or None)


def reasons_demanded(words: str) -> frozenset[tuple[Role, Purpose]]:
    """Which roles must give a reason for which purposes: words `ROLE/PURPOSE` and `ROLE/*`, as settings let them be."""
    parted = [word.partition("/") for word in words.split()]
    return frozenset(
        (Role[role], purpose) for role, _, named in parted for purpose in Purpose if named in ("*", purpose.value)
    )


def _may_state(standing: Standing, purpose: Purpose) -> bool:
    """Whether role, organisation and client all allow the purpose; an organisation nobody knows allows none."""
    viewer, organisation, client = standing.viewer, standing.organisation, standing.client
    return (
        organisation is not None
        and client is not None
        and purpose in purposes_of(viewer.role, organisation)
        and (client.purposes is None or purpose.value in client.purposes)
        and (viewer.role not in _FOR_THEIR_AUTHORITY or _is_their_own(organisation, viewer.authority))
    )


def _is_their_own(organisation: Organisation, authority: str | None) -> bool:
    """Whether the registry knows the viewer's organisation as the very authority that the token names."""
    return organisation.kind == "LOCAL_AUTHORITY" and authority is not None and organisation.authority == authority
