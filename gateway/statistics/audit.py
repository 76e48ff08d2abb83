"""Attacks a drafted cube as an analyst could who knows the whole method: what can be worked out from all groupings.

Pure. Every total is the sum of its parts; from how far a shown count can be from the truth, and from what a missing one
can be, bounds follow for every cell, and from those closer ones. Where they come too close, what tells must go: totals
first, and only where none is left to go, the parts beside.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

OFF: Final = 6  # a shown count is at most so far from the truth: noise of 4, and 2 by rounding to five
FEWEST: Final = 10  # what is shown is at least so many
LARGEST_MISSING: Final = 13  # what is not shown is at most so many: ten, and noise that took it under
SINCE: Final = 9  # so many may have come or gone since a cell was drawn that is carried from the month before
UNTOLD: Final = 9  # up to so many must remain possible for what is not shown, and none at all
ENDLESS: Final = 1 << 40


class Place(NamedTuple):
    """A cell's place in the cube; '' where it is a sum over that dimension."""

    authority: str
    age_band: str
    gender: str


class Sum(NamedTuple):
    """A total, and the parts that make it up over one dimension."""

    total: Place
    parts: tuple[Place, ...]


Places: TypeAlias = Collection[tuple[str, str, str]]
Shown: TypeAlias = Mapping[Place, int | None]
Range: TypeAlias = tuple[int, int]
Bounds: TypeAlias = dict[Place, Range]


class Before(NamedTuple):
    """The month before, as it was told, and which of its cells were withheld."""

    shown: Shown
    withheld: Places


def withheld_by_audit(
    shown: Shown, carried: Places = (), withheld: Places = (), before: Before | None = None
) -> frozenset[Place]:
    """The cells that must not be told beside the rest, none as a rule; what is left then tells nothing too close.

    `carried` are those that stand as they were drawn a month or more ago, `withheld` those of them that an audit
    withheld then: where nothing was drawn anew, nothing more is withheld. `before` is read twice: as of children some
    of whom have come or gone since, and as of the very same children wherever a cell is carried.
    """
    left = dict(shown)
    gone = {Place(*place) for place in withheld}
    sums = _sums(shown)
    same = {}
    if before is not None:
        known = _worked_out(_known(before.shown, (), before.withheld), sums)
        same = {Place(*place): known[Place(*place)] for place in carried}
    while True:
        loosely = _known(left, carried, gone)
        telling = _telling(left, gone, sums, loosely, frozenset())
        if same:
            telling |= _telling(left, gone, sums, {**loosely, **same}, same.keys())
        if not telling:
            return frozenset(gone.difference(withheld))
        gone |= telling
        left.update(dict.fromkeys(telling))


def _telling(
    left: Shown, gone: Collection[Place], sums: Sequence[Sum], known: Bounds, kept: Collection[Place]
) -> set[Place]:
    """What is shown and brings missing cells close: totals, or else parts beside them, or else what is shown nearest.

    None where none is close. What is in `kept` was told before: it is no use to withhold it now.
    """
    bounds = _worked_out(known, sums)
    peopled = _peopled(left, sums)
    close = {
        place
        for place, count in left.items()
        if count is None and place not in gone and _close(bounds[place], place in peopled)
    }
    tellers = {place for place, count in left.items() if count is not None and place not in kept}
    guilty = [
        one for one in sums if any(place in close and _close(found, False) for place, found in _found(one, bounds))
    ]
    telling = {one.total for one in guilty} & tellers or {part for one in guilty for part in one.parts} & tellers
    around, wider = set(close), close
    while not telling and wider:
        wider = {
            place for one in sums if not around.isdisjoint((one.total, *one.parts)) for place in (one.total, *one.parts)
        }
        wider -= around
        around |= wider
        telling = wider & tellers
    return telling


def _close(bounds: Range, peopled: bool) -> bool:
    """Whether it is known that somebody is in it, and was not told already; or that nine would be too many."""
    return (bounds[0] > 0 and not peopled) or bounds[1] < UNTOLD


def _peopled(left: Shown, sums: Sequence[Sum]) -> Collection[Place]:
    """What is shown, and whatever it is a part of: nobody need work out that somebody is there."""
    found = {place for place, count in left.items() if count is not None}
    for _ in Place._fields:
        found |= {one.total for one in sums if not found.isdisjoint(one.parts)}
    return found


def _sums(places: Collection[Place]) -> Sequence[Sum]:
    """Each total with its parts, once for every dimension that it sums over."""
    parts: dict[tuple[Place, int], list[Place]] = defaultdict(list)
    for place in places:
        for dimension, value in enumerate(place):
            if value:
                total = Place(*("" if other == dimension else word for other, word in enumerate(place)))
                parts[total, dimension].append(place)
    return [Sum(total, tuple(of)) for (total, _), of in parts.items()]


def _known(shown: Shown, carried: Places, gone: Places) -> Bounds:
    """What each cell can be, before anything is worked out."""
    bounds: Bounds = {}
    for place, count in shown.items():
        since = SINCE if place in carried else 0
        if count is not None:
            bounds[place] = max(FEWEST - since, count - OFF - since, 0), count + OFF + since
        else:
            bounds[place] = 0, ENDLESS if place in gone else LARGEST_MISSING + since
    return bounds


def _worked_out(known: Bounds, sums: Sequence[Sum]) -> Bounds:
    """The same, brought as close as sums bring it."""
    bounds = dict(known)
    closer = True
    while closer:
        closer = False
        for one in sums:
            for place, (least, most) in _found(one, bounds):
                now = max(bounds[place][0], least), min(bounds[place][1], most)
                if now != bounds[place] and now[0] <= now[1]:  # bounds that hold never contradict each other
                    bounds[place], closer = now, True
    return bounds


def _found(one: Sum, bounds: Bounds) -> Iterator[tuple[Place, Range]]:
    """What this sum alone says of each of its cells, as far as the others are known before it is asked."""
    low, high = sum(bounds[part][0] for part in one.parts), sum(bounds[part][1] for part in one.parts)
    least, most = bounds[one.total]
    said = [(part, (least - high + bounds[part][1], most - low + bounds[part][0])) for part in one.parts]
    yield one.total, (low, high)
    yield from said
