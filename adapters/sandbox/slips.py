"""What sources write of the synthetic children: true records with the slips people make, and children nobody knows yet.

Our own generator: every slip is drawn from dice that the place in the sequence seeds, so the same updates come every
time. Each record carries the truth beside it. Slips fall independently of one another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from hashlib import sha256
from typing import Final, TypeVar

from msgspec.structs import replace

from adapters.identity import IdentityEntry
from adapters.records import Keys, Name, PostalAddress, Tier
from adapters.sandbox.arithmetic import scramble
from adapters.sandbox.households import CHILDREN, FIRSTS, HOUSEHOLDS, REFERENCE_DATE, SIZES, shielded_households
from adapters.sandbox.names import HERITAGES
from adapters.sandbox.places import AUTHORITIES, address_in
from adapters.sandbox.population import SyntheticIdentity, identity_at
from adapters.store.search import name_key

Item = TypeVar("Item")

STRETCH: Final = 2_000  # children among whom ten are shielded


class Slip(Enum):
    """What may be wrong with, or unusual about, a record of a child we know."""

    MISSPELT = "MISSPELT"
    EXCHANGED = "EXCHANGED"  # given and family name
    RENAMED = "RENAMED"
    DATE_SWAPPED = "DATE_SWAPPED"
    DATE_DIGIT = "DATE_DIGIT"
    KEYS_LOST = "KEYS_LOST"
    KEY_OF_ANOTHER = "KEY_OF_ANOTHER"
    MOVED = "MOVED"


class Newcomer(Enum):
    """Which child it is that nobody knows yet."""

    STRANGER = "STRANGER"
    SIBLING = "SIBLING"
    TWIN = "TWIN"
    NAMESAKE = "NAMESAKE"  # of a child born the same day


class KeysSaid(Enum):
    """Which of a child's keys the source has."""

    ALL = "ALL"
    ONE = "ONE"  # the NHS number where there is one
    NONE = "NONE"


# In ten thousand of the records of a kind.
_MISSPELT, _EXCHANGED, _RENAMED = 400, 100, 200
_DATE_SWAPPED, _DATE_DIGIT = 275, 100  # the first of dates that can be swapped: one in a hundred of all
_KEYS_LOST, _KEY_OF_ANOTHER, _MOVED = 300, 20, 800
_NEW, _NEW_SIBLING, _NEW_TWIN, _NEW_NAMESAKE = 1_000, 2_000, 200, 50
_PROTECTED = 500  # shielded children are one in two hundred, and are written of ten times as often
_ALL_KEYS, _ONE_KEY = 7_000, 2_000
_FIRST_GIVEN_ALONE, _NO_UPRN = 3_000, 5_000


@dataclass(frozen=True, slots=True)
class LabelledUpdate:
    """A source's record, and the truth: the index of the child it is of; None where nobody knows that child yet."""

    entry: IdentityEntry
    truth: int | None
    protected: bool
    said: KeysSaid
    slips: tuple[Slip, ...] = ()
    newcomer: Newcomer | None = None


class Dice:
    """Even draws, the same for the same seed."""

    __slots__ = ("_state",)

    def __init__(self, seed: int) -> None:
        self._state = scramble(seed)

    def below(self, bound: int) -> int:
        self._state = scramble(self._state)
        return (self._state >> 16) % bound

    def among(self, items: Sequence[Item]) -> Item:
        return items[self.below(len(items))]


def update_at(place: int, children: int) -> LabelledUpdate:
    """The record at a place of an endless sequence, against a store that holds the children below `children`.

    `children` is a multiple of two thousand, the stretch over which shields are spread evenly.
    """
    if children % STRETCH:
        raise ValueError(f"`children` must be a multiple of {STRETCH}")
    dice = Dice(0x511B5 << 40 | place)
    if dice.below(10_000) < _NEW:
        return _newcomer(children + place, dice.below(children), dice)
    protected = dice.below(10_000) < _PROTECTED
    return slipped(_shielded(children, dice) if protected else dice.below(children), scramble(place))


def slipped(index: int, roll: int) -> LabelledUpdate:
    """A record of the child at an index, with the slips of this roll of the dice."""
    child = identity_at(index)
    dice = Dice(roll)
    slips: list[Slip] = []
    name, born, address = child.name, child.birth_date, child.address
    said, keys = _keys_said(child.keys, dice)
    if dice.below(10_000) < _FIRST_GIVEN_ALONE:
        name = Name(name.given[:1], name.family)
    drawn = dice.below(10_000)
    if drawn < _MISSPELT:
        name = _misspelt(name, dice)
        slips.append(Slip.MISSPELT)
    elif drawn < _MISSPELT + _EXCHANGED and name.family is not None:
        name = Name((name.family, *name.given[1:]), name.given[0])
        slips.append(Slip.EXCHANGED)
    elif drawn < _MISSPELT + _EXCHANGED + _RENAMED:
        name = Name(name.given, _other_family(name, dice))
        slips.append(Slip.RENAMED)
    drawn = dice.below(10_000)
    if drawn < _DATE_SWAPPED and born.day <= 12 and born.day != born.month:
        born = date(born.year, born.day, born.month)
        slips.append(Slip.DATE_SWAPPED)
    elif _DATE_SWAPPED <= drawn < _DATE_SWAPPED + _DATE_DIGIT:
        born = _digit_wrong(born, dice)
        slips.append(Slip.DATE_DIGIT)
    if dice.below(10_000) < _KEYS_LOST and said is not KeysSaid.NONE:
        keys = Keys()
        slips.append(Slip.KEYS_LOST)
    if dice.below(10_000) < _KEY_OF_ANOTHER and (other := _with_key_of_another(keys, index, dice)) != keys:
        keys = other
        slips.append(Slip.KEY_OF_ANOTHER)
    if dice.below(10_000) < _MOVED:
        address = address_in(dice.among(AUTHORITIES), scramble(dice.below(1 << 40)))
        slips.append(Slip.MOVED)
    entry = _entry(child, name, born, address, keys, dice)
    return LabelledUpdate(entry, index, child.tier is not Tier.OPEN, said, tuple(slips))


def _newcomer(index: int, near: int, dice: Dice) -> LabelledUpdate:
    """A child beyond all that the store holds; some are kin of the child at `near`, or share its name and day."""
    child, relative = identity_at(index), identity_at(near)
    name, born, address = child.name, child.birth_date, child.address
    newcomer = Newcomer.STRANGER
    drawn = dice.below(10_000)
    if drawn < _NEW_NAMESAKE:
        newcomer, born = Newcomer.NAMESAKE, relative.birth_date
        name = Name((relative.name.given[0], *name.given[1:]), relative.name.family)
    elif drawn < _NEW_NAMESAKE + _NEW_SIBLING + _NEW_TWIN:
        newcomer = Newcomer.SIBLING
        name, address = Name(name.given, relative.name.family), relative.address
        if drawn < _NEW_NAMESAKE + _NEW_TWIN:
            newcomer, born = Newcomer.TWIN, relative.birth_date
        if name.given[0] == relative.name.given[0]:
            name = Name((f"{name.given[0]}-Jo", *name.given[1:]), name.family)
    said, keys = _keys_said(child.keys, dice)
    entry = _entry(child, name, born, address, keys, dice)
    return LabelledUpdate(entry, None, False, said, (), newcomer)


def _shielded(children: int, dice: Dice) -> int:
    """One of the shielded children, each as likely as any other."""
    shielded = shielded_households(dice.below(children // STRETCH))
    indexes = [
        household // HOUSEHOLDS * CHILDREN + FIRSTS[household % HOUSEHOLDS] + position
        for household in shielded
        for position in range(SIZES[household % HOUSEHOLDS])
    ]
    return dice.among(indexes)


def _entry(
    child: SyntheticIdentity, name: Name, born: date, address: PostalAddress, keys: Keys, dice: Dice
) -> IdentityEntry:
    if dice.below(10_000) < _NO_UPRN:
        address = replace(address, uprn=None)
    said = repr((name, born, address)).encode()
    as_of = datetime.combine(REFERENCE_DATE, datetime.min.time(), UTC) + timedelta(days=1)
    return IdentityEntry(0, name, born, child.gender, address, keys, as_of, sha256(said).digest(), child.authority)


def _keys_said(keys: Keys, dice: Dice) -> tuple[KeysSaid, Keys]:
    drawn = dice.below(10_000)
    if drawn < _ALL_KEYS:
        return KeysSaid.ALL, keys
    if drawn >= _ALL_KEYS + _ONE_KEY:
        return KeysSaid.NONE, Keys()
    if keys.nhs_number is not None:
        return KeysSaid.ONE, Keys(keys.nhs_number)
    return KeysSaid.ONE, Keys(upn=keys.upn) if keys.upn is not None else Keys(birth_entry=keys.birth_entry)


def _with_key_of_another(keys: Keys, index: int, dice: Dice) -> Keys:
    """One of the keys is that of the child next door in the register."""
    other = identity_at(index ^ 1).keys
    changed = [
        replace(keys, **{system: getattr(other, system)})
        for system in ("nhs_number", "upn", "birth_entry")
        if getattr(keys, system) is not None and getattr(other, system) is not None
    ]
    return dice.among(changed) if changed else keys


def _misspelt(name: Name, dice: Dice) -> Name:
    if name.family is None or dice.below(2):
        return Name((_one_edit(name.given[0], dice), *name.given[1:]), name.family)
    return Name(name.given, _one_edit(name.family, dice))


_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"


def _one_edit(text: str, dice: Dice) -> str:
    """One letter other, too many, left out, or out of turn; never the same name again."""
    while True:
        place, kind = dice.below(len(text)), dice.below(4)
        letter = dice.among(_LETTERS)
        if kind == 0:
            edited = text[:place] + letter + text[place + 1 :]
        elif kind == 1:
            edited = text[:place] + letter + text[place:]
        elif kind == 2:
            edited = text[:place] + text[place + 1 :]
        else:
            edited = text[:place] + text[place : place + 2][::-1] + text[place + 2 :]
        if name_key(edited) not in ("", name_key(text)):
            return edited.capitalize() if place == 0 else edited


def _other_family(name: Name, dice: Dice) -> str:
    while (family := dice.among(dice.among(HERITAGES).family)) == name.family:
        pass
    return family


def _digit_wrong(born: date, dice: Dice) -> date:
    """One digit of day or month, or the year's last, is another; a real date that has been."""
    while True:
        digits = f"{born:%Y%m%d}"
        place = 3 + dice.below(5)
        digits = f"{digits[:place]}{dice.below(10)}{digits[place + 1 :]}"
        try:
            wrong = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
        except ValueError:
            continue
        if wrong != born and wrong <= REFERENCE_DATE:
            return wrong
