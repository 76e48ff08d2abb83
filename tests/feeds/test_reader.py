"""Reading a source's file: any encoding and columns, a broken record costs itself alone, and memory does not grow."""

import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.feeds.definition import Columns, SourceDefinition, SourceError, read_definition
from gateway.feeds.reader import LONGEST, Rejected, RejectReason, Row, rows, survey

HEADER = "GIVEN,FAMILY,BORN,PLACE\n"
DEFINITION = SourceDefinition(
    columns=Columns(given="GIVEN", family="FAMILY", birth_date="BORN", postcode="PLACE"), dates=("%Y-%m-%d",)
)
ADA = "Ada,Byron,2015-12-10,LS1 1AA\n"
BORIS = "Boris,King,2014-02-03,LS1 1AA\n"


def read(
    folder: Path, content: str | bytes, definition: SourceDefinition = DEFINITION, skip: int = 0
) -> list[Row | Rejected]:
    path = folder / "file"
    path.write_bytes(content.encode(definition.encoding) if isinstance(content, str) else content)
    return list(rows(path, definition, skip))


def told(found: list[Row | Rejected]) -> list[tuple[int, str]]:
    """Each record by its line: the given name, or why it was rejected."""
    return [(row.line, row.reason.value if isinstance(row, Rejected) else row.cells["GIVEN"]) for row in found]


def with_encoding(name: str) -> SourceDefinition:
    return SourceDefinition(columns=DEFINITION.columns, dates=DEFINITION.dates, encoding=name)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16", "utf-16-le", "latin-1"])
def test_any_encoding_is_read(tmp_path: Path, encoding: str) -> None:
    """As the definition says, accents and all."""
    [row] = read(tmp_path, f"{HEADER}Zoë,O'Brien,2015-12-10,\n", with_encoding(encoding))
    assert isinstance(row, Row)
    assert row.cells == {"GIVEN": "Zoë", "FAMILY": "O'Brien", "BORN": "2015-12-10", "PLACE": ""}


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    """As spreadsheets write one before the header, whatever the lines end with."""
    content = b"\xef\xbb\xbf" + (HEADER + ADA.strip()).replace("\n", "\r\n").encode()
    assert told(read(tmp_path, content)) == [(2, "Ada")]


def test_empty_rows_are_passed_over_uncounted(tmp_path: Path) -> None:
    """Commas alone, spaces alone, nothing at all: no row, no rejection."""
    assert told(read(tmp_path, f"{HEADER},,,\n\n{ADA} , , ,\n{BORIS}")) == [(4, "Ada"), (6, "Boris")]


def test_undecodable_bytes_cost_their_row_alone(tmp_path: Path) -> None:
    """The next row is as good as ever."""
    assert told(read(tmp_path, HEADER.encode() + b"Ad\xff,Byron,,\n" + ADA.encode())) == [
        (2, "BAD_ENCODING"),
        (3, "Ada"),
    ]


@pytest.mark.parametrize(
    "broken",
    ["Ada,Byron,2015-12-10", "Ada,Byron,2015-12-10,a,b", 'Ada,"By"ron,2015-12-10,', "A\0da,Byron,2015-12-10,"],
    ids=["too few cells", "too many", "a quote within a quoted cell", "NUL"],
)
def test_a_broken_row_is_rejected_and_the_next_is_read(tmp_path: Path, broken: str) -> None:
    """By its line, without a column: nobody can say which cell it is."""
    assert told(read(tmp_path, f"{HEADER}{broken}\n{BORIS}")) == [(2, "BAD_CELLS"), (3, "Boris")]


def test_a_quote_that_never_closes_costs_one_line(tmp_path: Path) -> None:
    """What it seemed to hold is read anew, to the end of the file."""
    assert told(read(tmp_path, f'{HEADER}"Ada,Byron,,\n{BORIS}{ADA}')) == [(2, "BAD_CELLS"), (3, "Boris"), (4, "Ada")]


def test_a_quote_that_closes_too_late_costs_one_line(tmp_path: Path) -> None:
    """A record has a limit, so that no quote swallows a file."""
    many = BORIS * (LONGEST // len(BORIS) + 10)
    found = told(read(tmp_path, f'{HEADER}"Ada,Byron,,\n{many}x",y,z,\n'))
    assert found[0] == (2, "BAD_CELLS")
    assert found[1] == (3, "Boris")
    assert [line for line, _ in found] == list(range(2, 2 + len(found)))
    assert sum(said == "Boris" for _, said in found) == many.count("\n")


def test_a_file_of_records_without_an_end_is_refused(tmp_path: Path) -> None:
    """Each costs going through all that it swallows, so there may be some, and no more."""
    with pytest.raises(SourceError, match="without an end, the last from line 102"):
        read(tmp_path, HEADER + 'x","y\n' * 20_000)


def test_a_quoted_cell_may_hold_lines(tmp_path: Path) -> None:
    """A record is named by its first line, and those after it by theirs."""
    assert told(read(tmp_path, f'{HEADER}"A\nd\na",Byron,,\n{BORIS}')) == [(2, "A\nd\na"), (5, "Boris")]


def test_an_endless_line_is_one_rejection(tmp_path: Path) -> None:
    """However long it is, it is never held whole, and what follows is read."""
    path = tmp_path / "file"
    path.write_text(HEADER + "x" * (40 * LONGEST) + "\n" + ADA)
    tracemalloc.start()
    found = list(rows(path, DEFINITION, 0))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert told(found) == [(2, "BAD_CELLS"), (3, "Ada")]
    assert most < 30 * LONGEST


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """Ten times the rows take no more."""

    def most(times: int) -> int:
        path = tmp_path / str(times)
        path.write_text(HEADER + ADA * times)
        tracemalloc.start()
        assert sum(1 for _ in rows(path, DEFINITION, 0)) == times
        _, held = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return held

    most(10)
    assert most(20_000) < most(2_000) * 1.5 + 100_000


@given(
    st.lists(st.sampled_from([ADA, BORIS, ",,,\n", '"open,a,b,c\n', "few\n", '"x\ny",z,,\n', "Ad\udcff,b,c,d\n"])),
    st.data(),
)
def test_skipping_gives_the_rest_of_the_same_rows(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], data: st.DataObject
) -> None:
    """Whatever is in the file: a load that goes on where it stopped reads what it would have read."""
    content = (HEADER + "".join(lines)).encode("utf-8", "surrogateescape")
    folder = tmp_path_factory.mktemp("files")
    whole = read(folder, content)
    skip = data.draw(st.integers(0, len(whole) + 1))
    assert read(folder, content, skip=skip) == whole[skip:]


def test_columns_may_come_in_any_order_and_others_are_not_read(tmp_path: Path) -> None:
    """A column that may be missing is simply not said."""
    [row] = read(tmp_path, "SECRET,BORN,FAMILY,GIVEN\nx,2015-12-10,Byron,Ada\n")
    assert isinstance(row, Row)
    assert row.cells == {"GIVEN": "Ada", "FAMILY": "Byron", "BORN": "2015-12-10"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "line of column names"),
        ("GIVEN,FAMILY\n", "no column `BORN`"),
        ("GIVEN,FAMILY,BORN,BORN\n", "more than one column `BORN`"),
    ],
)
def test_a_file_that_is_not_of_the_source_is_refused_whole(tmp_path: Path, content: str, words: str) -> None:
    """Before anything is begun, in a line that names the fix."""
    (tmp_path / "file").write_text(content)
    with pytest.raises(SourceError, match=words):
        survey(tmp_path / "file", DEFINITION)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """Not there, or a folder."""
    for path in (tmp_path / "nothing", tmp_path):
        with pytest.raises(SourceError, match="cannot read"):
            survey(path, DEFINITION)


def test_a_survey_tells_content_from_content(tmp_path: Path) -> None:
    """By sha256: one letter other is another file."""
    digests = set[bytes]()
    for content in (HEADER + ADA, HEADER + BORIS, HEADER + ADA):
        (tmp_path / "file").write_text(content)
        digests.add(survey(tmp_path / "file", DEFINITION).digest)
    assert len(digests) == 2


JSON_LINES = SourceDefinition(
    format="jsonl",
    columns=Columns(given=("name.given.0", "name.given.1"), family="name.family", birth_date="born", nhs_number="nhs"),
    dates=("%Y-%m-%d",),
)


def test_json_lines_are_read_by_dotted_paths(tmp_path: Path) -> None:
    """A number counts into a list; numbers are text; what is not there is not said."""
    content = '{"name": {"given": ["Ada"], "family": "Byron"}, "born": "2015-12-10", "nhs": 9990000018}\n\n'
    [row] = read(tmp_path, content, JSON_LINES)
    assert isinstance(row, Row)
    assert row.cells == {"name.given.0": "Ada", "name.family": "Byron", "born": "2015-12-10", "nhs": "9990000018"}


@pytest.mark.parametrize("line", ["[1]", "{", '"text"', '{"a": NaN}', "[" * 5_000, '{"name": "\\ud800"}'])
def test_a_line_that_is_no_object_is_rejected(tmp_path: Path, line: str) -> None:
    """And the next is read."""
    found = read(tmp_path, f'{line}\n{{"born": "2015-12-10"}}\n', JSON_LINES)
    assert found[0] == Rejected(1, None, RejectReason.BAD_JSON)
    assert isinstance(found[1], Row)


MISTAKES = {
    "dates = []": "`dates`",
    'dates = ["%H:%M"]': "`dates`",
    'encoding = "klingon"\ndates = ["%Y%m%d"]': "`encoding`",
    'encoding = "base64"\ndates = ["%Y%m%d"]': "`encoding`",
    'dates = ["%Y%m%d"]\nauthority = "Leeds"': "`authority`",
    'dates = ["%Y%m%d"]\nformat = "xml"': "format",
    'dates = ["%Y%m%d"]\ndelimiter = ";"': "delimiter",
    'dates = ["%Y%m%d"]\n[genders]\nm = "MAN"': "MAN",
    'dates = ["%Y%m%d"]\n[[parents]]': "`parents`",
    "dates = ": "no source definition",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_definition_that_cannot_be_meant_is_refused_by_name(tmp_path: Path, text: str) -> None:
    """In one line that says where it stands and what is wrong."""
    columns = '[columns]\ngiven = "G"\nfamily = "F"\nbirth_date = "B"\n'
    (tmp_path / "mine.toml").write_text(f"{text}\n{columns}")
    with pytest.raises(SourceError, match=MISTAKES[text]) as refused:
        read_definition("mine", tmp_path)
    assert str(tmp_path / "mine.toml") in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_definition_in_the_folder_wins_over_the_shipped_one(tmp_path: Path) -> None:
    """So that an operator corrects a source without a new version of ours."""
    (tmp_path / "mavis-class.toml").write_text(
        'dates = ["%Y%m%d"]\n[columns]\ngiven = "G"\nfamily = "F"\nbirth_date = "B"\n'
    )
    assert read_definition("mavis-class", tmp_path).columns.family == "F"
    assert read_definition("mavis-cohort", tmp_path).columns.family == "CHILD_LAST_NAME"


@pytest.mark.parametrize("name", ["../secrets", "a/b", "", "UPPER", "a.b"])
def test_a_source_is_named_by_a_plain_word(tmp_path: Path, name: str) -> None:
    """No name leads out of the folder."""
    with pytest.raises(SourceError, match="no source's name"):
        read_definition(name, tmp_path)


def test_an_unknown_source_names_those_there_are(tmp_path: Path) -> None:
    """Ours and the operator's own."""
    (tmp_path / "ours.toml").write_text("")
    with pytest.raises(SourceError, match=r"`mavis-class`.*`ours`"):
        read_definition("theirs", tmp_path)


def test_the_definition_in_the_documentation_is_one(tmp_path: Path) -> None:
    """Whoever copies it has a source."""
    page = (Path(__file__).parents[2] / "docs" / "feeds.md").read_text(encoding="utf-8")
    (tmp_path / "mine.toml").write_text(page.partition("```toml\n")[2].partition("```")[0], encoding="utf-8")
    assert read_definition("mine", tmp_path).columns.row == "PUPIL_ID"
