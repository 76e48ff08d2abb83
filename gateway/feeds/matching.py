"""Which child a source's record is: the ordered rules that make of likenesses a decision. Pure, and readable aloud.

Sure: update. Unlike everybody: create. In between, or at all like a protected child and not surely that child:
quarantine (law 2). The store keeps its own laws whatever is decided here.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from adapters.identity import Candidate, Decided, Decision, IdentityEntry, QuarantineOutcome
from adapters.records import Keys
from gateway.feeds.likeness import (
    KEYS,
    KEYS_HELD,
    KEYS_UNLIKE,
    NAME_LEFT,
    Comparison,
    Evidence,
    clearly_other,
    compare,
    name_changed,
    same_name,
)

SURE: Final = 20.0  # this like, and LEAD more than anybody else
LEAD: Final = 5.0
ALIKE: Final = 14.0  # an open child this like is a doubt
ALIKE_PROTECTED: Final = 7.0  # a protected one already at this; keys that differ are then no excuse
SHOWN: Final = 20  # candidates of a doubt, the protected first


_WITHIN_A_SLIP: Final = frozenset({Evidence.BIRTH_SAME, Evidence.BIRTH_CLOSE})
_NUMBERS_UNLIKE: Final = frozenset({Evidence.NHS_UNLIKE, Evidence.BIRTH_ENTRY_UNLIKE})
_NO_KEYS: Final = Keys()
_NO_NAMESAKE: Final = frozenset({Evidence.GENDER_UNLIKE, Evidence.OTHER_GIVEN_UNLIKE})


@dataclass(frozen=True, slots=True)
class Case:
    """One entry beside everybody whom it may be, the most like first: what the rules look at."""

    entry: IdentityEntry
    by_key: tuple[Comparison, ...]  # whose keys it bears
    alike: tuple[Comparison, ...]  # all of whom there is a doubt
    sure: Comparison | None  # the one child that it surely is
    crowded: bool


def _alike(one: Comparison, entry: IdentityEntry) -> bool:
    if one.evidence & KEYS_HELD:
        return True
    if one.candidate.protected:
        return one.without(KEYS_UNLIKE) >= ALIKE_PROTECTED
    return one.score >= ALIKE and not _twin(one, entry)


def _twin(one: Comparison, entry: IdentityEntry) -> bool:
    """A brother or sister born the same day: the same family, birth and home, another given name."""
    return (
        one.found(Evidence.FAMILY_SAME, Evidence.BIRTH_SAME)
        and bool(one.evidence & {Evidence.HOME_SAME, Evidence.HOME_POSTCODE})
        and clearly_other(entry.name, one.candidate.name)
    )


def _plainly(one: Comparison, entry: IdentityEntry) -> bool:
    """A row without any key and the very name and birth date of an open child, wherever either lives.

    Enough where nobody else comes near. A key that nobody has would say that this may be somebody new.
    """
    return (
        entry.keys == _NO_KEYS
        and one.found(Evidence.FAMILY_SAME, Evidence.GIVEN_SAME, Evidence.BIRTH_SAME)
        and not one.candidate.protected
        and not one.evidence & _NO_NAMESAKE
    )


def _contradicted(one: Comparison) -> bool:
    """A birth date that no slip explains, or numbers that nobody has two of.

    A pupil may be given a second UPN, so another number that is equal outweighs that.
    """
    if not one.evidence & _WITHIN_A_SLIP or one.evidence & _NUMBERS_UNLIKE:
        return True
    return Evidence.UPN_UNLIKE in one.evidence and not one.evidence & KEYS_HELD


def _another_was_meant(best: Comparison, others: Iterable[Comparison]) -> bool:
    """An open child's key on what otherwise reads as much like a protected child: the key may be the slip."""
    return not best.candidate.protected and any(
        one.candidate.protected and one.without(KEYS) >= best.without(KEYS) for one in others
    )


def _case(entry: IdentityEntry, candidates: Iterable[Candidate], crowded: bool) -> Case:
    ranked = [compare(entry, candidate) for candidate in candidates]
    ranked.sort(key=lambda one: (-one.score, one.candidate.child_id))
    by_key = tuple(one for one in ranked if one.evidence & KEYS_HELD)
    alike = tuple(one for one in ranked if _alike(one, entry))
    sure = None
    if ranked:
        best, others = ranked[0], [one for one in alike if one is not ranked[0]]
        enough = best.score >= SURE or (_plainly(best, entry) and not others)
        ahead = all(best.score - one.score >= LEAD for one in others)
        keys_agree = all(one is best for one in by_key) and (by_key or not crowded)
        in_doubt = _contradicted(best) or _twin(best, entry) or _another_was_meant(best, others)
        if enough and ahead and keys_agree and not in_doubt:
            sure = best
    return Case(entry, by_key, alike, sure, crowded)


def decide(entry: IdentityEntry, candidates: Iterable[Candidate], *, crowded: bool = False) -> Decision:
    """What is to be done with an entry, given everybody whom it may be, each once, in any order.

    `crowded`: there were more candidates than these, so that only a key can make sure.
    """
    case = _case(entry, candidates, crowded)
    return next(decision for rule in RULES if (decision := rule(case)) is not None)


def plainly_known(entry: IdentityEntry, candidate: Candidate) -> Decision | None:
    """An update, where this open child has one of the entry's keys, its very name and birth date, and no other number.

    `decide` would say the same of it alone; most entries of a feed are such. Else None.
    """
    if candidate.protected or candidate.birth_date != entry.birth_date or not same_name(entry.name, candidate.name):
        return None
    said, known = entry.keys, candidate.keys
    numbers = ((said.nhs_number, known.nhs_number), (said.birth_entry, known.birth_entry))
    if any(one is not None and other is not None and one != other for one, other in numbers):
        return None
    if any(one is not None and one == other for one, other in (*numbers, (said.upn, known.upn))):
        return Decision(Decided.UPDATE, candidate.child_id)
    return None


# --- The rules: the first that has a word decides.


def keys_of_two(case: Case) -> Decision | None:
    """Its keys are two children's."""
    return _put_aside(case, QuarantineOutcome.KEYS_OF_TWO) if len(case.by_key) > 1 else None


def key_reused(case: Case) -> Decision | None:
    """Its key is a child's who has neither the name nor the birth date."""
    if any(one.evidence >= NAME_LEFT and not one.evidence & _WITHIN_A_SLIP for one in case.by_key):
        return _put_aside(case, QuarantineOutcome.KEY_REUSED)
    return None


def birth_date_moved(case: Case) -> Decision | None:
    """Its key is a child's whose birth date no slip of the pen makes of this one."""
    if any(not one.evidence & _WITHIN_A_SLIP for one in case.by_key):
        return _put_aside(case, QuarantineOutcome.BIRTH_DATE_MOVED)
    return None


def protected_name_change(case: Case) -> Decision | None:
    """It surely is a protected child, and would give it another name."""
    one = case.sure
    if one is None or not one.candidate.protected or not name_changed(case.entry.name, one.candidate.name):
        return None
    since = one.candidate.name_as_of
    older = since is not None and case.entry.as_of <= since  # an older word changes no name
    return None if older else _put_aside(case, QuarantineOutcome.PROTECTED_NAME_CHANGE)


def protected_otherwise_changed(case: Case) -> Decision | None:
    """It surely is a protected child, and would change its birth date or a key."""
    one = case.sure
    if one is None or not one.candidate.protected:
        return None
    if Evidence.BIRTH_SAME not in one.evidence:
        return _put_aside(case, QuarantineOutcome.PROTECTED_BIRTH_DATE_CHANGE)
    return _put_aside(case, QuarantineOutcome.LIKE_PROTECTED) if one.evidence & KEYS_UNLIKE else None


def one_of_two_protected(case: Case) -> Decision | None:
    """By likeness alone it surely is a protected child, and is like another one too."""
    one = case.sure
    if one is None or not one.candidate.protected or one.evidence & KEYS_HELD:
        return None
    others = any(other.candidate.protected for other in case.alike if other is not one)
    return _put_aside(case, QuarantineOutcome.LIKE_PROTECTED) if others else None


def surely(case: Case) -> Decision | None:
    """It is this child."""
    one = case.sure
    return None if one is None else Decision(Decided.UPDATE, one.candidate.child_id, None, (one.likeness,))


def like_protected(case: Case) -> Decision | None:
    """It may be a protected child: never published as a new one."""
    if any(one.candidate.protected for one in case.alike):
        return _put_aside(case, QuarantineOutcome.LIKE_PROTECTED)
    return None


def too_many(case: Case) -> Decision | None:
    """More may be like it than anybody looked at."""
    return _put_aside(case, QuarantineOutcome.CROWDED) if case.crowded else None


def two_alike(case: Case) -> Decision | None:
    """Two children are so like it that either would be sure alone."""
    sure_alone = [one for one in case.alike if one.score >= SURE]
    return _put_aside(case, QuarantineOutcome.TWO_ALIKE) if len(sure_alone) > 1 else None


def doubtful(case: Case) -> Decision | None:
    """It may be a child we know."""
    return _put_aside(case, QuarantineOutcome.DOUBTFUL) if case.alike else None


def nobody_known(case: Case) -> Decision:
    """It is like nobody."""
    return Decision(Decided.CREATE)


RULES: Final[tuple[Callable[[Case], Decision | None], ...]] = (
    keys_of_two,
    key_reused,
    birth_date_moved,
    protected_name_change,
    protected_otherwise_changed,
    one_of_two_protected,
    surely,
    like_protected,
    too_many,
    two_alike,
    doubtful,
    nobody_known,
)


def _put_aside(case: Case, outcome: QuarantineOutcome) -> Decision:
    """Wait, with everybody of whom there is a doubt: who may read the entry is chosen by who they are."""
    doubts = sorted(case.alike, key=lambda one: not one.candidate.protected)[:SHOWN]
    return Decision(Decided.QUARANTINE, None, outcome, tuple(one.likeness for one in doubts))
