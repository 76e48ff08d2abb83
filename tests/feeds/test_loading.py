"""Loading: the same file twice, a stop at any batch, files in any order; what was said last holds."""

import contextlib
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.feeds import loading
from gateway.feeds.report import Reader
from tests.feeds.loads import COLUMNS, WHEN, Loads
from tests.store.rows import Rows

Said = Mapping[str, str]

ADA: Said = {"given": "Ada", "family": "Byron", "born": "2015-12-10", "nhs": "9990000018", "postcode": "LS1 1AA"}
BORIS: Said = {"given": "Boris", "family": "King", "born": "2014-02-03", "nhs": "9990000026", "line": "1 Mill Lane"}
NOBODY: Said = {"given": "Ada", "family": "Byron"}  # has no birth date

# Few words, so that rows meet each other in every way: by key, by name, by home, as twins and as slips.
rows = st.fixed_dictionaries(
    {
        "given": st.sampled_from(["Ada", "Adah", "Boris", "Mary"]),
        "family": st.sampled_from(["Byron", "Byrom", "King", "King-Byron", ""]),
        "born": st.sampled_from(["2015-12-10", "2015-10-12", "2015-12-16", "2003-04-05", ""]),
        "gender": st.sampled_from(["", "FEMALE", "MALE"]),
        "line": st.sampled_from(["", "1 Mill Lane", "2 Mill Lane"]),
        "postcode": st.sampled_from(["", "LS1 1AA", "BS1 1AA", "ZZ99 3VZ"]),
        "nhs": st.sampled_from(["", "", "9990000018", "9990000026", "9990000034", "9990000019"]),
        "upn": st.sampled_from(["", "", "B801200005001"]),
        "parent": st.sampled_from(["", "mum@example.org"]),
    }
)
files = st.lists(rows, max_size=12)
several = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Killed(Exception):
    """What a kill is to whoever loads."""


async def load_and_die(loads: Loads, said: Sequence[Said], batches: int) -> None:
    """Load, and end after so many batches, or at the end of the file."""
    left = batches

    def progress(_line: int, _lines: int) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Killed

    with contextlib.suppress(Killed):
        await loads.load(said, progress=progress)


async def shield_a_household(loads: Loads) -> None:
    """A shielded child and an open one who live together, whom rows may be like, join or take along."""
    known = Rows(loads.owner)
    await known.shield(await known.child(given=["Mary"], family="King", born=date(2015, 12, 16), postcode="BS1 1AA"))
    await known.child(given=["Ada"], family="King", born=date(2003, 4, 5), postcode="BS1 1AA")
    await loads.owner.execute("UPDATE children SET address_lines = '{2 Mill Lane}', uprn = NULL")


@several
@given(files, st.integers(1, 12), st.integers(1, 12))
async def test_where_batches_end_makes_no_difference(loads: Loads, said: list[Said], one: int, other: int) -> None:
    """Whoever might change a decision is written before it is made, beside a shielded child too."""
    with pytest.MonkeyPatch.context() as patch:
        ends = []
        for size in (one, other):
            await loads.empty()
            await shield_a_household(loads)
            patch.setattr(loading, "BATCH", size)
            await loads.load(said)
            ends.append(await loads.whole())
    assert ends[0] == ends[1]


@several
@given(files, st.lists(st.tuples(st.integers(0, 11), st.sampled_from(COLUMNS), rows), max_size=8))
async def test_what_is_said_again_is_kept_as_if_written_in_turn(
    loads: Loads, said: list[Said], news: list[tuple[int, str, Said]]
) -> None:
    """All rows of a batch that say what is known are kept in one statement; it leaves what row by row would."""
    at_once = await loads.owner.fetchval("SELECT pg_get_functiondef('say_again'::regproc)")
    none_at_once = at_once[: at_once.index("AS $function$")] + "AS $$ SELECT '{}'::int[] $$"
    more = [{**said[at], column: new[column]} for at, column, new in news if at < len(said)]
    ends = []
    for function in (none_at_once, at_once):
        await loads.owner.execute(function)
        await loads.empty()
        await shield_a_household(loads)
        await loads.load(said)
        await loads.load([*said, *more], as_of=WHEN + timedelta(days=1))
        ends.append(await loads.whole())
    assert ends[0] == ends[1]


@pytest.mark.parametrize(
    "news",
    [
        {"gender": "MALE"},
        {"line": "9 Low Lane"},
        {"postcode": "BS1 1AA"},
        {"upn": "B801200005001"},
        {"family": "King"},
        {"born": "2015-10-12"},
    ],
)
async def test_one_new_word_is_heard_among_many_known(loads: Loads, news: Said) -> None:
    """What says again what is known but for one thing is written for that thing."""
    known = {**ADA, "gender": "FEMALE", "line": "1 Mill Lane", "postcode": "LS1 1AA"}
    await loads.load([known])
    report = await loads.load([{**known, **news}], as_of=WHEN + timedelta(days=1))
    assert report.counts["updated"] == 1


async def test_a_row_waits_for_whom_an_earlier_one_changes(loads: Loads) -> None:
    """By its keys a child gets another surname and birth date: who is like the child of before is another."""
    known = ADA | {"upn": "B801200005001", "postcode": ""}
    changed = known | {"family": "King", "born": "2015-10-12"}
    like_before = known | {"nhs": "", "upn": ""}
    ends = []
    with pytest.MonkeyPatch.context() as patch:
        for size in (1, 2):
            await loads.empty()
            await loads.load([known])
            patch.setattr(loading, "BATCH", size)
            report = await loads.load([changed, like_before], as_of=WHEN + timedelta(days=1))
            assert report.counts["updated"] == 1
            ends.append(await loads.whole())
    assert ends[0] == ends[1]


@several
@given(files, st.integers(1, 4), st.lists(st.integers(1, 6), max_size=3))
async def test_a_load_goes_on_where_it_stopped(loads: Loads, said: list[Said], size: int, deaths: list[int]) -> None:
    """However often it is killed: the store is as if it never was."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loading, "BATCH", size)
        await loads.empty()
        await loads.load(said)
        undisturbed = await loads.whole()
        await loads.empty()
        for batches in deaths:
            await load_and_die(loads, said, batches)
        await loads.load(said)
    assert await loads.whole() == undisturbed


@several
@given(files)
async def test_the_same_file_again_changes_nothing(loads: Loads, said: list[Said]) -> None:
    """Whatever is in it, and whenever it is said to be of; the report is what it was."""
    await loads.empty()
    first = await loads.load(said)
    stood = await loads.whole()
    again = await loads.load(said, as_of=WHEN + timedelta(days=30))
    assert await loads.whole() == stood
    assert again.already_loaded
    assert (again.counts, list(again.rejects)) == (first.counts, list(first.rejects))


@several
@given(files)
async def test_a_dry_run_changes_nothing(loads: Loads, said: list[Said]) -> None:
    """And foretells what the load then says, as long as one batch holds it."""
    await loads.empty()
    await loads.load([ADA, BORIS])
    stood = await loads.whole()
    foretold = await loads.load([*said, ADA], dry_run=True)
    assert await loads.whole() == stood
    came = await loads.load([*said, ADA])
    assert foretold.told_to(Reader.STEWARDS) == came.told_to(Reader.STEWARDS)
    assert foretold.told_to(Reader.SOURCE) == came.told_to(Reader.SOURCE)


keyed = st.fixed_dictionaries(
    {
        "given": st.just("Ada"),
        "family": st.sampled_from(["Byron", "King", "Byrom"]),
        "born": st.just("2015-12-10"),
        "gender": st.sampled_from(["", "FEMALE", "OTHER"]),
        "line": st.sampled_from(["", "1 Mill Lane", "2 Mill Lane"]),
        "nhs": st.just("9990000018"),
    }
)


# Each file has a child of its own too, so that no two are the same file.
OTHERS = (
    BORIS,
    {"given": "Mary", "family": "Lovelace", "born": "2009-07-08"},
    {"given": "Zara", "family": "Quill", "born": "2011-11-11"},
)


@several
@given(st.lists(keyed, min_size=3, max_size=3), st.permutations([0, 1, 2]))
async def test_files_in_any_order_end_as_in_the_order_of_their_dates(
    loads: Loads, said: list[Said], order: list[int]
) -> None:
    """The newest word on each fact holds, whenever it comes."""
    ends = []
    for sequence in ([0, 1, 2], order):
        await loads.empty()
        for at in sequence:
            await loads.load([said[at], OTHERS[at]], as_of=WHEN + timedelta(days=at))
        ends.append(await loads.facts())
    assert ends[0] == ends[1]


async def test_all_orders_of_three_addresses(loads: Loads) -> None:
    """The same, plainly: three moves, six orders, one home."""
    for order in permutations(range(3)):
        await loads.empty()
        for at in order:
            await loads.load([ADA | {"postcode": f"LS{at + 1} 1AA"}], as_of=WHEN + timedelta(days=at))
        assert [fact[6] for fact in await loads.facts()] == ["LS3 1AA"]


async def test_of_two_words_of_one_day_the_first_stays(loads: Loads) -> None:
    """Nobody can tell which is newer, and a store that swings between two sources helps nobody."""
    await loads.load([ADA])
    await loads.load([ADA | {"postcode": "BS1 1AA"}])
    assert [fact[6] for fact in await loads.facts()] == ["LS1 1AA"]


async def test_an_older_file_does_not_undo_a_newer_fact(loads: Loads) -> None:
    """But what nobody has said since, it may say."""
    await loads.load([ADA | {"family": "King"}])
    await loads.load([{**ADA, "gender": "FEMALE", "postcode": "BS1 1AA"}], as_of=WHEN - timedelta(days=1))
    [fact] = await loads.facts()
    assert (fact[1], fact[6]) == ("King", "LS1 1AA")


async def test_fewer_words_of_the_same_are_no_change(loads: Loads) -> None:
    """A roster in capitals with the postcode alone: unchanged, and newer than what comes between."""
    await loads.load([ADA | {"line": "1 Mill Lane"}])
    later = WHEN + timedelta(days=2)
    report = await loads.load([ADA | {"given": "ADA", "family": "BYRON"}], as_of=later)
    assert report.counts["unchanged"] == 1
    await loads.load([ADA | {"postcode": "BS1 1AA"}], as_of=WHEN + timedelta(days=1))
    [fact] = await loads.facts()
    assert (fact[1], fact[5], fact[6]) == ("Byron", '{"1 Mill Lane"}', "LS1 1AA")


async def test_who_is_made_in_a_batch_is_known_to_the_next_row(loads: Loads) -> None:
    """The same child twice in one file is one child."""
    report = await loads.load([ADA, ADA | {"family": "King"}, ADA | {"nhs": "", "upn": "B801200005001"}])
    assert (report.counts["created"], len(await loads.facts())) == (1, 1)


async def test_a_source_is_told_what_was_taken_and_nothing_more(loads: Loads) -> None:
    """CASES 61: crafted rows, tried in a world with a sealed child and in one without, are answered alike."""
    probes = [NOBODY, ADA | {"nhs": "", "family": "Byrom"}, ADA, BORIS]
    told = []
    for sealed in (False, True):
        await loads.empty()
        if sealed:
            known = Rows(loads.owner)
            await known.shield(await known.child(given=["Ada"], family="Byron", born=date(2015, 12, 10)), "SEALED")
        report = await loads.load(probes)
        told.append(report.told_to(Reader.SOURCE))
        assert report.counts.get("quarantined", 0) >= sealed
    assert told[0] == told[1]
    assert told[0] == {
        "accepted": 3,
        "rejectedInAll": 1,
        "rejected": [{"line": 2, "column": "born", "reason": "NO_BIRTH_DATE"}],
        "alreadyLoaded": False,
    }


async def test_stewards_are_told_what_became_of_each(loads: Loads) -> None:
    """By kind, and what was noted; no row and no name."""
    await loads.load([ADA, BORIS])
    moved, doubtful = ADA | {"postcode": "BS1 1AA"}, BORIS | {"given": "Mary", "family": "Byron", "born": "2003-04-05"}
    new = {"given": "Mary", "family": "Lovelace", "born": "2003-04-05", "upn": "T80120000500A"}
    report = await loads.load([moved, BORIS, doubtful, new], as_of=WHEN + timedelta(days=1))
    assert report.told_to(Reader.STEWARDS) == {
        "created": 1,
        "updated": 1,
        "unchanged": 1,
        "quarantined": 1,
        "noted": {"UPN_DOUBTFUL": 1},
    }
