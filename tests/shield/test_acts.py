"""What holds of officers' acts whatever the child's shield and whatever is asked: nothing weakens by one hand alone."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.identity import IdentityEntry
from adapters.records import BirthEntry, Gender, Keys, Name, NhsNumber, Tier, Upn
from adapters.shield_records import (
    Change,
    CircleTerm,
    ClearHold,
    Confirm,
    Lift,
    Member,
    NewIdentity,
    OpenProposal,
    Raise,
    ShieldCall,
    ShieldState,
    Transfer,
)
from gateway.shield.acts import (
    Already,
    Bad,
    Carry,
    Judgement,
    Nobody,
    Officer,
    Propose,
    judge,
    manages,
    strictest,
    weakens,
)
from gateway.shield.calls import CIRCLE_CATEGORIES, canonical
from tests.builders import ELSEWHERE, HERE

TODAY = date(2026, 3, 1)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

AUTHORITIES = st.sampled_from([HERE, ELSEWHERE])
TIERS = st.sampled_from(Tier)
STRICT_TIERS = st.sampled_from([Tier.SHIELDED, Tier.SEALED])
DAYS = st.integers(0, 366).map(lambda days: TODAY + timedelta(days=days))
GROUNDS = st.sampled_from(["threat from a relative", "a court's order"])
WITHHELD = st.frozensets(st.sampled_from(["KEY", "PARENT_NAMES"]))
OFFICERS = st.builds(Officer, st.sampled_from(["ann", "bob", "cleo"]), AUTHORITIES, st.booleans())
CIRCLES = st.lists(
    st.builds(
        CircleTerm,
        st.sampled_from(["school-1", "school-2", "practice-1"]),
        st.frozensets(st.sampled_from(sorted(CIRCLE_CATEGORIES)), min_size=1),
        DAYS,
    ),
    unique_by=lambda term: term.organisation,
).map(lambda terms: tuple(sorted(terms, key=lambda term: term.organisation)))

CIRCLED = CircleTerm("school-1", frozenset({"ADDRESS"}), TODAY)
NEW_IDENTITY = NewIdentity(
    IdentityEntry(
        line=0,
        name=Name(("Grace",), "Hopper"),
        birth_date=date(2015, 12, 9),
        gender=Gender.FEMALE,
        address=None,
        keys=Keys(nhs_number=NhsNumber("9990000018")),
        as_of=NOW,
        digest=b"\x01" * 32,
    )
)
RAISES = st.builds(Raise, STRICT_TIERS, GROUNDS, DAYS, WITHHELD)
CHANGES = st.builds(
    Change,
    tier=st.none() | STRICT_TIERS,
    withhold=st.none() | WITHHELD,
    ground=st.none() | GROUNDS,
    review_on=st.none() | DAYS,
    circle=st.none() | CIRCLES,
    release=st.lists(st.sampled_from(["2", "3"]), unique=True).map(tuple),
).filter(canonical)
WEAKENING: st.SearchStrategy[ShieldCall] = st.one_of(
    CHANGES, st.builds(Transfer, AUTHORITIES), st.sampled_from([Lift(), NEW_IDENTITY])
)
MANAGING: st.SearchStrategy[ShieldCall] = WEAKENING | st.sampled_from([Confirm(), ClearHold()])
CALLS: st.SearchStrategy[ShieldCall] = RAISES | MANAGING


@st.composite
def shields(
    draw: st.DrawFn,
    child: int = 1,
    covers: int | None = None,
    circles: st.SearchStrategy[tuple[CircleTerm, ...]] = CIRCLES,
) -> ShieldState:
    """Any child: open, or under any shield; perhaps covered by the shield of the child `covers`."""
    bare = ShieldState(child, str(child), draw(AUTHORITIES | st.none()), Tier.OPEN, holds=draw(st.integers(0, 2)))
    bare = replace(bare, joined=bare.holds > 0 and draw(st.booleans()))
    tier = draw(TIERS)
    if tier is Tier.OPEN:
        return bare
    return replace(
        bare,
        tier=tier,
        authority=draw(AUTHORITIES),
        withheld=draw(WITHHELD),
        ground=draw(GROUNDS),
        review_on=draw(DAYS),
        raised_by=draw(st.sampled_from(["ann", "bob", "cleo"])),
        confirmed=draw(st.booleans()),
        circle=draw(circles),
        household_of=draw(st.sampled_from([covers, None])),
    )


STATES = shields()
SHIELDED = STATES.filter(lambda state: state.tier is not Tier.OPEN)
HOUSEHOLDS = st.tuples(
    *(st.builds(Member, shields(child, covers=1, circles=st.just(())), st.booleans()) for child in (2, 3))
)


def proposed(state: ShieldState, officer: Officer, judged: Propose) -> ShieldState:
    """The child after a first officer's word."""
    word = OpenProposal("first", judged.act, judged.content, officer.subject, officer.authority, "a stated reason", NOW)
    return replace(state, proposals=(*state.proposals, word))


def of_two(officers: Sequence[Officer], state: ShieldState, call: ShieldCall, household: Sequence[Member]) -> Judgement:
    """What becomes of the call where the first officer makes it, and then the second."""
    first, second = officers
    judged = judge(first, state, call, TODAY, household)
    if isinstance(judged, Propose):
        state = proposed(state, first, judged)
    return judge(second, state, call, TODAY, household)


def open_child(state: ShieldState) -> ShieldState:
    """The same child under no shield."""
    return ShieldState(state.child_id, state.number, state.child_authority, Tier.OPEN, holds=state.holds)


def whose(officer: Officer, state: ShieldState) -> Officer:
    """The officer, where the child is theirs to act on."""
    authority = state.child_authority if state.tier is Tier.OPEN else state.authority
    return replace(officer, subject="first", authority=authority or HERE, custodian=True)


def terms(state: ShieldState) -> tuple[object, ...]:
    return state.tier, state.withheld, state.circle, state.review_on


def protects_less(state: ShieldState, judged: Carry) -> bool:
    let_go = state.joined and state.tier is Tier.OPEN and not judged.after.joined
    return bool(weakens(state, judged.after) or judged.released or let_go or judged.act == "CLOSED")


@given(OFFICERS, OFFICERS, STATES, CALLS, HOUSEHOLDS)
def test_nothing_weakens_by_one_hand(
    first: Officer, second: Officer, state: ShieldState, call: ShieldCall, household: tuple[Member, Member]
) -> None:
    """Whatever is carried out that protects the child less, another officer asked for the very same before."""
    judged = of_two((first, second), state, call, household)
    if isinstance(judged, Carry) and protects_less(state, judged):
        assert judged.proposal is not None
        assert judged.proposal.officer != second.subject
        assert (judged.proposal.act, judged.proposal.content) == (judged.act, canonical(call))


@given(OFFICERS, STATES, CALLS, HOUSEHOLDS)
def test_what_strengthens_is_carried_out_at_once(
    officer: Officer, state: ShieldState, call: ShieldCall, household: tuple[Member, Member]
) -> None:
    """One officer's word waits only where it would protect somebody less."""
    judged = judge(officer, state, call, TODAY, household)
    if isinstance(judged, Propose):
        other = replace(officer, subject="somebody else")
        carried = judge(other, proposed(state, officer, judged), call, TODAY, household)
        if isinstance(carried, Carry):  # the other may be the one who raised the shield
            assert protects_less(state, carried)
    assert not (isinstance(call, Raise | Confirm) and isinstance(judged, Propose))


@given(OFFICERS, STATES, WEAKENING, HOUSEHOLDS)
def test_one_officer_proposes_once(
    officer: Officer, state: ShieldState, call: ShieldCall, household: tuple[Member, Member]
) -> None:
    """The same call by the same officer is the same proposal, however often it comes."""
    officer = whose(officer, state)
    judged = judge(officer, state, call, TODAY, household)
    if not isinstance(judged, Propose):
        return
    again = judge(officer, proposed(state, officer, judged), call, TODAY, household)
    assert isinstance(again, Propose)
    assert again.standing is not None
    assert again.standing.reference == "first"


@given(OFFICERS, STATES, WEAKENING, CALLS, HOUSEHOLDS)
def test_second_officers_equal_call_completes_and_no_other(
    officer: Officer, state: ShieldState, call: ShieldCall, other: ShieldCall, household: tuple[Member, Member]
) -> None:
    """A second officer who manages the child completes what is proposed by the very same call alone."""
    officer = whose(officer, state)
    second = replace(officer, subject="second")
    judged = judge(officer, state, call, TODAY, household)
    if not isinstance(judged, Propose):
        return
    state = proposed(state, officer, judged)
    completed = judge(second, state, call, TODAY, household)
    assert isinstance(completed, Carry)
    assert completed.proposal is not None
    if (type(other), canonical(other)) != (type(call), canonical(call)):
        crossed = judge(second, state, other, TODAY, household)
        assert not (isinstance(crossed, Carry) and crossed.proposal)


@pytest.mark.parametrize(
    ("said", "other"),
    [
        (Transfer(ELSEWHERE), Transfer("E09000001")),
        (Change(tier=Tier.SHIELDED), Change(withhold=frozenset())),
        (Change(circle=(CIRCLED,)), Change(circle=(replace(CIRCLED, organisation="school-2"),))),
    ],
)
def test_a_second_officers_other_word_completes_nothing(said: ShieldCall, other: ShieldCall) -> None:
    """Two officers must mean the same: an act of the same kind with other content is another first word."""
    first, second = (Officer(subject, HERE, custodian=True) for subject in ("ann", "bob"))
    sealed = ShieldState(
        *(1, "1", HERE, Tier.SEALED),
        authority=HERE,
        withheld=frozenset({"KEY"}),
        ground="a court's order",
        review_on=TODAY,
        raised_by="cleo",
        confirmed=True,
    )
    judged = judge(first, sealed, said, TODAY)
    assert isinstance(judged, Propose)
    crossed = judge(second, proposed(sealed, first, judged), other, TODAY)
    assert isinstance(crossed, Propose)
    assert crossed.standing is None


@given(OFFICERS, STATES, CALLS, HOUSEHOLDS)
def test_done_again_changes_nothing(
    officer: Officer, state: ShieldState, call: ShieldCall, household: tuple[Member, Member]
) -> None:
    """What is carried out stands already for whoever may still act on the child, and is nobody's for others."""
    first = whose(officer, state)
    second = replace(first, subject="second")
    judged = of_two((first, second), state, call, household)
    if isinstance(call, NewIdentity) or not isinstance(judged, Carry):
        return  # a closed number is nobody's
    released = {one.child_id: one for one in judged.released}
    kept = [one for one in household if one.state.child_id not in released]
    kept += [Member(open_child(one), True) for one in released.values()]
    again = judge(second, judged.after, call, TODAY, kept)
    if isinstance(call, Raise) and isinstance(again, Carry):  # to raise again ends looks behind the shield
        assert again.after == again.before
        return
    theirs = all(manages(second, one) for one in (judged.after, *(member.state for member in kept)))
    assert isinstance(again, Already if theirs else Already | Nobody)


@given(OFFICERS, STATES, MANAGING, HOUSEHOLDS)
def test_another_authoritys_child_is_nobody(
    officer: Officer, state: ShieldState, call: ShieldCall, household: tuple[Member, Member]
) -> None:
    """But for raising, officers act on their own authority's children alone."""
    stranger = replace(officer, authority="E10000003")
    assert isinstance(judge(stranger, state, call, TODAY, household), Nobody)


@given(OFFICERS, SHIELDED, MANAGING, HOUSEHOLDS)
def test_raiser_has_nothing_by_an_unconfirmed_shield(
    officer: Officer, state: ShieldState, call: ShieldCall, household: tuple[Member, Member]
) -> None:
    """Until another confirms it, whoever raised a shield neither confirms nor changes nor lifts it."""
    for raiser in (officer, whose(officer, state)):
        raised = replace(state, confirmed=False, raised_by=raiser.subject)
        assert isinstance(judge(raiser, raised, call, TODAY, household), Nobody)


@given(OFFICERS, CALLS)
def test_no_child_is_nobody(officer: Officer, call: ShieldCall) -> None:
    """A number that is nobody's, or whose child was given a new identity, answers as one."""
    assert isinstance(judge(officer, None, call, TODAY), Nobody)


@given(OFFICERS, STATES, CALLS, HOUSEHOLDS)
def test_sealed_child_is_there_for_its_custodians_alone(
    officer: Officer, state: ShieldState, call: ShieldCall, household: tuple[Member, Member]
) -> None:
    """For anybody else each act on it ends as on an unknown number, and none of theirs seals a child."""
    judged = judge(officer, replace(state, tier=Tier.SEALED, authority=HERE), call, TODAY, household)
    if not (officer.custodian and officer.authority == HERE):
        assert isinstance(judged, Nobody)
    if isinstance(judge(officer, state, call, TODAY, household), Carry) and not officer.custodian:
        assert canonical(call).get("tier") != "SEALED"


@given(OFFICERS, STATES, RAISES, HOUSEHOLDS)
def test_raising_covers_the_household(
    officer: Officer, state: ShieldState, call: Raise, household: tuple[Member, Member]
) -> None:
    """Everybody in an open child's household is protected at once, by the authority of each; nobody becomes less so."""
    judged = judge(officer, state, call, TODAY, household)
    if not isinstance(judged, Carry):
        return
    stands = {one.state.child_id: one.state for one in household} | {one.child_id: one for one in judged.members}
    before = {one.state.child_id: one.state for one in household}
    assert not weakens(state, judged.after)
    assert not any(weakens(before[child], after) for child, after in stands.items())
    for after in (judged.after, *judged.members):
        if {state.child_id: state, **before}[after.child_id].tier is Tier.OPEN:
            assert after.authority == (after.child_authority or officer.authority)
            assert (after.confirmed, after.raised_by) == (False, officer.subject)
    if state.tier is Tier.OPEN:
        assert all(after.tier is not Tier.OPEN for after in stands.values())


@given(OFFICERS, SHIELDED, st.sampled_from(["2", "3"]), HOUSEHOLDS)
def test_members_are_released_by_two_whose_they_are(
    officer: Officer, state: ShieldState, number: str, household: tuple[Member, Member]
) -> None:
    """Of the officers' own authority, with no shield of their own; one officer alone releases nobody."""
    first = whose(officer, state)
    second = replace(first, subject="second")
    call = Change(release=(number,))
    assert not isinstance(judge(first, state, call, TODAY, household), Carry)
    judged = of_two((first, second), state, call, household)
    if isinstance(judged, Carry):
        (member,) = judged.released
        assert member.number == number
        assert manages(second, member)
        assert member.tier is Tier.OPEN or member.household_of == state.child_id


@given(STATES, STATES, STATES)
def test_strictest_is_an_order(one: ShieldState, two: ShieldState, three: ShieldState) -> None:
    """Which comes first, and how they are grouped, changes nothing; it protects no less than each."""
    assert terms(strictest(one, two)) == terms(strictest(two, one))
    assert terms(strictest(strictest(one, two), three)) == terms(strictest(one, strictest(two, three)))
    assert strictest(one, one) == one
    assert not weakens(one, replace(strictest(one, two), authority=one.authority))
    assert not weakens(two, replace(strictest(one, two), authority=two.authority))


@given(STATES, STATES)
def test_weaker_both_ways_is_not_at_all(one: ShieldState, two: ShieldState) -> None:
    """What stays as it is weakens nothing; two that weaken neither way protect alike."""
    assert not weakens(one, one)
    if not weakens(one, two) and not weakens(two, one):
        assert terms(one)[:3] == terms(two)[:3]


TERM = CircleTerm("school-1", frozenset({"ADDRESS"}), TODAY)
STANDS = ShieldState(
    1, "1", HERE, Tier.SEALED, HERE, frozenset({"KEY"}), "ground", TODAY + timedelta(days=9), circle=(TERM,)
)


@pytest.mark.parametrize(
    ("change", "respects"),
    [
        ({"tier": Tier.SHIELDED}, {"tier"}),
        ({"tier": Tier.OPEN}, {"tier"}),
        ({"withheld": frozenset({"PARENT_NAMES"})}, {"withheld"}),
        ({"authority": ELSEWHERE}, {"authority"}),
        ({"circle": (TERM, replace(TERM, organisation="school-2"))}, {"circle"}),
        ({"circle": (replace(TERM, organisation="school-2"),)}, {"circle"}),
        ({"circle": (replace(TERM, categories=frozenset({"ADDRESS", "SCHOOL"})),)}, {"circle"}),
        ({"circle": (replace(TERM, until=TODAY + timedelta(days=1)),)}, {"circle"}),
        ({"tier": Tier.SHIELDED, "withheld": frozenset()}, {"tier", "withheld"}),
        ({"withheld": frozenset({"KEY", "PARENT_NAMES"})}, set()),
        ({"circle": ()}, set()),
        ({"circle": (replace(TERM, until=TODAY - timedelta(days=1)),)}, set()),
        ({"review_on": TODAY}, set()),
        ({"review_on": TODAY + timedelta(days=99)}, set()),
        ({"ground": "another"}, set()),
    ],
)
def test_what_weakens_a_shield(change: dict[str, Any], respects: set[str]) -> None:
    """A lower tier, less withheld, another authority, and of the circle a member, a category or a day more."""
    assert weakens(STANDS, replace(STANDS, **change)) == respects
    assert weakens(replace(STANDS, tier=Tier.OPEN), replace(STANDS, **change)) == set()


@given(CALLS)
def test_content_is_json_and_knows_no_order(call: ShieldCall) -> None:
    """Equal calls have equal content after a way through JSON, however their lists were ordered."""
    assert json.loads(json.dumps(canonical(call))) == canonical(call)
    if isinstance(call, Change) and call.circle is not None:
        assert canonical(replace(call, circle=call.circle[::-1], release=call.release[::-1])) == canonical(call)


def test_new_identitys_content_holds_no_value() -> None:
    """What is kept of a new identity while it waits is a digest."""
    assert canonical(NEW_IDENTITY) == {"digest": "01" * 32}


FAR = TODAY + timedelta(days=367)


@pytest.mark.parametrize(
    ("call", "names"),
    [
        (Raise(Tier.OPEN, "ground", TODAY), "`tier`"),
        (Raise(Tier.SHIELDED, " ", TODAY), "`ground`"),
        (Raise(Tier.SHIELDED, "two\nlines", TODAY), "`ground`"),
        (Raise(Tier.SHIELDED, "g" * 256, TODAY), "`ground`"),
        (Raise(Tier.SHIELDED, "ground", TODAY - timedelta(days=1)), "`reviewOn`"),
        (Raise(Tier.SHIELDED, "ground", FAR), "`reviewOn`"),
        (Change(), "`change`"),
        (Change(tier=Tier.OPEN), "`liftShield`"),
        (Change(ground=""), "`ground`"),
        (Change(review_on=FAR), "`reviewOn`"),
        (Change(circle=(TERM, TERM)), "`circle`"),
        (Change(circle=(replace(TERM, categories=frozenset()),)), "`categories`"),
        (Change(circle=(replace(TERM, categories=frozenset({"KEY"})),)), "`categories`"),
        (Change(circle=(replace(TERM, until=FAR),)), "`until`"),
        (NewIdentity(replace(NEW_IDENTITY.entry, name=Name((), "Hopper"))), "`given`"),
        (NewIdentity(replace(NEW_IDENTITY.entry, birth_date=FAR)), "`birthDate`"),
        (NewIdentity(replace(NEW_IDENTITY.entry, keys=Keys(nhs_number=NhsNumber("9990000019")))), "`nhsNumber`"),
        (NewIdentity(replace(NEW_IDENTITY.entry, keys=Keys(upn=Upn("A801200005001")))), "`upn`"),
        (NewIdentity(replace(NEW_IDENTITY.entry, keys=Keys(birth_entry=BirthEntry("12")))), "`birthEntry`"),
    ],
)
def test_what_cannot_be_is_named(call: ShieldCall, names: str) -> None:
    """A call that contradicts itself is told so in one line, whether or not there is such a child."""
    state = ShieldState(1, "1", HERE, Tier.OPEN)
    told = {judge(Officer("ann", HERE, custodian=True), child, call, TODAY) for child in (None, state)}
    (judged,) = told
    assert isinstance(judged, Bad)
    assert names in judged.flaw


def test_receiving_authority_may_be_the_second_never_the_first() -> None:
    """A transfer begins where the child is, and may be completed where it goes."""
    state = ShieldState(1, "1", HERE, Tier.SHIELDED, authority=HERE, ground="ground", review_on=TODAY)
    giving, receiving = Officer("ann", HERE, custodian=False), Officer("bob", ELSEWHERE, custodian=False)
    call = Transfer(ELSEWHERE)
    assert isinstance(judge(receiving, state, call, TODAY), Nobody)
    assert isinstance(of_two((giving, receiving), state, call, ()), Carry)
    sealed = replace(state, tier=Tier.SEALED)
    assert isinstance(of_two((replace(giving, custodian=True), receiving), sealed, call, ()), Nobody)


def test_confirming_confirms_the_household_of_the_same_authority() -> None:
    """Members elsewhere are confirmed by their own."""
    shield = ShieldState(
        1, "1", HERE, Tier.SHIELDED, authority=HERE, ground="g", review_on=TODAY, raised_by="ann", confirmed=False
    )
    near = replace(shield, child_id=2, household_of=1)
    far = replace(shield, child_id=3, household_of=1, authority=ELSEWHERE)
    judged = judge(
        Officer("bob", HERE, custodian=False), shield, Confirm(), TODAY, (Member(near, False), Member(far, False))
    )
    assert isinstance(judged, Carry)
    assert judged.members == (replace(near, confirmed=True),)
