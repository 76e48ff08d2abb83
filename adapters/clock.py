"""The wall clock, as something a test can hand in."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeAlias

Clock: TypeAlias = Callable[[], datetime]


def now_in_utc() -> datetime:
    return datetime.now(UTC)
