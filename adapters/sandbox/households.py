"""Synthetic households: who lives together, where, with which parents, and behind which shield; by arithmetic.

Children come in blocks of fifty, twenty-five households each, always laid out the same; child `i` is therefore the same
child however large the population is. NHS numbers follow the layout: a hundred to a block, fifty for the children and
two for each household's parents, which carries the test range to child 454,499. Later children have none.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from adapters.records import AddressStatus, Name, NhsNumber, PostalAddress, Tier
from adapters.sandbox.arithmetic import NHS_NUMBERS, nhs_number_from, scramble
from adapters.sandbox.names import HERITAGES, Heritage, mailbox
from adapters.sandbox.places import (
    AUTHORITIES,
    PRACTICES_PER_AUTHORITY,
    PRIMARIES,
    SECONDARIES,
    WEIGHTED_AUTHORITIES,
    address_in,
    landline_in,
    mobile,
)

REFERENCE_DATE = date(2026, 9, 1)  # every child is 0 to 17 years old on this day, whatever the clock says

SIZES = (2, 3, 2, 1, 4, 6, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3)  # children of each household
HOUSEHOLDS, CHILDREN = len(SIZES), sum(SIZES)  # 25 and 50, of one block
PLACES = tuple((slot, position) for slot, size in enumerate(SIZES) for position in range(size))
FIRSTS = tuple(sum(SIZES[:slot]) for slot in range(HOUSEHOLDS))

_STRETCH = HOUSEHOLDS * 40  # households of two thousand children: see `shielded_households`
NHS_PER_BLOCK = CHILDREN + 2 * HOUSEHOLDS
NHS_BLOCKS = NHS_NUMBERS // NHS_PER_BLOCK


@dataclass(frozen=True, slots=True)
class HouseholdFate:
    """What is out of the ordinary about a household, and how many in ten thousand share it."""

    share: int
    status: AddressStatus = AddressStatus.CURRENT
    nowhere: PostalAddress | None = None  # in place of an address
    authority_known: bool = True
    twins: bool = False  # of two children
    one_parent: bool = False
    two_mothers: bool = False
    parted: bool = False  # the second parent lives elsewhere


_LAST_KNOWN = HouseholdFate(250, AddressStatus.LAST_KNOWN)
_NO_FIXED = HouseholdFate(50, nowhere=PostalAddress(AddressStatus.NO_FIXED, (), "ZZ99 3VZ"))
_UNKNOWN = HouseholdFate(200, nowhere=PostalAddress(AddressStatus.UNKNOWN), authority_known=False)
_LEFT_ENGLAND = HouseholdFate(100, nowhere=PostalAddress(AddressStatus.LEFT_ENGLAND), authority_known=False)
_TWINS = HouseholdFate(200, twins=True)
_ONE_PARENT = HouseholdFate(1200, one_parent=True)
_TWO_MOTHERS = HouseholdFate(150, two_mothers=True)
_PARTED = HouseholdFate(1500, parted=True)
_RARE = (_LAST_KNOWN, _NO_FIXED, _UNKNOWN, _LEFT_ENGLAND, _TWINS, _ONE_PARENT, _TWO_MOTHERS, _PARTED)
_PLAIN = HouseholdFate(10_000 - sum(fate.share for fate in _RARE))
_FATES = tuple(fate for fate in (*_RARE, _PLAIN) for _ in range(fate.share))  # ten thousand, to draw from evenly

# The first block holds the notable children: its households' fates, authorities and names are written down here.
_LEEDS, _BRISTOL = 0, 1  # positions in AUTHORITIES
_FIRST_FATES = {
    9: _ONE_PARENT,
    10: _TWO_MOTHERS,
    11: _PARTED,
    15: _NO_FIXED,
    16: _TWINS,
    17: _LEFT_ENGLAND,
    18: _UNKNOWN,
    19: _LAST_KNOWN,
}
_FIRST_ABROAD = {4: _BRISTOL, 20: _BRISTOL, 23: _BRISTOL}
_FIRST_FAMILIES = {
    0: "Hartley",
    1: "Okafor",
    2: "Whitcombe",
    4: "Smith-Jones",
    14: "O'Brien",
    21: "Bennett",
    23: "Bennett",
}
_FIRST_SHIELDED = {1: 3, 2: 2, 3: 1, 4: 4}  # size of the household: its slot


@dataclass(frozen=True, slots=True)
class SyntheticParent:
    """A parent as a birth entry and PDS know one; `relationship` is Mother, Father or Parent."""

    name: Name
    maiden: str | None
    relationship: str
    nhs_number: NhsNumber | None
    phone: str | None
    email: str | None
    address: PostalAddress | None
    birth_date: date


@dataclass(frozen=True, slots=True)
class Household:
    """What brothers and sisters share. `authority` is a position in `AUTHORITIES`; places are within an authority."""

    fate: HouseholdFate
    heritage: Heritage
    family: str
    authority: int
    address: PostalAddress
    tier: Tier
    withheld: frozenset[str]
    primary: int
    secondary: int
    practice: int


def authority_of(household: int) -> int:
    """The position in `AUTHORITIES` of the one responsible for a household."""
    if household < HOUSEHOLDS:
        return _FIRST_ABROAD.get(household, _LEEDS)
    # 83 and 5 keep apart the two households, five million apart, whose children's pupil numbers share their serials.
    return WEIGHTED_AUTHORITIES[(household * 83 + 5) % len(WEIGHTED_AUTHORITIES)]


def fate_of(household: int) -> HouseholdFate:
    """What is out of the ordinary about a household; a shielded one lives at its address."""
    if household < HOUSEHOLDS:
        return _FIRST_FATES.get(household, _PLAIN)
    if household in shielded_households(household // _STRETCH):
        return _PLAIN
    fate = _FATES[scramble(0xFA7E << 40 | household) % 10_000]
    return _PLAIN if fate.twins and SIZES[household % HOUSEHOLDS] != 2 else fate


@lru_cache(maxsize=256)
def shielded_households(stretch: int) -> dict[int, Tier]:
    """The shielded households among the forty blocks (2,000 children) of a stretch.

    One each of one, two, three and four children: ten in two thousand, 0.5% exactly. In every fourth stretch the
    household of two is sealed: one shielded child in twenty. Brothers and sisters always share a shield.
    """
    shielded = {}
    for size, slot in _FIRST_SHIELDED.items():
        block = 0
        if stretch:
            bits = scramble(0x541E1D << 36 | stretch << 3 | size)
            slots = [candidate for candidate in range(HOUSEHOLDS) if SIZES[candidate] == size]
            block, slot = bits % 40, slots[(bits >> 16) % len(slots)]
        sealed = size == 2 and stretch % 4 == 0
        shielded[(stretch * 40 + block) * HOUSEHOLDS + slot] = Tier.SEALED if sealed else Tier.SHIELDED
    return shielded


def _withheld(household: int) -> frozenset[str]:
    """What a household's shield withholds besides: the keys of one in eight, the parents' names of one in sixteen."""
    if household < HOUSEHOLDS:
        return frozenset({3: ["KEY"], 4: ["PARENT_NAMES"]}.get(household, []))
    roll = scramble(0x817AE1 << 36 | household) & 15
    return frozenset({0: ["KEY"], 1: ["KEY"], 2: ["PARENT_NAMES"]}.get(roll, []))


def nhs_number_of_parent(household: int, position: int) -> NhsNumber | None:
    """The NHS number kept for a household's first or second parent, whether or not there is one."""
    block, slot = divmod(household, HOUSEHOLDS)
    if block >= NHS_BLOCKS:
        return None
    return NhsNumber(nhs_number_from(block * NHS_PER_BLOCK + CHILDREN + 2 * slot + position))


_OPEN, _NOTHING = Tier.OPEN, frozenset[str]()  # looked up once: an enum's members are slow to reach


@lru_cache(maxsize=1024)
def household_at(household: int) -> Household:
    """The household with this number: 25 to a block, in the order of their children."""
    bits = scramble(0x405E << 40 | household)
    fate = fate_of(household)
    authority = authority_of(household)
    tier = shielded_households(household // _STRETCH).get(household)
    heritage = HERITAGES[bits & 15 if household >= HOUSEHOLDS else 0]
    family = heritage.family[(bits >> 4 & 0xFFFFF) % len(heritage.family)]
    if bits >> 24 & 63 == 0:
        other = heritage.family[(bits >> 30 & 0xFFFF) % len(heritage.family)]
        family = family if other == family else f"{family}-{other}"
    family = _FIRST_FAMILIES.get(household, family)
    address = fate.nowhere or address_in(AUTHORITIES[authority], scramble(bits), fate.status)
    return Household(
        fate,
        heritage,
        family,
        authority,
        address,
        tier or _OPEN,
        _withheld(household) if tier else _NOTHING,
        (bits >> 46) % PRIMARIES,
        PRIMARIES + (bits >> 51) % SECONDARIES,
        (bits >> 55) % PRACTICES_PER_AUTHORITY,
    )


@lru_cache(maxsize=1024)
def parents_of(household: int) -> tuple[SyntheticParent, ...]:
    """The parents on the birth entries of a household's children, the mother first; one or two."""
    home = household_at(household)
    fate, heritage, authority = home.fate, home.heritage, AUTHORITIES[home.authority]
    bits = scramble(0x9A4E47 << 36 | household)
    parents = []
    first_birth = REFERENCE_DATE - timedelta(days=13_200 + bits % 2_200)  # 36 to 42 years old
    for position in range(1 if fate.one_parent else 2):
        mother = position == 0
        woman = mother or fate.two_mothers
        stock = heritage.female if woman else heritage.male
        first, second = stock[(bits & 0xFFFFF) % len(stock)], stock[(bits >> 21 & 0xFFFF) % len(stock)]
        given = (first, second) if bits >> 20 & 1 and first != second else (first,)
        own = heritage.family[(bits >> 37 & 0xFFFF) % len(heritage.family)]
        # Every other mother took the children's family name and has one from before; the rest kept their own.
        took = woman and (not mother or bits >> 53 & 1 == 1)
        surname = own if woman and not took else home.family
        reached = bits >> 54 & 31  # a few have no telephone, some more no e-mail
        phone = None if reached == 0 else landline_in(authority, bits >> 7) if reached < 5 else mobile(bits)
        email = None if bits >> 59 < 6 else f"{mailbox(first)}.{bits >> 23 & 0x3FFF}@example.org"
        lives: PostalAddress | None = None if fate.nowhere else home.address
        if fate.parted and not mother:
            lives = address_in(authority, scramble(bits))
        parents.append(
            SyntheticParent(
                Name(given, surname),
                own if took else None,
                "Mother" if mother else "Parent" if woman else "Father",
                nhs_number_of_parent(household, position),
                phone,
                email,
                lives,
                first_birth - timedelta(days=(bits >> 11) % 2_000) if position else first_birth,
            )
        )
        bits = scramble(bits)
    return tuple(parents)
