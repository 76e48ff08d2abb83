"""Searches what a run leaves behind for values that were to stay hidden: answers, logs, counts, the ledger, the server.

What the viewer themselves has sent is no canary in the answer to it.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from adapters.store.roles import Connection

# Every shape that a canary has; whatever has none of them need not be looked up.
_LIKE: Final = re.compile(r"Q[a-z]{11}|ZE\d\d \d[A-Z]{2}|[A-Z]?\d{9,12}|[0-9A-HJ-NP-Z]{12}[0-9A-Z]")

_LEFT: Final = {
    "the ledger": "SELECT * FROM ledger",
    "reports": "SELECT body FROM outbox",
    "statistics of statements": "SELECT query FROM pg_stat_activity WHERE query IS NOT NULL",
}


class Canaries:
    """The hidden values of one pair of worlds, of either side."""

    def __init__(self, hidden: Iterable[str]) -> None:
        self.hidden = frozenset(hidden)

    def found(self, text: str, said: str = "") -> str | None:
        """The first hidden value in this text that was not `said` by whoever is told; None where there is none."""
        for word in _LIKE.findall(text):
            if word in self.hidden and word not in said:
                return str(word)
        return None


async def left_in_the_store(owner: Connection) -> list[tuple[str, str]]:
    """What the ledger and the server's own views hold, as text, each with where it was."""
    return [(where, _text(row)) for where, query in _LEFT.items() for row in await owner.fetch(query)]


def server_log(folder: Path) -> str:
    """All that the database server has written of its own accord."""
    return "\n".join(path.read_text("utf-8", "replace") for path in sorted(folder.rglob("*")) if path.is_file())


def _text(row: Mapping[str, Any]) -> str:
    return " ".join(value.decode("latin-1") if isinstance(value, bytes) else str(value) for value in dict(row).values())
