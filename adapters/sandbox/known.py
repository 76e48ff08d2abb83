"""The children as the pretended agencies know them: the synthetic ones, or some of them otherwise than they were made.

An agency asks here and nowhere else, so that two sandboxes can differ in a few chosen values and in nothing besides.
"""

from collections.abc import Iterator, Mapping
from datetime import date

from adapters.records import NhsNumber
from adapters.sandbox import population
from adapters.sandbox.population import SyntheticChild, SyntheticParent


class KnownChildren:
    """Every synthetic child, and back from an identifier to its child.

    A child that no longer has an identifier cannot be found by it; a child without any is one that no agency knows.
    """

    def __init__(self) -> None:
        self._otherwise: Mapping[int, SyntheticChild] = {}
        self._by_key: Mapping[str, int] = {}

    def know(self, otherwise: Mapping[int, SyntheticChild]) -> None:
        """From now on these are the children at their indexes; all others are as they were made."""
        self._otherwise = dict(otherwise)
        self._by_key = {
            key.value: index
            for index, child in self._otherwise.items()
            for key in (child.keys.nhs_number, child.keys.upn, child.birth_entry)
            if key is not None
        }

    def child_at(self, index: int) -> SyntheticChild:
        """The child at an index; IndexError where there is none."""
        return self._otherwise.get(index) or population.child_at(index)

    def index_of_nhs_number(self, value: str) -> int | None:
        """The index of the child with this NHS number; None for a parent's."""
        return self._of(value, population.index_of_nhs_number(value))

    def index_of_upn(self, value: str) -> int | None:
        """The index of the child with this unique pupil number."""
        return self._of(value, population.index_of_upn(value))

    def index_of_birth_entry(self, value: str) -> int | None:
        """The index of the child on this birth entry."""
        return self._of(value, population.index_of_birth_entry(value))

    def parent_of_nhs_number(self, value: str) -> SyntheticParent | None:
        """The parent with this NHS number, as the first child says who is known otherwise and has such a parent."""
        for child in self._otherwise.values():
            for parent in child.parents:
                if parent.nhs_number == NhsNumber(value):
                    return parent
        found = population.parent_of_nhs_number(value)
        return None if found is None else population.child_at(found[0]).parents[found[1]]

    def born_on(self, day: date, children: int) -> Iterator[int]:
        """The indexes, below `children`, of those born on a day."""
        others = [index for index in population.born_on(day, children) if index not in self._otherwise]
        altered = [index for index, child in self._otherwise.items() if child.birth_date == day and index < children]
        yield from sorted(others + altered)

    def _of(self, value: str, made: int | None) -> int | None:
        """Who has the key now: whoever was given it, or whom it was made for and who kept it."""
        return self._by_key.get(value, None if made in self._otherwise else made)
