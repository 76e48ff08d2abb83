"""What is kept for seconds so that no request need find it out again: tokens found good, organisations registered.

Shields, and whatever is decided about a child, are never kept anywhere.
"""

import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Kept(Generic[Key, Value]):
    """Keeps each value for `seconds` from when it came, and `most` at a time: when one more comes, all go.

    An order of leaving, as cachetools has it, costs every request ten times what finding all anew costs now and then.
    """

    def __init__(self, most: int, seconds: float, timer: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._seconds = seconds
        self._timer = timer
        self._values: dict[Key, tuple[Value, float]] = {}

    def get(self, key: Key) -> Value | None:
        """The value, or None where there is none or its time is over."""
        known = self._values.get(key)
        if known is None:
            return None
        value, until = known
        if self._timer() < until:
            return value
        del self._values[key]
        return None

    def keep(self, key: Key, value: Value) -> None:
        if len(self._values) >= self._most and key not in self._values:
            self._values.clear()
        self._values[key] = value, self._timer() + self._seconds
