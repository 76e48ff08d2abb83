"""What a load tells: to the source what was taken and what not, to stewards what became of it. Nothing more to either.

A source that heard more could probe for a sealed child with crafted rows. No report holds a value of a row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from adapters.store.feeding import Reject

MOST_TOLD = 10_000  # rejected rows listed; all are counted

ACCEPTED, REJECTED = "accepted", "rejected"
CAME_TO = ("created", "updated", "unchanged", "quarantined")


class Reader(Enum):
    """Who reads a report."""

    SOURCE = "source"
    STEWARDS = "stewards"


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What became of a file. `counts` are of its rows, by the words above and by what was noted of them."""

    counts: Mapping[str, int]
    rejects: Sequence[Reject]
    already_loaded: bool = False

    def told_to(self, reader: Reader) -> dict[str, Any]:
        """The part of the report that is that reader's, as JSON has it."""
        if reader is Reader.STEWARDS:
            noted = {word: count for word, count in sorted(self.counts.items()) if word.isupper()}
            return {word: self.counts.get(word, 0) for word in CAME_TO} | {"noted": noted}
        return {
            "accepted": self.counts.get(ACCEPTED, 0),
            "rejectedInAll": self.counts.get(REJECTED, 0),
            "rejected": [{"line": r.line, "column": r.column, "reason": r.reason} for r in self.rejects],
            "alreadyLoaded": self.already_loaded,
        }
