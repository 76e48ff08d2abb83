"""The instrument that tells classes apart by time is itself tried out, on samples whose difference is known."""

import random

import pytest

from benchmarks.telling_apart import TOLD_APART, welch, worse_t


def waits(chance: random.Random, samples: int, more: float = 0.0) -> list[float]:
    """As answers wait: about 1,600 us, now and then ten times as long."""
    return [
        chance.gauss(1_600 + more, 150) * (10 if chance.random() < 0.01 else 1)  # nobody's doing
        for _ in range(samples)
    ]


def test_welch() -> None:
    """By hand: means one apart, each with a variance of five thirds over four samples."""
    assert welch([1, 2, 3, 4], [2, 3, 4, 5]) == pytest.approx(-1.0954, abs=1e-4)
    assert welch([1.0] * 5, [1.0] * 5) == 0.0
    assert welch([1.0], [2.0]) == 0.0


@pytest.mark.parametrize("seed", range(5))
def test_a_difference_of_thirty_microseconds_is_told(seed: int) -> None:
    """In a few thousand samples, though some take ten times as long."""
    chance = random.Random(seed)  # noqa: S311 - the same samples for the same seed
    assert abs(worse_t(waits(chance, 3_000, more=30), waits(chance, 3_000))) > TOLD_APART


@pytest.mark.parametrize("seed", range(5))
def test_no_difference_is_none(seed: int) -> None:
    """Of the same, told twice."""
    chance = random.Random(seed)  # noqa: S311 - the same samples for the same seed
    assert abs(worse_t(waits(chance, 3_000), waits(chance, 3_000))) < TOLD_APART
