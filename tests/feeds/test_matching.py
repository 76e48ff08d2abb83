"""What holds of matching whatever sources say and whoever is known: properties over any entries and candidates."""

from dataclasses import replace
from datetime import date
from random import Random

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from adapters.identity import Candidate, Decided, IdentityEntry
from adapters.records import AddressStatus, BirthEntry, Gender, Keys, Name, NhsNumber, PostalAddress, Upn
from gateway.feeds.likeness import likeness, name_changed
from gateway.feeds.matching import ALIKE, ALIKE_PROTECTED, SURE, decide, plainly_known
from tests.feeds.cases import LATER, SINCE

# Few words, so that likenesses of every degree are common.
GIVEN = ["Ada", "Adah", "Eda", "Boris", "Mary", "Mary-Kate", "A", "Zoltán"]
FAMILY = ["Byron", "Byrom", "Bryon", "Byron-King", "King", "Lovelace", "Philips", "Fillips", "Ada"]
BORN = [date(2015, 12, 10), date(2015, 10, 12), date(2015, 12, 16), date(2016, 12, 10), date(2003, 4, 5)]
LINES = [("1 Mill Lane",), ("2 Mill Lane",), ()]
POSTCODES = ["LS1 1AA", "BS1 1AA", "ZZ99 3VZ", None]
NHS = [NhsNumber(f"99900000{last}") for last in ("18", "26", "34")]
UPNS = [Upn(f"B80120000500{last}") for last in range(3)]
ENTRIES = [BirthEntry(f"90000000{last}") for last in range(3)]

names = st.builds(
    Name,
    st.lists(st.sampled_from(GIVEN), min_size=1, max_size=2, unique=True).map(tuple),
    st.sampled_from([*FAMILY, None]),
)
addresses = st.builds(
    PostalAddress,
    st.just(AddressStatus.CURRENT),
    st.sampled_from(LINES),
    st.sampled_from(POSTCODES),
    st.sampled_from(["999000000001", "0", None]),
)
keys = st.builds(
    Keys,
    st.sampled_from([*NHS, None]),
    st.sampled_from([*UPNS, None, None]),
    st.sampled_from([*ENTRIES, None, None]),
)
entries = st.builds(
    IdentityEntry,
    st.just(1),
    names,
    st.sampled_from(BORN),
    st.sampled_from([*Gender, None]),
    st.none() | addresses,
    st.just(Keys()) | keys,
    st.sampled_from([SINCE, LATER]),
    st.just(b"digest"),
)
candidates = st.builds(
    Candidate,
    st.integers(1, 1000),
    names,
    st.lists(names, max_size=2).map(tuple),
    st.sampled_from(BORN),
    st.sampled_from(Gender),
    addresses,
    st.just(Keys()) | keys,
    st.booleans(),
    st.frozensets(st.sampled_from([*NHS, *UPNS]), max_size=1),
    st.booleans(),
    st.sampled_from([SINCE, LATER, None]),
)
crowds = st.lists(candidates, max_size=5, unique_by=lambda one: one.child_id)


@st.composite
def entries_of_one(draw: st.DrawFn) -> tuple[IdentityEntry, list[Candidate]]:
    """A crowd, and an entry that says of one of them what the store says, but for a thing or two."""
    crowd = draw(st.lists(candidates, min_size=1, max_size=4, unique_by=lambda one: one.child_id))
    one, said = crowd[0], draw(entries)
    fields = {"name", "birth_date", "address", "keys"}
    as_known = fields - draw(st.sets(st.sampled_from(sorted(fields)), max_size=2))
    return replace(said, **{field: getattr(one, field) for field in as_known}), crowd


def bears_a_key_of(entry: IdentityEntry, candidate: Candidate) -> bool:
    said = {key for key in (entry.keys.nhs_number, entry.keys.upn, entry.keys.birth_entry) if key is not None}
    known = candidate.keys
    return bool(said & {known.nhs_number, known.upn, known.birth_entry, *candidate.former_keys})


@given(entries_of_one(), st.booleans(), st.randoms())
def test_order_is_irrelevant(said: tuple[IdentityEntry, list[Candidate]], crowded: bool, random: Random) -> None:
    """The same entry and candidates come to the same decision, whichever was read first, however often it is asked."""
    entry, crowd = said
    shuffled = list(crowd)
    random.shuffle(shuffled)
    decision = decide(entry, crowd, crowded=crowded)
    assert decide(entry, shuffled, crowded=crowded) == decision
    assert decide(entry, crowd, crowded=crowded) == decision


@settings(max_examples=200)
@given(entries, crowds, st.booleans())
def test_nobody_like_a_protected_child_is_made_new(entry: IdentityEntry, crowd: list[Candidate], crowded: bool) -> None:
    """Law 2: whoever is at all like a protected child, or bears anybody's key, is not created."""
    decision = decide(entry, crowd, crowded=crowded)
    for candidate in crowd:
        if candidate.protected and likeness(entry, candidate).score >= ALIKE_PROTECTED:
            assert decision.decided is not Decided.CREATE
        if bears_a_key_of(entry, candidate):
            assert decision.decided is not Decided.CREATE


@settings(max_examples=400)
@given(entries_of_one())
def test_who_is_plainly_known_is_whom_the_rules_would_say(said: tuple[IdentityEntry, list[Candidate]]) -> None:
    """The short way comes to no other decision than the long one, and never to a protected child."""
    entry, crowd = said
    for known in crowd:
        shortly = plainly_known(entry, known)
        if shortly is not None:
            decision = decide(entry, [known])
            assert (shortly.decided, shortly.child_id) == (decision.decided, decision.child_id)
            assert not known.protected


@given(entries_of_one())
def test_a_protected_child_is_updated_only_where_nothing_protective_changes(
    said: tuple[IdentityEntry, list[Candidate]],
) -> None:
    """Law 2: an update to a protected child is sure, and brings neither another name nor date nor key."""
    entry, crowd = said
    decision = decide(entry, crowd)
    updated = next((one for one in crowd if one.child_id == decision.child_id), None)
    if updated is None or not updated.protected:
        return
    assert likeness(entry, updated).score >= SURE
    older = updated.name_as_of is not None and entry.as_of <= updated.name_as_of
    assert older or not name_changed(entry.name, updated.name)
    assert entry.birth_date == updated.birth_date
    for said, known in (
        (entry.keys.nhs_number, updated.keys.nhs_number),
        (entry.keys.upn, updated.keys.upn),
        (entry.keys.birth_entry, updated.keys.birth_entry),
    ):
        assert None in (said, known) or said == known or said in updated.former_keys


@settings(max_examples=200)
@given(entries_of_one(), candidates)
def test_who_is_unlike_changes_nothing(said: tuple[IdentityEntry, list[Candidate]], other: Candidate) -> None:
    """An open child who is little like the entry and bears none of its keys might as well not be there."""
    entry, crowd = said
    other = replace(other, child_id=2000, protected=False)
    assume(likeness(entry, other).score < ALIKE and not bears_a_key_of(entry, other))
    assert decide(entry, [*crowd, other]) == decide(entry, crowd)


@given(entries_of_one())
def test_shielding_a_child_never_makes_an_entry_surer(said: tuple[IdentityEntry, list[Candidate]]) -> None:
    """What was put aside among open children is put aside among protected ones, and what was sure goes nowhere else."""
    entry, crowd = said
    before = decide(entry, [replace(one, protected=False) for one in crowd])
    after = decide(entry, [replace(one, protected=True) for one in crowd])
    if before.decided is Decided.QUARANTINE:
        assert after.decided is Decided.QUARANTINE
    assert after.decided is not Decided.UPDATE or after.child_id == before.child_id


@given(entries, candidates)
def test_likeness_is_the_same_either_way_round(entry: IdentityEntry, candidate: Candidate) -> None:
    """The record that one source has of two children is as like the other as the other's is like it."""
    plain = replace(candidate, former_names=(), former_keys=frozenset(), by_source_row=False)
    there = IdentityEntry(
        1, plain.name, plain.birth_date, plain.gender, plain.address, plain.keys, entry.as_of, b"digest"
    )
    unknown = PostalAddress(AddressStatus.UNKNOWN)
    back = replace(
        plain,
        name=entry.name,
        birth_date=entry.birth_date,
        gender=entry.gender or Gender.UNKNOWN,
        address=entry.address or unknown,
        keys=entry.keys,
    )
    one, other = likeness(entry, plain), likeness(there, back)
    assert (one.score, one.reasons) == (other.score, other.reasons)


CANARIES = ["Quetzalcoatl", "Xochipilli", "Tezcatlipoca", "QX9 9QX", "Canary Lane", "999777777777", "9997777777"]


@given(entries, crowds)
def test_no_decision_repeats_a_value(entry: IdentityEntry, crowd: list[Candidate]) -> None:
    """Names, addresses and numbers are in no decision, likeness or reason: those are words of our own."""
    home = PostalAddress(AddressStatus.CURRENT, (CANARIES[4],), CANARIES[3], CANARIES[5])
    marked = replace(entry, name=Name((CANARIES[0],), CANARIES[1]), address=home, keys=Keys(NhsNumber(CANARIES[6])))
    known = [replace(one, name=Name((CANARIES[0],), CANARIES[2]), address=home) for one in crowd]
    told = repr(decide(marked, known)) + "".join(repr(likeness(marked, one)) for one in known)
    assert not any(canary in told for canary in CANARIES)
