"""What becomes of an officer's act: carried out, waiting for a second officer, done already, or nobody's business.

Pure: the same officer, state and call always come to the same. Whatever weakens a shield takes two officers, whatever
strengthens one is carried out at once, and for whom a child is nobody, an act on it is an act on nobody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, TypeAlias, assert_never

from adapters.records import Tier
from adapters.shield_records import (
    Change,
    CircleTerm,
    ClearHold,
    Confirm,
    Lift,
    Member,
    NewIdentity,
    OpenProposal,
    Raise,
    ShieldCall,
    ShieldState,
    Transfer,
)
from gateway.shield.calls import canonical, flaw_of, in_order, takes_custodian

_STRICTNESS = {tier: rank for rank, tier in enumerate(Tier)}


@dataclass(frozen=True, slots=True)
class Officer:
    """Who acts: their own authority, and whether they are a custodian of its sealed children."""

    subject: str
    authority: str
    custodian: bool


@dataclass(frozen=True, slots=True)
class Nobody:
    """For this officer there is no such child, or no such shield."""


@dataclass(frozen=True, slots=True)
class Already:
    """What is asked for stands already; nothing changes."""


@dataclass(frozen=True, slots=True)
class Bad:
    """What is asked for cannot be, whoever the child is."""

    flaw: str


@dataclass(frozen=True, slots=True)
class Propose:
    """A first officer's word about a child. `standing`: it was given before, and still waits for another's."""

    act: str
    content: Mapping[str, Any]
    child: ShieldState
    standing: OpenProposal | None


@dataclass(frozen=True, slots=True)
class Carry:
    """To be carried out: how the child shall stand, and whoever else changes with it.

    `proposal` is the first officer's word where it took two. Those `released` are no longer covered by the child's
    shield.
    """

    act: str
    content: Mapping[str, Any]
    before: ShieldState
    after: ShieldState
    proposal: OpenProposal | None = None
    members: tuple[ShieldState, ...] = ()
    released: tuple[ShieldState, ...] = ()


Judgement: TypeAlias = Nobody | Already | Bad | Propose | Carry


def judge(
    officer: Officer, state: ShieldState | None, call: ShieldCall, today: date, household: Sequence[Member] = ()
) -> Judgement:
    """What becomes of `call`, the child standing as `state` says; None: there is no such child."""
    flaw = flaw_of(call, today)
    if flaw is not None:
        return Bad(flaw)
    if state is None or (takes_custodian(call) and not officer.custodian):
        return Nobody()
    match call:
        case Raise():
            return _raise(officer, state, call, household)
        case Confirm():
            return _confirm(officer, state, call, household)
        case Change():
            return _change(officer, state, call, household)
        case Transfer():
            return _transfer(officer, state, call)
        case Lift():
            return _lift(officer, state, call)
        case ClearHold():
            return _clear_hold(officer, state, call)
        case NewIdentity():
            return _begin_anew(officer, state, call)
        case _:
            assert_never(call)


def manages(officer: Officer, state: ShieldState) -> bool:
    """Whether the child is this officer's to act on: of their authority, sealed for custodians alone.

    Whoever raised a shield has nothing by it until it is confirmed.
    """
    return (
        officer.authority == _responsible(state)
        and (state.tier is not Tier.SEALED or officer.custodian)
        and (state.confirmed or state.raised_by != officer.subject)
    )


def looks_at_household(officer: Officer, state: ShieldState, call: ShieldCall) -> bool:
    """Whether the household makes a difference; never where the child is nobody, as looking for it takes time."""
    match call:
        case Raise():
            return not _is_secret(officer, state)
        case Confirm() | Change():
            return state.tier is not Tier.OPEN and manages(officer, state)
        case Transfer() | Lift() | ClearHold() | NewIdentity():
            return False


def weakens(before: ShieldState, after: ShieldState) -> frozenset[str]:
    """In what respects the child would be protected less: `tier`, `withheld`, `circle`, `authority`."""
    if before.tier is Tier.OPEN:
        return frozenset()
    if after.tier is Tier.OPEN:
        return frozenset({"tier"})
    lesser = {
        "tier": _STRICTNESS[after.tier] < _STRICTNESS[before.tier],
        "withheld": not before.withheld <= after.withheld,
        "circle": _widens(before.circle, after.circle),
        "authority": before.authority != after.authority,
    }
    return frozenset(respect for respect, less in lesser.items() if less)


def strictest(one: ShieldState, other: ShieldState) -> ShieldState:
    """The first, as strict as both together in tier, what is withheld, circle and review; all else is the first's."""
    if other.tier is Tier.OPEN:
        return one
    if one.tier is Tier.OPEN:
        return replace(one, tier=other.tier, withheld=other.withheld, circle=other.circle, review_on=other.review_on)
    reviews = [day for day in (one.review_on, other.review_on) if day is not None]
    return replace(
        one,
        tier=max(one.tier, other.tier, key=_STRICTNESS.__getitem__),
        withheld=one.withheld | other.withheld,
        circle=_narrowest(one.circle, other.circle),
        review_on=min(reviews, default=None),
    )


def _raise(officer: Officer, state: ShieldState, call: Raise, household: Sequence[Member]) -> Judgement:
    """Any child by its number, its shield's authority its own; a sealed one is there for its custodians alone.

    To raise again what stands is an act where the child is the officer's: it ends every look behind the shield.
    """
    if _is_secret(officer, state):
        return Nobody()
    after = _raised(officer, state, call)
    if after == state and not manages(officer, state):
        return Already()
    fresh = state.tier is Tier.OPEN
    covered = (
        _covered(officer, member.state, call, state.child_id) for member in household if fresh or not member.released
    )
    changed = tuple(after for after in covered if after is not None)
    return Carry("RAISED", canonical(call), state, after, members=changed)


def _raised(officer: Officer, state: ShieldState, call: Raise) -> ShieldState:
    if state.tier is not Tier.OPEN:
        return strictest(state, replace(state, tier=call.tier, withheld=call.withhold))
    return replace(
        state,
        tier=call.tier,
        withheld=call.withhold,
        ground=call.ground,
        review_on=call.review_on,
        authority=state.child_authority or officer.authority,
        raised_by=officer.subject,
        confirmed=False,
        household_of=None,
    )


def _covered(officer: Officer, member: ShieldState, call: Raise, root: int) -> ShieldState | None:
    """How a member of the household shall stand; None where a shield of its own covers it already."""
    if member.tier is not Tier.OPEN and member.household_of != root:
        return None
    after = replace(_raised(officer, member, call), household_of=root)
    return None if after == member else after


def _confirm(officer: Officer, state: ShieldState, call: Confirm, household: Sequence[Member]) -> Judgement:
    if state.tier is Tier.OPEN or not manages(officer, state):
        return Nobody()
    if state.confirmed:
        return Already()
    members = tuple(
        replace(member.state, confirmed=True)
        for member in household
        if member.state.household_of == state.child_id and not member.state.confirmed and manages(officer, member.state)
    )
    return Carry("CONFIRMED", canonical(call), state, replace(state, confirmed=True), members=members)


def _change(officer: Officer, state: ShieldState, call: Change, household: Sequence[Member]) -> Judgement:
    if state.tier is Tier.OPEN or not manages(officer, state):
        return Nobody()
    by_number = {member.state.number: member for member in household}
    leaving = [by_number.get(number) for number in sorted(set(call.release))]
    released = [member for member in leaving if member is not None and _may_be_released(officer, state, member)]
    if len(released) < len(leaving):
        return Nobody()
    after = _changed(state, call)
    still_covered = tuple(member.state for member in released if not member.released)
    if after == state and not still_covered:
        return Already()
    carried = Carry("CHANGED", canonical(call), state, after, released=still_covered)
    return by_two(officer, state.proposals, carried) if weakens(state, after) or still_covered else carried


def _changed(state: ShieldState, call: Change) -> ShieldState:
    return replace(
        state,
        tier=state.tier if call.tier is None else call.tier,
        withheld=state.withheld if call.withhold is None else call.withhold,
        ground=state.ground if call.ground is None else call.ground,
        review_on=state.review_on if call.review_on is None else call.review_on,
        circle=state.circle if call.circle is None else in_order(call.circle),
    )


def _may_be_released(officer: Officer, root: ShieldState, member: Member) -> bool:
    """Of the officer's own authority, and covered by nothing but this child's shield."""
    covered_otherwise = member.state.tier is not Tier.OPEN and member.state.household_of != root.child_id
    return manages(officer, member.state) and not covered_otherwise


def _transfer(officer: Officer, state: ShieldState, call: Transfer) -> Judgement:
    """The second officer may be of the authority that receives the child; the first is always of its own."""
    if state.tier is Tier.OPEN:
        return Nobody()
    carried = Carry("TRANSFERRED", canonical(call), state, replace(state, authority=call.authority))
    judged = by_two(officer, state.proposals, carried)
    if manages(officer, state):
        return Already() if state.authority == call.authority else judged
    receives = officer.authority == call.authority and (state.tier is not Tier.SEALED or officer.custodian)
    raised_it = not state.confirmed and state.raised_by == officer.subject
    return judged if receives and not raised_it and isinstance(judged, Carry) else Nobody()


def _lift(officer: Officer, state: ShieldState, call: Lift) -> Judgement:
    if not manages(officer, state):
        return Nobody()
    if state.tier is Tier.OPEN:
        return Already()
    return by_two(officer, state.proposals, Carry("LIFTED", canonical(call), state, _lifted(state)))


def _lifted(state: ShieldState) -> ShieldState:
    """The same child without a shield, and let go by its household; what an agency holds it for stays."""
    holds = state.holds - state.joined
    return ShieldState(state.child_id, state.number, state.child_authority, Tier.OPEN, holds=holds)


def _clear_hold(officer: Officer, state: ShieldState, call: ClearHold) -> Judgement:
    """One officer ends a hold; but who is held for joining a household is released from it by two."""
    if not manages(officer, state):
        return Nobody()
    if not state.holds:
        return Already()
    carried = Carry("HOLD_CLEARED", canonical(call), state, replace(state, holds=0, joined=False))
    joined = state.joined and state.tier is Tier.OPEN
    return by_two(officer, state.proposals, carried) if joined else carried


def _begin_anew(officer: Officer, state: ShieldState, call: NewIdentity) -> Judgement:
    if not manages(officer, state):
        return Nobody()
    return by_two(
        officer, state.proposals, Carry("CLOSED", canonical(call), state, replace(state, tier=Tier.SEALED, circle=()))
    )


def by_two(officer: Officer, proposals: Sequence[OpenProposal], carried: Carry) -> Propose | Carry:
    """Carried out where another officer proposed the very same; else it is this one's word, which waits."""
    same = (one for one in proposals if one.act == carried.act and one.content == carried.content)
    standing = next(same, None)
    if standing is None or standing.officer == officer.subject:
        return Propose(carried.act, carried.content, carried.before, standing)
    return replace(carried, proposal=standing)


def _is_secret(officer: Officer, state: ShieldState) -> bool:
    return state.tier is Tier.SEALED and not (officer.custodian and officer.authority == state.authority)


def _responsible(state: ShieldState) -> str | None:
    return state.child_authority if state.tier is Tier.OPEN else state.authority


def _widens(before: Sequence[CircleTerm], after: Sequence[CircleTerm]) -> bool:
    """A member, a category or a day more."""
    had = {term.organisation: term for term in before}
    return any(
        term.organisation not in had
        or not term.categories <= had[term.organisation].categories
        or term.until > had[term.organisation].until
        for term in after
    )


def _narrowest(one: Sequence[CircleTerm], other: Sequence[CircleTerm]) -> tuple[CircleTerm, ...]:
    others = {term.organisation: term for term in other}
    both = (
        CircleTerm(
            term.organisation,
            term.categories & others[term.organisation].categories,
            min(term.until, others[term.organisation].until),
        )
        for term in one
        if term.organisation in others
    )
    return in_order(tuple(term for term in both if term.categories))
