"""Whom a worker knows to guess too much: for as long as the store has said, and never without end."""

from gateway.guessing import Guessing


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_a_viewer_is_known_for_as_long_as_the_store_has_said() -> None:
    """In whole seconds, the last begun one too; nobody else is."""
    clock = Clock()
    guessing = Guessing(clock)
    guessing.full("one", 10)
    assert guessing.seconds_left("one") == 10
    clock.now += 8.5
    assert guessing.seconds_left("one") == 2
    assert guessing.seconds_left("another") == 0
    clock.now += 1.5
    assert guessing.seconds_left("one") == 0


def test_the_stores_last_word_counts() -> None:
    """Longer or shorter than the one before."""
    guessing = Guessing(Clock())
    guessing.full("one", 10)
    guessing.full("one", 3)
    assert guessing.seconds_left("one") == 3


def test_what_is_known_is_bounded() -> None:
    """A flood of viewers fills no memory: whoever is forgotten here is known to the store."""
    guessing = Guessing(Clock(), most=3)
    for viewer in "abcd":
        guessing.full(viewer, 10)
    assert [guessing.seconds_left(viewer) for viewer in "abcd"] == [0, 0, 0, 10]
