"""OneRoster's filter grammar as the sandbox's roster reads it: `field='value'` joined by AND and OR, at most twenty.

Like Ed-Fi's server it knows no brackets, and no way to write a quote inside a value.
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

CLAUSES = 20
LONGEST = 250

_TOKEN = re.compile(
    r"""\s*(?:(?P<joiner>AND|OR)\s|(?P<field>\w+)\s*(?P<predicate>!=|>=|<=|[=<>~])\s*'(?P<value>[^']*)')"""
)
_PREDICATES: Mapping[str, Callable[[str, str], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "~": lambda held, wanted: wanted.lower() in held.lower(),
}


class BadFilter(ValueError):
    """The filter cannot be read, is too long, or names a field that cannot be filtered by."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One comparison; values are compared as text."""

    field: str
    predicate: str
    value: str

    def fits(self, row: Mapping[str, object]) -> bool:
        held = row.get(self.field)
        return held is not None and _PREDICATES[self.predicate](str(held), self.value)


@dataclass(frozen=True, slots=True)
class Filter:
    """Alternatives, of each of which every clause must fit; AND binds closer than OR, as in SQL."""

    alternatives: Sequence[Sequence[Clause]]

    def fits(self, row: Mapping[str, object]) -> bool:
        return any(all(clause.fits(row) for clause in clauses) for clauses in self.alternatives)

    def values_of(self, field: str) -> Sequence[str] | None:
        """Give the values that rows must have in `field`, or None where the filter does not pin it down."""
        values = []
        for clauses in self.alternatives:
            pinned = [clause.value for clause in clauses if clause.field == field and clause.predicate == "="]
            if not pinned:
                return None
            values.append(pinned[0])
        return values


def parse(text: str, fields: frozenset[str]) -> Filter:
    """Read a filter over `fields`; raises BadFilter."""
    alternatives: list[list[Clause]] = [[]]
    place, joined = 0, True
    while place < len(text.rstrip()):
        token = _TOKEN.match(text, place)
        if token is None or (token["joiner"] is None) != joined:
            raise BadFilter("Invalid filter clause")
        place = token.end()
        joined = token["joiner"] is not None
        if token["joiner"] == "OR":
            alternatives.append([])
        elif not joined:
            if token["field"] not in fields:
                raise BadFilter(f"Field '{token['field']}' is not allowed for filtering")
            if len(token["value"]) > LONGEST:
                raise BadFilter(f"Filter value for field '{token['field']}' is too long")
            alternatives[-1].append(Clause(token["field"], token["predicate"], token["value"]))
    if joined:
        raise BadFilter("Invalid filter clause")
    if sum(map(len, alternatives)) > CLAUSES:
        raise BadFilter(f"Filter contains too many clauses. Maximum allowed: {CLAUSES}")
    return Filter(alternatives)
