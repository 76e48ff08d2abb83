"""An officer's own child, on a real store: it is none of theirs to act on, and in no list they are given."""

from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from adapters.identity import LikenessReason
from adapters.records import Tier
from adapters.shield_records import ActState, Change, Lift, Raise
from adapters.store.postgres import Store
from tests.databases import Database
from tests.officers import ANN, BOB, LEEDS, REASON, Officers, an_entry, officers_of, put_in_quarantine
from tests.store.rows import TOMORROW, Rows

RAISE = Raise(Tier.SHIELDED, "threat from a relative", TOMORROW)
OTHERS, OWN = "0000000000001", "0000000000002"
PRINT = b"p" * 16
PARENT = replace(ANN, prints=(b"q" * 16, PRINT))


@pytest.fixture
async def officers(database: Database, store: Store) -> AsyncIterator[Officers]:
    """The officers' desk on this test's database."""
    async with officers_of(database, store) as desk:
        yield desk


@pytest.fixture
async def own(rows: Rows) -> int:
    """Two children of Leeds, apart from each other; the second is Ann's."""
    await rows.connection.execute("INSERT INTO organisations VALUES ('leeds', 'Leeds', 'LOCAL_AUTHORITY', $1)", LEEDS)
    await rows.child(OTHERS, postcode="LS1 1AA")
    child = await rows.child(OWN, postcode="LS2 2BB")
    await rows.connection.execute("UPDATE children SET uprn = id::text")
    await rows.connection.execute("UPDATE children SET kin = $1 WHERE id = $2", b"o" * 16 + PRINT, child)
    return child


async def listed(officers: Officers, listing: str = "ALL") -> list[str]:
    page = await officers.acts(PARENT).cases(listing, 50, None)
    return [case.state.number for case in page.rows]


async def test_an_officer_does_nothing_to_their_own_child(officers: Officers, own: int) -> None:
    """It answers as an unknown number; to a colleague it is a child like any other."""
    acts = officers.acts(PARENT)
    assert await acts.shield(("act",), OWN, RAISE, REASON) is None
    assert await acts.shield(("other",), OTHERS, RAISE, REASON) is not None
    colleague = await officers.act(BOB, OWN, RAISE)
    assert colleague is not None
    assert colleague.state is ActState.DONE


async def test_an_officer_completes_nothing_for_their_own_child(officers: Officers, own: int) -> None:
    """Two officers must agree that a shield may go, and neither is the child's parent."""
    await officers.act(BOB, OWN, RAISE)
    await officers.act(replace(ANN, subject="carl"), OWN, Change(review_on=TOMORROW))
    assert await officers.act(PARENT, OWN, Lift()) is None
    await officers.act(BOB, OWN, Lift())
    assert await officers.act(PARENT, OWN, Lift()) is None
    state = await officers.state(OWN)
    assert state is not None
    assert state.tier is Tier.SHIELDED


async def test_an_acts_outcome_is_counted_as_a_guess_once(officers: Officers, own: int) -> None:
    """An answer that is made twice asks twice for the same act: it was one number that was tried."""
    acts = officers.acts(PARENT)
    for _ in range(2):
        await acts.shield(("first",), OWN, RAISE, REASON)
        await acts.shield(("second",), "0000000000009", RAISE, REASON)
        await acts.shield(("third",), OTHERS, RAISE, REASON)
    assert acts.guesses == 2


async def test_an_officers_own_child_is_in_no_list(officers: Officers, rows: Rows, own: int) -> None:
    """Neither by itself, nor as one of a household, nor behind a page's end."""
    other = 1
    await rows.shield(own)
    await rows.shield(other)
    await rows.connection.execute("UPDATE shields SET household_of = $1 WHERE child_id = $2", other, own)
    assert await listed(officers) == [OTHERS]
    [case] = (await officers.acts(PARENT).cases("ALL", 50, None)).rows
    assert case.household == ()
    [case, _] = (await officers.acts(BOB).cases("ALL", 50, None)).rows
    assert case.household == (OWN,)
    page = await officers.acts(PARENT).cases("ALL", 1, None)
    assert page.next is None


async def test_nothing_is_told_of_a_proposal_that_names_an_officers_own_child(
    officers: Officers, rows: Rows, own: int
) -> None:
    """A colleague proposes to release the child from a shield that covers it: the parent does not read of it."""
    await rows.shield(1)
    await rows.shield(own)
    await rows.connection.execute("UPDATE shields SET household_of = 1 WHERE child_id = $1", own)
    proposed = await officers.act(BOB, OTHERS, Change(release=(OWN,)))
    assert proposed is not None
    assert proposed.state is ActState.PROPOSED
    assert await listed(officers, "PROPOSED") == []
    assert await officers.act(PARENT, OTHERS, Change(release=(OWN,))) is None


async def test_an_entry_that_may_be_of_an_officers_own_child_waits_for_others(
    officers: Officers, rows: Rows, own: int
) -> None:
    """It is in no list of theirs, however many wait before it, and nothing they say of it counts."""
    await rows.shield(own)
    await rows.shield(1)
    await put_in_quarantine(rows.connection, "of-own", an_entry(digest=1), {own: [LikenessReason.SAME_NAME]})
    await put_in_quarantine(rows.connection, "of-other", an_entry(digest=2), {1: [LikenessReason.SAME_NAME]})
    page = await officers.acts(PARENT).quarantine(1, None)
    assert [row.reference for row in page.rows] == ["of-other"]
    assert page.next is None
    assert len((await officers.acts(BOB).quarantine(50, None)).rows) == 2
    assert await officers.acts(PARENT).resolve(("act",), "of-own", "REJECT", None, False, REASON) is None
    assert await officers.acts(BOB).resolve(("act",), "of-own", "REJECT", None, False, REASON) is not None
