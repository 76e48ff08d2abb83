"""Where a page of a list ends, as whoever reads on sends it back. A cursor holds nothing that its page did not show."""

import base64
import binascii
from datetime import UTC, datetime

from adapters.shield_records import QuarantineRow
from resolvers.errors import BadCriteriaError


def cursor(text: str) -> str:
    """The cursor that stands for this text."""
    return base64.urlsafe_b64encode(text.encode()).decode()


def read_cursor(sent: str) -> str:
    """The text that a cursor stands for; raises BadCriteriaError where it is none of ours."""
    try:
        text = base64.b64decode(sent.encode(), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError, ValueError):
        raise BadCriteriaError("`after` is not a cursor of ours") from None
    if not text.isprintable():  # the store takes no NUL
        raise BadCriteriaError("`after` is not a cursor of ours")
    return text


def cursor_of(row: QuarantineRow) -> str:
    """The cursor after this entry."""
    return cursor(f"{row.received_at.isoformat()} {row.reference}")


def entry_before(sent: str | None) -> tuple[datetime, str] | None:
    """When the entry before the page was received, and its reference; raises BadCriteriaError."""
    if sent is None:
        return None
    at, _, reference = read_cursor(sent).partition(" ")
    try:
        return datetime.fromisoformat(at).astimezone(UTC), reference
    except (ValueError, OverflowError):
        raise BadCriteriaError("`after` is not a cursor of ours") from None
