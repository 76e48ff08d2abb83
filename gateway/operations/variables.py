"""How much variables may hold, looked at before any of them is read."""

from collections.abc import Mapping
from typing import Any

from gateway.errors import LimitExceeded

MOST_VALUES = 2_000  # in all variables of a request together
LONGEST_VALUE = 1_000  # characters


def measure(variables: Mapping[str, Any]) -> None:
    """Raise `LimitExceeded` where they hold too many values, or one too long."""
    waiting: list[Any] = [variables]
    seen = 0
    while waiting:
        value = waiting.pop()
        seen += 1
        if isinstance(value, str) and len(value) > LONGEST_VALUE:
            raise LimitExceeded("VARIABLES", f"a variable's text may have at most {LONGEST_VALUE} characters")
        inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
        if seen + len(waiting) + len(inner) > MOST_VALUES:
            raise LimitExceeded("VARIABLES", f"variables may hold at most {MOST_VALUES} values")
        waiting += inner
