"""The steps around a record's write at which a fault may strike: how each is reached, and how it is left."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from tests.faults.clients import Clients
from tests.faults.gate import AT_COMMIT, INSIDE
from tests.faults.stage import Stage
from tests.faults.stoppable import BEFORE, READ

MOST_ANSWERS, MOST_SECONDS = 60, 0.02  # within which a random moment lies


@dataclass(frozen=True, slots=True)
class Step:
    """One of them. Once reached, requests are at it and stay there until gateway and gate are let go on."""

    name: str
    reach: Callable[[Stage, Clients, random.Random], Awaitable[None]]


async def _random_moment(stage: Stage, clients: Clients, chance: random.Random) -> None:
    await clients.disclosed(len(clients.answers) + chance.randrange(MOST_ANSWERS))
    await asyncio.sleep(chance.random() * MOST_SECONDS)


async def _before(stage: Stage, clients: Clients, chance: random.Random) -> None:
    await stage.gateway_stops_at(BEFORE)


async def _inside(stage: Stage, clients: Clients, chance: random.Random) -> None:
    await stage.gate.shut(INSIDE)


async def _at_commit(stage: Stage, clients: Clients, chance: random.Random) -> None:
    await stage.gate.shut(AT_COMMIT)


async def _committed(stage: Stage, clients: Clients, chance: random.Random) -> None:
    await stage.gate.shut(AT_COMMIT)
    await stage.stop_gateway()
    await stage.gate.pass_all()


async def _read(stage: Stage, clients: Clients, chance: random.Random) -> None:
    await stage.gateway_stops_at(READ)


STEPS: Final = (
    Step("at a random moment", _random_moment),
    Step("before the statement", _before),
    Step("inside the statement", _inside),
    Step("at the commit", _at_commit),
    Step("committed, not yet read", _committed),
    Step("read, not yet sent", _read),
)
