"""The closed list of things that happen; logs and metrics decide what to show of them.

No event carries an identifier, a name or any other value of a child: an event's details are words from our own code.
"""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from enum import Enum

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

logger = logging.getLogger("contactpoint")


class Event(Enum):
    """What may happen, as logs and metrics name it."""

    ANSWERED = "answered"
    REFUSED = "refused"
    AGENCY_FAILED = "agency_failed"
    HOLD_PLACED = "hold_placed"
    OVERRIDE_BEGUN = "override_begun"
    ACT_DONE = "act_done"
    ACT_PROPOSED = "act_proposed"
    REPORT_DELIVERED = "report_delivered"
    REPORT_FAILED = "report_failed"
    DECIDED_AGAIN = "decided_again"
    REDACTION_CAUGHT = "redaction_caught"
    CHECKPOINT_SIGNED = "checkpoint_signed"
    RESOLVER_FAILED = "resolver_failed"
    STORE_UNAVAILABLE = "store_unavailable"
    ISSUER_UNAVAILABLE = "issuer_unavailable"
    VIEWER_WITHOUT_PERSON = "viewer_without_person"
    DOCUMENT_BROKEN = "document_broken"
    MISUSE_SUSPECTED = "misuse_suspected"
    UNFORESEEN = "unforeseen"

    __hash__ = object.__hash__  # each is one object; by its name, as enums have it, costs a call for every look


_SERIOUS = {
    Event.REDACTION_CAUGHT,
    Event.RESOLVER_FAILED,
    Event.STORE_UNAVAILABLE,
    Event.ISSUER_UNAVAILABLE,
    Event.UNFORESEEN,
}


class Observer(Collector):
    """Says what happened: one log line and one count each."""

    def __init__(self) -> None:
        # Counted here and handed over when asked for: the library's own counters take a lock at every request.
        self._counts: Counter[tuple[Event, str]] = Counter()
        self._protection: Mapping[str, int] = {}
        self.registry = CollectorRegistry()
        self.registry.register(self)

    def happened(self, event: Event, detail: str = "") -> None:
        """`detail` is a word from a closed set of our own: a code, an agency's name, an error's class."""
        self._counts[event, detail] += 1
        level = logging.ERROR if event in _SERIOUS else logging.INFO
        if logger.isEnabledFor(level):
            logger.log(level, "%s %s", event.value, detail)

    def protection(self, counts: Mapping[str, int]) -> None:
        """How much of the whole store's protection waits for somebody just now, by kind; it names no authority."""
        self._protection = counts

    def collect(self) -> Iterator[Metric]:
        """All counts, as the metrics' page shows them."""
        family = CounterMetricFamily(
            "contactpoint_events", "Things that happened, by kind.", labels=["event", "detail"]
        )
        for (event, detail), count in self._counts.items():
            family.add_metric([event.value, detail], count)
        yield family
        gauges = GaugeMetricFamily(
            "contactpoint_protection", "Shields, holds, entries and reports that wait for somebody.", labels=["kind"]
        )
        for kind, count in self._protection.items():
            gauges.add_metric([kind], count)
        yield gauges
