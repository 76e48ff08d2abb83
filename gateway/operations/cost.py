"""What an operation costs at most: children x (fields + agency calls), found in its plan before anything runs.

The plan says what is asked of each child; the variables say how many children.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from gateway.operations.limits import Limits
from gateway.operations.plan import Condition, Plan

CALL: Final = 20  # what one call to an agency counts, in fields

# How many children a root field's arguments ask for, its variables filled in; test: every root field stands in one of
# the two tables of `schema/roots.py`, or no schema is built.
Children: TypeAlias = Callable[[Mapping[str, Any]], int]


@dataclass(frozen=True, slots=True)
class Term:
    """One root field: `children(variables)` of them, each with so many fields and so many questions to agencies."""

    field: str
    children: Children
    fields: int
    calls: int
    conditions: tuple[Condition, ...] | None


@dataclass(frozen=True, slots=True)
class Cost:
    """An operation's terms. Kept with its plan; reckoned for every request."""

    terms: tuple[Term, ...]

    def of(self, variables: Mapping[str, Any]) -> int:
        """Sum over the terms that stand of children x (fields + CALL x calls)."""
        raise NotImplementedError

    def check(self, variables: Mapping[str, Any], limits: Limits) -> None:
        """Raise `LimitExceeded`: CHILDREN, SEARCHES, ACTS or COST, in that order."""
        raise NotImplementedError


def cost_of(plan: Plan) -> Cost:
    """The plan's cost; conditions that cannot be known count as standing."""
    raise NotImplementedError
