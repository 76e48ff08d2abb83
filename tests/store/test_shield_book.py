"""Officers' acts on a real store: what one may do at once, what takes two, and what each leaves behind."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import pytest

from adapters.records import Tier
from adapters.shield_records import (
    ActState,
    Change,
    CircleTerm,
    ClearHold,
    Confirm,
    Lift,
    Raise,
    ShieldCall,
    ShieldState,
    Transfer,
)
from adapters.store.failures import StoreUnavailable
from adapters.store.postgres import Store
from gateway.acts import OfficersDesk
from gateway.events import Observer
from gateway.purpose import Purpose
from gateway.shield.acts import strictest
from gateway.viewer import Role, Viewer
from resolvers.acts import BadActError, BadReasonError
from resolvers.errors import BadCriteriaError, NotAddressableError, QuestionError
from tests.auditing import opened, scribe_for
from tests.builders import a_viewer
from tests.databases import Database
from tests.officers import ANN, BOB, BRADFORD, ELSE, LEEDS, OTHER, REASON, Officers, an_officer, officers_of
from tests.store.rows import TOMORROW, Rows

SOON = TOMORROW + timedelta(days=90)
RAISE = Raise(Tier.SHIELDED, "threat from a relative", SOON)
SEAL = Raise(Tier.SEALED, "witness protection", SOON)
SCHOOL = CircleTerm("school-1", frozenset({"ADDRESS", "SCHOOL"}), TOMORROW + timedelta(days=30))
CHILD = "0000000000001"
MUTATION = {Change: "changeShield", Transfer: "transferShield", Raise: "raiseShield"}


@pytest.fixture
async def officers(database: Database, store: Store) -> AsyncIterator[Officers]:
    """The officers' desk on this test's database."""
    async with officers_of(database, store) as desk:
        yield desk


@pytest.fixture
async def child(rows: Rows) -> int:
    """An open child of Leeds, the only one at home."""
    await rows.connection.execute(
        "INSERT INTO organisations VALUES ('leeds', 'Leeds', 'LOCAL_AUTHORITY', $1),"
        " ('bradford', 'Bradford', 'LOCAL_AUTHORITY', $2), ('school-1', 'A school', 'SCHOOL', NULL),"
        " ('charity', 'A charity', 'OTHER', NULL)",
        LEEDS,
        BRADFORD,
    )
    return await rows.child(CHILD)


async def stands(officers: Officers, number: str = CHILD) -> ShieldState:
    state = await officers.state(number)
    assert state is not None
    return state


async def shielded(officers: Officers, call: Raise = RAISE, number: str = CHILD) -> ShieldState:
    """A shield raised and confirmed."""
    await officers.act(ANN, number, call)
    await officers.act(BOB, number, Confirm())
    return await stands(officers, number)


async def ledger(rows: Rows) -> list[tuple[Any, ...]]:
    return [(seen.act, seen.viewer, seen.outcome, seen.numbers) for seen in await opened(rows.connection)]


async def numbers_of(rows: Rows, sql: str, *arguments: Any) -> list[Any]:
    return [row[0] for row in await rows.connection.fetch(sql, *arguments)]


async def test_raised_at_once_and_confirmed_by_another(officers: Officers, child: int) -> None:
    """A shield stands from the raiser's word on; its raiser has nothing by it, and another confirms it."""
    raised = await officers.act(ANN, CHILD, RAISE)
    assert raised is not None
    assert raised.state is ActState.DONE
    state = await stands(officers)
    assert (state.tier, state.authority, state.raised_by, state.confirmed) == (Tier.SHIELDED, LEEDS, "ann", False)
    for call in (Confirm(), Lift(), Change(ground="another ground")):
        assert await officers.act(ANN, CHILD, call) is None
    assert await officers.act(BOB, CHILD, Confirm()) is not None
    assert (await stands(officers)).confirmed


async def test_raiser_elsewhere_does_not_become_responsible(officers: Officers, rows: Rows, child: int) -> None:
    """The child's own authority answers for the shield, whoever raised it; the raiser's where the child has none."""
    await officers.act(ELSE, CHILD, RAISE)
    assert (await stands(officers)).authority == LEEDS
    assert await officers.act(ELSE, CHILD, Lift()) is None
    await rows.child("0000000000002", authority=None, postcode=None)
    await officers.act(ELSE, "0000000000002", RAISE)
    assert (await stands(officers, "0000000000002")).authority == BRADFORD


@pytest.mark.parametrize(
    "call",
    [Lift(), Change(withhold=frozenset()), Change(circle=(SCHOOL,)), Transfer(BRADFORD)],
    ids=lambda call: type(call).__name__,
)
async def test_what_weakens_takes_two(officers: Officers, rows: Rows, child: int, call: ShieldCall) -> None:
    """The first officer's word changes nothing, however often it is given; the second's same word carries it out."""
    before = await shielded(officers, Raise(Tier.SHIELDED, "ground", SOON, frozenset({"KEY"})))
    proposed = await officers.act(ANN, CHILD, call)
    assert proposed is not None
    assert proposed.state is ActState.PROPOSED
    assert await officers.act(ANN, CHILD, call) == proposed
    waiting = await stands(officers)
    assert [word.reference for word in waiting.proposals] == [proposed.reference]
    assert (waiting.tier, waiting.withheld, waiting.circle, waiting.authority) == (
        (before.tier, before.withheld, before.circle, before.authority)
    )
    done = await officers.act(BOB, CHILD, call, "the second officer agrees")
    assert done is not None
    assert done.state is ActState.DONE
    after = await stands(officers)
    assert after.proposals == ()
    assert after != before
    act = await rows.connection.fetchrow(
        "SELECT officer, second, reason, content ->> 'secondReason' FROM shield_acts WHERE reference = $1",
        done.reference,
    )
    assert act is not None
    assert tuple(act) == ("ann", "bob", REASON, "the second officer agrees")
    assert await numbers_of(rows, "SELECT count(*) FROM shield_history WHERE weakens AND second IS NULL") == [0]


async def test_done_again_is_done_and_changes_nothing(officers: Officers, rows: Rows, child: int) -> None:
    """Whoever repeats a call that was carried out is told so; no act is written."""
    await shielded(officers)
    await officers.both(CHILD, Lift())
    acts = await numbers_of(rows, "SELECT count(*) FROM shield_acts")
    for viewer in (ANN, BOB):
        again = await officers.act(viewer, CHILD, Lift())
        assert again is not None
        assert again.state is ActState.DONE
    assert await numbers_of(rows, "SELECT count(*) FROM shield_acts") == acts


async def test_what_strengthens_is_done_at_once(officers: Officers, child: int) -> None:
    """Tier up, more withheld, circle shorter, review sooner or later: one officer of the authority."""
    await shielded(officers)
    await officers.both(CHILD, Change(circle=(SCHOOL,)))
    shorter = CircleTerm("school-1", frozenset({"SCHOOL"}), TOMORROW)
    change = Change(Tier.SEALED, frozenset({"KEY"}), "worse than thought", TOMORROW, (shorter,))
    result = await officers.act(BOB, CHILD, change)
    assert result is not None
    assert result.state is ActState.DONE
    after = await stands(officers)
    assert (after.tier, after.withheld, after.ground) == (Tier.SEALED, frozenset({"KEY"}), "worse than thought")
    assert (after.review_on, after.circle) == (TOMORROW, (shorter,))


async def test_act_voids_what_waits(officers: Officers, rows: Rows, child: int) -> None:
    """A proposal was made of a shield that stood otherwise: after any act it must be made anew."""
    await shielded(officers)
    await officers.act(ANN, CHILD, Lift())
    await officers.act(BOB, CHILD, Change(ground="another ground"))
    result = await officers.act(BOB, CHILD, Lift())
    assert result is not None
    assert result.state is ActState.PROPOSED
    assert await numbers_of(rows, "SELECT state FROM shield_proposals ORDER BY state") == ["OPEN", "VOID"]


async def test_proposal_lapses(officers: Officers, rows: Rows, child: int) -> None:
    """What nobody seconded in thirty days can no longer be, and can be proposed again."""
    await shielded(officers)
    await officers.act(ANN, CHILD, Lift())
    await rows.connection.execute("UPDATE shield_proposals SET expires_at = now()")
    again = await officers.act(BOB, CHILD, Lift())
    assert again is not None
    assert again.state is ActState.PROPOSED
    assert (await stands(officers)).proposals[0].officer == "bob"


async def test_stricter_raise_is_carried_out_and_looser_is_done_already(officers: Officers, child: int) -> None:
    """Raising never lowers: tier and what is withheld are the strictest of both, all else as its officers left it."""
    before = await shielded(officers, Raise(Tier.SHIELDED, "ground", SOON, frozenset({"KEY"})))
    await officers.act(ELSE, CHILD, Raise(Tier.SHIELDED, "other", TOMORROW))
    assert await stands(officers) == before
    await officers.act(ELSE, CHILD, SEAL)
    after = await stands(officers)
    assert (after.tier, after.withheld, after.ground) == (Tier.SEALED, frozenset({"KEY"}), "ground")
    assert after.confirmed


@pytest.mark.parametrize("call", [RAISE, SEAL, Confirm(), Lift(), Transfer(BRADFORD), ClearHold(), Change(ground="g")])
@pytest.mark.parametrize(
    "viewer",
    [an_officer("cleo", scopes=""), an_officer("cleo", BRADFORD, scopes=""), an_officer("cleo", BRADFORD)],
    ids=["no custodian", "elsewhere", "custodian elsewhere"],
)
async def test_sealed_child_is_nobody_but_to_its_custodians(
    officers: Officers, rows: Rows, child: int, viewer: Viewer, call: ShieldCall
) -> None:
    """Each act ends for anybody else as on a number that nobody has, or is forbidden whatever the number."""
    await shielded(officers, SEAL)
    before = await stands(officers)
    if call is SEAL and "sealed" not in viewer.scopes:
        with pytest.raises(NotAddressableError):
            await officers.act(viewer, CHILD, call)
    else:
        assert await officers.act(viewer, CHILD, call) is None
        assert await officers.act(viewer, "0000000000009", call) is None
    assert await stands(officers) == before


async def test_household_is_covered_with_the_child(officers: Officers, rows: Rows, child: int) -> None:
    """Everybody at home is shielded at once, each by their own authority, which confirms its own."""
    await rows.child("0000000000002", given=("Bea",))
    await rows.child("0000000000003", given=("Cy",), authority=BRADFORD)
    await officers.act(ANN, CHILD, RAISE)
    near, far = [await stands(officers, f"000000000000{n}") for n in (2, 3)]
    assert [(one.tier, one.household_of, one.confirmed) for one in (near, far)] == [(Tier.SHIELDED, child, False)] * 2
    assert (near.authority, far.authority) == (LEEDS, BRADFORD)
    await officers.act(BOB, CHILD, Confirm())
    assert [(await stands(officers, f"000000000000{n}")).confirmed for n in (2, 3)] == [True, False]
    acts = "SELECT c.number FROM shield_acts a JOIN children c ON c.id = a.child_id WHERE act = 'RAISED' ORDER BY 1"
    assert await numbers_of(rows, acts) == [CHILD, "0000000000002", "0000000000003"]


async def test_household_is_released_by_two(officers: Officers, rows: Rows, child: int) -> None:
    """Two officers may say that a member needs no shield; nobody of another authority is released by them."""
    await rows.child("0000000000002", given=("Bea",))
    await rows.child("0000000000003", given=("Cy",), authority=BRADFORD)
    await shielded(officers)
    assert await officers.both(CHILD, Change(release=("0000000000003",))) is None
    release = Change(release=("0000000000002",))
    first, second = await officers.act(ANN, CHILD, release), await officers.act(BOB, CHILD, release)
    assert first is not None
    assert second is not None
    assert (first.state, second.state) == (ActState.PROPOSED, ActState.DONE)
    assert (await stands(officers, "0000000000002")).tier is Tier.OPEN
    assert (await stands(officers, "0000000000003")).tier is Tier.SHIELDED
    again = await officers.act(ANN, CHILD, release)
    assert again is not None
    assert again.state is ActState.DONE
    assert await numbers_of(rows, "SELECT sum(breaches) FROM law_breaches()") == [0]


async def test_lifting_a_root_leaves_members_shielded(officers: Officers, rows: Rows, child: int) -> None:
    """A member's shield is their own: it stands until two officers lift that too."""
    await rows.child("0000000000002", given=("Bea",))
    await shielded(officers)
    await officers.both(CHILD, Lift())
    assert (await stands(officers)).tier is Tier.OPEN
    member = await stands(officers, "0000000000002")
    assert (member.tier, member.household_of) == (Tier.SHIELDED, None)
    await rows.connection.execute("UPDATE children SET address_as_of = now() + interval '1 hour'")
    assert await numbers_of(rows, "SELECT sum(breaches) FROM law_breaches()") == [0]


async def test_transfer_may_be_completed_where_the_child_goes(officers: Officers, child: int) -> None:
    """The receiving authority may be second, never first; afterwards the child is theirs."""
    await shielded(officers)
    assert await officers.act(ELSE, CHILD, Transfer(BRADFORD)) is None
    assert await officers.both(CHILD, Transfer(BRADFORD), first=ANN, second=ELSE) is not None
    assert (await stands(officers)).authority == BRADFORD
    assert await officers.act(ANN, CHILD, Change(ground="ours no more")) is None
    assert await officers.act(OTHER, CHILD, Change(ground="ours now")) is not None


async def test_hold_is_cleared_by_one_officer_of_the_authority(officers: Officers, rows: Rows, child: int) -> None:
    """By whom and why is kept; elsewhere nobody is held."""
    await rows.hold(child)
    assert (await stands(officers)).holds == 1
    assert await officers.act(ELSE, CHILD, ClearHold()) is None
    assert await officers.act(ANN, CHILD, ClearHold()) is not None
    assert (await stands(officers)).holds == 0
    kept = await rows.connection.fetchrow("SELECT cleared_by, cleared_for FROM holds")
    assert kept is not None
    assert tuple(kept) == ("ann", REASON)


async def test_joiner_of_a_household_is_let_go_by_two(officers: Officers, rows: Rows, child: int) -> None:
    """Who is held for living with a shielded child is released from it as a member is; other holds take one officer."""
    joiner = await rows.child("0000000000002", given=("Bea",))
    await rows.shield(child)
    await rows.connection.execute("SELECT hold_joiner($1)", joiner)
    await rows.connection.execute("UPDATE children SET address_as_of = now() + interval '1 hour'")
    first = await officers.act(ANN, "0000000000002", ClearHold())
    assert first is not None
    assert first.state is ActState.PROPOSED
    assert (await stands(officers, "0000000000002")).holds == 1
    await officers.act(BOB, "0000000000002", ClearHold())
    assert (await stands(officers, "0000000000002")).holds == 0
    await rows.connection.execute("SELECT hold_joiner($1)", joiner)
    assert (await stands(officers, "0000000000002")).holds == 0
    assert await numbers_of(rows, "SELECT sum(breaches) FROM law_breaches()") == [0]


async def test_lifted_child_stays_held_by_its_agency(officers: Officers, rows: Rows, child: int) -> None:
    """Two officers lift their own shield, and let a household's member go; what an agency marked is another matter."""
    await rows.hold(child)
    await rows.connection.execute(
        "INSERT INTO holds (child_id, agency, mark) VALUES ($1, 'household', 'HOUSEHOLD_JOINED')", child
    )
    await shielded(officers)
    await officers.both(CHILD, Lift())
    assert await numbers_of(rows, "SELECT agency FROM holds WHERE cleared_at IS NULL") == ["practice"]


@pytest.mark.parametrize("call", [RAISE, Change(review_on=TOMORROW), SEAL], ids=["again", "changed", "sealed"])
async def test_act_ends_every_override(officers: Officers, rows: Rows, child: int, call: ShieldCall) -> None:
    """Whoever looks behind the shield looks no longer, whatever the act; to raise again what stands is one."""
    await shielded(officers)
    await rows.override(child, "viewer", "token")
    await officers.act(BOB, CHILD, call)
    assert await numbers_of(rows, "SELECT count(*) FROM overrides WHERE until > now()") == [0]


async def test_act_is_recorded_with_itself(officers: Officers, rows: Rows, child: int) -> None:
    """Who asked, for whom, and whether it came to anything; of a number that nobody has, no number."""
    acts = officers.acts(ANN)
    await acts.shield(("one",), CHILD, RAISE, REASON)
    await acts.shield(("two",), CHILD, Confirm(), REASON)
    await acts.shield(("three",), "0000000000009", Confirm(), REASON)
    assert await ledger(rows) == [
        ("raiseShield", "ann", "ANSWERED", [CHILD]),
        ("confirmShield", "ann", "REFUSED", [CHILD]),
        ("confirmShield", "ann", "REFUSED", []),
    ]
    assert len({seen.part_of for seen in await opened(rows.connection)}) == 1


async def test_answer_made_twice_acts_once(officers: Officers, rows: Rows, child: int) -> None:
    """An attempt that is made again finds what its acts came to, by their paths; another request does not."""
    await shielded(officers)
    acts = officers.acts(ANN)
    first = await acts.shield(("lift",), CHILD, Lift(), REASON)
    before = await ledger(rows)
    assert await acts.shield(("lift",), CHILD, Lift(), REASON) == first
    assert await ledger(rows) == before
    await officers.act(ANN, CHILD, Lift())
    assert len(await ledger(rows)) == len(before) + 1


async def test_nothing_stands_of_an_act_that_is_not_recorded(officers: Officers, rows: Rows, child: int) -> None:
    """Where the act's record cannot be written, neither shield nor act is."""
    await rows.connection.execute("ALTER TABLE ledger ADD CHECK (chain < 17)")
    with pytest.raises(StoreUnavailable):
        await officers.act(ANN, CHILD, RAISE)
    assert (await stands(officers)).tier is Tier.OPEN
    assert await numbers_of(rows, "SELECT count(*) FROM shield_acts") == [0]


async def test_two_officers_at_once_are_two_officers(officers: Officers, rows: Rows, child: int) -> None:
    """Calls that arrive together take turns: one proposes, the other completes."""
    await shielded(officers)
    results = await asyncio.gather(*(officers.act(viewer, CHILD, Lift()) for viewer in (ANN, BOB)))
    assert {result.state for result in results if result} == {ActState.PROPOSED, ActState.DONE}
    assert (await stands(officers)).tier is Tier.OPEN


async def test_every_shield_ever_raised_stands_at_least_as_strict(officers: Officers, child: int) -> None:
    """What raisers asked for adds up."""
    expected = await stands(officers)
    for call in (RAISE, Raise(Tier.SHIELDED, "g", SOON, frozenset({"KEY"})), SEAL, RAISE):
        await officers.act(ANN, CHILD, call)
        after = await stands(officers)
        asked = ShieldState(child, CHILD, LEEDS, call.tier, withheld=call.withhold, review_on=call.review_on)
        expected = strictest(expected, asked)
        assert (after.tier, after.withheld) == (expected.tier, expected.withheld)


@pytest.mark.parametrize(
    "call",
    [
        Change(circle=(CircleTerm("nobody", frozenset({"SCHOOL"}), SOON),)),
        Change(circle=(SCHOOL, CircleTerm("charity", frozenset({"SCHOOL"}), SOON))),
        Transfer("E99999999"),
        Raise(Tier.SHIELDED, "ground", TOMORROW - timedelta(days=2)),
        Change(),
    ],
)
async def test_flawed_call_does_nothing(officers: Officers, rows: Rows, child: int, call: ShieldCall) -> None:
    """What names nothing registered or contradicts itself is told so, of a number that nobody has as well."""
    await shielded(officers)
    told = set()
    for number in (CHILD, "0000000000009"):
        with pytest.raises(BadActError) as flawed:
            await officers.act(ANN, number, call)
        told.add(str(flawed.value))
    assert len(told) == 1
    assert [row[:3] for row in await ledger(rows)][-2:] == [(MUTATION[type(call)], "ann", "REFUSED")] * 2
    assert await numbers_of(rows, "SELECT count(*) FROM shield_proposals") == [0]


@pytest.mark.parametrize("reason", ["too short", " " * 20, "r" * 256, "two lines\nof reason"])
async def test_reason_is_ten_to_255_printable_characters(officers: Officers, child: int, reason: str) -> None:
    """An act without a reason worth the name is none."""
    with pytest.raises(BadReasonError):
        await officers.act(ANN, CHILD, RAISE, reason)


@pytest.mark.parametrize(
    ("viewer", "purpose"),
    [
        (a_viewer(Role.PRACTITIONER), Purpose.SAFEGUARDING),
        (ANN, Purpose.SAFEGUARDING),
        (a_viewer(Role.STEWARD), Purpose.DATA_QUALITY),
        (an_officer("ann", authority=None), Purpose.SHIELD_MANAGEMENT),
    ],
)
async def test_nobody_else_acts_or_lists(
    officers: Officers, rows: Rows, child: int, viewer: Viewer, purpose: Purpose
) -> None:
    """By role and purpose, before anything is looked up."""
    acts = officers.acts(viewer, purpose)
    with pytest.raises(NotAddressableError):
        await acts.shield(("raise",), CHILD, RAISE, REASON)
    with pytest.raises(NotAddressableError):
        await acts.cases("ALL", 10, None)
    assert await ledger(rows) == []


async def test_override_is_for_practitioners_with_the_right(officers: Officers, rows: Rows, child: int) -> None:
    """One answer whether the number is nobody's, open, held or sealed; a shielded child's lasts fifteen minutes."""
    may = a_viewer(Role.PRACTITIONER, scopes="override")
    for viewer, purpose in (
        (a_viewer(Role.PRACTITIONER), Purpose.SAFEGUARDING),
        (may, Purpose.CHILD_WELFARE),
        (an_officer("ann", scopes="override"), Purpose.SAFEGUARDING),
    ):
        with pytest.raises(NotAddressableError):
            await officers.acts(viewer, purpose).override(("look",), CHILD, REASON)
    acts = officers.acts(may, Purpose.SAFEGUARDING)
    assert await acts.override(("look",), "0000000000009", REASON) is None
    assert await acts.override(("open",), CHILD, REASON) is None
    await rows.hold(child)
    assert await acts.override(("held",), CHILD, REASON) is None
    await shielded(officers)
    until = await acts.override(("shielded",), CHILD, REASON)
    assert until is not None
    assert await acts.override(("shielded",), CHILD, REASON) == until
    await officers.act(BOB, CHILD, SEAL)
    assert await acts.override(("sealed",), CHILD, REASON) is None


async def test_without_its_store_nobody_acts(store: Store, officers: Officers) -> None:
    """Where no address of the role is set up the answer says so, and nothing else fails."""
    bare = Officers(OfficersDesk(None, None, store, Observer(), scribe_for(store)), officers.book)
    with pytest.raises(QuestionError, match="CONTACTPOINT_SHIELD_DSN"):
        await bare.act(ANN, CHILD, RAISE)
    with pytest.raises(QuestionError, match="CONTACTPOINT_FEED_DSN"):
        await bare.acts(a_viewer(Role.STEWARD), Purpose.DATA_QUALITY).quarantine(10, None)


async def listed(officers: Officers, viewer: Viewer, listing: str = "ALL") -> Sequence[str]:
    page = await officers.acts(viewer).cases(listing, 50, None)
    return [case.state.number[-1] for case in page.rows]


async def test_cases_are_the_authoritys_own(officers: Officers, rows: Rows, child: int) -> None:
    """Shielded, held and proposed for; sealed for custodians alone; never what the officer raised, unconfirmed."""
    held = await rows.child("0000000000002", postcode=None)
    await rows.hold(held)
    for number, call in (("0000000000003", RAISE), ("0000000000004", SEAL), ("0000000000005", RAISE)):
        await rows.child(number, postcode=None)
        await shielded(officers, call, number)
    await officers.act(ANN, CHILD, RAISE)
    await officers.act(ANN, "0000000000005", Lift())
    await rows.shield(await rows.child("0000000000006", postcode=None), authority=BRADFORD)
    await rows.connection.execute(
        "UPDATE shields SET review_on = $1 WHERE tier = 'SEALED'", TOMORROW - timedelta(days=2)
    )
    assert await listed(officers, ANN) == ["2", "3", "4", "5"]
    assert await listed(officers, BOB) == ["1", "2", "3", "4", "5"]
    assert await listed(officers, an_officer("cleo", scopes="")) == ["1", "2", "3", "5"]
    assert await listed(officers, ELSE) == ["6"]
    assert await listed(officers, BOB, "UNCONFIRMED") == ["1"]
    assert await listed(officers, BOB, "OVERDUE") == ["4"]
    assert await listed(officers, BOB, "HELD") == ["2"]
    assert await listed(officers, BOB, "PROPOSED") == ["5"]


async def test_case_tells_what_an_officer_must_know(officers: Officers, rows: Rows, child: int) -> None:
    """The shield with its circle, its holds, who is covered with the child, and whether the review is overdue."""
    await rows.child("0000000000002", given=("Bea",))
    await shielded(officers)
    await officers.both(CHILD, Change(circle=(SCHOOL,)))
    await rows.hold(child)
    await rows.connection.execute("UPDATE shields SET review_on = $1", TOMORROW - timedelta(days=2))
    case, other = (await officers.acts(ANN).cases("ALL", 50, None)).rows
    assert case.state.circle == (SCHOOL,)
    assert [(hold.agency, hold.mark) for hold in case.holds] == [("practice", "PDS_RESTRICTED")]
    assert (case.household, other.household) == (("0000000000002",), (CHILD,))
    assert case.overdue


async def test_cases_come_in_pages(officers: Officers, rows: Rows, child: int) -> None:
    """A cursor goes on after the last number; anything else is none of ours."""
    for n in range(2, 5):
        await rows.shield(await rows.child(f"000000000000{n}", postcode=None))
    seen, after = [], None
    while True:
        page = await officers.acts(ANN).cases("ALL", 2, after)
        seen += [case.state.number[-1] for case in page.rows]
        after = page.next
        if after is None:
            break
    assert seen == ["2", "3", "4"]
    with pytest.raises(BadCriteriaError):
        await officers.acts(ANN).cases("ALL", 2, "not a cursor")
