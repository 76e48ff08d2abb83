"""The same operations against two deployed gateways with two sets of data: of what they do, only what HTTP shows.

Whoever runs it has loaded both, apart in nothing but what the viewings named may not see.
"""

import random
from collections.abc import Mapping
from contextlib import AsyncExitStack
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from gateway.classes import CLASSES
from gateway.viewer import Role
from tests.worlds.comparing import Reader, compared
from tests.worlds.observing import Answer, Line, Observed
from tests.worlds.operations import SHARES, operations
from tests.worlds.vocabulary import Somebody, Vocabulary

NO_ACTS: Final = SHARES._replace(acts=0)  # a deployed gateway is only looked at


class Before(msgspec.Struct, frozen=True):
    """One viewing: a role, the purpose it states, and a token for either gateway."""

    role: Role
    purpose: str
    tokens: tuple[str, str]
    reason: str | None = None

    def headers(self, side: int) -> Mapping[str, str]:
        reason = {} if self.reason is None else {"Contactpoint-Reason": self.reason}
        return {"Authorization": f"Bearer {self.tokens[side]}", "Contactpoint-Purpose": self.purpose, **reason}


class Told(msgspec.Struct, frozen=True):
    """A file of who looks, and which children there are to ask about; `documents` are a partner's published texts."""

    viewings: tuple[Before, ...]
    children: tuple[Somebody, ...]
    documents: tuple[str, ...] = ()


class Unreadable(Exception):
    """The file cannot be read; the text says why."""


def told_in(path: Path) -> Told:
    """Read it; raises Unreadable."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Told)
    except (OSError, msgspec.DecodeError) as error:
        raise Unreadable(f"cannot read `{path}`: {error}") from None


async def run_against(urls: tuple[str, str], told: Told, pairs: int, seed: int) -> tuple[int, list[str]]:
    """How many pairs were run before all viewings, and every difference in words; a viewing ends with its first."""
    ran, differences = 0, []
    words = Vocabulary(told.children)
    for place, before in enumerate(told.viewings):
        chance = random.Random(f"against {seed} {place}")  # noqa: S311 - nothing is to be kept from anybody
        documents = told.documents if before.role is Role.PARTNER else ()
        readers = Reader(), Reader()
        async with AsyncExitStack() as ending:
            lines = [await ending.enter_async_context(Line.to(url)) for url in urls]
            stream = operations(CLASSES[before.role], words, chance, documents, NO_ACTS)
            for sent in islice(stream, pairs // len(told.viewings)):
                answers: list[Answer] = [await line.send(sent, before.headers(side)) for side, line in enumerate(lines)]
                ran += 1
                difference = compared(Observed(answers[0]), Observed(answers[1]), readers)
                if difference is not None:
                    first, second = difference.excerpts()
                    differences.append(
                        f"--- {before.role.value} for {before.purpose}: {difference.observable} differs\n"
                        f"operation: {sent}\nA: {first}\nB: {second}"
                    )
                    break
    return ran, differences
