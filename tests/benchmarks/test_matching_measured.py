"""What `docs/matching.md` promises of a million records holds of the first few thousand too."""

from adapters.identity import QuarantineOutcome
from benchmarks.matching import ASIDE, CREATED, RIGHT, WRONG, sheets, tally
from benchmarks.matching_blocks import Blocks


def test_a_few_thousand_records_are_known_for_whose_they_are() -> None:
    """Precise, complete, few put aside, and none of a protected child that came to stand open."""
    counts = tally(Blocks(4_000), 0, 4_000)
    came_to = {what: counts["all", what] for what in (RIGHT, WRONG, CREATED, ASIDE)}
    known = sum(counts["of children we know", what] for what in came_to)
    assert sum(came_to.values()) == 4_000
    assert came_to[RIGHT] / (came_to[RIGHT] + came_to[WRONG]) >= 0.999
    assert came_to[RIGHT] / known >= 0.95
    assert came_to[ASIDE] / 4_000 <= 0.02
    assert counts["leaks", ""] == 0


def test_the_tables_say_what_was_counted() -> None:
    """Promised beside measured, kind by kind, and why records wait."""
    promised, kinds, reasons = sheets(tally(Blocks(2_000), 0, 1_000))
    assert promised.rows[3][1] == "0"
    assert kinds.rows[0][:2] == ("all", "1,000")
    assert {row[0] for row in reasons.rows} <= {outcome.value for outcome in QuarantineOutcome}
