"""What a row says, read strictly and kindly: its first fault rejects it, what is unsaid stays unsaid."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.identity import IdentityEntry
from adapters.records import AddressStatus, BirthEntry, Gender, Keys, Name, NhsNumber, PostalAddress, Upn
from adapters.store.kinship import print_of
from gateway.feeds.definition import AsOf, Columns, ParentColumns, SourceDefinition
from gateway.feeds.normalise import entry, in_full
from gateway.feeds.reader import Rejected, Row
from tests.feeds.cases import a_candidate, an_entry

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
KEY = b"k" * 32
DEFINITION = SourceDefinition(
    name="test",
    columns=Columns(
        given=("given", "given 2"),
        family="family",
        birth_date="born",
        gender="gender",
        address_lines=("line 1", "line 2"),
        postcode="postcode",
        uprn="uprn",
        nhs_number="nhs",
        upn="upn",
        birth_entry="entry",
        row="row",
    ),
    dates=("%Y-%m-%d", "%d/%m/%Y", "%Y%m%d"),
    placeholders=("<<*>>",),
    genders={"Male": Gender.MALE, "F": Gender.FEMALE},
    parents=(ParentColumns(nhs_number="p nhs", email="p email", phone="p phone"), ParentColumns(email="q email")),
    as_of=AsOf("updated", "%Y-%m-%d"),
)
PLAIN = {"given": "Ada", "family": "Byron", "born": "2015-12-10"}


def read(**cells: str) -> IdentityEntry | Rejected:
    named = {name.replace("_", " "): cell for name, cell in cells.items()}
    return entry(Row(7, PLAIN | named), DEFINITION, NOW, KEY)


def said(**cells: str) -> IdentityEntry:
    found = read(**cells)
    assert isinstance(found, IdentityEntry), found
    return found


def rejected(**cells: str) -> tuple[str | None, str]:
    found = read(**cells)
    assert isinstance(found, Rejected), found
    assert found.line == 7
    return found.column, found.reason.value


def test_what_is_not_said_stays_unsaid() -> None:
    """Name and birth date alone: no gender, no address, no key, no parent, and since the file's own time."""
    found = said()
    assert (found.name, found.birth_date) == (Name(("Ada",), "Byron"), date(2015, 12, 10))
    assert (found.gender, found.address, found.keys, found.parents, found.notes) == (None, None, Keys(), (), ())
    assert (found.as_of, found.line) == (NOW, 7)


@pytest.mark.parametrize(
    ("cells", "column", "reason"),
    [
        ({"given": " "}, "given", "NO_NAME"),
        ({"given": "-"}, "given", "NO_NAME"),
        ({"given": "A" * 101}, "given", "NAME_TOO_LONG"),
        ({"family": "A" * 101}, "family", "NAME_TOO_LONG"),
        ({"born": ""}, "born", "NO_BIRTH_DATE"),
        ({"born": "2015-02-30"}, "born", "BAD_BIRTH_DATE"),
        ({"born": "2015"}, "born", "BAD_BIRTH_DATE"),
        ({"born": "2015121"}, "born", "BAD_BIRTH_DATE"),
        ({"born": "1899-12-31"}, "born", "BAD_BIRTH_DATE"),
        ({"born": "2026-01-02"}, "born", "FUTURE_BIRTH_DATE"),
        ({"nhs": "999 000 0019"}, "nhs", "BAD_NHS_NUMBER"),
        ({"nhs": "99900000"}, "nhs", "BAD_NHS_NUMBER"),
        ({"nhs": "1111111111"}, "nhs", "BAD_NHS_NUMBER"),
        ({"nhs": "0000000000"}, "nhs", "BAD_NHS_NUMBER"),
        ({"family": "<<RANDOM>>"}, "family", "PLACEHOLDER"),
        ({"family": "<<RANDOM>>", "given": ""}, "family", "PLACEHOLDER"),
        ({"line_1": "x" * 256}, "line 1", "BAD_CELLS"),
    ],
)
def test_a_fault_rejects_the_row_by_its_column(cells: dict[str, str], column: str, reason: str) -> None:
    """The first one, and never with what the cell says."""
    assert rejected(**cells) == (column, reason)


@pytest.mark.parametrize("text", ["2015-12-10", "10/12/2015", "20151210", " 10/12/2015 "])
def test_a_date_may_come_in_any_format_of_the_source(text: str) -> None:
    """The first that fits."""
    assert said(born=text).birth_date == date(2015, 12, 10)


def test_each_given_column_is_one_name() -> None:
    """Two words in a cell are one given name, as registered; white space is single, and what cannot be printed goes."""
    assert said(given=" John  Paul ", given_2="M\u200bax").name.given == ("John Paul", "Max")
    assert said(family="Nu\u0301n\u0303ez").name.family == "N\u00fa\u00f1ez"


def test_nobody_must_have_a_family_name() -> None:
    """Some have none, and a dash says so."""
    assert said(family="").name == said(family="-").name == Name(("Ada",), None)


def test_a_gender_is_the_sources_word() -> None:
    """Whatever its case; a word that the definition lacks is not said, and noted."""
    assert said(gender="MALE").gender is Gender.MALE
    assert said(gender="f").gender is Gender.FEMALE
    assert (said(gender="?").gender, said(gender="?").notes) == (None, ("GENDER_UNREADABLE",))


def test_an_address_is_read_as_far_as_it_can_be() -> None:
    """A postcode gets its one space; one that is none is left out, and the lines stay."""
    whole = PostalAddress(AddressStatus.CURRENT, ("1 Mill Lane", "Leeds"), "LS1 1AA", "999000000001")
    assert said(line_1="1 Mill Lane", line_2="Leeds", postcode="ls11aa", uprn="999000000001").address == whole
    assert said(line_1="1 Mill Lane", postcode="unknown").address == PostalAddress(
        AddressStatus.CURRENT, ("1 Mill Lane",)
    )
    assert said(postcode="KT2 9HF").address == PostalAddress(AddressStatus.CURRENT, (), "KT2 9HF")
    assert said(uprn="000", postcode="?").address is None


@pytest.mark.parametrize(
    ("postcode", "status"),
    [
        ("ZZ99 3VZ", AddressStatus.NO_FIXED),
        ("ZZ993WZ", AddressStatus.UNKNOWN),
        ("ZZ99 3CZ", AddressStatus.UNKNOWN),
        ("ZZ99 6AB", AddressStatus.UNKNOWN),
    ],
)
def test_a_pseudo_postcode_is_a_status(postcode: str, status: AddressStatus) -> None:
    """And what stands beside it says nothing of where anybody is."""
    assert said(line_1="Addr1", postcode=postcode).address == PostalAddress(status)


def test_keys_are_read_without_spaces_and_hyphens() -> None:
    """Each as the store compares it."""
    found = said(nhs="999-000 0018", upn="b801 2000 0500 1", entry="900000001").keys
    assert found == Keys(NhsNumber("9990000018"), Upn("B801200005001"), BirthEntry("900000001"))


def test_a_upn_that_is_temporary_or_doubtful_is_left_out_and_noted() -> None:
    """It rejects nothing: schools give temporary ones, and newer authorities are in no old list."""
    temporary = next(
        text
        for letter in "ABCDEFGHJKLMNPQRTUVWXYZ"
        if said(upn=(text := f"{letter}80120000500A")).notes == ("UPN_TEMPORARY",)
    )
    assert said(upn=temporary).keys == Keys()
    for text in ("A801200005001", "B80120000500", "B80120000500I", "nonsense"):
        assert (said(upn=text).keys, said(upn=text).notes) == (Keys(), ("UPN_DOUBTFUL",))
    assert said(upn="R838200005001").keys == Keys(upn=Upn("R838200005001"))


def test_a_birth_entry_that_is_none_is_left_out() -> None:
    """Nine digits, the first never 0."""
    assert said(entry="012345678").keys == said(entry="12").keys == Keys()


def test_a_row_is_never_newer_than_its_file() -> None:
    """Its own date counts as far as it can be read and has been."""
    assert said(updated="2025-06-01").as_of == datetime(2025, 6, 1, tzinfo=UTC)
    assert said(updated="2999-01-01").as_of == said(updated="soon").as_of == said(updated="").as_of == NOW


def test_parents_are_fingerprints() -> None:
    """By NHS number, else e-mail, else telephone: the same parent is the same bytes, and two columns of one are one."""
    assert said(p_email="Mum@Example.org").parents == said(q_email="mum@example.org ").parents
    assert said(p_email="mum@example.org", q_email="mum@example.org").parents == said(q_email="mum@example.org").parents
    assert said(p_phone="+44 7700 900123").parents == said(p_phone="07700900123").parents
    assert said(p_nhs="9990000018", p_email="a@example.org").parents == said(p_nhs="999 000 0018").parents
    assert len(said(p_email="mum@example.org", q_email="dad@example.org").parents) == 2
    assert said(p_email="none", p_phone="12").parents == ()
    other = entry(Row(7, PLAIN | {"p email": "mum@example.org"}), DEFINITION, NOW, b"another")
    assert isinstance(other, IdentityEntry)
    assert other.parents != said(p_email="mum@example.org").parents


def test_kin_are_prints_of_nhs_numbers_alone() -> None:
    """The child's own and its parents', under the key and apart from the fingerprints that households are known by."""
    own, parent = (print_of(KEY, NhsNumber(number)) for number in ("9990000018", "9990000026"))
    assert said(nhs="999 000 0018", p_nhs="9990000026", q_email="dad@example.org").kin == (own, parent)
    assert said(p_nhs="9990000026").kin == (parent,)
    assert said(p_nhs="9990000027", p_email="mum@example.org").kin == ()
    assert not set(said(p_nhs="9990000026").parents) & {parent}


def test_a_row_is_known_again_by_its_own_word_or_else_by_what_it_says() -> None:
    """A row that has a key needs neither."""
    assert said(nhs="9990000018").row_key is None
    assert said().row_key == said().digest
    assert said(row="17").row_key == said(row="17", family="King").row_key != said(row="18").row_key
    assert said(row="17", nhs="9990000018").row_key == said(row="17").row_key


def test_the_same_content_has_the_same_digest() -> None:
    """Whatever line it stands on, and whenever it is said; anything else said is another."""
    again = entry(Row(8, PLAIN | {"updated": "2025-01-01"}), DEFINITION, NOW, KEY)
    assert isinstance(again, IdentityEntry)
    assert again.digest == said().digest
    changes = [{"family": "King"}, {"born": "2015-12-11"}, {"gender": "F"}, {"postcode": "LS1 1AA"}]
    changes += [{"nhs": "9990000018"}, {"q_email": "mum@example.org"}]
    assert len({said(**change).digest for change in changes} | {said().digest}) == len(changes) + 1


@given(st.dictionaries(st.sampled_from([*DEFINITION.read_columns]), st.text(max_size=20)))
def test_any_cells_are_read_or_rejected(cells: dict[str, str]) -> None:
    """Nothing that stands in a file stops a load, and no rejection or print repeats a cell of an address or a key."""
    found = entry(Row(1, PLAIN | cells), DEFINITION, NOW, KEY)
    if isinstance(found, Rejected):
        assert found.column in DEFINITION.read_columns
    else:
        assert all(text.isprintable() for text in (*found.name.given, found.name.family or ""))
        assert found.as_of <= NOW


def test_fewer_words_take_nothing_away() -> None:
    """A roster without middle names, in capitals, with a postcode alone, changes neither name nor address."""
    known = a_candidate("Ada Mary/Byron")
    fewer = in_full(an_entry("ADA/BYRON", address=PostalAddress(AddressStatus.CURRENT, (), "LS1 1AA")), known)
    assert (fewer.name, fewer.address) == (known.name, known.address)
    lines = PostalAddress(AddressStatus.CURRENT, ("1, MILL LANE", "LEEDS"), "LS1 1AA")
    assert in_full(an_entry("Ada/Byron", address=lines), known).address == known.address


@pytest.mark.parametrize(
    "other",
    [
        an_entry("Mary/Byron"),
        an_entry("Ada Jane/Byron"),
        an_entry("Ada/King"),
        an_entry("Ada Mary Jane/Byron"),
        an_entry("Ada/Byrón"),
    ],
)
def test_other_words_are_the_entrys_own(other: IdentityEntry) -> None:
    """Another name, one more, or another letter: as the source has it."""
    assert in_full(other, a_candidate("Ada Mary/Byron")).name == other.name


def test_another_home_is_another_home() -> None:
    """The same postcode with other lines, another UPRN, or no fixed one."""
    for address in (
        PostalAddress(AddressStatus.CURRENT, ("2 Mill Lane", "Leeds"), "LS1 1AA"),
        PostalAddress(AddressStatus.CURRENT, ("1 Mill Lane", "Leeds"), "LS1 1AA", "999000000009"),
        PostalAddress(AddressStatus.CURRENT, ("1 Mill Lane", "Leeds"), "LS1 1AB"),
        PostalAddress(AddressStatus.NO_FIXED),
    ):
        assert in_full(an_entry(address=address), a_candidate()).address == address
    assert in_full(an_entry(address=None), a_candidate()).address is None
