"""An entry like a protected child waits for that child's officers alone; two must say that it is another's."""

from collections.abc import AsyncIterator

import pytest

from adapters.identity import LikenessReason
from adapters.records import Keys, NhsNumber, Tier
from adapters.shield_records import ActResult, ActState, Raise
from adapters.store.feeding import FeedStore
from adapters.store.postgres import Store
from adapters.store.roles import Role
from gateway.acts import OfficersDesk
from gateway.events import Observer
from gateway.purpose import Purpose
from gateway.viewer import Role as ActingRole
from gateway.viewer import Viewer
from resolvers.acts import BadActError
from resolvers.errors import BadCriteriaError
from tests.builders import a_viewer
from tests.databases import Database
from tests.officers import (
    ANN,
    BOB,
    BRADFORD,
    ELSE,
    REASON,
    Officers,
    an_entry,
    an_officer,
    officers_of,
    put_in_quarantine,
)
from tests.store.rows import TODAY, Rows

PROTECTED, OPEN = "0000000000001", "0000000000002"
ENTRY = an_entry(given="Ada", family="Exemple", keys=Keys(nhs_number=NhsNumber("9990000018")))
STEWARD = a_viewer(ActingRole.STEWARD, subject="steward")


@pytest.fixture
async def officers(database: Database, store: Store) -> AsyncIterator[Officers]:
    """The officers' and stewards' desk on this test's database."""
    stewards = await FeedStore.connect(database.dsn(Role.FEED))
    async with officers_of(database, store) as desk:
        yield Officers(OfficersDesk(desk.book, stewards, store, Observer()), desk.book)
    await stewards.close()


@pytest.fixture
async def child(rows: Rows) -> int:
    """A shielded child of Leeds and an open one, both like the entry that waits."""
    child, other = await rows.child(PROTECTED), await rows.child(OPEN, postcode=None)
    await rows.shield(child)
    alike = {child: [LikenessReason.NAME_ALIKE], other: [LikenessReason.NAME_ALIKE]}
    await put_in_quarantine(rows.connection, "entry", ENTRY, alike)
    return child


async def resolve(
    officers: Officers, viewer: Viewer, resolution: str, number: str | None = None, reference: str = "entry"
) -> ActResult | None:
    purpose = Purpose.DATA_QUALITY if viewer.role is ActingRole.STEWARD else Purpose.SHIELD_MANAGEMENT
    return await officers.acts(viewer, purpose).resolve(("resolve",), reference, resolution, number, False, REASON)


async def state_of(rows: Rows, reference: str = "entry") -> str:
    return str(await rows.connection.fetchval("SELECT state FROM quarantine WHERE reference = $1", reference))


async def test_waits_for_the_childs_officers_alone(officers: Officers, rows: Rows, child: int) -> None:
    """They see the entry and whom it is like; to stewards it is pending, to officers elsewhere nothing."""
    (row,) = (await officers.acts(ANN).quarantine(10, None)).rows
    assert row.entry is not None
    assert (row.entry.name, row.entry.keys) == (ENTRY.name, ENTRY.keys)
    assert row.candidates is not None
    assert {number for number, _ in row.candidates} == {PROTECTED, OPEN}
    (seen,) = (await officers.acts(STEWARD, Purpose.DATA_QUALITY).quarantine(10, None)).rows
    assert (seen.reference, seen.entry, seen.candidates, seen.outcome, seen.source) == ("entry", None, None, None, None)
    assert (await officers.acts(ELSE).quarantine(10, None)).rows == ()
    await rows.connection.execute("UPDATE shields SET tier = 'SEALED'")
    assert (await officers.acts(an_officer("cleo", scopes="")).quarantine(10, None)).rows == ()


@pytest.mark.parametrize("viewer", [STEWARD, ELSE, an_officer("cleo", scopes="")], ids=["steward", "elsewhere", "open"])
@pytest.mark.parametrize(("resolution", "number"), [("SAME", PROTECTED), ("DIFFERENT", None), ("REJECT", None)])
async def test_nobody_else_resolves_it(
    officers: Officers, rows: Rows, child: int, viewer: Viewer, resolution: str, number: str | None
) -> None:
    """For anybody else it is an entry that does not exist."""
    await rows.connection.execute("UPDATE shields SET tier = 'SEALED'")
    assert await resolve(officers, viewer, resolution, number) is None
    assert await resolve(officers, viewer, resolution, number, "no entry") is None
    assert await state_of(rows) == "PENDING"


async def test_same_as_the_protected_child_takes_one(officers: Officers, rows: Rows, child: int) -> None:
    """An officer may have the protected child bear what the entry says; its shield stays."""
    result = await resolve(officers, ANN, "SAME", PROTECTED)
    assert result is not None
    assert result.state is ActState.DONE
    told = await rows.connection.fetchrow("SELECT family, number FROM children WHERE id = $1", child)
    assert told is not None
    assert tuple(told) == ("Exemple", PROTECTED)
    state = await officers.state(PROTECTED)
    assert state is not None
    assert state.tier is Tier.SHIELDED
    assert await state_of(rows) == "SAME"
    assert await resolve(officers, ANN, "SAME", PROTECTED) is None


@pytest.mark.parametrize(("resolution", "number"), [("DIFFERENT", None), ("SAME", OPEN)])
async def test_not_the_protected_child_takes_two(
    officers: Officers, rows: Rows, child: int, resolution: str, number: str | None
) -> None:
    """Whether it is a child of its own or an open one: published, it might have been the protected child's."""
    first = await resolve(officers, ANN, resolution, number)
    assert first is not None
    assert first.state is ActState.PROPOSED
    assert await resolve(officers, ANN, resolution, number) == first
    assert await state_of(rows) == "PENDING"
    second = await resolve(officers, BOB, resolution, number)
    assert second is not None
    assert second.state is ActState.DONE
    assert await state_of(rows) == resolution


async def test_different_starts_shielded(officers: Officers, rows: Rows, child: int) -> None:
    """A child found to be another begins under a shield of the officers' authority."""
    await resolve(officers, ANN, "DIFFERENT")
    await resolve(officers, BOB, "DIFFERENT")
    number = await rows.connection.fetchval("SELECT number FROM children WHERE family = 'Exemple'")
    state = await officers.state(number)
    assert state is not None
    assert (state.tier, state.authority) == (Tier.SHIELDED, ANN.authority)


async def test_rejecting_takes_one_and_writes_nothing(officers: Officers, rows: Rows, child: int) -> None:
    """The entry is of nobody: no record changes."""
    before = await rows.connection.fetch("SELECT * FROM children ORDER BY id")
    assert await resolve(officers, ANN, "REJECT") is not None
    assert await state_of(rows) == "REJECTED"
    assert await rows.connection.fetch("SELECT * FROM children ORDER BY id") == before


async def test_raiser_of_an_unconfirmed_shield_sees_no_entry(officers: Officers, rows: Rows) -> None:
    """Until another confirms the shield, what is like the child is not shown to whoever raised it."""
    child = await rows.child(PROTECTED)
    await officers.act(ANN, PROTECTED, Raise(Tier.SHIELDED, "threat", TODAY))
    await put_in_quarantine(rows.connection, "entry", ENTRY, {child: []})
    assert (await officers.acts(ANN).quarantine(10, None)).rows == ()
    assert await resolve(officers, ANN, "REJECT") is None
    assert await resolve(officers, BOB, "REJECT") is not None


async def test_raiser_sees_no_entry_that_may_be_another_childs(officers: Officers, rows: Rows, child: int) -> None:
    """Were it told with the child it is most like, its address might be that of the child whom the raiser waits for."""
    await officers.act(ANN, OPEN, Raise(Tier.SHIELDED, "threat", TODAY))
    assert (await officers.acts(ANN).quarantine(10, None)).rows == ()
    assert await resolve(officers, ANN, "SAME", PROTECTED) is None
    assert len((await officers.acts(BOB).quarantine(10, None)).rows) == 1


async def test_stewards_resolve_the_rest_at_once(officers: Officers, rows: Rows) -> None:
    """Where no candidate is protected a steward's word is enough; it is recorded with what it did."""
    child = await rows.child(OPEN)
    await put_in_quarantine(rows.connection, "entry", ENTRY, {child: []})
    assert await resolve(officers, ANN, "REJECT") is None
    assert await resolve(officers, STEWARD, "SAME", OPEN) is not None
    assert await resolve(officers, STEWARD, "SAME", OPEN) is None
    kept = await rows.connection.fetch("SELECT viewer, outcome FROM ledger ORDER BY recorded_at")
    assert [tuple(row) for row in kept] == [("ann", "REFUSED"), ("steward", "ANSWERED"), ("steward", "REFUSED")]


@pytest.mark.parametrize("viewer", [STEWARD, ANN], ids=["steward", "officer"])
async def test_contradictory_word_is_flawed_whatever_the_entry(officers: Officers, child: int, viewer: Viewer) -> None:
    """A number belongs to SAME, and to nothing else."""
    for reference in ("entry", "no entry"):
        for resolution, number in (("SAME", None), ("REJECT", OPEN), ("DIFFERENT", OPEN)):
            with pytest.raises(BadActError):
                await resolve(officers, viewer, resolution, number, reference)


@pytest.mark.parametrize("viewer", [STEWARD, ANN], ids=["steward", "officer"])
async def test_entries_come_in_pages(officers: Officers, rows: Rows, viewer: Viewer) -> None:
    """Oldest first; a cursor goes on after the last, and anything else is none of ours."""
    child = await rows.child(OPEN)
    if viewer is ANN:
        await rows.shield(child)
    for n in range(3):
        await put_in_quarantine(rows.connection, f"entry-{n}", an_entry(digest=n), {child: []})
    purpose = Purpose.DATA_QUALITY if viewer is STEWARD else Purpose.SHIELD_MANAGEMENT
    acts = officers.acts(viewer, purpose)
    first = await acts.quarantine(2, None)
    rest = await acts.quarantine(2, first.next)
    assert [row.reference for row in (*first.rows, *rest.rows)] == ["entry-0", "entry-1", "entry-2"]
    assert rest.next is None
    for cursor in ("not a cursor", "bm8gY3Vyc29y"):
        with pytest.raises(BadCriteriaError):
            await acts.quarantine(2, cursor)


async def test_other_authoritys_candidate_is_left_out(officers: Officers, rows: Rows, child: int) -> None:
    """Whom else the entry is like is their authority's matter; the entry is theirs whose child it is most like."""
    far = await rows.child("0000000000003", authority=BRADFORD, postcode=None)
    await rows.shield(far, authority=BRADFORD)
    await rows.connection.execute("INSERT INTO quarantine_candidates VALUES ('entry', $1, 0, '{}')", far)
    (row,) = (await officers.acts(ANN).quarantine(10, None)).rows
    assert "0000000000003" not in {number for number, _ in row.candidates or ()}
    assert (await officers.acts(ELSE).quarantine(10, None)).rows == ()
    assert await resolve(officers, ANN, "SAME", "0000000000003") is None
