"""CASES 56 and 58: whatever dies, stops, fills up or is cut while a record is written, no answer leaves without one.

The short form; `python -m tests.faults` goes through every fault at every step, and prints what it came to.
"""

import random
from collections.abc import AsyncIterator, Sequence

import pytest
import pytest_asyncio

from tests.faults.runs import run
from tests.faults.stage import Stage, a_stage
from tests.faults.steps import STEPS
from tests.faults.striking import FAULTS

pytestmark = pytest.mark.asyncio(loop_scope="module")

STRUCK = (
    ("connections ended by the store", "at the commit"),
    ("connections cut", "inside the statement"),
    ("connections cut", "committed, not yet read"),
    ("ledger refuses", "at a random moment"),
    ("store stopped for a while", "before the statement"),
    ("store killed", "inside the statement"),
    ("store killed", "at the commit"),
    ("gateway killed", "committed, not yet read"),
    ("both killed", "read, not yet sent"),
)
STRUCK_ON_A_DISK = (
    ("disk full", "inside the statement"),
    ("disk full under the log", "at a random moment"),
    ("disk read-only", "at the commit"),
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage() -> AsyncIterator[Stage]:
    """One store and one gateway, on which one fault follows the other."""
    async with a_stage() as made:
        yield made


async def test_no_answer_leaves_without_its_record(stage: Stage) -> None:
    """Each answer's record names its children; meanwhile 503 and unready; afterwards the ledger is whole."""
    assert await _wrong(stage, STRUCK) == {}


async def test_none_does_where_the_disk_is_full_or_fails(stage: Stage) -> None:
    """The same, on a disk of the store's own."""
    if stage.disk is None:
        pytest.skip(stage.no_disk)
    assert await _wrong(stage, STRUCK_ON_A_DISK) == {}


async def _wrong(stage: Stage, struck: Sequence[tuple[str, str]]) -> dict[tuple[str, str], tuple[str, ...]]:
    """What is wrong after each of these faults, at its step."""
    faults, steps = {fault.name: fault for fault in FAULTS}, {step.name: step for step in STEPS}
    wrong = {}
    for fault, step in struck:
        ran, _ = await run(stage, faults[fault], steps[step], random.Random(fault + step))  # noqa: S311 - any will do
        if not ran.good:
            wrong[fault, step] = ran.unrecorded + ran.wrong
    return wrong
