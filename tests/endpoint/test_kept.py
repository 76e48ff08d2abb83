"""What is kept for seconds: no longer than said, and no more than said."""

from gateway.kept import Kept


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_value_is_kept_for_so_long_from_when_it_came() -> None:
    """Being asked for does not make it live longer."""
    clock = Clock()
    kept: Kept[str, str] = Kept(10, 5.0, clock)
    kept.keep("a", "A")
    clock.now += 4.9
    assert kept.get("a") == "A"
    clock.now += 0.2
    assert kept.get("a") is None


def test_no_more_are_kept_than_said() -> None:
    """One more, and it stands alone; one that is there already makes no difference."""
    kept: Kept[int, int] = Kept(3, 5.0, Clock())
    for number in (1, 2, 3, 3):
        kept.keep(number, number)
    assert [kept.get(number) for number in (1, 2, 3)] == [1, 2, 3]
    kept.keep(4, 4)
    assert [kept.get(number) for number in (1, 2, 3, 4)] == [None, None, None, 4]
