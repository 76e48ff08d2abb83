"""Every outcome of matching by the plainest case that brings it about, and the cases next to it that do not."""

from datetime import date

import pytest

from adapters.identity import Decided, Decision, LikenessReason, QuarantineOutcome
from adapters.records import Keys, NhsNumber, Upn
from gateway.feeds.likeness import likeness
from gateway.feeds.matching import SHOWN, decide
from tests.feeds.cases import BORN, ELSEWHERE, HOME, NHS, OTHER_NHS, SINCE, a_candidate, an_entry

UPN = Upn("B801200005001")


def put_aside(decision: Decision) -> QuarantineOutcome | None:
    assert decision.decided is Decided.QUARANTINE
    assert decision.child_id is None
    return decision.outcome


def updates(decision: Decision) -> int | None:
    assert decision.decided is Decided.UPDATE
    assert decision.outcome is None
    return decision.child_id


def creates(decision: Decision) -> bool:
    return decision == Decision(Decided.CREATE)


def test_like_nobody_is_a_new_child() -> None:
    """Without candidates, or with one that is nothing like it, an entry is of a child we do not know."""
    assert creates(decide(an_entry(), []))
    assert creates(decide(an_entry(), [a_candidate("Bo/Ford", date(2010, 3, 4), address=ELSEWHERE)]))


@pytest.mark.parametrize(
    "called",
    ["Ada/Byron", "Adah/Byron", "Ada/Byrom", "Ada/Bryon", "Byron/Ada", "Ada/Byron-Noel", "Ada/Gordon"],
)
def test_a_slip_in_the_name_is_outweighed_by_a_key(called: str) -> None:
    """A misspelt, exchanged, double or former name is no doubt where number and birth date agree."""
    known = a_candidate(keys=Keys(NHS), former=("Ada/Gordon",))
    assert updates(decide(an_entry(called, keys=Keys(NHS), address=ELSEWHERE), [known])) == 1


def test_a_slip_in_the_date_is_outweighed_by_a_key() -> None:
    """Day and month swapped, or one digit wrong, is no doubt where name and number agree."""
    known = a_candidate(keys=Keys(NHS))
    assert updates(decide(an_entry(born=date(2015, 10, 12), keys=Keys(NHS)), [known])) == 1
    assert updates(decide(an_entry(born=date(2015, 12, 16), keys=Keys(NHS)), [known])) == 1


def test_a_former_key_leads_to_its_child() -> None:
    """A child who was given another number is found by the old one."""
    known = a_candidate(keys=Keys(OTHER_NHS), former_keys=frozenset({NHS}))
    assert updates(decide(an_entry(keys=Keys(NHS)), [known])) == 1


def test_without_a_key_name_date_and_home_are_enough() -> None:
    """A row that bears no number is surely a child of the same name, birth date and address."""
    assert updates(decide(an_entry(), [a_candidate()])) == 1
    assert updates(decide(an_entry("Ada/Byrom"), [a_candidate()])) == 1


def test_a_namesake_is_sure_only_where_nobody_else_comes_near() -> None:
    """Who moved without a number is known by name and date alone, if just one open child is called so."""
    moved = an_entry(address=ELSEWHERE)
    assert updates(decide(moved, [a_candidate()])) == 1
    assert put_aside(decide(moved, [a_candidate(), a_candidate(child_id=2)])) is QuarantineOutcome.DOUBTFUL
    assert put_aside(decide(moved, [a_candidate(protected=True)])) is QuarantineOutcome.LIKE_PROTECTED
    with_a_number_nobody_has = an_entry(address=ELSEWHERE, keys=Keys(NHS))
    assert put_aside(decide(with_a_number_nobody_has, [a_candidate()])) is QuarantineOutcome.DOUBTFUL


def test_other_second_names_are_other_people() -> None:
    """Two called Ada Byron on one day are not one where their second names differ and nothing else agrees."""
    entry = an_entry("Ada Mary/Byron", address=ELSEWHERE)
    assert put_aside(decide(entry, [a_candidate("Ada Jane/Byron")])) is QuarantineOutcome.DOUBTFUL


def test_keys_of_two_children() -> None:
    """A row whose numbers are two children's waits, however like one of them it is."""
    entry = an_entry(keys=Keys(NHS, UPN))
    candidates = [a_candidate(keys=Keys(NHS)), a_candidate("Bo/Ford", child_id=2, keys=Keys(upn=UPN))]
    assert put_aside(decide(entry, candidates)) is QuarantineOutcome.KEYS_OF_TWO


def test_a_key_used_again() -> None:
    """A number that a child of another name and birth date has was given out twice, or mistyped."""
    known = a_candidate("Jennifer/Clarke", date(2010, 1, 1), keys=Keys(NHS))
    assert put_aside(decide(an_entry("Jimmy/Smith", keys=Keys(NHS)), [known])) is QuarantineOutcome.KEY_REUSED


def test_a_birth_date_that_moved() -> None:
    """The number and the name agree, but no slip of the pen makes one date of the other."""
    known = a_candidate(born=date(2013, 4, 5), keys=Keys(NHS))
    assert put_aside(decide(an_entry(keys=Keys(NHS)), [known])) is QuarantineOutcome.BIRTH_DATE_MOVED


def test_a_protected_child_gets_no_other_name() -> None:
    """Surely the protected child, and called otherwise: its officers decide."""
    known = a_candidate(keys=Keys(NHS), protected=True)
    decision = decide(an_entry("Ada/Lovelace", keys=Keys(NHS)), [known])
    assert put_aside(decision) is QuarantineOutcome.PROTECTED_NAME_CHANGE
    assert updates(decide(an_entry("Ada/Byron", keys=Keys(NHS)), [known])) == 1


def test_an_older_word_renames_nobody() -> None:
    """What a source said before the name was last told changes no name, so it is no change of name."""
    known = a_candidate(keys=Keys(NHS), protected=True)
    assert updates(decide(an_entry("Ada/Lovelace", keys=Keys(NHS), as_of=SINCE), [known])) == 1


def test_a_protected_child_gets_no_other_birth_date_or_key() -> None:
    """Surely the protected child, and its birth date or a number would change: its officers decide."""
    known = a_candidate(keys=Keys(NHS, UPN), protected=True)
    entry = an_entry(born=date(2015, 10, 12), keys=Keys(NHS))
    assert put_aside(decide(entry, [known])) is QuarantineOutcome.PROTECTED_BIRTH_DATE_CHANGE
    entry = an_entry(keys=Keys(NHS, Upn("C801200005002")))
    assert put_aside(decide(entry, [known])) is QuarantineOutcome.LIKE_PROTECTED


def test_one_of_two_protected_children_needs_a_key() -> None:
    """A row without a number is not given to a protected child while another one is like it; with a number it is."""
    twins = [
        a_candidate(keys=Keys(NHS), protected=True),
        a_candidate("Eve/Byron", child_id=2, protected=True),
    ]
    assert put_aside(decide(an_entry(), twins)) is QuarantineOutcome.LIKE_PROTECTED
    assert updates(decide(an_entry(keys=Keys(NHS)), twins)) == 1


@pytest.mark.parametrize(
    ("called", "born", "address"),
    [
        ("Ada/Byrom", BORN, ELSEWHERE),
        ("Ada/Lovelace", BORN, ELSEWHERE),
        ("Bo/Byron", BORN, ELSEWHERE),
        ("Ada/Byron", date(2015, 10, 12), ELSEWHERE),
        ("Ada/Lovelace", date(2015, 12, 16), HOME),
        ("Ada/Byron", date(2013, 4, 5), HOME),
    ],
)
def test_any_likeness_to_a_protected_child_waits(called: str, born: date, address: object) -> None:
    """What may be a protected child is never published as a new one, though an open one so little like would be."""
    entry = an_entry(called, born, address=address)
    assert put_aside(decide(entry, [a_candidate(protected=True)])) is QuarantineOutcome.LIKE_PROTECTED


def test_another_number_is_no_excuse_for_a_protected_child() -> None:
    """Who is like a protected child and bears a new number may be that child under a new number."""
    entry = an_entry(keys=Keys(OTHER_NHS))
    assert creates(decide(entry, [a_candidate(address=ELSEWHERE, keys=Keys(NHS))]))
    decision = decide(entry, [a_candidate(address=ELSEWHERE, keys=Keys(NHS), protected=True)])
    assert put_aside(decision) is QuarantineOutcome.LIKE_PROTECTED


def test_an_open_childs_key_on_a_protected_childs_row() -> None:
    """The key is its namesake's or twin's, all else is the protected child's: perhaps the key is the slip."""
    known = [a_candidate(child_id=1, address=ELSEWHERE, keys=Keys(NHS)), a_candidate(child_id=2, protected=True)]
    assert put_aside(decide(an_entry(keys=Keys(NHS)), known)) is QuarantineOutcome.LIKE_PROTECTED
    assert updates(decide(an_entry(keys=Keys(NHS), address=ELSEWHERE), known)) == 1


def test_a_crowd_leaves_doubt() -> None:
    """Where more may be like it than anybody looked at, a key alone makes sure."""
    assert put_aside(decide(an_entry(), [a_candidate()], crowded=True)) is QuarantineOutcome.CROWDED
    assert put_aside(decide(an_entry(), [], crowded=True)) is QuarantineOutcome.CROWDED
    entry = an_entry(keys=Keys(NHS))
    assert updates(decide(entry, [a_candidate(keys=Keys(NHS))], crowded=True)) == 1


def test_two_who_are_alike() -> None:
    """Two records of what may be one child: stewards look, and nothing is written."""
    candidates = [a_candidate(), a_candidate("Ada Mary/Byron", child_id=2)]
    assert put_aside(decide(an_entry(), candidates)) is QuarantineOutcome.TWO_ALIKE


def test_a_doubt_about_an_open_child() -> None:
    """The same given name, day and home, another surname: perhaps a marriage, perhaps not."""
    assert put_aside(decide(an_entry("Ada/Lovelace"), [a_candidate()])) is QuarantineOutcome.DOUBTFUL


def test_letters_out_of_turn_make_no_twin() -> None:
    """However short the name: of the same home and birth date, Aad is Ada misspelt; Eve is her sister."""
    assert updates(decide(an_entry("Aad/Byron"), [a_candidate("Ada/Byron")])) == 1
    assert creates(decide(an_entry("Eve/Byron"), [a_candidate("Ada/Byron")]))


def test_a_twin_is_a_child_of_its_own() -> None:
    """Family, day and home agree, the given name is clearly another: a new child, and never the first one's update."""
    assert creates(decide(an_entry("Boris/Byron"), [a_candidate()]))
    decision = decide(an_entry("Boris/Byron", keys=Keys(NHS)), [a_candidate(keys=Keys(NHS))])
    assert put_aside(decision) is QuarantineOutcome.DOUBTFUL


def test_a_doubt_names_the_protected_first() -> None:
    """A doubt is shown with its candidates, bounded; a protected one is always among them, for it decides who reads."""
    open_ones = [a_candidate(child_id=child_id) for child_id in range(2, 60)]
    decision = decide(an_entry(), [*open_ones, a_candidate("Ada/Lovelace", child_id=1, protected=True)])
    assert decision.likenesses[0].child_id == 1
    assert len(decision.likenesses) == SHOWN


def test_every_point_has_its_reason() -> None:
    """A likeness says in words of ours what agreed and what did not."""
    entry = an_entry("Ada/Byrom", date(2015, 10, 12), keys=Keys(NHS))
    known = a_candidate(keys=Keys(OTHER_NHS), by_source_row=True)
    assert likeness(entry, known).reasons == (
        LikenessReason.SOURCE_ROW,
        LikenessReason.KEY_CONFLICT,
        LikenessReason.NAME_ALIKE,
        LikenessReason.BIRTH_DATE_CLOSE,
        LikenessReason.SAME_ADDRESS,
    )
    assert likeness(an_entry(keys=Keys(NHS)), a_candidate(keys=Keys(NHS))).reasons == (
        LikenessReason.SAME_KEY,
        LikenessReason.SAME_NAME,
        LikenessReason.SAME_BIRTH_DATE,
        LikenessReason.SAME_ADDRESS,
    )


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ("Byron/Ada", "Ada/Byron", LikenessReason.NAMES_EXCHANGED),
        ("Ada/Gordon", "Ada/Byron", LikenessReason.FORMER_NAME),
        ("Ada/Philips", "Ada/Fillips", LikenessReason.NAME_SOUNDS_ALIKE),
        ("A/Byron", "Ada/Byron", LikenessReason.NAME_ALIKE),
        ("Mary/Byron", "Ada Mary/Byron", LikenessReason.NAME_ALIKE),
        ("Ada/Byron", "Ada/King-Byron", LikenessReason.NAME_ALIKE),
        ("Ada/Byron", "Ada/Lovelace", LikenessReason.NAME_DIFFERS),
        ("Bo/Byron", "Ada/Byron", LikenessReason.NAME_DIFFERS),
    ],
)
def test_how_names_are_alike(one: str, other: str, reason: LikenessReason) -> None:
    """Exchanged, former, sounding alike, an initial, a second name, half of a double one; or another altogether."""
    assert reason in likeness(an_entry(one), a_candidate(other, former=("Ada/Gordon",))).reasons


def test_no_address_is_no_evidence() -> None:
    """Postcodes that say "nowhere" are shared by all who have none, and silence is neither for nor against."""
    nowhere = an_entry(address=None)
    assert LikenessReason.SAME_POSTCODE not in likeness(nowhere, a_candidate()).reasons
    assert likeness(nowhere, a_candidate()).score == likeness(nowhere, a_candidate(address=ELSEWHERE)).score


def test_a_key_leads_though_the_child_is_not_alike() -> None:
    """Whoever bears a child's number is never made a new child, whatever else is said."""
    known = a_candidate(keys=Keys(NhsNumber("9990000034")))
    decision = decide(an_entry("Zoe/Quill", keys=Keys(NhsNumber("9990000034"))), [known])
    assert put_aside(decision) is QuarantineOutcome.DOUBTFUL
