"""The notable children: the first fifty, by name, and what is written down of each of them by hand.

Everything not written down here follows from the index, as for every other child.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from adapters.records import Gender


@dataclass(frozen=True, slots=True)
class Fate:
    """What is out of the ordinary about a child, and how many in ten thousand share it; PLAIN is everybody else's.

    `birth_registered` is false for those born abroad; `entry_known` says whether the core store knows which birth
    entry is the child's. `pds_code` is PDS's own: U unrestricted, R restricted, V very restricted.
    """

    share: int
    home_educated: bool = False
    moved_school: bool = False
    has_practice: bool = True
    renamed: bool = False
    mononym: bool = False
    birth_registered: bool = True
    entry_known: bool = True
    birth_blocked: bool = False
    birth_link_blocked: bool = False
    birth_caution: bool = False
    pds_code: str = "U"


HOME_EDUCATED = Fate(100, home_educated=True)
NO_PRACTICE = Fate(100, has_practice=False)
MOVED_SCHOOL = Fate(600, moved_school=True)
RENAMED = Fate(300, renamed=True)
MONONYM = Fate(2, mononym=True)
NO_BIRTH_ENTRY = Fate(300, birth_registered=False, entry_known=False)
BIRTH_UNLINKED = Fate(200, entry_known=False)
BIRTH_BLOCKED = Fate(2, birth_blocked=True)
BIRTH_LINK_BLOCKED = Fate(1, birth_link_blocked=True)
BIRTH_CAUTION = Fate(1, birth_caution=True)
PDS_RESTRICTED = Fate(4, pds_code="R")
PDS_VERY_RESTRICTED = Fate(1, pds_code="V")
_RARE = (
    HOME_EDUCATED,
    NO_PRACTICE,
    MOVED_SCHOOL,
    RENAMED,
    MONONYM,
    NO_BIRTH_ENTRY,
    BIRTH_UNLINKED,
    BIRTH_BLOCKED,
    BIRTH_LINK_BLOCKED,
    BIRTH_CAUTION,
    PDS_RESTRICTED,
    PDS_VERY_RESTRICTED,
)
PLAIN = Fate(10_000 - sum(fate.share for fate in _RARE))
FATES = tuple(fate for fate in (*_RARE, PLAIN) for _ in range(fate.share))  # ten thousand, to draw from evenly

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
        "own-child": 36,  # of the persona `teacher`
    }
)
NOTABLE_INDEXES = range(50)  # the whole of the first block

FIRST_FATES = {
    18: PDS_RESTRICTED,
    19: PDS_VERY_RESTRICTED,
    20: BIRTH_BLOCKED,
    24: HOME_EDUCATED,
    25: NO_PRACTICE,
    26: RENAMED,
    28: BIRTH_LINK_BLOCKED,
    43: MOVED_SCHOOL,
    46: BIRTH_CAUTION,
    47: NO_BIRTH_ENTRY,
    48: BIRTH_UNLINKED,
    49: MONONYM,
}
FIRST_BIRTHS = {
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
FIRST_GIVENS = {
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
