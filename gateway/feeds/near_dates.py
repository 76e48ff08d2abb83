"""The birth dates that one slip of the pen makes of another: pure arithmetic, no names, no store.

Symmetric: where one date is near another, the other is near it.
"""

from collections.abc import Iterator
from datetime import date
from functools import lru_cache

_PAIRS = ((2, 3), (4, 5), (6, 7))  # of YYYYMMDD: the year's last two digits, the month's, the day's


@lru_cache(maxsize=1 << 14)
def near_dates(day: date) -> tuple[date, ...]:
    """Day and month swapped, one digit wrong, or two neighbours transposed; never `day` itself, at most forty dates.

    Of a year only the last digit is anybody's guess; its tens are off by one at most, and its century never.
    """
    found: dict[date, None] = {}
    for digits in _slips(f"{day:%Y%m%d}"):
        try:
            near = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
        except ValueError:
            continue
        found[near] = None
    found.pop(day, None)
    return tuple(found)


def _slips(digits: str) -> Iterator[str]:
    yield digits[:4] + digits[6:] + digits[4:6]
    for left, right in _PAIRS:
        yield digits[:left] + digits[right] + digits[left] + digits[right + 1 :]
    tens = int(digits[2])
    for other in {max(tens - 1, 0), min(tens + 1, 9)}:
        yield f"{digits[:2]}{other}{digits[3:]}"
    for place in range(3, 8):
        for other in range(10):
            yield f"{digits[:place]}{other}{digits[place + 1 :]}"
