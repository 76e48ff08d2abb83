"""Reading children together: one statement for many requests, never an older one, and to each its own."""

import asyncio
from contextvars import ContextVar, copy_context

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.store.failures import ShieldUnreadable, StoreUnavailable
from adapters.store.reading import Reading
from resolvers.joined_reads import JoinedReads
from tests.resolvers.timeless import OpenStatement, ToldStore, child, now, outcome, timeless, turns

SOON = 5.0  # seconds


def nothing_is_left(reads: JoinedReads) -> bool:
    return reads.waiting == reads.open_statements == len(reads._queue) == 0


@timeless
async def test_children_wanted_in_one_turn_are_read_in_one_statement() -> None:
    """Each request has its own children alone, in its own order, and the epoch of the snapshot."""
    store = ToldStore(unknown=frozenset("d"))
    reads = JoinedReads(store, at_once=4)
    first, second, third = reads.ask(["a", "b"], SOON), reads.ask(["b", "d", "b"], SOON), reads.ask(["d"], SOON)
    await turns()
    assert store.asked_for == [["a", "b", "d"]]
    store.statements[0].outcome.set_result(7)
    await turns()
    assert outcome(first) == Reading((child("a"), child("b")), 7)
    assert outcome(second) == Reading((child("b"),), 7)
    assert outcome(third) == Reading((), 7)
    assert nothing_is_left(reads)


@timeless
async def test_a_statement_already_sent_is_never_joined() -> None:
    """A shield raised before the request began must be seen: the same child, wanted later, is read again (law 8)."""
    store = ToldStore()
    reads = JoinedReads(store, at_once=4)
    earlier = reads.ask(["a"], SOON)
    await turns()
    later = reads.ask(["a"], SOON)
    await turns()
    assert store.asked_for == [["a"], ["a"]]
    store.statements[1].outcome.set_result(2)
    store.statements[0].outcome.set_result(1)
    await turns()
    assert (outcome(earlier).epoch, outcome(later).epoch) == (1, 2)


@timeless
async def test_what_is_wanted_while_all_statements_are_open_is_read_next() -> None:
    """The number of statements is bounded, so more requests make wider statements, not more of them."""
    store = ToldStore()
    reads = JoinedReads(store, at_once=1)
    waits = []
    for number in "abcd":
        waits.append(reads.ask([number], SOON))
        await turns()
    assert store.asked_for == [["a"]]
    store.statements[0].outcome.set_result(1)
    await turns()
    assert store.asked_for == [["a"], ["b", "c", "d"]]
    store.statements[1].outcome.set_result(2)
    await turns()
    assert [outcome(wait).epoch for wait in waits] == [1, 2, 2, 2]


@timeless
async def test_a_request_is_never_parted() -> None:
    """Its children come from one snapshot, even where that leaves a statement short or makes one longer."""
    store = ToldStore()
    reads = JoinedReads(store, at_once=4, most_numbers=3)
    for numbers in ("ab", "cd", "e", "fghij"):
        reads.ask(list(numbers), SOON)
    await turns()
    assert store.asked_for == [["a", "b"], ["c", "d", "e"], ["f", "g", "h", "i", "j"]]


@timeless
async def test_one_who_leaves_cancels_nobody() -> None:
    """Queued or sent, the others are read for; what only the leaver wanted is not read."""
    store = ToldStore()
    reads = JoinedReads(store, at_once=4)
    queued, stays, sent = reads.ask(["a"], SOON), reads.ask(["b"], SOON), reads.ask(["c"], SOON)
    queued.cancel()
    await turns()
    sent.cancel()
    assert store.asked_for == [["b", "c"]]
    store.statements[0].outcome.set_result(1)
    await turns()
    assert outcome(stays) == Reading((child("b"),), 1)
    assert nothing_is_left(reads)


@timeless
async def test_a_failure_is_everybodys_and_not_remembered() -> None:
    """Each hears it as an error of its own; the next request is read for anew."""
    store = ToldStore()
    reads = JoinedReads(store, at_once=4)
    waits = [reads.ask(["a"], SOON), reads.ask(["b"], SOON)]
    await turns()
    store.statements[0].outcome.set_exception(StoreUnavailable("the store cannot be reached"))
    await turns()
    first, second = (wait.exception() for wait in waits)
    assert str(first) == str(second) == "the store cannot be reached"
    assert first is not second
    again = reads.ask(["a"], SOON)
    await turns()
    store.statements[1].outcome.set_result(1)
    assert (await again).epoch == 1
    assert nothing_is_left(reads)


@timeless
async def test_a_child_who_cannot_be_read_fails_nobody_else() -> None:
    """What was unreadable together is read apart: another request's child changes nothing in this one's answer."""
    store = ToldStore()
    reads = JoinedReads(store, at_once=4)
    waits = [reads.ask([number], SOON) for number in "abc"]
    await turns()
    waits[2].cancel()
    store.statements[0].outcome.set_exception(ShieldUnreadable("a child's record or shield cannot be understood"))
    await turns()
    newcomer = reads.ask(["d"], SOON)
    await turns()
    assert store.asked_for == [["a", "b", "c"], ["a"], ["b"], ["d"]]
    store.statements[1].outcome.set_exception(ShieldUnreadable("a child's record or shield cannot be understood"))
    for statement in store.statements[2:]:
        statement.outcome.set_result(2)
    await turns()
    assert isinstance(waits[0].exception(), ShieldUnreadable)
    assert outcome(waits[1]).epoch == outcome(newcomer).epoch == 2
    assert nothing_is_left(reads)


@timeless
async def test_who_is_read_apart_is_joined_by_nobody() -> None:
    """A newcomer in the queue behind an unreadable child does not share its statement."""
    store = ToldStore()
    reads = JoinedReads(store, at_once=1)
    for number in "ab":
        reads.ask([number], SOON)
    await turns()
    reads.ask(["c"], SOON)
    store.statements[0].outcome.set_exception(ShieldUnreadable("unreadable"))
    await turns()
    reads.ask(["d"], SOON)
    for statement in range(1, 4):
        await turns()
        store.statements[statement].outcome.set_result(1)
    await turns()
    assert store.asked_for == [["a", "b"], ["c"], ["a"], ["b"], ["d"]]


@timeless
async def test_an_unreadable_child_whose_caller_left_fails_nobody_else() -> None:
    """The only one still waiting is read apart too: the child who cannot be read may have been the other's."""
    store = ToldStore()
    reads = JoinedReads(store, at_once=1)
    leaves, stays = reads.ask(["a"], SOON), reads.ask(["b"], SOON)
    await turns()
    leaves.cancel()
    store.statements[0].outcome.set_exception(ShieldUnreadable("unreadable"))
    await turns()
    assert store.asked_for == [["a", "b"], ["b"]]
    store.statements[1].outcome.set_result(2)
    assert (await stays).epoch == 2


@timeless
async def test_nobody_waits_past_the_deadline() -> None:
    """A store that says nothing is unavailable by then; the statement keeps its place until it ends."""
    store = ToldStore()
    reads = JoinedReads(store, at_once=1)
    waits = [reads.ask(["a"], 1.0)]
    await turns()
    waits.append(reads.ask(["b"], 1.0))
    for wait in waits:
        with pytest.raises(StoreUnavailable, match="did not answer in time"):
            await wait
    assert now() < 1.001
    assert (reads.waiting, reads.open_statements) == (0, 1)
    store.statements[0].outcome.set_result(1)
    await turns()
    assert store.asked_for == [["a"]]
    assert nothing_is_left(reads)


@timeless
async def test_too_many_waiting_are_told_so_at_once() -> None:
    """The queue is bounded, and so is the wait of who may not even join it."""
    store = ToldStore()
    reads = JoinedReads(store, at_once=1, most_waiting=3)
    inside = reads.ask(["a", "b"], SOON)
    with pytest.raises(StoreUnavailable, match="too many children are waited for"):
        await reads.ask(["c", "d"], SOON)
    await turns()
    store.statements[0].outcome.set_result(1)
    await inside
    await asyncio.sleep(1)
    with pytest.raises(StoreUnavailable, match="time was over before the store was asked"):
        await reads.ask(["c"], 1.0)
    assert store.asked_for == [["a", "b"]]


@timeless
async def test_nothing_of_a_caller_reaches_the_statement() -> None:
    """Statements run in a context of their own (law 10)."""
    viewer: ContextVar[str] = ContextVar("viewer", default="nobody")
    seen: list[str] = []

    class Curious:
        async def children_by_number(self, numbers: object) -> Reading:
            seen.append(viewer.get())
            return Reading((), 1)

    reads = JoinedReads(Curious(), at_once=1)
    context = copy_context()
    context.run(viewer.set, "a gp")
    await context.run(reads.ask, ["a"], SOON)
    assert seen == ["nobody"]


steps = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.text("abcde", min_size=1, max_size=4)),
        st.tuples(st.just("leave"), st.integers(0, 5)),
        st.tuples(st.just("end"), st.integers(0, 3)),
        st.tuples(st.just("fail"), st.integers(0, 3)),
        st.tuples(st.just("unreadable"), st.integers(0, 3)),
        st.tuples(st.just("turn"), st.none()),
    ),
    max_size=40,
)


class Schedule:
    """One run of a schedule. The epoch is the place of the statement among those sent, so an answer tells its own."""

    def __init__(self, at_once: int, most_numbers: int) -> None:
        self.store = ToldStore(unknown=frozenset("e"))
        self.reads = JoinedReads(self.store, at_once=at_once, most_numbers=most_numbers)
        self.asked: list[tuple[asyncio.Future[Reading], str, int]] = []

    def running(self) -> list[tuple[int, OpenStatement]]:
        return [(place, one) for place, one in enumerate(self.store.statements) if not one.outcome.done()]

    async def take(self, kind: str, what: object) -> None:
        running = self.running()
        match kind, what:
            case "ask", str(numbers):
                self.asked.append((self.reads.ask(list(numbers), SOON), numbers, len(self.store.statements)))
            case "leave", int(who) if who < len(self.asked):
                self.asked[-1 - who][0].cancel()
            case "turn", _:
                await turns(2)
            case "end", int(which) if running:
                place, statement = running[which % len(running)]
                statement.outcome.set_result(place)
            case "fail" | "unreadable", int(which) if running:
                error = StoreUnavailable("no") if kind == "fail" else ShieldUnreadable("no")
                running[which % len(running)][1].outcome.set_exception(error)

    async def run_out(self) -> None:
        while self.reads.waiting or self.reads.open_statements:
            for place, statement in self.running():
                statement.outcome.set_result(place)
            await turns()

    def everybody_was_answered(self) -> None:
        for wait, numbers, sent_before in self.asked:
            assert wait.done()
            if not wait.cancelled() and wait.exception() is None:
                reading = wait.result()
                assert reading.epoch >= sent_before, "never an older snapshot"
                assert [child.number for child in reading.children] == [n for n in dict.fromkeys(numbers) if n != "e"]


@settings(deadline=None, max_examples=200)
@given(steps=steps, at_once=st.sampled_from([1, 2, 100]), most_numbers=st.sampled_from([1, 4, 100]))
def test_any_schedule_reads_after_the_asking(steps: list[tuple[str, object]], at_once: int, most_numbers: int) -> None:
    """Whatever happens when: to each its own children, from a snapshot no older than its question; nothing is left."""

    @timeless
    async def scenario() -> None:
        schedule = Schedule(at_once, most_numbers)
        for kind, what in steps:
            await schedule.take(kind, what)
            assert len(schedule.running()) <= at_once
        await schedule.run_out()
        schedule.everybody_was_answered()
        assert nothing_is_left(schedule.reads)

    scenario()
