"""The notable children: the first fifty, by name, and what is written down of each of them by hand.

Everything not written down here follows from the index, as for every other child.
"""

from collections.abc import Mapping
from datetime import date
from enum import Enum, auto
from types import MappingProxyType

from adapters.records import Gender


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
NOTABLE_INDEXES = range(50)  # the whole of the first block

FIRST_FATES = {
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
