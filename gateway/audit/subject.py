"""A record in words: whole, for auditors; and as its subject may be told it: nothing that locates, no shield act."""

from typing import Final

from adapters.store.entries import ChildAccess
from gateway.audit.opening import OpenedRecord

_WHO: Final = {
    "PRACTITIONER": "somebody who works with children",
    "PARTNER": "another agency's system",
    "STEWARD": "somebody who keeps records right",
    "SHIELD_OFFICER": "a safeguarding officer",
    "ANALYST": "somebody who counts",
    "AUDITOR": "an auditor",
}
_WHY: Final = {
    "SAFEGUARDING": "to keep a child safe",
    "CHILD_WELFARE": "for a child's welfare",
    "HEALTH": "for health care",
    "EDUCATION": "for education",
    "SERVICE_COORDINATION": "to bring services together",
    "DATA_QUALITY": "to put a record right",
    "STATISTICS": "to count",
    "AUDIT": "to audit",
}
# What was seen, in the order told. KEY and SENSITIVE_SERVICE are told as what they are a part of.
_WHAT: Final = {
    "IDENTITY": "name, birth date and gender",
    "KEY": "numbers",
    "HISTORY": "former names",
    "ADDRESS": "address",
    "SCHOOL": "school",
    "PRACTICE": "doctor's practice",
    "PARENT_NAMES": "parents' names",
    "CONTACT": "parents' contact details",
    "SERVICES": "services",
    "SENSITIVE_SERVICE": "services",
}


def in_words(record: OpenedRecord) -> str:
    """The whole of a record, on one line."""
    asked = f"{record.viewer} of {record.organisation} as {record.acting_role} for {record.purpose or 'no purpose'}"
    came_to = record.outcome if record.code is None else f"{record.outcome} {record.code}"
    did = f" {record.act}" if record.act else ""
    reason = f' "{record.reason}"' if record.reason else ""
    children = "; ".join(_child(child) for child in record.children)
    hidden = f" ({record.unopened} parts for other auditors)" if record.unopened else ""
    return f"{record.moment:%Y-%m-%d %H:%M:%S}Z {record.reference} {asked}:{did} {came_to}{reason} {children}{hidden}"


def for_its_subject(record: OpenedRecord, number: str) -> str | None:
    """What the child, or who speaks for it, is told of this record; None where that is nothing.

    No organisation, which might say where the child is; no act and no officer's work, which might say that it is
    protected; nothing withheld, and nothing that came to nothing.
    """
    shown = {word for child in record.children if child.number == number for word in child.shown}
    if record.act is not None or record.purpose not in _WHY or record.outcome != "ANSWERED" or not shown:
        return None
    seen = list(dict.fromkeys(words for category, words in _WHAT.items() if category in shown))
    told = seen[0] if len(seen) == 1 else f"{', '.join(seen[:-1])} and {seen[-1]}"
    when = f"{record.moment:%-d %B %Y, %H:%M}"
    return f"{when}: {_WHO[record.acting_role]} saw your {told}, {_WHY[record.purpose]}."


def _child(child: ChildAccess) -> str:
    parts = [child.number, f"shown {','.join(sorted(child.shown)) or 'nothing'}"]
    if child.withheld:
        parts.append(f"withheld {','.join(sorted(child.withheld))}")
    if child.override:
        parts.append("by override")
    return " ".join(parts)
