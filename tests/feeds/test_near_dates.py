"""Which birth dates one slip makes of another."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from gateway.feeds.near_dates import near_dates

DAYS = st.dates(date(1950, 1, 1), date(2049, 12, 31))


@given(DAYS)
def test_near_is_near_either_way(day: date) -> None:
    """Whatever slip makes one date of another makes the first of the second; no date is near itself; few are."""
    near = near_dates(day)
    assert day not in near
    assert len(set(near)) == len(near) <= 40
    assert all(day in near_dates(other) for other in near)


def test_the_slips() -> None:
    """Day and month exchanged, neighbours out of turn, one digit wrong; but neither two digits nor another century."""
    near = near_dates(date(2013, 4, 12))
    assert {date(2013, 12, 4), date(2031, 4, 12), date(2013, 4, 21), date(2013, 4, 17), date(2013, 9, 12)} <= set(near)
    assert {date(2018, 4, 12), date(2003, 4, 12), date(2023, 4, 12)} <= set(near)
    assert not {date(2013, 5, 17), date(1913, 4, 12), date(2093, 4, 12)} & set(near)
