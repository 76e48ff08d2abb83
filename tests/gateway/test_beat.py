"""Beats are counted from when an answer was asked for, so that what was done until then shows in none."""

import asyncio

import pytest

from gateway.beat import Beat
from tests.resolvers.timeless import now, timeless

SOON = pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("work", [0.0, 0.001, 0.0249])
@timeless
async def test_whatever_was_done_in_a_beat_ends_with_it(work: float) -> None:
    """Much or little."""
    began = now()
    await asyncio.sleep(work)
    await Beat(asyncio.get_running_loop(), 0.025).after(began)
    assert now() - began - 0.025 == SOON


@timeless
async def test_who_took_longer_waits_for_the_next_beat() -> None:
    """A whole number of them, whatever it is."""
    began = now()
    await asyncio.sleep(0.06)
    await Beat(asyncio.get_running_loop(), 0.025).after(began)
    assert now() - began - 0.075 == SOON


@timeless
async def test_without_a_beat_nobody_waits() -> None:
    """For who compares a million answers, and not how long they take."""
    began = now()
    await Beat(asyncio.get_running_loop(), 0.0).after(began)
    assert now() - began == SOON
