"""Differencing, tried: across queries, months and totals, by somebody who knows the whole method and has all day.

What is learnt of a cell that is not told must be nothing: nobody in it or nine, either could be.
"""

from collections.abc import AsyncIterator
from datetime import date
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.store.postgres import Store
from adapters.store.registering import Registrar
from adapters.store.roles import Role
from gateway.statistics.building import build
from tests.databases import Database
from tests.statistics.attacker import Cell, narrowed, possible, sums, told
from tests.statistics.land import AUTHORITIES, BORN, CELLS, DECEMBER, GENDERS, NOVEMBER, Land, inhabitants, totals


@pytest.fixture
async def land(database: Database, store: Store) -> AsyncIterator[Land]:
    """The land with all its inhabitants, before the first month is built."""
    owner = await database.connect()
    async with await Registrar.connect(database.dsn(Role.REGISTRY)) as registrar:
        founded = Land(owner, registrar, store)
        await founded.found()
        await founded.settle_all()
        yield founded
    await owner.close()


async def test_every_combination_has_a_cell_and_none_its_true_count_without_noise(land: Land) -> None:
    """Absence says nothing: 5 x 6 x 5 cells, where there is nobody too. What is told is to the nearest five."""
    cube = await land.build(NOVEMBER)
    assert cube.keys() == set(product(("", *AUTHORITIES), ("", *BORN), ("", *GENDERS)))
    counts = await land.counted(NOVEMBER)
    assert counts == {cell: totals(inhabitants()).get(cell, 0) for cell in cube}
    assert all(count is None or (count >= 10 and count % 5 == 0) for count in cube.values())
    assert all(count is None or abs(count - counts[cell]) <= 6 for cell, count in cube.items())
    assert all(cube[cell] is None for cell, count in counts.items() if count < 10)
    assert any(count is not None and abs(count - counts[cell]) > 2 for cell, count in cube.items()), "no noise at all"


async def test_totals_are_not_the_sums_of_their_parts(land: Land) -> None:
    """Each grouping has noise of its own: what is subtracted from what was not made to be."""
    cube = await land.build(NOVEMBER)
    whole = [
        (cube[total], [cube[part] for part in parts])
        for total, parts in sums(cube)
        if cube[total] is not None and all(cube[part] is not None for part in parts)
    ]
    assert whole
    assert any(total != sum(part or 0 for part in parts) for total, parts in whole)


async def test_who_is_protected_is_in_no_cell(land: Land) -> None:
    """Shielded, sealed or held, and whoever is closed, unborn, eighteen or nowhere: the cube is that of the others."""
    cell = CELLS[0]
    shielded, sealed, held, closed, unborn, grown, nowhere = await land.settle([cell] * 7)
    await land.owner.execute(
        "INSERT INTO shields (child_id, tier, authority, withheld, ground, review_on, raised_by, confirmed_at)"
        " SELECT * FROM (VALUES ($1::bigint, 'SHIELDED'), ($2, 'SEALED')) AS s (id, tier),"
        " LATERAL (SELECT 'E08000035', '{}'::text[], '', current_date + 90, 'officer', now()) AS rest",
        *(shielded, sealed),
    )
    await land.owner.execute(
        "INSERT INTO holds (child_id, agency, mark) VALUES ($1, 'practice', 'PDS_RESTRICTED')", held
    )
    await land.owner.execute("UPDATE children SET closed = true WHERE id = $1", closed)
    await land.owner.execute("UPDATE children SET birth_date = $2 WHERE id = $1", unborn, NOVEMBER)
    await land.owner.execute("UPDATE children SET birth_date = date '2008-11-01' WHERE id = $1", grown)
    await land.owner.execute("UPDATE children SET authority = NULL WHERE id = $1", nowhere)
    await land.build(NOVEMBER)
    counts = await land.counted(NOVEMBER)
    assert counts == {each: totals(inhabitants()).get(each, 0) for each in counts}


async def test_a_month_is_built_once_and_none_behind_it(land: Land) -> None:
    """Nothing is drawn a second time, so that nobody can compare two drawings of the same children."""
    cube = await land.build(NOVEMBER)
    assert await build(land.registrar, NOVEMBER) == 0
    assert await build(land.registrar, date(2026, 10, 1)) == 0
    assert await land.published(NOVEMBER) == cube
    assert await land.store.statistics("", date(2026, 10, 1)) is None


happenings = st.lists(
    st.tuples(st.sampled_from(("comes", "moves", "is shielded")), *[st.sampled_from(CELLS)] * 2), min_size=1, max_size=9
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(happened=happenings)
async def test_a_few_children_move_nothing(land: Land, happened: list[tuple[str, Cell, Cell]]) -> None:
    """One to nine of them come, move away or are shielded, in whichever cells: the next month reads as the last."""
    if await land.store.statistics("", NOVEMBER) is None:
        await land.build(NOVEMBER)
    changed = [child for what, cell, other in happened if (child := await _happens(land, what, cell, other))]
    try:
        assert await land.build(DECEMBER) == await land.published(NOVEMBER)
    finally:
        await _undo(land, changed)


async def _happens(land: Land, what: str, cell: Cell, other: Cell) -> tuple[str, int, Cell] | None:
    """What was done to whom, to be undone; None where there is nobody to whom it could be done."""
    if what == "comes":
        [child] = await land.settle([cell])
        return what, child, cell
    child = await land.somebody(cell)
    if child is None:
        return None
    if what == "moves":
        await land.owner.execute("UPDATE children SET authority = $2 WHERE id = $1", child, other[0])
    else:
        await land.owner.execute(
            "INSERT INTO shields (child_id, tier, authority, withheld, ground, review_on, raised_by, confirmed_at)"
            " VALUES ($1, 'SHIELDED', $2, '{}', '', current_date + 90, 'officer', now()) ON CONFLICT DO NOTHING",
            *(child, cell[0]),
        )
    return what, child, cell


async def _undo(land: Land, changed: list[tuple[str, int, Cell]]) -> None:
    for what, child, cell in reversed(changed):
        await land.owner.execute("DELETE FROM shields WHERE child_id = $1", child)
        if what == "comes":
            await land.owner.execute("DELETE FROM children WHERE id = $1", child)
        else:
            await land.owner.execute("UPDATE children SET authority = $2 WHERE id = $1", child, cell[0])
    await land.owner.execute("DELETE FROM statistics_cells WHERE month = $1", DECEMBER)


async def test_an_attacker_without_the_audit_would_learn_something(land: Land) -> None:
    """The positive control: the same noise and rounding, and arithmetic finds out about cells that are missing."""
    async with land.registrar.statistics_turn() as turn:
        await turn.draft(NOVEMBER)
        draft = await turn.shown()
        await turn.publish()
    assert told(draft.shown, possible(draft.shown))


async def test_an_attacker_learns_nothing_of_any_month(land: Land) -> None:
    """All groupings of a month together leave nobody or nine open for every missing cell, and so does the next month.

    The attacker is even told which cells were withheld and which are small, and still knows no more.
    """
    november = await land.build(NOVEMBER)
    withheld = await land.withheld(NOVEMBER)
    ranges = possible(november, endless=withheld)
    assert told(november, ranges, but=withheld) == set()
    truth = await land.counted(NOVEMBER)
    assert all(low <= truth[cell] <= high for cell, (low, high) in ranges.items()), "the attack itself is sound"

    await land.settle(cell for cell in CELLS[::3] for _ in range(25))
    december = await land.build(DECEMBER)
    stayed = {cell for cell, count in december.items() if count == november[cell]}
    assert stayed
    assert stayed != december.keys()
    withheld_then = await land.withheld(DECEMBER)
    ranges_then = possible(december, endless=withheld_then, since=dict.fromkeys(stayed, 9))
    assert told(december, ranges_then, but=withheld_then) == set()

    # What did not move is taken to hold the very same children: both months then speak of them, and of each other.
    both = dict(ranges_then)
    for cell in stayed:
        both[cell] = max(ranges[cell][0], ranges_then[cell][0]), min(ranges[cell][1], ranges_then[cell][1])
    assert told(december, narrowed(both), but=withheld | withheld_then) == set()
