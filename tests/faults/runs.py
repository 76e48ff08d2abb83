"""One run: clients ask, one fault strikes at one step and is healed, and then everything is looked at."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass

from tests.faults.clients import Answer, Clients
from tests.faults.evidence import keep_checkpoint, look
from tests.faults.stage import Stage
from tests.faults.steps import Step
from tests.faults.striking import Fault

BEFOREHAND, AFTERWARDS = 12, 12  # answers that show that all is well
SHOWN = 3  # refusals that show that it is not

Cell = tuple[Fault, Step]


@dataclass(frozen=True, slots=True)
class Ran:
    """What one run came to. Seconds are None where there was nothing to wait for."""

    fault: Fault
    step: Step
    disclosed: int
    refused: int
    cut_short: int
    unrecorded: tuple[str, ...]
    wrong: tuple[str, ...]
    chains: int
    slowest_refusal: float | None
    unready_after: float | None

    @property
    def good(self) -> bool:
        return not self.unrecorded and not self.wrong


async def run(stage: Stage, fault: Fault, step: Step, chance: random.Random) -> tuple[Ran, list[Answer]]:
    """Have one fault strike at one step. Raises NeverCame where what must come never does."""
    clock = asyncio.get_running_loop().time
    kept = await keep_checkpoint(stage)
    unready_after = None
    async with Clients(stage.url, stage.headers(), stage.numbers()) as clients:
        try:
            await clients.disclosed(BEFOREHAND)
            await step.reach(stage, clients, chance)
            await fault.strike(stage)
            struck = clock()
            if not fault.freezes:
                await stage.gate.open()
            stage.gateway_goes_on()
            if fault.silences or fault.refuses:
                unready_at, _ = await asyncio.gather(_when(stage.ready_says(503)), clients.refused(SHOWN, struck))
                unready_after = unready_at - struck
        finally:
            healing = clock()
            await fault.heal(stage)
            await stage.store_answers()
            await stage.gate.remove()
        healed = clock()
        await clients.disclosed(AFTERWARDS, healed)
        await stage.ready_says(200)
    looked = await look(stage, clients.answers, kept)
    refusals = [answer for answer in clients.answers if answer.status == 503]
    wrong = [*looked.findings, *_wrong(clients)]
    if fault.silences:
        early = [
            answer
            for answer in clients.answers
            if answer.discloses and struck < answer.began and answer.ended < healing
        ]
        wrong += [f"answered while nothing could be recorded: {answer.reference}" for answer in early]
    return Ran(
        fault,
        step,
        sum(answer.discloses for answer in clients.answers),
        len(refusals),
        clients.cut_short,
        looked.unrecorded,
        tuple(wrong),
        looked.chains,
        max((answer.ended - answer.began for answer in refusals), default=None),
        unready_after,
    ), clients.answers


async def _when(happens: Awaitable[None]) -> float:
    """The loop's time when it has happened."""
    await happens
    return asyncio.get_running_loop().time()


def _wrong(clients: Clients) -> list[str]:
    """What no answer may be, whatever befell."""
    wrong = [
        f"{count} answers of status {status}"
        for status, count in _statuses(clients.answers)
        if status not in (200, 503)
    ]
    if any(answer.status == 503 and "data" in answer.body for answer in clients.answers):
        wrong.append("a refusal that tells data")
    if clients.forgotten:
        wrong.append(f"{clients.forgotten} requests that nobody ended")
    return wrong


def _statuses(answers: Iterable[Answer]) -> Iterable[tuple[int, int]]:
    return Counter(answer.status for answer in answers).items()
