"""The number of a child: read as people write it, and never guessed."""

import pytest

from adapters.number import BadNumber, new_number, parse_number


def test_a_new_number_is_one_that_is_read() -> None:
    """Hyphens, spaces and small letters do not matter; one letter other does."""
    for _ in range(100):
        number = new_number()
        written = f"{number[:4]}-{number[4:8]} {number[8:]}".lower()
        assert parse_number(written) == number
        mistyped = ("0" if number[0] != "0" else "1") + number[1:]
        with pytest.raises(BadNumber):
            parse_number(mistyped)


def test_numbers_are_drawn_by_lot() -> None:
    """A thousand of them share nothing: every place takes nearly every letter, and none comes twice."""
    numbers = [new_number() for _ in range(1000)]
    assert len(set(numbers)) == len(numbers)
    assert all(len({number[place] for number in numbers}) > 20 for place in range(12))
