"""The records that sources are made to write: the same every time, as wrong as they are said to be, and labelled."""

from collections import Counter

import pytest

from adapters.records import Tier
from adapters.sandbox.population import identity_at
from adapters.sandbox.slips import KeysSaid, LabelledUpdate, Newcomer, Slip, slipped, update_at
from adapters.store.search import name_key
from gateway.feeds.near_dates import near_dates

CHILDREN = 4_000


@pytest.fixture(scope="module")
def updates() -> list[LabelledUpdate]:
    return [update_at(place, CHILDREN) for place in range(6_000)]


def test_the_same_place_is_the_same_record(updates: list[LabelledUpdate]) -> None:
    """Nothing is stored: a place in the sequence, or a child and a roll of the dice, always gives the same."""
    assert [update_at(place, CHILDREN) for place in range(0, 6_000, 500)] == updates[::500]
    assert slipped(7, 3) == slipped(7, 3) != slipped(7, 4)


def test_the_label_is_the_truth(updates: list[LabelledUpdate]) -> None:
    """A record without a slip says of its child what the store says; one slip changes one thing, and not the label."""
    for update in updates:
        if update.truth is None:
            assert update.newcomer is not None
            continue
        child, entry = identity_at(update.truth), update.entry
        assert update.truth < CHILDREN
        assert update.protected is (child.tier is not Tier.OPEN)
        names = {Slip.MISSPELT, Slip.EXCHANGED, Slip.RENAMED} & set(update.slips)
        same = (entry.name.given[0], entry.name.family) == (child.name.given[0], child.name.family)
        assert same is not bool(names)
        if {Slip.DATE_SWAPPED, Slip.DATE_DIGIT} & set(update.slips):
            assert entry.birth_date in near_dates(child.birth_date)
        else:
            assert entry.birth_date == child.birth_date
        assert (entry.address is not None and entry.address.lines == child.address.lines) is not (
            Slip.MOVED in update.slips
        )


def test_the_mix_is_as_it_is_told(updates: list[LabelledUpdate]) -> None:
    """Nine in ten are of children we know, seven in ten of those bear all keys; the protected come often enough."""
    known = [update for update in updates if update.truth is not None]
    said = Counter(update.said for update in known)
    slips = Counter(slip for update in known for slip in update.slips)
    assert 0.88 < len(known) / len(updates) < 0.92
    assert 0.67 < said[KeysSaid.ALL] / len(known) < 0.73
    assert 0.03 < slips[Slip.MISSPELT] / len(known) < 0.05
    assert 0.06 < slips[Slip.MOVED] / len(known) < 0.1
    assert set(slips) == set(Slip)
    assert 0.04 < sum(update.protected for update in known) / len(known) < 0.07
    assert {update.newcomer for update in updates} == {*Newcomer, None}


def test_a_misspelling_is_another_name(updates: list[LabelledUpdate]) -> None:
    """An edit that matching would not notice is none."""
    for update in updates:
        if Slip.MISSPELT in update.slips and update.truth is not None:
            child, name = identity_at(update.truth), update.entry.name
            written, known = (name.given[0], name.family or ""), (child.name.given[0], child.name.family or "")
            assert sum(name_key(a) != name_key(b) for a, b in zip(written, known, strict=True)) == 1


def test_a_population_has_whole_stretches() -> None:
    """Protected children are drawn by stretches of the register, so a part of one would not be fair."""
    with pytest.raises(ValueError, match="multiple of 2000"):
        update_at(0, 2_500)
