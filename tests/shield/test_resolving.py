"""What holds of officers' words on an entry that waits: none of one alone publishes what may be a protected child's."""

from dataclasses import replace
from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from adapters.records import Tier
from adapters.shield_records import OpenProposal, ShieldState
from gateway.shield.acts import Bad, Carry, Nobody, Officer, Propose, manages
from gateway.shield.resolving import Resolve, judge_entry
from tests.builders import ELSEWHERE, HERE

NOW = datetime(2026, 3, 1, tzinfo=UTC)
NUMBERS = st.sampled_from(["1", "2", "3"])
OFFICERS = st.builds(Officer, st.sampled_from(["ann", "bob"]), st.sampled_from([HERE, ELSEWHERE]), st.booleans())
WORDS = st.one_of(
    st.builds(Resolve, st.just("entry"), st.just("SAME"), NUMBERS, st.booleans()),
    st.sampled_from([Resolve("entry", "DIFFERENT"), Resolve("entry", "REJECT")]),
)
BY_KEY = st.frozensets(NUMBERS)


@st.composite
def candidates(draw: st.DrawFn) -> tuple[ShieldState, ...]:
    """Up to three children that an entry is like, in any order, under any protection."""
    states = []
    for number in draw(st.lists(NUMBERS, unique=True)):
        state = ShieldState(int(number), number, draw(st.sampled_from([HERE, ELSEWHERE])), Tier.OPEN)
        tier = draw(st.sampled_from(Tier))
        if tier is Tier.OPEN:
            states.append(replace(state, holds=draw(st.integers(0, 1))))
        else:
            authority, confirmed = draw(st.sampled_from([HERE, ELSEWHERE])), draw(st.booleans())
            states.append(
                replace(
                    state,
                    tier=tier,
                    authority=authority,
                    review_on=date(2026, 6, 1),
                    raised_by="ann",
                    confirmed=confirmed,
                )
            )
    return tuple(states)


def is_protected(state: ShieldState) -> bool:
    return state.tier is not Tier.OPEN or state.holds > 0


@given(OFFICERS, WORDS, candidates(), BY_KEY)
def test_one_word_publishes_nothing_that_may_be_a_protected_childs(
    officer: Officer, call: Resolve, alike: tuple[ShieldState, ...], by_key: frozenset[str]
) -> None:
    """Alone an officer has the protected child itself bear it, or nobody: all else waits for a second."""
    judged = judge_entry(officer, call, alike, by_key)
    if isinstance(judged, Carry):
        assert judged.members == ()
        assert call.resolution == "REJECT" or (call.resolution == "SAME" and is_protected(judged.before))
    if isinstance(judged, Propose):
        waiting = OpenProposal("first", judged.act, judged.content, officer.subject, HERE, "a stated reason", NOW)
        proposed = tuple(
            replace(one, proposals=(waiting,)) if one.number == judged.child.number else one for one in alike
        )
        again = judge_entry(officer, call, proposed, by_key)
        assert isinstance(again, Propose)
        assert again.standing == waiting
        if all(one.confirmed for one in alike):  # else the second may see a candidate that the first may not
            completed = judge_entry(replace(officer, subject="second"), call, proposed, by_key)
            assert isinstance(completed, Carry)
            assert completed.proposal == waiting


@given(OFFICERS, WORDS, candidates(), BY_KEY)
def test_entry_is_there_for_officers_of_a_protected_candidate_alone(
    officer: Officer, call: Resolve, alike: tuple[ShieldState, ...], by_key: frozenset[str]
) -> None:
    """For whoever manages none of them it is nobody's entry, and a child they do not manage is none of its children."""
    judged = judge_entry(officer, call, alike, by_key)
    mine = [one for one in alike if manages(officer, one)]
    if not any(is_protected(one) for one in mine) or (call.number and call.number not in {one.number for one in mine}):
        assert isinstance(judged, Nobody)
    elif isinstance(judged, Carry | Propose):
        assert (judged.before if isinstance(judged, Carry) else judged.child) in mine


@given(OFFICERS, NUMBERS, candidates(), BY_KEY)
def test_merge_is_of_two_records_that_keys_name(
    officer: Officer, number: str, alike: tuple[ShieldState, ...], by_key: frozenset[str]
) -> None:
    """Likeness alone merges nobody, however alike they are."""
    judged = judge_entry(officer, Resolve("entry", "SAME", number, merge=True), alike, by_key)
    named = {one.number for one in alike if manages(officer, one)} & by_key
    if isinstance(judged, Carry | Propose):
        assert judged.act == "MERGED"
        assert len(named) == 2
        assert number in named
    else:
        assert isinstance(judged, Bad | Nobody)


def test_merge_names_the_other_record() -> None:
    """The one that the number does not name is merged into the one that it does."""
    one = ShieldState(1, "1", HERE, Tier.SHIELDED, authority=HERE)
    other = ShieldState(2, "2", HERE, Tier.OPEN)
    officer, second = Officer("ann", HERE, custodian=False), Officer("bob", HERE, custodian=False)
    call = Resolve("entry", "SAME", "1", merge=True)
    word = judge_entry(officer, call, (one, other), {"1", "2"})
    assert isinstance(word, Propose)
    waiting = OpenProposal("first", word.act, word.content, "ann", HERE, "a stated reason", NOW)
    judged = judge_entry(second, call, (replace(one, proposals=(waiting,)), other), {"1", "2"})
    assert isinstance(judged, Carry)
    assert (judged.before.number, [merged.number for merged in judged.members]) == ("1", ["2"])
