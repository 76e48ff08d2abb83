"""Two observations of one operation, compared. Every reduction of what is random stands here, with its reason.

What is random is renamed in the order in which it first came in its world, so that two worlds still differ where one
gives the same handle twice and the other does not.
"""

import base64
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace

from gateway.audit.scribe import Access
from tests.worlds.observing import Observed


@dataclass(frozen=True, slots=True)
class Difference:
    """The first observable that differs, and what it was in either world."""

    observable: str
    values: tuple[str, str]

    def excerpts(self) -> tuple[str, str]:
        """Both values, from a little before they part."""
        parts = next((n for n, (a, b) in enumerate(zip(*self.values, strict=False)) if a != b), -1)
        first, second = (value[max(0, parts - 200) : parts + 200] for value in self.values)
        return first, second


# Each is random or a clock's by design; the first group is all that is renamed.
_RANDOM: Final = {
    # The ledger's reference of an answer: 128 random bits.
    "record": re.compile(r"(?<=Contactpoint-Record: )([0-9a-f]{32})(?=\r\n)"),
    # The same, and an act's or an entry's, where an answer tells of one.
    "reference": re.compile(r'(?<=":")([0-9a-f]{32})(?=")'),
    # A broker's handle, for each organisation and child, and whatever else is sixteen random bytes in our words; it
    # may stand under any alias.
    "handle": re.compile(r'(?<=":")([A-Za-z0-9_-]{21}[AQgw])(?=")'),
}
# A clock's: the worlds are asked one after the other.
_CLOCKS: Final = (
    (re.compile(r"(?<=\r\nDate: )[^\r]{29}(?=\r\n)"), "<now>"),
    (re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,6}(?:\+00:00|Z)"), "<moment>"),
    (re.compile(r"(?<=\r\nRetry-After: )\d+(?=\r\n)"), "<seconds>"),
)

_LONG_AGO: Final = 10**15  # in microseconds of the epoch; no count of ours comes near

_OURS: Final = "-- "  # how our statements begin; whatever else is the driver's own, and asked once for each connection
_UNCOMPARED: Final = (
    # Of the gateway's own accord, by the clock.
    "-- What the next checkpoint says",
    "-- Reports that are due",
    "-- Whose auditors the records of protected children are sealed to",
    "-- How often documents were used since the last time of telling",
    "-- A key that records are sealed with",
)
# Whoever runs the gateway is told that somebody asked for their own child, of whom nothing else may show.
_OWN_FAMILY: Final = "own family"

_CURSOR: Final = re.compile(r'(?<=":")[A-Za-z0-9_-]{40,}={0,2}(?=")')
_MICROSECONDS: Final = re.compile(r"\b1\d{15}\b")
_REFERENCE: Final = re.compile(r"\b[0-9a-f]{32}\b")

_OPENED: Final = "-- Keys of records"
_RECORDED: Final = "-- No answer without its record"


@dataclass
class Reader:
    """Reads one world's observations with what is random in them named."""

    _names: dict[tuple[str, str], str] = field(default_factory=dict)

    def text(self, raw: bytes | str) -> str:
        text = raw if isinstance(raw, str) else raw.decode("utf-8", "backslashreplace")
        for kind, pattern in _RANDOM.items():
            text = pattern.sub(lambda found, kind=kind: self._named(kind, found.group(1)), text)  # type: ignore[misc]
        text = _CURSOR.sub(self._unwrapped, text)
        for clock, word in _CLOCKS:
            text = clock.sub(word, text)
        return text

    def _unwrapped(self, found: re.Match[str]) -> str:
        """A cursor of ours as the text that it stands for, with what is random or a clock's in that named too."""
        try:
            inside = base64.urlsafe_b64decode(found.group()).decode()
        except ValueError:
            return found.group()
        inside = _MICROSECONDS.sub("<moment>", inside)
        return f"<cursor {_REFERENCE.sub(lambda one: self._named('reference', one.group()), inside)}>"

    def statement(self, query: str, args: Sequence[object]) -> str:
        """Our statements by the comment that each begins with."""
        values = [self._value(value) for value in args]
        if query.startswith(_RECORDED):
            # Into whichever chain of sixteen is free; what is recorded is compared before it is sealed.
            values = [*values[2:], len(args[1])] if isinstance(args[1], list) else values
        if query.startswith(_OPENED):
            # A record bears keys for each authority whose children it tells of, and opens with the auditor's own.
            values = []
        return f"{query.partition(chr(10))[0]} {values}"

    def _value(self, value: object) -> object:
        """A parameter: sealed bytes by their number, a moment as such, a random word by its name."""
        match value:
            case bytes():
                return f"<{len(value)} bytes>"
            case list() | tuple():
                return [self._value(part) for part in value]
            case str() if re.fullmatch(r"[A-Za-z0-9_-]{22}|[0-9a-f]{32}", value):
                return "<random>"
            case str():
                return self.text(value)
            case int() if value > _LONG_AGO:
                return "<moment>"
            case _:
                return value

    def _named(self, kind: str, value: str) -> str:
        return self._names.setdefault((kind, value), f"<{kind} {len(self._names)}>")


def compared(first: Observed, second: Observed, readers: tuple[Reader, Reader]) -> Difference | None:
    """The first difference of two observations; None where there is none."""
    for observable, *values in zip(
        _NAMES, _observables(first, readers[0]), _observables(second, readers[1]), strict=True
    ):
        if values[0] != values[1]:
            return Difference(observable, (values[0], values[1]))
    return None


_NAMES: Final = ("status", "head", "body", "agency calls", "statements", "ledger", "log lines", "metrics")


def _observables(observed: Observed, reader: Reader) -> Iterator[str]:
    answer = observed.answer
    yield str(answer.status)
    yield reader.text(answer.head)
    yield reader.text(answer.body)
    # Who is asked at what moment, and who else in the same call, hangs on how soon others have answered.
    yield "\n".join(sorted(observed.questions))
    acts = any(isinstance(one, Access) and one.act is not None for one in observed.recorded)
    yield (
        ""
        if acts
        else "\n".join(
            # An act on a child that is not theirs reads other rows than one on nobody; its answer leaves on a beat that
            # neither shows in, and what it has done is compared when the run ends. Everything else reads alike.
            # A statement is heard when it has ended; which of two at once ends first is the database's affair.
            sorted(reader.statement(query, args) for query, args in observed.statements if _is_compared(query, args))
        )
    )
    yield "\n".join(_recorded(one, reader) if isinstance(one, Access) else repr(one) for one in observed.recorded)
    yield "\n".join(reader.text(line) for line in observed.logs if _OWN_FAMILY not in line)
    yield "\n".join(count for count in sorted(observed.counts) if _OWN_FAMILY not in count)


def _is_compared(query: str, args: Sequence[object]) -> bool:
    prepared = "$1" in query and not args  # heard once for each connection, before it is run
    return query.startswith(_OURS) and not query.startswith(_UNCOMPARED) and not prepared


def _recorded(access: Access, reader: Reader) -> str:
    """A record as its viewer may know of it: who was matched and not told of is for auditors alone."""
    children = [
        (child.number, sorted(child.shown), sorted(child.withheld), child.override)
        for child in access.children
        if child.shown
    ]
    said = replace(access, reference="", part_of=access.part_of and "<record>", children=())
    return f"{reader.text(repr(said))} {children}"
