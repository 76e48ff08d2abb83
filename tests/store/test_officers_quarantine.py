"""An entry like a protected child waits for that child's officers alone; two must say that it is another's."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from adapters.identity import Decided, Decision, LikenessReason, QuarantineOutcome
from adapters.records import AddressStatus, Keys, Name, NhsNumber, PostalAddress, Tier
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
from tests.auditing import opened, scribe_for
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
from tests.store.rows import TOMORROW, Rows

PROTECTED, OPEN = "0000000000001", "0000000000002"
ENTRY = an_entry(given="Ada", family="Exemple", keys=Keys(nhs_number=NhsNumber("9990000018")))
STEWARD = a_viewer(ActingRole.STEWARD, subject="steward")


@pytest.fixture
async def officers(database: Database, store: Store) -> AsyncIterator[Officers]:
    """The officers' and stewards' desk on this test's database."""
    stewards = await FeedStore.connect(database.dsn(Role.FEED))
    async with officers_of(database, store) as desk:
        yield Officers(OfficersDesk(desk.book, stewards, store, Observer(), scribe_for(store)), desk.book)
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
    """An officer may say that the entry is the protected child's: it brings where they live; name and shield stay."""
    result = await resolve(officers, ANN, "SAME", PROTECTED)
    assert result is not None
    assert result.state is ActState.DONE
    told = await rows.connection.fetchrow("SELECT family, number, postcode FROM children WHERE id = $1", child)
    assert told is not None
    assert tuple(told) == ("Example", PROTECTED, "LS6 3AA")
    state = await officers.state(PROTECTED)
    assert state is not None
    assert state.tier is Tier.SHIELDED
    assert await state_of(rows) == "SAME"
    assert await resolve(officers, ANN, "SAME", PROTECTED) is None


WHO = (("Amara", "Grace"), "Okafor", date(2015, 6, 1))  # who the child is, whatever rows make of it
SLIP = replace(ENTRY, name=Name(("Amara",), "Okafour"), birth_date=date(2009, 6, 1), row_key=b"row")


async def said_to_be(officers: Officers, rows: Rows, viewer: Viewer, outcome: QuarantineOutcome, **row: Any) -> int:
    """Amara Grace Okafor, once SLIP, put aside for `outcome`, was said to be hers; shielded if an officer said it."""
    given, family, born = WHO
    child = await rows.child(PROTECTED, given=given, family=family, born=born)
    if viewer is not STEWARD:
        await rows.shield(child)
    await put_in_quarantine(rows.connection, "entry", replace(SLIP, **row), {child: []}, outcome)
    result = await resolve(officers, viewer, "SAME", PROTECTED)
    assert result is not None
    assert result.state is ActState.DONE
    return child


async def who(rows: Rows, child: int) -> tuple[tuple[str, ...], str, date]:
    told = await rows.connection.fetchrow("SELECT given, family, birth_date FROM children WHERE id = $1", child)
    assert told is not None
    return tuple(told["given"]), told["family"], told["birth_date"]


@pytest.mark.parametrize("viewer", [STEWARD, ANN], ids=["steward", "officer"])
@pytest.mark.parametrize("outcome", [QuarantineOutcome.DOUBTFUL, QuarantineOutcome.LIKE_PROTECTED])
async def test_same_says_whose_row_it_was_and_not_who_the_child_is(
    officers: Officers, rows: Rows, viewer: Viewer, outcome: QuarantineOutcome
) -> None:
    """A slip of the pen stays the row's own; the row and its key are the child's, and later words still count."""
    child = await said_to_be(officers, rows, viewer, outcome)
    assert await who(rows, child) == WHO
    assert await rows.connection.fetchval("SELECT count(*) FROM former_names") == 0
    told = await rows.connection.fetchrow(
        "SELECT postcode, name_as_of, birth_as_of, k.value, r.row_key FROM children c"
        " JOIN keys k ON k.child_id = c.id JOIN source_rows r ON r.child_id = c.id WHERE c.id = $1",
        child,
    )
    assert told is not None
    assert tuple(told) == ("LS6 3AA", None, None, "9990000018", b"row")


@pytest.mark.parametrize("viewer", [STEWARD, ANN], ids=["steward", "officer"])
@pytest.mark.parametrize(
    ("outcome", "then"),
    [
        (QuarantineOutcome.PROTECTED_NAME_CHANGE, (("Amara", "Grace"), "Okafour", WHO[2])),
        (QuarantineOutcome.BIRTH_DATE_MOVED, (*WHO[:2], SLIP.birth_date)),
        (QuarantineOutcome.PROTECTED_BIRTH_DATE_CHANGE, (*WHO[:2], SLIP.birth_date)),
    ],
)
async def test_same_brings_the_change_that_was_in_doubt(
    officers: Officers, rows: Rows, viewer: Viewer, outcome: QuarantineOutcome, then: tuple[tuple[str, ...], str, date]
) -> None:
    """Asked whether the name, or the birth date, changed, SAME says that it did; a name left out is not taken away."""
    child = await said_to_be(officers, rows, viewer, outcome)
    assert await who(rows, child) == then


async def test_an_address_in_fewer_words_takes_nothing_away(officers: Officers, rows: Rows) -> None:
    """The postcode of the very home that is known leaves its lines and its UPRN."""
    home = PostalAddress(AddressStatus.CURRENT, (), "LS1 1AA")
    child = await said_to_be(officers, rows, ANN, QuarantineOutcome.DOUBTFUL, address=home)
    told = await rows.connection.fetchrow("SELECT address_lines, uprn FROM children WHERE id = $1", child)
    assert told is not None
    assert tuple(told) == (["1 High Street"], "100")


@pytest.mark.parametrize("known", [False, True], ids=["by that word alone", "by its row or key"])
async def test_the_row_again_renames_an_open_child_only_where_it_is_known(
    officers: Officers, rows: Rows, database: Database, known: bool
) -> None:
    """A matcher that doubts it still is told whose it is; one that knows it changes the open child's name as ever."""
    child = await said_to_be(officers, rows, STEWARD, QuarantineOutcome.DOUBTFUL)
    decision = (
        Decision(Decided.UPDATE, child) if known else Decision(Decided.QUARANTINE, None, QuarantineOutcome.DOUBTFUL)
    )
    feed = await FeedStore.connect(database.dsn(Role.FEED))
    async with feed.batch("roll") as batch:
        await batch.apply([(SLIP, decision)])
    await feed.close()
    assert await who(rows, child) == ((WHO[0], "Okafour", SLIP.birth_date) if known else WHO)


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
    await officers.act(ANN, PROTECTED, Raise(Tier.SHIELDED, "threat", TOMORROW))
    await put_in_quarantine(rows.connection, "entry", ENTRY, {child: []})
    assert (await officers.acts(ANN).quarantine(10, None)).rows == ()
    assert await resolve(officers, ANN, "REJECT") is None
    assert await resolve(officers, BOB, "REJECT") is not None


async def test_raiser_sees_no_entry_that_may_be_another_childs(officers: Officers, rows: Rows, child: int) -> None:
    """Were it told with the child it is most like, its address might be that of the child whom the raiser waits for."""
    await officers.act(ANN, OPEN, Raise(Tier.SHIELDED, "threat", TOMORROW))
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
    kept = [(seen.viewer, seen.outcome) for seen in await opened(rows.connection)]
    assert kept == [("ann", "REFUSED"), ("steward", "ANSWERED"), ("steward", "REFUSED")]


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
