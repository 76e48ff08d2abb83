"""How like a source's record is to one child: evidence with weights. Pure, and every point of a score has its reason.

No evidence, and no reason made of it, holds a value: they are words of our own.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from jellyfish import damerau_levenshtein_distance, jaro_winkler_similarity

from adapters.identity import Candidate, IdentityEntry, Likeness, LikenessReason
from adapters.records import Gender, Name, PostalAddress
from adapters.store.search import name_key
from adapters.store.sounds import sound
from gateway.feeds.near_dates import near_dates


class Evidence(Enum):
    """One finding about a record and a child."""

    FAMILY_SAME = "FAMILY_SAME"
    FAMILY_FORMER = "FAMILY_FORMER"
    FAMILY_ALIKE = "FAMILY_ALIKE"
    FAMILY_PARTLY = "FAMILY_PARTLY"  # one half of a double-barrelled name
    FAMILY_SOUNDS = "FAMILY_SOUNDS"
    FAMILY_UNLIKE = "FAMILY_UNLIKE"
    GIVEN_SAME = "GIVEN_SAME"
    GIVEN_ALIKE = "GIVEN_ALIKE"
    GIVEN_PARTLY = "GIVEN_PARTLY"  # an initial, one of several, or half of a double name
    GIVEN_SOUNDS = "GIVEN_SOUNDS"
    GIVEN_UNLIKE = "GIVEN_UNLIKE"
    OTHER_GIVEN_SAME = "OTHER_GIVEN_SAME"
    OTHER_GIVEN_UNLIKE = "OTHER_GIVEN_UNLIKE"
    NAMES_EXCHANGED = "NAMES_EXCHANGED"
    BIRTH_SAME = "BIRTH_SAME"
    BIRTH_CLOSE = "BIRTH_CLOSE"
    BIRTH_UNLIKE = "BIRTH_UNLIKE"
    GENDER_UNLIKE = "GENDER_UNLIKE"
    HOME_SAME = "HOME_SAME"
    HOME_POSTCODE = "HOME_POSTCODE"
    HOME_UNLIKE = "HOME_UNLIKE"
    NHS_SAME = "NHS_SAME"
    NHS_UNLIKE = "NHS_UNLIKE"
    BIRTH_ENTRY_SAME = "BIRTH_ENTRY_SAME"
    BIRTH_ENTRY_UNLIKE = "BIRTH_ENTRY_UNLIKE"
    UPN_SAME = "UPN_SAME"
    UPN_UNLIKE = "UPN_UNLIKE"
    KEY_FORMER = "KEY_FORMER"
    ROW_SAME = "ROW_SAME"

    __hash__ = object.__hash__  # each is one object; by its name, as enums have it, costs a call for every look


_E = Evidence

WEIGHTS: Final[Mapping[Evidence, float]] = MappingProxyType(
    {
        _E.FAMILY_SAME: 6,
        _E.FAMILY_FORMER: 4,
        _E.FAMILY_ALIKE: 4,
        _E.FAMILY_PARTLY: 3,
        _E.FAMILY_SOUNDS: 3,
        _E.FAMILY_UNLIKE: -4,
        _E.GIVEN_SAME: 5,
        _E.GIVEN_ALIKE: 3.5,
        _E.GIVEN_PARTLY: 2,
        _E.GIVEN_SOUNDS: 2,
        _E.GIVEN_UNLIKE: -5,
        _E.OTHER_GIVEN_SAME: 1,
        _E.OTHER_GIVEN_UNLIKE: -1,
        _E.NAMES_EXCHANGED: 8,
        _E.BIRTH_SAME: 8,
        _E.BIRTH_CLOSE: 4,
        _E.BIRTH_UNLIKE: -8,
        _E.GENDER_UNLIKE: -1.5,
        _E.HOME_SAME: 5,
        _E.HOME_POSTCODE: 3,
        _E.HOME_UNLIKE: -2,
        _E.NHS_SAME: 12,
        _E.NHS_UNLIKE: -10,
        _E.BIRTH_ENTRY_SAME: 12,
        _E.BIRTH_ENTRY_UNLIKE: -10,
        _E.UPN_SAME: 10,
        _E.UPN_UNLIKE: -4,
        _E.KEY_FORMER: 9,
        _E.ROW_SAME: 9,
    }
)

KEYS_HELD: Final = frozenset({_E.NHS_SAME, _E.BIRTH_ENTRY_SAME, _E.UPN_SAME, _E.KEY_FORMER})
KEYS_UNLIKE: Final = frozenset({_E.NHS_UNLIKE, _E.BIRTH_ENTRY_UNLIKE, _E.UPN_UNLIKE})
KEYS: Final = KEYS_HELD | KEYS_UNLIKE
NAME_LEFT: Final = frozenset({_E.FAMILY_UNLIKE, _E.GIVEN_UNLIKE})

_R = LikenessReason
_REASONS: Final[Mapping[Evidence, LikenessReason]] = MappingProxyType(
    dict.fromkeys((_E.NHS_SAME, _E.BIRTH_ENTRY_SAME, _E.UPN_SAME), _R.SAME_KEY)
    | {_E.KEY_FORMER: _R.FORMER_KEY, _E.ROW_SAME: _R.SOURCE_ROW}
    | dict.fromkeys(KEYS_UNLIKE, _R.KEY_CONFLICT)
    | dict.fromkeys((_E.FAMILY_ALIKE, _E.FAMILY_PARTLY, _E.GIVEN_ALIKE, _E.GIVEN_PARTLY), _R.NAME_ALIKE)
    | dict.fromkeys((_E.FAMILY_SOUNDS, _E.GIVEN_SOUNDS), _R.NAME_SOUNDS_ALIKE)
    | dict.fromkeys(NAME_LEFT, _R.NAME_DIFFERS)
    | {
        _E.FAMILY_FORMER: _R.FORMER_NAME,
        _E.NAMES_EXCHANGED: _R.NAMES_EXCHANGED,
        _E.BIRTH_SAME: _R.SAME_BIRTH_DATE,
        _E.BIRTH_CLOSE: _R.BIRTH_DATE_CLOSE,
        _E.BIRTH_UNLIKE: _R.BIRTH_DATE_DIFFERS,
        _E.GENDER_UNLIKE: _R.GENDER_DIFFERS,
        _E.HOME_SAME: _R.SAME_ADDRESS,
        _E.HOME_POSTCODE: _R.SAME_POSTCODE,
    }
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One candidate beside the entry: what was found, and what that weighs."""

    candidate: Candidate
    evidence: frozenset[Evidence]
    score: float

    def found(self, *evidence: Evidence) -> bool:
        """Whether all of these were found."""
        return self.evidence.issuperset(evidence)

    def without(self, evidence: frozenset[Evidence]) -> float:
        """The score had none of these been found."""
        return self.score - sum(WEIGHTS[found] for found in self.evidence & evidence)

    @property
    def likeness(self) -> Likeness:
        reasons = {_REASONS[found] for found in self.evidence if found in _REASONS}
        if self.found(_E.FAMILY_SAME, _E.GIVEN_SAME):
            reasons.add(_R.SAME_NAME)
        ordered = tuple(reason for reason in LikenessReason if reason in reasons)
        return Likeness(self.candidate.child_id, self.score, ordered)


def likeness(entry: IdentityEntry, candidate: Candidate) -> Likeness:
    """How like the entry this candidate is, and why."""
    return compare(entry, candidate).likeness


def compare(entry: IdentityEntry, candidate: Candidate) -> Comparison:
    """All evidence for and against the entry being this child."""
    evidence = frozenset(
        (
            *_name_evidence(entry.name, candidate.name, candidate.former_names),
            *_birth_evidence(entry, candidate),
            *_gender_evidence(entry.gender, candidate.gender),
            *_home_evidence(entry.address, candidate.address),
            *_key_evidence(entry, candidate),
        )
    )
    return Comparison(candidate, evidence, sum(WEIGHTS[found] for found in evidence))


# --- Names. Every comparison of two texts here is the same either way round.


@dataclass(frozen=True, slots=True)
class _Folded:
    """A name as names are compared: letters alone, and the parts of what is written in parts."""

    family: str
    family_parts: frozenset[str]
    given: tuple[str, ...]
    first_parts: frozenset[str]


@lru_cache(maxsize=1 << 12)
def _fold(name: Name) -> _Folded:
    given = tuple(key for key in map(name_key, name.given) if key)
    first = name.given[0] if name.given else ""
    return _Folded(name_key(name.family or ""), _parts(name.family or ""), given, _parts(first))


def _parts(text: str) -> frozenset[str]:
    """`Smith-Jones` is also a Smith and a Jones; particles (van, de, Ap) are nobody's name."""
    return frozenset(key for key in map(name_key, re.split(r"[-\s]+", text)) if len(key) > 2)


def name_changed(entry: Name, candidate: Name) -> bool:
    """Whether the family name or the first given name is another: what a search would no longer find."""
    one, other = _fold(entry), _fold(candidate)
    return one.family != other.family or one.given[:1] != other.given[:1]


def same_name(entry: Name, candidate: Name) -> bool:
    """Whether both have a family name and a first given name, and the same."""
    one, other = _fold(entry), _fold(candidate)
    return one.family == other.family != "" and one.given[:1] == other.given[:1] != ()


def _name_evidence(entry: Name, candidate: Name, former: Iterable[Name]) -> Iterable[Evidence]:
    one, other = _fold(entry), _fold(candidate)
    if one.given and other.given and one.family == other.given[0] and one.given[0] == other.family != one.family:
        return (Evidence.NAMES_EXCHANGED,)
    return (*_family_evidence(one, other, former), *_given_evidence(one, other), *_other_given_evidence(one, other))


def _family_evidence(one: _Folded, other: _Folded, former: Iterable[Name]) -> Iterable[Evidence]:
    a, b = one.family, other.family
    if not a or not b:
        return ()
    if a == b:
        return (Evidence.FAMILY_SAME,)
    if any(_fold(name).family == a for name in former):
        return (Evidence.FAMILY_FORMER,)
    if jaro_winkler_similarity(a, b) >= 0.92 or _one_edit(a, b):
        return (Evidence.FAMILY_ALIKE,)
    if one.family_parts & other.family_parts:
        return (Evidence.FAMILY_PARTLY,)
    return (Evidence.FAMILY_SOUNDS if sound(a) == sound(b) else Evidence.FAMILY_UNLIKE,)


def _given_evidence(one: _Folded, other: _Folded) -> Iterable[Evidence]:
    if not one.given or not other.given:
        return ()
    a, b = one.given[0], other.given[0]
    if a == b:
        return (Evidence.GIVEN_SAME,)
    if jaro_winkler_similarity(a, b) >= 0.9 or _one_edit(a, b):
        return (Evidence.GIVEN_ALIKE,)
    if a in other.given or b in one.given or one.first_parts & other.first_parts:
        return (Evidence.GIVEN_PARTLY,)
    if min(len(a), len(b)) == 1 and a[0] == b[0]:
        return (Evidence.GIVEN_PARTLY,)
    return (Evidence.GIVEN_SOUNDS if sound(a) == sound(b) else Evidence.GIVEN_UNLIKE,)


def _other_given_evidence(one: _Folded, other: _Folded) -> Iterable[Evidence]:
    a, b = one.given[1:], other.given[1:]
    if not a or not b:
        return ()
    return (Evidence.OTHER_GIVEN_SAME if set(a) & set(b) else Evidence.OTHER_GIVEN_UNLIKE,)


def _one_edit(a: str, b: str) -> bool:
    """One letter more, fewer, other or out of turn, in names long enough that this is a slip and not another name.

    Of a short name, two letters out of turn alone: Ava is not Ada, but Aad is.
    """
    if min(len(a), len(b)) < 4 and sorted(a) != sorted(b):
        return False
    return abs(len(a) - len(b)) <= 1 and damerau_levenshtein_distance(a, b) <= 1


def clearly_other(entry: Name, candidate: Name) -> bool:
    """Whether two given names are two people's: no slip, nickname or second name makes one of the other."""
    one, other = _fold(entry), _fold(candidate)
    if not one.given or not other.given or set(one.given) & set(other.given):
        return False
    a, b = one.given[0], other.given[0]
    return jaro_winkler_similarity(a, b) < 0.7 and not _one_edit(a, b)


# --- Birth, gender, home, keys.


def _birth_evidence(entry: IdentityEntry, candidate: Candidate) -> Iterable[Evidence]:
    if entry.birth_date == candidate.birth_date:
        return (Evidence.BIRTH_SAME,)
    if candidate.birth_date in near_dates(entry.birth_date):
        return (Evidence.BIRTH_CLOSE,)
    return () if entry.birth_date.year == candidate.birth_date.year else (Evidence.BIRTH_UNLIKE,)


_KNOWN: Final = (Gender.FEMALE, Gender.MALE)


def _gender_evidence(entry: Gender | None, candidate: Gender) -> Iterable[Evidence]:
    return (Evidence.GENDER_UNLIKE,) if entry in _KNOWN and candidate in _KNOWN and entry is not candidate else ()


def _home_evidence(entry: PostalAddress | None, candidate: PostalAddress) -> Iterable[Evidence]:
    if entry is None or not _somewhere(entry) or not _somewhere(candidate):
        return ()
    if entry.uprn and entry.uprn == candidate.uprn and entry.uprn != "0":
        return (Evidence.HOME_SAME,)
    if entry.postcode != candidate.postcode:
        return (Evidence.HOME_UNLIKE,)
    same_line = entry.lines and candidate.lines and name_key(entry.lines[0]) == name_key(candidate.lines[0])
    return (Evidence.HOME_SAME if same_line else Evidence.HOME_POSTCODE,)


def _somewhere(address: PostalAddress) -> bool:
    """Postcodes in ZZ99 say that there is no address, and are shared by all who have none."""
    return address.postcode is not None and not address.postcode.startswith("ZZ99")


def _key_evidence(entry: IdentityEntry, candidate: Candidate) -> list[Evidence]:
    said, known = entry.keys, candidate.keys
    found = []
    for one, other, same, unlike in (
        (said.nhs_number, known.nhs_number, Evidence.NHS_SAME, Evidence.NHS_UNLIKE),
        (said.birth_entry, known.birth_entry, Evidence.BIRTH_ENTRY_SAME, Evidence.BIRTH_ENTRY_UNLIKE),
        (said.upn, known.upn, Evidence.UPN_SAME, Evidence.UPN_UNLIKE),
    ):
        if one is None:
            continue
        if one in candidate.former_keys:
            found.append(Evidence.KEY_FORMER)
        elif other is not None:
            found.append(same if one == other else unlike)
    if candidate.by_source_row:
        found.append(Evidence.ROW_SAME)
    return found
