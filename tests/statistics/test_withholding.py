"""The audit of a drafted cube: what it withholds is enough, and is nothing where nothing is told."""

from collections.abc import Mapping
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.statistics.audit import Before, Place, withheld_by_audit
from tests.statistics.attacker import Cell, narrowed, possible, told

AUTHORITIES = ("E08000035", "E06000023", "E09000007")
AGES = ("UNDER_1", "FROM_1_TO_4", "FROM_5_TO_9")
GENDERS = ("FEMALE", "MALE", "OTHER")

Counts = Mapping[Cell, int]


@st.composite
def children(draw: st.DrawFn) -> Counts:
    """How many children there are in every cell of a small land: often few, so that much is missing."""
    authorities = AUTHORITIES[: draw(st.integers(1, 3))]
    ages = AGES[: draw(st.integers(1, 3))]
    leaves = {
        Place(*cell): draw(st.one_of(st.integers(0, 14), st.integers(0, 60)))
        for cell in product(authorities, ages, GENDERS)
    }
    choices = [(*authorities, ""), (*ages, ""), (*GENDERS, "")]
    return {
        Place(*cell): sum(
            count
            for leaf, count in leaves.items()
            if all(asked in ("", is_) for asked, is_ in zip(cell, leaf, strict=True))
        )
        for cell in product(*choices)
    }


def drawn(count: int, noise: int) -> int | None:
    """A cell as the store draws it."""
    return round((count + noise) / 5) * 5 if min(count, count + noise) >= 10 else None


@st.composite
def drafts(draw: st.DrawFn) -> tuple[Counts, dict[Place, int | None]]:
    """The true counts, and a draft of them under noise that is each cell's own."""
    counts = draw(children())
    return counts, {Place(*cell): drawn(count, draw(st.integers(-4, 4))) for cell, count in counts.items()}


@settings(max_examples=150)
@given(drafts())
def test_nobody_can_work_out_a_missing_cell(draft: tuple[Counts, dict[Place, int | None]]) -> None:
    """After it, another attacker's arithmetic leaves nought to nine open for every cell that is not told."""
    counts, shown = draft
    withheld = withheld_by_audit(shown)
    published = {place: None if place in withheld else count for place, count in shown.items()}
    ranges = possible(published, endless=withheld)
    assert told(published, ranges, but=withheld) == set()
    assert all(low <= counts[cell] <= high for cell, (low, high) in ranges.items()), "the attack itself is sound"


@settings(max_examples=150)
@given(drafts())
def test_withholds_what_is_shown_alone_and_only_where_something_is_told(
    draft: tuple[Counts, dict[Place, int | None]],
) -> None:
    """No cell is withheld that was not shown, and none at all where no cell is told."""
    _, shown = draft
    withheld = withheld_by_audit(shown)
    assert all(shown[place] is not None for place in withheld)
    assert bool(withheld) == bool(told(shown, possible(shown)))


@settings(max_examples=100)
@given(drafts(), st.data())
def test_what_was_carried_is_known_less_closely(
    draft: tuple[Counts, dict[Place, int | None]], data: st.DataObject
) -> None:
    """Cells as the month before may be off by nine children more: with that, too, nothing missing is told."""
    _, shown = draft
    carried = frozenset(data.draw(st.sets(st.sampled_from(sorted(shown)))))
    withheld = withheld_by_audit(shown, carried)
    published = {place: None if place in withheld else count for place, count in shown.items()}
    ranges = possible(published, endless=withheld, since=dict.fromkeys(carried, 9))
    assert told(published, ranges, but=withheld) == set()


@settings(max_examples=100)
@given(drafts())
def test_what_is_carried_whole_loses_nothing_more(draft: tuple[Counts, dict[Place, int | None]]) -> None:
    """A month in which no cell was drawn anew is published as the month before, to the last cell."""
    _, shown = draft
    withheld = withheld_by_audit(shown)
    published = {place: None if place in withheld else count for place, count in shown.items()}
    assert withheld_by_audit(published, carried=published.keys(), withheld=withheld) == frozenset()


@st.composite
def two_months(draw: st.DrawFn) -> tuple[Counts, dict[Place, int | None], Counts]:
    """A month with its draft, and how many there are in the next: in a few cells so many more that they move."""
    counts, shown = draw(drafts())
    leaves = [place for place in shown if "" not in place]
    come = draw(st.dictionaries(st.sampled_from(leaves), st.integers(5, 40), min_size=1, max_size=4))
    later = {
        cell: count
        + sum(
            more
            for leaf, more in come.items()
            if all(asked in ("", is_) for asked, is_ in zip(cell, leaf, strict=True))
        )
        for cell, count in counts.items()
    }
    return counts, shown, later


@settings(max_examples=150)
@given(two_months(), st.data())
def test_nobody_can_work_it_out_of_two_months(
    months: tuple[Counts, dict[Place, int | None], Counts], data: st.DataObject
) -> None:
    """Nor who takes a cell that did not move for the same children, and both months for one."""
    counts, shown, later = months
    withheld = withheld_by_audit(shown)
    first = {place: None if place in withheld else count for place, count in shown.items()}
    carried = frozenset(place for place in first if later[place] - counts[place] < 10)
    second = {
        place: first[place] if place in carried else drawn(later[place], data.draw(st.integers(-4, 4)))
        for place in first
    }
    withheld_then = withheld_by_audit(second, carried, withheld & carried, Before(first, withheld))
    then = {place: None if place in withheld_then else count for place, count in second.items()}
    gone = withheld_then | (withheld & carried)
    assert told(then, possible(then, endless=gone, since=dict.fromkeys(carried, 9)), but=gone) == set()

    both = possible(then, endless=gone)
    both |= {cell: known for cell, known in possible(first, endless=withheld).items() if cell in carried}
    assert told(then, narrowed(both), but=gone) == set()


def test_the_total_goes_that_gives_a_part_away() -> None:
    """Thirty boys and girls, and at most sixteen boys: the girls, who are not shown, would be somebody."""
    total, boys, girls = Place("", "", ""), Place("", "", "MALE"), Place("", "", "FEMALE")
    shown: dict[Place, int | None] = {total: 30, boys: 10, girls: None}
    assert told(shown, possible(shown)) == {girls}
    assert withheld_by_audit(shown) == {total}
    assert possible({**shown, total: None}, endless=frozenset({total}))[girls] == (0, 13)


def test_totals_of_the_total_go_with_it() -> None:
    """Where the total of a total still tells, that goes too, until nothing does."""
    leaf: dict[Place, int | None] = {
        Place("E08000035", "", "MALE"): 10,
        Place("E08000035", "", "FEMALE"): None,
        Place("E08000035", "", ""): 30,
    }
    sums = {Place("", *place[1:]): count for place, count in leaf.items()}
    assert withheld_by_audit({**leaf, **sums}) == {Place("E08000035", "", ""), Place("", "", "")}


def test_a_part_goes_that_leaves_its_total_no_room() -> None:
    """Where noise took the total under ten and a part is shown, the others are three at most: the part goes."""
    total, boys, girls = Place("", "", ""), Place("", "", "MALE"), Place("", "", "FEMALE")
    shown: dict[Place, int | None] = {total: None, boys: 10, girls: None}
    assert told(shown, possible(shown)) == {girls}
    assert withheld_by_audit(shown) == {boys}
