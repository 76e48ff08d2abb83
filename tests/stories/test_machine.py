"""Any sequence of feeds, acts, marks and resolutions: no practitioner reaches a child ever shielded, no shield is lost.

The real reader, matcher, loader, store and officers' desk, under the database roles they run as. The rows' slips are
those that leave a trace: of a row that lost every key and changed name, date and home at once nobody could know whose
it is. Officers and stewards mean well, and know only what they are shown.
"""

import asyncio
import itertools
import os
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest
from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from adapters.agency import AgencyName, Mark
from adapters.identity import CameTo
from adapters.records import Tier
from adapters.shield_records import ActState, Change, ClearHold, Confirm, Lift, QuarantineRow, Raise, ShieldCall
from adapters.store.embedded import EmbeddedCluster
from adapters.store.feeding import FeedStore
from adapters.store.laws import breaches
from adapters.store.postgres import Store
from adapters.store.roles import Role as DatabaseRole
from adapters.store.shields import ShieldBook
from gateway.acts import OfficersDesk
from gateway.events import Observer
from gateway.feeds import loading
from gateway.feeds.definition import read_definition
from gateway.feeds.loading import load
from gateway.purpose import Ground, Purpose
from gateway.shield.policy import decide
from gateway.viewer import Role, Viewer
from resolvers.acts import Acts
from resolvers.disclosure import Category
from tests.auditing import scribe_for
from tests.builders import a_viewer
from tests.databases import fresh_database, reachable_folder
from tests.stories.cast import (
    DEFINITION,
    EVERYBODY,
    NAMESAKES,
    PEOPLE,
    SLIPS,
    Known,
    Said,
    known_from,
    leaves_a_trace,
    moved,
    person_called,
    said_of,
    with_slip,
    write,
)

Value = TypeVar("Value")

EXAMPLES: Final = int(os.environ.get("MACHINE_CASES", "12"))
AUTHORITY: Final = "E08000025"
REASON: Final = "because the panel said so"
PRACTITIONER: Final = a_viewer(Role.PRACTITIONER)
BEGAN: Final = datetime(2026, 1, 1, tzinfo=UTC)
REVIEW: Final = datetime.now(UTC).date() + timedelta(days=90)

labels = st.sampled_from([person.label for person in PEOPLE])
officers = st.sampled_from(["officer", "second-officer"])
numbers = st.integers(0, 30)
whom = st.integers(0, 20)
tiers = st.sampled_from([Tier.SHIELDED, Tier.SEALED])
calls = st.one_of(
    st.builds(Raise, tiers, st.just("a ground"), st.just(REVIEW)),
    st.just(Confirm()),
    st.just(Lift()),
    st.builds(Change, tier=tiers),
    st.just(Change(release=("chosen later",))),
    st.just(ClearHold()),
)
rows = st.lists(
    st.tuples(
        labels, st.sampled_from(SLIPS), numbers, st.booleans(), st.sampled_from(["all", "nhs", "upn", "none", "other"])
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda row: row[0],
)


class Killed(Exception):
    """The loader was killed between two batches."""


class FeedsAndActs(RuleBasedStateMachine):
    """The model: every child's label that was ever protected and that nobody rightly lowered, and every shield seen."""

    cluster: EmbeddedCluster
    serial = itertools.count(1)

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.ever: set[str] = set()
        self.seen: dict[str, Known] = {}
        self.files: list[tuple[Path, str, datetime, tuple[Said, ...]]] = []
        self.words: dict[tuple[str, str], str] = {}  # who gave the first word for what
        self.paths = itertools.count()

    def run(self, work: Coroutine[Any, Any, Value]) -> Value:
        return self.runner.run(work)

    @initialize(known=st.sets(labels, min_size=3), shielded=st.sets(whom, min_size=1, max_size=3), tier=tiers)
    def open_the_store(self, known: set[str], shielded: set[int], tier: Tier) -> None:
        """A store that holds some of the children already, some of them behind shields that two officers stand by."""
        self.run(self._open())
        self._load(tuple(said_of(person) for person in PEOPLE if person.label in known), "north", BEGAN, 0)
        self._observe(frozenset())
        for who in sorted(shielded):
            self._act("officer", self._one(who), Raise(tier, "a ground", REVIEW))
            self._act("second-officer", self._one(who), Confirm())

    async def _open(self) -> None:
        database = await self.stack.enter_async_context(fresh_database(self.cluster, f"machine_{next(self.serial)}"))
        self.folder = self.stack.enter_context(reachable_folder())
        for source in ("north", "south"):
            row = 'row = "ROW"\n' if source == "south" else ""
            definition = DEFINITION.replace("[columns]\n", f"[columns]\n{row}")
            (self.folder / f"{source}.toml").write_text(definition)
        self.gateway_dsn = database.dsn(DatabaseRole.GATEWAY)
        self.store = await Store.connect(self.gateway_dsn, connections=1)
        self.stack.push_async_callback(self.store.close)
        self.feeds = await FeedStore.connect(database.dsn(DatabaseRole.FEED))
        self.stack.push_async_callback(self.feeds.close)
        self.book = await ShieldBook.connect(database.dsn(DatabaseRole.SHIELD), connections=1)
        self.stack.push_async_callback(self.book.close)
        self.owner = await database.connect()
        self.stack.push_async_callback(self.owner.close)
        self.desk = OfficersDesk(self.book, self.feeds, self.store, Observer(), scribe_for(self.store))

    def teardown(self) -> None:
        try:
            broken = [law.name for law in self.run(breaches(self.gateway_dsn)) if law.broken]
            assert not broken, "`contactpoint check` finds this after all that was done"
        finally:
            self.run(self.stack.aclose())
            self.runner.close()

    # --- Feeds.

    @rule(drawn=rows, source=st.sampled_from(["north", "south"]), days=st.integers(-20, 20), killed=st.integers(0, 3))
    def feed(self, drawn: list[tuple[str, str, int, bool, str]], source: str, days: int, killed: int) -> None:
        """A file comes; its loader may be killed after a batch or two."""
        said = tuple(row for one in drawn if (row := self._said(*one)) is not None)
        as_of = BEGAN + timedelta(days=30 + len(self.files) + days)
        if said:
            self._load(said, source, as_of, killed)

    @rule(which=whom, source=st.sampled_from(["north", "south"]), prefix=st.integers(1, 4), same=st.booleans())
    def replay(self, which: int, source: str, prefix: int, same: bool) -> None:
        """A file comes again: the very same, or as much of it as another source or another day has."""
        file, first_source, as_of, said = self.files[which % len(self.files)]
        still = tuple(row for row in said if self._leaves_a_trace(row))
        if same and still == said:
            self.run(self._load_file(file, first_source, as_of, 0))
        elif still[:prefix]:
            self._load(still[:prefix], source, as_of, 0)

    def _load(self, said: tuple[Said, ...], source: str, as_of: datetime, killed: int) -> None:
        file = self.folder / f"{len(self.files)}.csv"
        write(file, said)
        self.files.append((file, source, as_of, said))
        self.run(self._load_file(file, source, as_of, killed))

    async def _load_file(self, file: Path, source: str, as_of: datetime, killed: int) -> None:
        batches = itertools.count(1)

        def progress(_line: int, _lines: int) -> None:
            if next(batches) == killed:
                raise Killed

        definition = read_definition(source, self.folder)
        try:
            report = await load(self.feeds, file, definition, as_of=as_of, key=b"k" * 32, progress=progress)
        except Killed:
            event("a loader was killed")
        else:
            for came_to in (word.value.lower() for word in CameTo if report.counts.get(word.value.lower())):
                event(f"a row came to be {came_to}")

    def _said(self, label: str, slip: str, roll: int, moving: bool, keys: str) -> Said | None:
        """The row, from what the store says of the child today; None where nobody could know whose it is."""
        person = person_called(label)
        said, known = said_of(person), self._of(label)
        if not known:
            return said if keys in ("all", "nhs") or label in NAMESAKES else replace(said, nhs="", upn="")
        one = known[roll % len(known)]
        said = replace(said, given=one.given, family=one.family, born=one.born, line=one.line, postcode=one.postcode)
        said = with_slip(said, slip, roll)
        said = moved(said, roll) if moving else said
        if keys == "other":
            another = PEOPLE[roll % len(PEOPLE)]
            said = replace(said, nhs=another.nhs.value, upn="")
        else:
            said = replace(
                said, nhs=said.nhs if keys in ("all", "nhs") else "", upn=said.upn if keys in ("all", "upn") else ""
            )
        return said if self._leaves_a_trace(said) else None

    def _leaves_a_trace(self, said: Said) -> bool:
        return leaves_a_trace(said, self._of(said.label))

    # --- Acts.

    @rule(who=whom, call=calls, member=whom, officer=officers, both=st.booleans())
    def officers_act(self, who: int, call: ShieldCall, member: int, officer: str, both: bool) -> None:
        """An officer calls for something; perhaps another calls for the same at once."""
        one = self._one(who)
        if isinstance(call, Change) and call.release:
            call = Change(release=(self._one(member).number,))
        state = self._act(officer, one, call)
        if isinstance(call, Raise) and state is not None:
            assert self._now()[one.number].tier is not Tier.OPEN
        if both:
            self._act("second-officer" if officer == "officer" else "officer", one, call)

    @rule(who=whom)
    def agency_marks(self, who: int) -> None:
        """An agency says that its record is restricted, and the gateway holds the child."""
        number = self._one(who).number
        self.run(self._hold(number))
        self._observe(frozenset())

    async def _hold(self, number: str) -> None:
        child_id = await self.owner.fetchval("SELECT id FROM children WHERE number = $1", number)
        await self.store.place_hold(child_id, AgencyName.PRACTICE, Mark.PDS_RESTRICTED)

    def _act(self, officer: str, one: Known, call: ShieldCall) -> ActState | None:
        """What an officer's call came to. Only what two of them did, or a cleared hold, may leave anybody less safe."""
        before = self._now()
        result = self.run(self._desk_of(officer).shield(self._path(), one.number, call, REASON))
        word = (one.number, repr(call))
        event(f"{type(call).__name__}: {None if result is None else result.state.value}")
        if result is not None and result.state is ActState.PROPOSED:
            self.words.setdefault(word, officer)
            assert before == self._now()
            return result.state
        now = self._now()
        weaker = frozenset(
            number
            for number, known in before.items()
            if now[number].strictness < known.strictness and not isinstance(call, ClearHold)
        )
        assert not weaker or self.words.get(word, officer) != officer, f"one officer alone weakened: {call}"
        lowered = weaker | (
            frozenset({one.number}) if isinstance(call, ClearHold) and result is not None else frozenset()
        )
        if result is not None:
            self.words = {key: first for key, first in self.words.items() if key[0] != one.number}
        self._observe(lowered)
        return None if result is None else result.state

    # --- What waits.

    @rule(which=whom, patience=st.booleans())
    def a_steward_resolves(self, which: int, patience: bool) -> None:
        """A steward says whose an entry is, as far as a steward can know it."""
        desk = self._desk(a_viewer(Role.STEWARD, subject="steward"), Purpose.DATA_QUALITY)
        page = self.run(desk.quarantine(50, None)).rows
        shown = [row for row in page if row.entry is not None]
        if not shown:
            return
        row = shown[which % len(shown)]
        label, candidate = self._whose(row)
        unguarded = any(not one.protected for one in self._of(label))
        resolution = "SAME" if candidate else "REJECT" if unguarded or patience else "DIFFERENT"
        result = self.run(desk.resolve(self._path(), row.reference, resolution, candidate, False, REASON))
        event(f"steward {resolution}: {None if result is None else result.state.value}")
        self._observe(frozenset())

    @rule(which=whom, officer=officers, patience=st.booleans())
    def officers_resolve(self, which: int, officer: str, patience: bool) -> None:
        """Two officers in turn say whose an entry is that is like a protected child: one would do, or both must."""
        desk = self._desk_of(officer)
        page = self.run(desk.quarantine(50, None)).rows
        if not page:
            return
        row = page[which % len(page)]
        label, candidate = self._whose(row)
        resolution = "SAME" if candidate else "REJECT" if self._of(label) or patience else "DIFFERENT"
        for who in ("officer", "second-officer") if officer == "officer" else ("second-officer", "officer"):
            said = self._desk_of(who).resolve(self._path(), row.reference, resolution, candidate, False, REASON)
            result = self.run(said)
            event(f"officer {resolution}: {None if result is None else result.state.value}")
        self._observe(frozenset())

    def _whose(self, row: QuarantineRow) -> tuple[str, str | None]:
        """Whose the entry truly is, and that child's number where the reader is shown it."""
        assert row.entry is not None
        assert row.entry.address is not None
        label = row.entry.address.lines[-1]
        shown = {number for number, _ in row.candidates or ()}
        return label, next((one.number for one in self._of(label) if one.number in shown), None)

    # --- What must hold after every step.

    @invariant()
    def nobody_reaches_a_child_ever_shielded(self) -> None:
        """No record that a practitioner may see the whereabouts of is of a child who was ever shielded."""
        self._observe(frozenset())
        everybody = self._everybody()
        reading = self.run(self.store.children_by_number([one.number for one in everybody]))
        label_of = {one.number: one.label for one in everybody}
        for child in reading.children:
            told = decide(PRACTITIONER, Purpose.SAFEGUARDING, child)
            if told is not None and Category.ADDRESS in told.shown:
                assert label_of[child.number] not in self.ever, f"{child.number} is open, and {label_of[child.number]}"

    def _observe(self, lowered: frozenset[str]) -> None:
        """Take note of whom the store protects; nobody but those `lowered` may be protected less than before."""
        for one in self._everybody():
            before = self.seen.get(one.number)
            if one.number in lowered:
                if not one.protected:
                    self.ever.discard(one.label)
            elif before is not None:
                assert one.strictness >= before.strictness, f"a shield was lost: {before} is {one}"
            if one.protected and (before is None or not before.protected):
                self.ever.add(one.label)
            self.seen[one.number] = one

    # --- Small words.

    def _everybody(self) -> list[Known]:
        return [known_from(row) for row in self.run(self.owner.fetch(EVERYBODY))]

    def _now(self) -> dict[str, Known]:
        return {one.number: one for one in self._everybody()}

    def _of(self, label: str) -> list[Known]:
        return [one for one in self._everybody() if one.label == label]

    def _one(self, who: int) -> Known:
        return list(self.seen.values())[who % len(self.seen)]

    def _path(self) -> tuple[str, int]:
        return ("act", next(self.paths))

    def _desk_of(self, officer: str) -> Acts:
        viewer = a_viewer(Role.SHIELD_OFFICER, scopes="sealed", authority=AUTHORITY, subject=officer)
        return self._desk(viewer, Purpose.SHIELD_MANAGEMENT)

    def _desk(self, viewer: Viewer, purpose: Purpose) -> Acts:
        return self.desk.for_request(viewer, Ground(purpose, REASON), f"answer-{next(self.paths)}")


def test_no_sequence_of_feeds_and_acts_opens_a_shield(
    cluster: EmbeddedCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Feeds with slips, replays, sources disagreeing, kills, acts by one officer or two, resolutions: any of them."""
    monkeypatch.setattr(loading, "BATCH", 2)  # so that a file of four rows has a middle to be killed in
    machine = type("FeedsAndActsHere", (FeedsAndActs,), {"cluster": cluster})
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    many = settings(max_examples=EXAMPLES, stateful_step_count=25, deadline=None, suppress_health_check=checks)
    run_state_machine_as_test(machine, settings=many)
