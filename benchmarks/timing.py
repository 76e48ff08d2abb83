"""`python -m benchmarks.timing`: whether what is hidden shows in how long an answer takes (CASES 17).

Each line compares two classes of requests that differ in one value which whoever asks may not see, against one running
gateway, over HTTP. Below 4.5 Welch's t tells nobody anything. Processor time is told besides: from outside nobody sees
it, and it says whether the work is alike, or the waiting alone.
"""

import asyncio
import itertools
import random
import statistics
import sys
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Final, NamedTuple

import msgspec
import typer

from adapters.agency import AgencyName
from adapters.sandbox.faults import Fault
from adapters.sandbox.personas import PERSONAS
from adapters.sandbox.places import AUTHORITIES
from adapters.sandbox.population import NOTABLE, child_at
from benchmarks.machine import Unsuitable, kept_to, two_cores
from benchmarks.surroundings import DidNotStart
from benchmarks.telling_apart import TOLD_APART, Asker, Class, Meter, Samples, Unlike, compare, compare_cold
from benchmarks.timing_feeds import loaded, probes
from benchmarks.timing_world import Copy, TimedWorld, timed_world
from gateway.endpoint import GRAPHQL

CHILD: Final = "query($n: ID!) { child(number: $n) { number name { family } } }"
LIST: Final = "query($n: ID!) { children(numbers: [$n]) { number name { family } } }"
BY_KEY: Final = "query($k: ID!) { childByKey(key: {nhsNumber: $k}) { number name { family } } }"
SEARCH: Final = "query($by: ChildCriteria!) { findChildren(by: $by) { tooMany children { number } } }"
OVERRIDE: Final = "mutation($n: ID!, $r: String!) { overrideShield(number: $n, reason: $r) { until } }"
CONFIRM: Final = "mutation($n: ID!, $r: String!) { confirmShield(number: $n, reason: $r) { state } }"
ADDRESS: Final = "query($n: ID!) { child(number: $n) { number address { status lines postcode } } }"
HISTORY: Final = "query($n: ID!) { child(number: $n) { number formerNames { family } } }"
BEHIND: Final = "query($n: ID!) { child(number: $n) { number practice { name } enrolments { end } services { kind } } }"
REASON: Final = "a reason of some length"

AT_ONCE: Final = 5  # lines that wait for the beat, each with half as many samples
LOADS_IN: Final = 10  # of loads there is one sample to so many of answers

TEACHER, WORKER, ELSEWHERE = "teacher", "social-worker", "shield-officer-elsewhere"


class Line(NamedTuple):
    """Two classes of requests, and how they differ. `waits`: what they ask is answered on the beat."""

    what: str
    one: Class
    other: Class
    waits: bool = True


class Writer:
    """Writes requests as a front end sends them, each persona with one token."""

    def __init__(self, world: TimedWorld) -> None:
        self._mint = world.issuer.mint
        self._tokens: dict[str, str] = {}

    def request(self, query: str, variables: dict[str, Any], persona: str) -> bytes:
        token = self._tokens.setdefault(persona, self._mint(persona))
        body = msgspec.json.encode({"query": query, "variables": variables})
        head = (
            "POST /graphql HTTP/1.1",
            "Host: gateway.example",
            f"Authorization: Bearer {token}",
            f"Contactpoint-Purpose: {PERSONAS[persona].purposes[0]}",
            "Content-Type: application/json",
            f"Accept: {GRAPHQL}",
            f"Content-Length: {len(body)}",
        )
        return "\r\n".join(head).encode() + b"\r\n\r\n" + body

    def line(self, what: str, query: str, one: Sequence[Copy], other: Sequence[Copy], persona: str = WORKER) -> Line:
        """The same query about each of both, by number or key."""

        def asked(copies: Sequence[Copy]) -> Class:
            every = [{"n": copy.number, "k": copy.nhs_number, "r": REASON} for copy in copies]
            named = [{word: value for word, value in each.items() if f"${word}:" in query} for each in every]
            return Class([self.request(query, variables, persona) for variables in named])

        return Line(what, asked(one), asked(other))

    def search(self, copies: Sequence[Copy], like: str, **by: str) -> Class:
        """For each of them, by name and the birth date of the notable child that they are copies of."""
        born = child_at(NOTABLE[like]).birth_date.isoformat()
        return Class(
            [self.request(SEARCH, {"by": {"family": copy.family, "birthDate": born, **by}}, WORKER) for copy in copies]
        )


async def first_in_an_hour(world: TimedWorld, writer: Writer) -> Line:
    """Sealed children, each the first of its authority that is asked for in the hour, and numbers of nobody."""
    sealed = [
        copy
        for authority in AUTHORITIES
        for copy in await world.copies("sealed", 1, shield={"authority": authority.gss}, authority=authority.gss)
    ]
    return writer.line(
        "number, sealed and the authority's first, or unknown", CHILD, sealed, world.nobodys(len(sealed))
    )


async def lines(world: TimedWorld, writer: Writer) -> Sequence[Line]:
    """Every other pair that must not be told apart, its children made."""
    there = await world.copies("shielded")
    absent = await world.copies("shielded", address_status="UNKNOWN", address_lines=[], postcode=None, uprn=None)
    long = await world.copies("shielded", address_lines=["A long line of an address " * 8] * 5)
    renamed = await world.copies("shielded", renamed=5)
    sealed, own = await world.copies("sealed"), await world.copies("own-child")
    nobody, nobody_else = world.nobodys(), world.nobodys()
    line, search = writer.line, writer.search

    def at_once(what: str, query: str, one: Sequence[Copy], other: Sequence[Copy]) -> Line:
        return line(what, query, one, other)._replace(waits=False)

    right = child_at(NOTABLE["shielded"]).address.postcode or ""
    behind = at_once("agencies behind withheld fields, down or up", BEHIND, there, there)
    return [
        at_once("withheld address, there or not", ADDRESS, there, absent),
        at_once("withheld address, short or long", ADDRESS, there, long),
        at_once("withheld former names, five or none", HISTORY, renamed, there),
        Line(
            "search, the hidden postcode or another",
            search(there, "shielded", postcode=right),
            search(there, "shielded", postcode="ZZ99 3VZ"),
        ),
        behind._replace(
            one=behind.one._replace(before=lambda: _set_agencies(world, Fault.DOWN)),
            other=behind.other._replace(before=lambda: _set_agencies(world, Fault.NONE)),
        ),
        line("number, sealed or unknown", CHILD, sealed, nobody),
        line("list, sealed or unknown", LIST, sealed, nobody),
        line("key, sealed or unknown", BY_KEY, sealed, nobody),
        Line("search, sealed or unknown", search(sealed, "sealed"), search(nobody, "sealed")),
        line("override, sealed or unknown", OVERRIDE, sealed, nobody),
        line("act of an officer elsewhere, sealed or unknown", CONFIRM, sealed, nobody, ELSEWHERE),
        line("number, own child or unknown", CHILD, own, nobody, TEACHER),
        line("number, unknown or unknown (there is nothing to tell)", CHILD, nobody, nobody_else),
    ]


def groups(*some: Sequence[Line]) -> Iterator[Sequence[Line]]:
    """Each alone, but for those that wait for the beat: of them some at once, while the gateway has nothing to do."""
    for each in some:
        yield from ([line] for line in each if not line.waits)
        waiting = iter([line for line in each if line.waits])
        while together := list(itertools.islice(waiting, AT_ONCE)):
            yield together


def _set_agencies(world: TimedWorld, fault: Fault) -> None:
    for agency in AgencyName:
        world.sandbox.fault(agency, fault)


def run(
    samples: Annotated[int, typer.Option(help="How many of each class.", min=10)] = 2_000,
    only: Annotated[str, typer.Option(help="Lines that have this in them.")] = "",
    seed: Annotated[int, typer.Option(help="Of the order in which they are asked.")] = 7,
) -> None:
    """Measure and print; the exit status is 1 where anything can be told."""
    told = asyncio.run(_measured(samples, only, random.Random(seed)))  # noqa: S311 - the same order for the same seed
    sys.exit(1 if told else 0)


async def _measured(samples: int, only: str, chance: random.Random) -> int:
    """How many lines can be told apart."""
    core, others = two_cores()
    told = 0
    with kept_to(others):
        async with timed_world() as world:
            writer = Writer(world)
            cold, warm = await first_in_an_hour(world, writer), await lines(world, writer)
            rows = await probes(world, world.data)
            await world.settled()
            async with world.answered(core) as answering:

                def measure(line: Line) -> Samples:
                    drawn = random.Random(chance.random())  # noqa: S311 - the same order for the same seed
                    with Asker(answering.address, Meter(answering.working)) as asker:
                        if line is cold:
                            return compare_cold(line.what, asker, line.one, line.other, drawn)
                        many = samples // 2 if line.waits else samples
                        return compare(line.what, asker, line.one, line.other, many, drawn)

                print(HEADING)
                for group in groups([cold], warm):
                    asked = [line for line in group if only in line.what]
                    for found in await asyncio.gather(*(asyncio.to_thread(measure, line) for line in asked)):
                        print(row(found, alone=len(group) == 1), flush=True)
                        told += abs(found.t) > TOLD_APART
            print("\nof loads, by the operator's clock: what a source must not be given")
            for probe in rows:
                if only in probe.what:
                    print(row(await loaded(world, probe, samples // LOADS_IN, chance), alone=False), flush=True)
    return told


HEADING: Final = (
    f"{'what differs':56} {'samples':>11} {'mean, us':>15} {'median, us':>15} {'t':>7} {'worked, us':>13} {'t':>7}"
)


def row(found: Samples, *, alone: bool) -> str:
    """One line of the table: the first class left of the second. What others were measured beside has no work told."""

    def both(of: Any, which: str) -> str:
        return " ".join(f"{of(getattr(s, which) for s in side) / 1_000:,.0f}" for side in (found.one, found.other))

    return (
        f"{found.what:56} {len(found.one):>5} {len(found.other):>5} {both(statistics.fmean, 'waited'):>15}"
        f" {both(statistics.median, 'waited'):>15} {found.t:>7.1f}"
        + (f" {both(statistics.fmean, 'worked'):>13} {found.t_of_work:>7.1f}" if alone else "")
    )


if __name__ == "__main__":
    try:
        typer.run(run)
    except (Unsuitable, DidNotStart, Unlike) as failure:
        print(f"benchmarks.timing: {failure}", file=sys.stderr)
        sys.exit(1)
