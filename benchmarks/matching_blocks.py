"""The store's blocks, in memory: which synthetic children a record is compared with. The same rules, no database.

A block is one sorted array of 64-bit words: what is looked for in the upper bits, the child's index in the lower.
"""

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from hashlib import blake2b
from typing import Final

from adapters.identity import Candidate, IdentityEntry
from adapters.records import Tier
from adapters.sandbox.population import (
    SyntheticIdentity,
    identity_at,
    index_of_birth_entry,
    index_of_nhs_number,
    index_of_upn,
)
from adapters.store.sounds import sound
from gateway.feeds.near_dates import near_dates

FULL: Final = 60  # of a block, for one record: more are not read, and that there may be more is a doubt
INDEX_BITS: Final = 24
DAY_BITS: Final = 16
SOUNDS: Final = "sounds"
PARTS: Final = 8
NAMES: Final = (
    "birth and family",
    "birth and given",
    SOUNDS,
    "postcode and given",
    "postcode and family",
    "postcode and birth",
    "former",
)


@dataclass(frozen=True, slots=True)
class Found:
    """Whom a record may be; `crowded` where a block held more than are read."""

    indexes: frozenset[int]
    crowded: bool


class Blocks:
    """All children below `children`, found as `adapters/store/feeding.sql` finds them."""

    def __init__(self, children: int, mapped: Callable[..., Iterable[dict[str, "array[int]"]]] = map) -> None:
        """`mapped` is `map`, or that of a pool."""
        self.children = children
        steps = [children * part // PARTS for part in range(PARTS + 1)]
        parts = list(mapped(_words_of, steps[:-1], steps[1:]))
        self._blocks = {name: array("Q", sorted(word for part in parts for word in part[name])) for name in NAMES}

    def by_key(self, entry: IdentityEntry) -> frozenset[int]:
        """The children whose keys the entry bears."""
        keys = entry.keys
        indexes = (
            None if keys.nhs_number is None else index_of_nhs_number(keys.nhs_number.value),
            None if keys.upn is None else index_of_upn(keys.upn.value),
            None if keys.birth_entry is None else index_of_birth_entry(keys.birth_entry.value),
        )
        return frozenset(index for index in indexes if index is not None and index < self.children)

    def by_likeness(self, entry: IdentityEntry) -> Found:
        """Everybody in any of the entry's blocks."""
        found: set[int] = set()
        crowded = False
        near = {_day(day) for day in (entry.birth_date, *near_dates(entry.birth_date))}
        for name, term in _blocks_of(entry):
            block = list(self._near(term, near)) if name == SOUNDS else list(self._in(name, term))
            crowded = crowded or len(block) >= FULL
            found.update(block[:FULL])
        return Found(frozenset(found), crowded)

    def _in(self, name: str, term: str) -> Iterator[int]:
        words, start = self._blocks[name], _hashed(term) << INDEX_BITS
        place = bisect_left(words, start)
        while place < len(words) and words[place] >> INDEX_BITS == start >> INDEX_BITS:
            yield words[place] & (1 << INDEX_BITS) - 1
            place += 1

    def _near(self, term: str, days: set[int]) -> Iterator[int]:
        """Of one pair of sounds, those born on any of the days: the day stands between the two in the word."""
        words, start = self._blocks[SOUNDS], _hashed(term) >> DAY_BITS << DAY_BITS + INDEX_BITS
        stop = start + (1 << DAY_BITS + INDEX_BITS)
        place = bisect_left(words, start)
        while place < len(words) and (word := words[place]) < stop:
            if word >> INDEX_BITS & (1 << DAY_BITS) - 1 in days:
                yield word & (1 << INDEX_BITS) - 1
            place += 1


@lru_cache(maxsize=1 << 15)
def candidate(index: int) -> Candidate:
    """A synthetic child as the feed's role reads one."""
    child = identity_at(index)
    protected = child.tier is not Tier.OPEN
    return Candidate(
        index, child.name, child.former_names, child.birth_date, child.gender, child.address, child.keys, protected
    )


def _blocks_of(entry: IdentityEntry) -> Iterator[tuple[str, str]]:
    family, given = sound(entry.name.family or ""), sound(entry.name.given[0])
    born = entry.birth_date
    yield "birth and family", _term(born, family)
    yield "birth and given", _term(born, given)
    yield SOUNDS, _term(family, given)
    if family and family != given:
        yield SOUNDS, _term(given, family)
    if entry.address is not None and entry.address.postcode is not None:
        yield "postcode and given", _term(entry.address.postcode, given)
        yield "postcode and family", _term(entry.address.postcode, family)
        yield "postcode and birth", _term(entry.address.postcode, born)
    yield "former", _term(born, family, given)


def _words_of(start: int, stop: int) -> dict[str, "array[int]"]:
    words: dict[str, array[int]] = {name: array("Q") for name in NAMES}
    for index in range(start, stop):
        child = identity_at(index)
        for name, term in _terms_of(child):
            words[name].append(_hashed(term) << INDEX_BITS | index)
        pair = _term(sound(child.name.family or ""), sound(child.name.given[0]))
        day = _day(child.birth_date) << INDEX_BITS
        words[SOUNDS].append(_hashed(pair) >> DAY_BITS << DAY_BITS + INDEX_BITS | day | index)
    return words


def _terms_of(child: SyntheticIdentity) -> Iterator[tuple[str, str]]:
    family, given = sound(child.name.family or ""), sound(child.name.given[0])
    born = child.birth_date
    yield "birth and family", _term(born, family)
    yield "birth and given", _term(born, given)
    if child.address.postcode is not None:
        yield "postcode and given", _term(child.address.postcode, given)
        yield "postcode and family", _term(child.address.postcode, family)
        yield "postcode and birth", _term(child.address.postcode, born)
    for former in child.former_names:
        yield "former", _term(born, sound(former.family or ""), sound(former.given[0]))


def _day(day: date) -> int:
    return day.toordinal() & (1 << DAY_BITS) - 1


def _term(*parts: str | date) -> str:
    return "|".join(map(str, parts))


def _hashed(term: str) -> int:
    """Forty bits; two terms that share them bring one candidate too many, which costs nothing but a comparison."""
    return int.from_bytes(blake2b(term.encode(), digest_size=5).digest())
