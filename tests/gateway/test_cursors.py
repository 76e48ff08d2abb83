"""What a cursor holds, for whoever takes one apart."""

from datetime import UTC, datetime

from adapters.identity import QuarantineOutcome
from adapters.shield_records import QuarantineRow
from gateway.cursors import cursor_of, entry_before, read_cursor

RECEIVED = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def test_a_cursor_says_when_an_entry_came_and_which_it_is() -> None:
    """CASES 4: and nothing else that is known of it, whatever that is."""
    row = QuarantineRow("entry-1", RECEIVED, "schools", QuarantineOutcome.LIKE_PROTECTED, None, None, anothers=True)
    assert read_cursor(cursor_of(row)) == f"{RECEIVED.isoformat()} entry-1"
    assert entry_before(cursor_of(row)) == (RECEIVED, "entry-1")
