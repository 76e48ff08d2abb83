"""The synthetic children of England: a pure function of the index, the same every time and on every machine.

Nothing is stored, so a sandbox agency serves eleven million children as easily as ten. Every identifier leads back to
its child by arithmetic. The first fifty children are the notable ones, written down by hand.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum, auto
from types import MappingProxyType

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
    HouseholdFate,
    SyntheticParent,
    authority_of,
    fate_of,
    household_at,
)
from adapters.sandbox.names import HERITAGES, Heritage
from adapters.sandbox.places import (
    AUTHORITIES,
    SCHOOLS_PER_AUTHORITY,
    Authority,
    SyntheticPractice,
    SyntheticSchool,
    landline_in,
    practice_at,
    practice_of,
    practices,
    school_at,
    school_of,
    schools,
)

__all__ = [
    "CAPACITY",
    "NOTABLE",
    "REFERENCE_DATE",
    "Authority",
    "SyntheticChild",
    "SyntheticParent",
    "SyntheticPractice",
    "SyntheticSchool",
    "SyntheticService",
    "born_on",
    "child_at",
    "index_of_birth_entry",
    "index_of_nhs_number",
    "index_of_number",
    "index_of_upn",
    "parent_of_nhs_number",
    "practice_at",
    "practices",
    "school_at",
    "schools",
]

CAPACITY = 20_000_000  # children; UPNs stay unique this far


class Fate(Enum):
    """The one thing out of the ordinary that may be true of a child."""

    PLAIN = auto()
    HOME_EDUCATED = auto()
    NO_PRACTICE = auto()
    MOVED_SCHOOL = auto()
    RENAMED = auto()
    MONONYM = auto()
    NO_BIRTH_ENTRY = auto()  # born abroad: the registrar has nothing
    BIRTH_UNLINKED = auto()  # the registrar has an entry, the core store does not know which
    BIRTH_BLOCKED = auto()
    BIRTH_LINK_BLOCKED = auto()
    BIRTH_CAUTION = auto()
    PDS_RESTRICTED = auto()
    PDS_VERY_RESTRICTED = auto()


_FATE_SHARES = {  # in ten thousand
    Fate.HOME_EDUCATED: 100,
    Fate.NO_PRACTICE: 100,
    Fate.MOVED_SCHOOL: 600,
    Fate.RENAMED: 300,
    Fate.MONONYM: 2,
    Fate.NO_BIRTH_ENTRY: 300,
    Fate.BIRTH_UNLINKED: 200,
    Fate.BIRTH_BLOCKED: 2,
    Fate.BIRTH_LINK_BLOCKED: 1,
    Fate.BIRTH_CAUTION: 1,
    Fate.PDS_RESTRICTED: 4,
    Fate.PDS_VERY_RESTRICTED: 1,
}
_FATES = tuple(fate for fate, share in _FATE_SHARES.items() for _ in range(share))


@dataclass(frozen=True, slots=True)
class SyntheticService:
    """A service that works with a child.

    `sensitive`: sexual health, mental health, substance misuse. `consented`: consent stored with it covers the marker.
    """

    kind: str
    organisation: str
    practitioner: str
    phone: str
    email: str
    lead: bool
    sensitive: bool
    consented: bool


@dataclass(frozen=True, slots=True)
class SyntheticChild:
    """A child, as the core store and each of the agencies would know one.

    `keys` are what the core store holds; `birth_entry` is the registrar's own system number (None: born abroad), which
    the store does not always know. `authority` is None where nobody knows which it is. `pds_code` is U, R or V.
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


# --- The notable children: index by name, and what the first block fixes of them.

NOTABLE: Mapping[str, int] = MappingProxyType(
    {
        "open": 0,
        "open-sibling": 1,
        "shielded": 2,
        "shielded-sibling": 3,
        "shielded-toddler": 4,
        "sealed": 5,
        "sealed-sibling": 6,
        "key-withheld": 7,
        "parents-withheld": 8,
        "shielded-elsewhere": 9,
        "large-family": 12,
        "gp-restricted": 18,
        "gp-very-restricted": 19,
        "birth-blocked": 20,
        "one-parent": 21,
        "two-mothers": 22,
        "parted-parents": 23,
        "home-educated": 24,
        "no-practice": 25,
        "renamed": 26,
        "no-fixed-address": 27,
        "birth-link-blocked": 28,
        "twin": 29,
        "other-twin": 30,
        "left-england": 31,
        "unknown-address": 33,
        "last-known-address": 35,
        "elsewhere": 37,
        "namesake": 39,
        "under-five": 40,
        "sensitive-service": 41,
        "sensitive-consented": 42,
        "moved-school": 43,
        "other-namesake": 44,
        "compound-name": 45,
        "birth-caution": 46,
        "no-birth-entry": 47,
        "birth-unlinked": 48,
        "mononym": 49,
    }
)
_FIRST_FATES = {
    18: Fate.PDS_RESTRICTED,
    19: Fate.PDS_VERY_RESTRICTED,
    20: Fate.BIRTH_BLOCKED,
    24: Fate.HOME_EDUCATED,
    25: Fate.NO_PRACTICE,
    26: Fate.RENAMED,
    28: Fate.BIRTH_LINK_BLOCKED,
    43: Fate.MOVED_SCHOOL,
    46: Fate.BIRTH_CAUTION,
    47: Fate.NO_BIRTH_ENTRY,
    48: Fate.BIRTH_UNLINKED,
    49: Fate.MONONYM,
}
_FIRST_BIRTHS = {
    0: date(2016, 4, 18),
    1: date(2013, 11, 2),
    2: date(2015, 7, 9),
    3: date(2012, 2, 25),
    4: date(2023, 10, 30),
    5: date(2014, 12, 5),
    6: date(2017, 3, 21),
    24: date(2014, 5, 17),
    39: date(2014, 1, 12),
    40: date(2023, 6, 3),
    41: date(2011, 8, 8),
    42: date(2010, 9, 19),
    43: date(2015, 10, 6),
    44: date(2014, 1, 12),
    45: date(2012, 6, 14),
}
_FIRST_GIVENS = {
    0: (Gender.FEMALE, ("Amelia", "Rose")),
    1: (Gender.MALE, ("Thomas",)),
    2: (Gender.FEMALE, ("Amara", "Grace")),
    3: (Gender.MALE, ("Samuel",)),
    4: (Gender.FEMALE, ("Zoë",)),
    5: (Gender.MALE, ("Daniel", "James")),
    6: (Gender.FEMALE, ("Eleanor",)),
    39: (Gender.MALE, ("Oliver", "Jack")),
    44: (Gender.MALE, ("Oliver", "Jack")),
    45: (Gender.MALE, ("John Paul", "David")),
}

# --- Services: kind, organisation's kind of word, sensitive.

_KINDS = (
    ("Children's social care", "Children's Services", False),
    ("School nursing", "Community Health", False),
    ("Early help", "Early Help", False),
    ("Speech and language therapy", "Community Health", False),
    ("Educational psychology", "Educational Psychology Service", False),
    ("Youth justice", "Youth Justice Service", False),
    ("Child and adolescent mental health", "Mental Health Service", True),
    ("Sexual health", "Sexual Health Service", True),
    ("Substance misuse", "Substance Misuse Service", True),
    ("Health visiting", "Community Health", False),
)
_SOCIAL_CARE, _SCHOOL_NURSE, _MENTAL_HEALTH, _HEALTH_VISITOR = 0, 1, 6, 9
_FIRST_SERVICES = {
    0: (_SOCIAL_CARE, _SCHOOL_NURSE),
    2: (_SOCIAL_CARE, _SCHOOL_NURSE),
    5: (_SOCIAL_CARE,),
    41: (_SCHOOL_NURSE, _MENTAL_HEALTH),
    42: (_SCHOOL_NURSE, _MENTAL_HEALTH),
}
_CONSENTED = NOTABLE["sensitive-consented"]

# --- Birth dates: spread evenly, brothers and sisters some three years apart, and every day's children easy to list.

_DAYS, _STEP, _FIRST_DAY = 6569, 1009, 2137  # days is a prime just under eighteen years
_DATES = tuple(REFERENCE_DATE - timedelta(days=1 + day) for day in range(_DAYS))
_DAY_OF = {day: offset for offset, day in enumerate(_DATES)}
_TWINS = HouseholdFate.TWINS


def _age_at_reference(born: date) -> int:
    return REFERENCE_DATE.year - born.year - ((REFERENCE_DATE.month, REFERENCE_DATE.day) < (born.month, born.day))


def _birth_date(index: int, household: int, position: int) -> date:
    fixed = _FIRST_BIRTHS.get(index) if index < CHILDREN else None
    if fixed is not None:
        return fixed
    # A twin is born on the first one's day.
    first = index - 1 if position == 1 and fate_of(household) is _TWINS else index
    return _DATES[(first * _STEP + _FIRST_DAY) % _DAYS]


def born_on(day: date, children: int) -> Iterator[int]:
    """The indexes, below `children`, of those born on a day: a six-thousandth of them, found without a search."""
    candidates = set(_FIRST_BIRTHS)
    offset = _DAY_OF.get(day)
    if offset is not None:
        first = (offset - _FIRST_DAY) * pow(_STEP, -1, _DAYS) % _DAYS
        for index in range(first, children, _DAYS):
            candidates.update((index, index + 1))  # the next one may be a twin
    for index in sorted(candidates):
        block, place = divmod(index, CHILDREN)
        slot, position = PLACES[place]
        if index < children and _birth_date(index, block * HOUSEHOLDS + slot, position) == day:
            yield index


# --- A child.

_SEPTEMBERS = tuple(date(REFERENCE_DATE.year - years, 9, 1) for years in range(18))
_NOBODY_RESPONSIBLE = frozenset({HouseholdFate.UNKNOWN, HouseholdFate.LEFT_ENGLAND})


def _fate_of(index: int) -> Fate:
    if index < CHILDREN:
        return _FIRST_FATES.get(index, Fate.PLAIN)
    roll = scramble(0xC41D << 40 | index) % 10_000
    return _FATES[roll] if roll < len(_FATES) else Fate.PLAIN


def _services(index: int, bits: int, age: int, authority: Authority) -> tuple[SyntheticService, ...]:
    kinds: tuple[int, ...]
    if index < CHILDREN:
        kinds = _FIRST_SERVICES.get(index, ())
    elif bits & 3:
        kinds = ()  # three children in four have none
    else:
        first = _HEALTH_VISITOR if age < 5 else (bits >> 2 & 0xFF) % (len(_KINDS) - 1)
        if age < 11 and _KINDS[first][2]:
            first = _SCHOOL_NURSE
        kinds = (first,) if bits >> 10 & 1 or first == _SOCIAL_CARE else (first, _SOCIAL_CARE)
    services = []
    for place, kind in enumerate(kinds):
        name, organisation, sensitive = _KINDS[kind]
        dice = scramble(bits + place)
        stock = HERITAGES[dice >> 60]
        practitioner = f"{stock.female[dice % len(stock.female)]} {stock.family[(dice >> 20) % len(stock.family)]}"
        services.append(
            SyntheticService(
                name,
                f"{authority.name} {organisation}",
                practitioner,
                landline_in(authority, dice >> 13),
                f"duty.{dice & 0xFFF}@example.org",
                place == len(kinds) - 1 if index >= CHILDREN else place == 0,
                sensitive,
                sensitive and (dice >> 33 & 1 == 1 if index >= CHILDREN else index == _CONSENTED),
            )
        )
    return tuple(services)


def _given(index: int, bits: int, heritage: Heritage) -> tuple[Gender, tuple[str, ...]]:
    fixed = _FIRST_GIVENS.get(index) if index < CHILDREN else None
    if fixed is not None:
        return fixed
    girl = bits & 1
    stock = heritage.female if girl else heritage.male
    given = [stock[(bits >> 1 & 0xFFFFF) % len(stock)]]
    count = (1, 2, 2, 2, 1, 2, 2, 3)[bits >> 21 & 7]
    if count > 1:
        given.append(stock[(bits >> 24 & 0xFFFF) % len(stock)])
    if count > 2:
        given.append(stock[(bits >> 40 & 0xFFFF) % len(stock)])
    gender = Gender.FEMALE if girl else Gender.MALE
    if bits >> 54 == 0:
        gender = Gender.UNKNOWN
    elif bits >> 54 == 1 and bits & 14 == 0:
        gender = Gender.OTHER
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


def child_at(index: int) -> SyntheticChild:
    """The child at an index from 0 below `CAPACITY`; IndexError elsewhere."""
    if not 0 <= index < CAPACITY:
        raise IndexError(f"no synthetic child has index {index}: they go from 0 to {CAPACITY - 1}")
    block, place = divmod(index, CHILDREN)
    slot, position = PLACES[place]
    household_number = block * HOUSEHOLDS + slot
    household = household_at(household_number)
    heritage, authority = household.heritage, household.authority
    home = AUTHORITIES[authority]
    fate = _fate_of(index)
    bits = scramble(index)
    birth_date = _birth_date(index, household_number, position)
    age = _age_at_reference(birth_date)

    gender, given = _given(index, bits, heritage)
    name = Name(given[:1], None) if fate is Fate.MONONYM else Name(given, household.family)

    school_urn = enrolled_from = former_school_urn = former_enrolled_from = None
    if age >= 5 and fate is not Fate.HOME_EDUCATED:
        school_place = household.primary if age < 11 else household.secondary
        school_urn = school_of(authority, school_place).urn
        enrolled_from = _SEPTEMBERS[age - 4 if age < 11 else age - 11]
        if fate is Fate.MOVED_SCHOOL:
            former_school_urn = school_of(authority, (school_place + 3) % SCHOOLS_PER_AUTHORITY).urn
            former_enrolled_from, enrolled_from = enrolled_from, enrolled_from + timedelta(days=125)

    birth_entry = None if fate is Fate.NO_BIRTH_ENTRY else BirthEntry(birth_entry_from(index))
    return SyntheticChild(
        index,
        number_from(index),
        name,
        _former_names(bits, heritage, name) if fate is Fate.RENAMED else (),
        birth_date,
        gender,
        household.address,
        None if household.fate in _NOBODY_RESPONSIBLE else home.gss,
        Keys(_nhs_number(index), _upn(index, authority, age), None if fate is Fate.BIRTH_UNLINKED else birth_entry),
        household.tier,
        household.withheld,
        school_urn,
        enrolled_from,
        former_school_urn,
        former_enrolled_from,
        None if fate is Fate.NO_PRACTICE else practice_of(authority, household.practice).ods_code,
        household.parents,
        _services(index, bits, age, home),
        "R" if fate is Fate.PDS_RESTRICTED else "V" if fate is Fate.PDS_VERY_RESTRICTED else "U",
        birth_entry,
        fate is Fate.BIRTH_BLOCKED,
        fate is Fate.BIRTH_LINK_BLOCKED,
        fate is Fate.BIRTH_CAUTION,
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
    return None if index is None or _fate_of(index) is Fate.NO_BIRTH_ENTRY else index


def index_of_upn(value: str) -> int | None:
    """The index of the child with this unique pupil number."""
    ordinal = ordinal_of_upn(value)
    if ordinal is None:
        return None
    for index in range(ordinal, CAPACITY, UPN_SERIALS):
        block, place = divmod(index, CHILDREN)
        slot, position = PLACES[place]
        household = block * HOUSEHOLDS + slot
        age = _age_at_reference(_birth_date(index, household, position))
        if _upn(index, authority_of(household), age) == Upn(value):
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
    if position >= len(household_at(block * HOUSEHOLDS + slot).parents):
        return None
    return block * CHILDREN + FIRSTS[slot], position
