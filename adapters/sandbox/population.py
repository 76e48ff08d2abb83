"""The synthetic children of England: a pure function of the index, the same every time and on every machine.

Nothing is stored, so a sandbox agency serves eleven million children as easily as ten. Every identifier leads back to
its child by arithmetic. The first fifty children are the notable ones, written down by hand.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from adapters.records import BirthEntry, Gender, Keys, Name, NhsNumber, PostalAddress, Tier, Upn
from adapters.sandbox.arithmetic import (
    UPN_SERIALS,
    birth_entry_from,
    nhs_number_from,
    number_from,
    ordinal_of_birth_entry,
    ordinal_of_nhs_number,
    ordinal_of_number,
    ordinal_of_upn,
    scramble,
    upn_from,
)
from adapters.sandbox.households import (
    CHILDREN,
    FIRSTS,
    HOUSEHOLDS,
    NHS_BLOCKS,
    NHS_PER_BLOCK,
    PLACES,
    REFERENCE_DATE,
    SyntheticParent,
    authority_of,
    fate_of,
    household_at,
    nhs_number_of_parent,
    parents_of,
)
from adapters.sandbox.names import Heritage
from adapters.sandbox.notable import FATES, FIRST_BIRTHS, FIRST_FATES, FIRST_GIVENS, NOTABLE, PLAIN, Fate
from adapters.sandbox.places import (
    AUTHORITIES,
    SCHOOLS_PER_AUTHORITY,
    Authority,
    SyntheticPractice,
    SyntheticSchool,
    practice_at,
    practice_of,
    practices,
    school_at,
    school_of,
    schools,
)
from adapters.sandbox.services import SyntheticService, services_of

__all__ = [
    "CAPACITY",
    "NOTABLE",
    "REFERENCE_DATE",
    "Authority",
    "SyntheticChild",
    "SyntheticIdentity",
    "SyntheticParent",
    "SyntheticPractice",
    "SyntheticSchool",
    "SyntheticService",
    "born_on",
    "child_at",
    "identity_at",
    "index_of_birth_entry",
    "index_of_nhs_number",
    "index_of_number",
    "index_of_upn",
    "kin_of",
    "parent_of_nhs_number",
    "practice_at",
    "practices",
    "school_at",
    "schools",
]

CAPACITY = 20_000_000  # children; UPNs stay unique this far


@dataclass(frozen=True, slots=True)
class SyntheticIdentity:
    """A child as the core store holds one: identity and shield.

    `authority` is None where nobody knows which it is. `withheld` is what the shield withholds besides.
    """

    index: int
    number: str
    name: Name
    former_names: tuple[Name, ...]
    birth_date: date
    gender: Gender
    address: PostalAddress
    authority: str | None
    keys: Keys
    tier: Tier
    withheld: frozenset[str]


@dataclass(frozen=True, slots=True)
class SyntheticChild(SyntheticIdentity):
    """A child, as the core store and each of the agencies would know one.

    `birth_entry` is the registrar's own system number (None: born abroad), which the store's `keys` do not always
    have. `enrolled_from` goes with `school_urn`, and likewise the former ones; `pds_code` is U, R or V.
    """

    school_urn: str | None
    enrolled_from: date | None
    former_school_urn: str | None
    former_enrolled_from: date | None
    practice_ods: str | None
    parents: tuple[SyntheticParent, ...]
    services: tuple[SyntheticService, ...]
    pds_code: str
    birth_entry: BirthEntry | None
    birth_blocked: bool
    birth_link_blocked: bool
    birth_caution: bool


# --- Birth dates: spread evenly, brothers and sisters some three years apart, and every day's children easy to list.

_DAYS, _STEP, _FIRST_DAY = 6569, 1009, 2137  # days is a prime just under eighteen years
_DATES = tuple(REFERENCE_DATE - timedelta(days=1 + day) for day in range(_DAYS))
_DAY_OF = {day: offset for offset, day in enumerate(_DATES)}


def _age_at_reference(born: date) -> int:
    return REFERENCE_DATE.year - born.year - ((REFERENCE_DATE.month, REFERENCE_DATE.day) < (born.month, born.day))


def _birth_date(index: int, household: int, position: int) -> date:
    fixed = FIRST_BIRTHS.get(index) if index < CHILDREN else None
    if fixed is not None:
        return fixed
    # A twin is born on the first one's day.
    first = index - 1 if position == 1 and fate_of(household).twins else index
    return _DATES[(first * _STEP + _FIRST_DAY) % _DAYS]


def born_on(day: date, children: int) -> Iterator[int]:
    """The indexes, below `children`, of those born on a day: a six-thousandth of them, found without a search."""
    candidates = set(FIRST_BIRTHS)
    offset = _DAY_OF.get(day)
    if offset is not None:
        first = (offset - _FIRST_DAY) * pow(_STEP, -1, _DAYS) % _DAYS
        for index in range(first, children, _DAYS):
            candidates.update((index, index + 1))  # the next one may be a twin
    for index in sorted(candidates):
        if index < children and _birth_date(index, *_home_of(index)) == day:
            yield index


# --- A child.

_FEMALE, _MALE = Gender.FEMALE, Gender.MALE  # looked up once: an enum's members are slow to reach
_SEPTEMBERS = tuple(date(REFERENCE_DATE.year - years, 9, 1) for years in range(18))


def _fate_of(index: int) -> Fate:
    if index < CHILDREN:
        return FIRST_FATES.get(index, PLAIN)
    return FATES[scramble(0xC41D << 40 | index) % 10_000]


def _given(index: int, bits: int, heritage: Heritage) -> tuple[Gender, tuple[str, ...]]:
    fixed = FIRST_GIVENS.get(index) if index < CHILDREN else None
    if fixed is not None:
        return fixed
    girl = bits & 1 == 1
    stock = heritage.female if girl else heritage.male
    given = [stock[(bits >> 1 & 0xFFFFF) % len(stock)]]
    count = (1, 2, 2, 2, 1, 2, 2, 3)[bits >> 21 & 7]
    if count > 1:
        given.append(stock[(bits >> 24 & 0xFFFF) % len(stock)])
    if count > 2:
        given.append(stock[(bits >> 40 & 0xFFFF) % len(stock)])
    gender = _FEMALE if girl else _MALE
    if bits >> 54 < 2:  # one in five hundred
        gender = Gender.UNKNOWN if bits >> 54 else Gender.OTHER
    return gender, tuple(dict.fromkeys(given))  # nobody is called Emmanuel Emmanuel


def _former_names(bits: int, heritage: Heritage, name: Name) -> tuple[Name, ...]:
    """One former family name, and for one in four an earlier one still."""
    earlier = scramble(bits)
    names = [Name(name.given, heritage.family[(earlier & 0xFFFFF) % len(heritage.family)])]
    if earlier >> 20 & 3 == 0:
        names.append(Name(name.given[:1], heritage.family[(earlier >> 22 & 0xFFFFF) % len(heritage.family)]))
    return tuple(names)


def _upn(index: int, authority: int, age: int) -> Upn | None:
    """Given out by the authority of the household in the year a child turns five; nobody younger has one."""
    if age < 5:
        return None
    return Upn(upn_from(AUTHORITIES[authority].number, (REFERENCE_DATE.year - age + 4) % 100, index))


def _nhs_number(index: int) -> NhsNumber | None:
    block, place = divmod(index, CHILDREN)
    return NhsNumber(nhs_number_from(block * NHS_PER_BLOCK + place)) if block < NHS_BLOCKS else None


def _home_of(index: int) -> tuple[int, int]:
    """The household of the child at an index, and the child's position among its children."""
    if not 0 <= index < CAPACITY:
        raise IndexError(f"no synthetic child has index {index}: they go from 0 to {CAPACITY - 1}")
    block, place = divmod(index, CHILDREN)
    slot, position = PLACES[place]
    return block * HOUSEHOLDS + slot, position


def identity_at(index: int) -> SyntheticIdentity:
    """What the core store would hold of the child at an index from 0 below `CAPACITY`; IndexError elsewhere."""
    home, position = _home_of(index)
    household = household_at(home)
    heritage = household.heritage
    fate = _fate_of(index)
    bits = scramble(index)
    birth_date = _birth_date(index, home, position)
    gender, given = _given(index, bits, heritage)
    name = Name(given[:1], None) if fate.mononym else Name(given, household.family)
    return SyntheticIdentity(
        index,
        number_from(index),
        name,
        _former_names(bits, heritage, name) if fate.renamed else (),
        birth_date,
        gender,
        household.address,
        AUTHORITIES[household.authority].gss if household.fate.authority_known else None,
        Keys(
            _nhs_number(index),
            _upn(index, household.authority, _age_at_reference(birth_date)),
            BirthEntry(birth_entry_from(index)) if fate.entry_known else None,
        ),
        household.tier,
        household.withheld,
    )


def kin_of(index: int) -> tuple[NhsNumber, ...]:
    """The NHS numbers of the child at an index and of its parents, of those who have one."""
    home, _ = _home_of(index)
    parents = 1 if fate_of(home).one_parent else 2
    numbers = (_nhs_number(index), *(nhs_number_of_parent(home, position) for position in range(parents)))
    return tuple([number for number in numbers if number is not None])


@lru_cache(maxsize=1024)
def child_at(index: int) -> SyntheticChild:
    """The child at an index from 0 below `CAPACITY`; IndexError elsewhere.

    The last thousand are remembered, because one question to the gateway asks several agencies about the same child.
    """
    core = identity_at(index)
    home, _ = _home_of(index)
    household = household_at(home)
    authority = household.authority
    fate = _fate_of(index)
    age = _age_at_reference(core.birth_date)

    school_urn = enrolled_from = former_school_urn = former_enrolled_from = None
    if age >= 5 and not fate.home_educated:
        place = household.primary if age < 11 else household.secondary
        school_urn = school_of(authority, place).urn
        enrolled_from = _SEPTEMBERS[age - 4 if age < 11 else age - 11]
        if fate.moved_school:
            former_school_urn = school_of(authority, (place + 3) % SCHOOLS_PER_AUTHORITY).urn
            former_enrolled_from, enrolled_from = enrolled_from, enrolled_from + timedelta(days=125)

    return SyntheticChild(
        index,
        core.number,
        core.name,
        core.former_names,
        core.birth_date,
        core.gender,
        core.address,
        core.authority,
        core.keys,
        core.tier,
        core.withheld,
        school_urn,
        enrolled_from,
        former_school_urn,
        former_enrolled_from,
        practice_of(authority, household.practice).ods_code if fate.has_practice else None,
        parents_of(home),
        services_of(index, age, AUTHORITIES[authority]),
        fate.pds_code,
        BirthEntry(birth_entry_from(index)) if fate.birth_registered else None,
        fate.birth_blocked,
        fate.birth_link_blocked,
        fate.birth_caution,
    )


# --- And back: from an identifier to its child.


def _within(index: int | None) -> int | None:
    return index if index is not None and index < CAPACITY else None


def index_of_number(value: str) -> int | None:
    """The index of the child with this ContactPoint number (thirteen characters, upper case, no hyphens)."""
    return _within(ordinal_of_number(value))


def index_of_birth_entry(value: str) -> int | None:
    """The index of the child on this birth entry, whether or not the core store knows the entry."""
    index = _within(ordinal_of_birth_entry(value))
    return index if index is not None and _fate_of(index).birth_registered else None


def index_of_upn(value: str) -> int | None:
    """The index of the child with this unique pupil number."""
    ordinal = ordinal_of_upn(value)
    if ordinal is None:
        return None
    for index in range(ordinal, CAPACITY, UPN_SERIALS):
        home, position = _home_of(index)
        age = _age_at_reference(_birth_date(index, home, position))
        if _upn(index, authority_of(home), age) == Upn(value):
            return index
    return None


def index_of_nhs_number(value: str) -> int | None:
    """The index of the child with this NHS number; None for a parent's."""
    ordinal = ordinal_of_nhs_number(value)
    if ordinal is None:
        return None
    block, place = divmod(ordinal, NHS_PER_BLOCK)
    return block * CHILDREN + place if block < NHS_BLOCKS and place < CHILDREN else None


def parent_of_nhs_number(value: str) -> tuple[int, int] | None:
    """The parent with this NHS number: the index of the eldest-placed child, and the place among its parents."""
    ordinal = ordinal_of_nhs_number(value)
    if ordinal is None:
        return None
    block, place = divmod(ordinal, NHS_PER_BLOCK)
    if block >= NHS_BLOCKS or place < CHILDREN:
        return None
    slot, position = divmod(place - CHILDREN, 2)
    if position >= len(parents_of(block * HOUSEHOLDS + slot)):
        return None
    return block * CHILDREN + FIRSTS[slot], position
