"""The closed list of things that happen; logs and metrics decide what to show of them.

No event carries an identifier, a name or any other value of a child: an event's details are words from our own code.
"""

import logging
from enum import Enum

from prometheus_client import CollectorRegistry, Counter

logger = logging.getLogger("contactpoint")


class Event(Enum):
    """What may happen, as logs and metrics name it."""

    ANSWERED = "answered"
    REFUSED = "refused"
    AGENCY_FAILED = "agency_failed"
    HOLD_PLACED = "hold_placed"
    DECIDED_AGAIN = "decided_again"
    REDACTION_CAUGHT = "redaction_caught"
    RESOLVER_FAILED = "resolver_failed"
    STORE_UNAVAILABLE = "store_unavailable"
    ISSUER_UNAVAILABLE = "issuer_unavailable"


_SERIOUS = {Event.REDACTION_CAUGHT, Event.RESOLVER_FAILED, Event.STORE_UNAVAILABLE, Event.ISSUER_UNAVAILABLE}


class Observer:
    """Says what happened: one log line and one count each."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._count = Counter(
            "contactpoint_events", "Things that happened, by kind.", ["event", "detail"], registry=self.registry
        )

    def happened(self, event: Event, detail: str = "") -> None:
        """`detail` is a word from a closed set of our own: a code, an agency's name, an error's class."""
        self._count.labels(event.value, detail).inc()
        logger.log(logging.ERROR if event in _SERIOUS else logging.INFO, "%s %s", event.value, detail)


class _WithoutContents(logging.Filter):
    """Lets a record pass with the kind of an exception alone: its text may quote a header, a body or an address."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and record.exc_info[0] is not None:
            record.msg, record.args = f"a request ended in {record.exc_info[0].__name__}", None
            record.exc_info = record.exc_text = None
        return True


def http_logger() -> logging.Logger:
    """Where the HTTP server says what it could not read: never what it was."""
    http = logging.getLogger("contactpoint.http")
    if not http.filters:
        http.addFilter(_WithoutContents())
    return http
