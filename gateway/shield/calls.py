"""What officers ask for: whether two ask for the same, and what is wrong with it, whoever the child is. Pure."""

import re
from datetime import date, timedelta
from typing import Any

from stdnum.gb import nhs, upn

from adapters.identity import IdentityEntry
from adapters.records import Tier
from adapters.shield_records import (
    Change,
    CircleTerm,
    ClearHold,
    Confirm,
    Lift,
    NewIdentity,
    Raise,
    ShieldCall,
    Transfer,
)

A_YEAR = timedelta(days=366)
LONGEST_GROUND = 255

# What an officer may let a circle see; what stands nowhere here stays hidden from it.
CIRCLE_CATEGORIES = frozenset({"HISTORY", "ADDRESS", "SCHOOL", "PRACTICE", "CONTACT", "SERVICES"})

_BIRTH_ENTRY = re.compile("[0-9]{9}", re.ASCII)


def canonical(call: ShieldCall) -> dict[str, Any]:
    """What is asked for, as JSON has it: two officers' calls are the same where this is equal.

    Of a new identity it is a digest alone, so that nothing the store keeps can be read back.
    """
    match call:
        case Raise():
            return {
                "tier": call.tier.value,
                "ground": call.ground,
                "reviewOn": call.review_on.isoformat(),
                "withhold": sorted(call.withhold),
            }
        case Change():
            return _named(call)
        case Transfer():
            return {"authority": call.authority}
        case NewIdentity():
            return {"digest": call.entry.digest.hex()}
        case Confirm() | Lift() | ClearHold():
            return {}


def flaw_of(call: ShieldCall, today: date) -> str | None:
    """What is wrong with the call, whoever the child is: one line; None where nothing is."""
    match call:
        case Raise():
            return (
                _flaw_of_ground(call.ground) or _flaw_of_day("reviewOn", call.review_on, today) or _flaw_of_tier(call)
            )
        case Change():
            return _flaw_of_change(call, today)
        case NewIdentity():
            return _flaw_of_identity(call.entry, today)
        case Confirm() | Transfer() | Lift() | ClearHold():
            return None


def takes_custodian(call: ShieldCall) -> bool:
    """Whether the call itself, whoever the child is, is for custodians of sealed children alone."""
    match call:
        case Raise() | Change():
            return call.tier is Tier.SEALED
        case NewIdentity():
            return True
        case Confirm() | Transfer() | Lift() | ClearHold():
            return False


def in_order(circle: tuple[CircleTerm, ...]) -> tuple[CircleTerm, ...]:
    """The same circle however its terms were written down."""
    return tuple(sorted(circle, key=lambda term: term.organisation))


def _named(call: Change) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if call.tier is not None:
        content["tier"] = call.tier.value
    if call.withhold is not None:
        content["withhold"] = sorted(call.withhold)
    if call.ground is not None:
        content["ground"] = call.ground
    if call.review_on is not None:
        content["reviewOn"] = call.review_on.isoformat()
    if call.circle is not None:
        content["circle"] = [
            {
                "organisation": term.organisation,
                "categories": sorted(term.categories),
                "until": term.until.isoformat(),
            }
            for term in in_order(call.circle)
        ]
    if call.release:
        content["release"] = sorted(set(call.release))
    return content


def _flaw_of_tier(call: Raise) -> str | None:
    return "`tier` must be SHIELDED or SEALED" if call.tier is Tier.OPEN else None


def _flaw_of_ground(ground: str) -> str | None:
    if ground.strip() and len(ground) <= LONGEST_GROUND and ground.isprintable():
        return None
    return f"`ground` must be 1 to {LONGEST_GROUND} printable characters"


def _flaw_of_day(name: str, day: date, today: date) -> str | None:
    return None if today <= day <= today + A_YEAR else f"`{name}` must be a day from today to a year ahead"


def _flaw_of_change(call: Change, today: date) -> str | None:
    if not _named(call):
        return "`change` must name something to change"
    if call.tier is Tier.OPEN:
        return "`tier` must be SHIELDED or SEALED: to protect a child no longer, use `liftShield`"
    return (
        (None if call.ground is None else _flaw_of_ground(call.ground))
        or (None if call.review_on is None else _flaw_of_day("reviewOn", call.review_on, today))
        or _flaw_of_circle(call.circle or (), today)
    )


def _flaw_of_circle(circle: tuple[CircleTerm, ...], today: date) -> str | None:
    if len({term.organisation for term in circle}) < len(circle):
        return "`circle` must name each organisation once"
    if not all(term.categories and term.categories <= CIRCLE_CATEGORIES for term in circle):
        return "`categories` must name what the organisation is let see"
    return next((flaw for term in circle if (flaw := _flaw_of_day("until", term.until, today))), None)


def _flaw_of_identity(entry: IdentityEntry, today: date) -> str | None:
    keys = entry.keys
    if not entry.name.given or not all(name.strip() for name in entry.name.given):
        return "`given` must hold a name"
    if entry.birth_date > today:
        return "`birthDate` must not be in the future"
    if keys.nhs_number is not None and not nhs.is_valid(keys.nhs_number.value):
        return "`nhsNumber` must be ten digits whose check digit fits"
    if keys.upn is not None and not upn.is_valid(keys.upn.value):
        return "`upn` must be a permanent one whose check letter fits"
    if keys.birth_entry is not None and not _BIRTH_ENTRY.fullmatch(keys.birth_entry.value):
        return "`birthEntry` must be a system number of nine digits"
    return None
