"""A request's time: it ends what takes too long, nothing else, and leaves nothing behind."""

import asyncio
from contextvars import Context

import pytest

from adapters.deadlines import Deadlines
from gateway.patience import Patience

FAR = 3_600.0  # seconds: a time that does not come in a test


@pytest.fixture
async def deadlines() -> Deadlines:
    return Deadlines(asyncio.get_running_loop(), Context())


def in_(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds


async def for_ever() -> None:
    await asyncio.get_running_loop().create_future()


async def test_what_takes_too_long_ends(deadlines: Deadlines) -> None:
    """By TimeoutError, and the task itself goes on, cancelled no more."""
    with pytest.raises(TimeoutError), Patience(deadlines, in_(0.02)):
        await for_ever()
    await asyncio.sleep(0)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_what_is_done_in_time_is_left_alone(deadlines: Deadlines) -> None:
    """Its answer stands, and when its time comes nobody is told."""
    soon = in_(0.02)
    with Patience(deadlines, soon):
        await asyncio.sleep(0)
    with Patience(deadlines, in_(FAR)):
        assert not deadlines.before(soon)


async def test_whoever_is_cancelled_by_somebody_else_stays_cancelled(deadlines: Deadlines) -> None:
    """A caller who leaves is no timeout: not before the time is over, and not at the same moment."""

    async def wait() -> None:
        with Patience(deadlines, in_(FAR)):
            await for_ever()

    async def wait_shortly(patience: list[Patience]) -> None:
        patience.append(Patience(deadlines, in_(FAR)))
        with patience[0]:
            await for_ever()

    leaves = asyncio.create_task(wait())
    patience: list[Patience] = []
    leaves_at_its_end = asyncio.create_task(wait_shortly(patience))
    await asyncio.sleep(0)
    leaves.cancel()
    patience[0].time_is_over()
    leaves_at_its_end.cancel()
    await asyncio.wait({leaves, leaves_at_its_end})
    assert leaves.cancelled()
    assert leaves_at_its_end.cancelled()


async def test_an_error_inside_is_itself(deadlines: Deadlines) -> None:
    """Only time is told as time."""
    with pytest.raises(KeyError), Patience(deadlines, in_(FAR)):
        raise KeyError
