"""A source's file as rows of text, streamed: any encoding, CSV or JSON Lines. What a cell means is not asked here.

Rows are counted as they stand in the file, good or bad, so that a load can go on where it stopped: the same file gives
the same rows. A record broken by a quote that never closes costs its first line alone; what follows is read anew.
"""

import codecs
import csv
import hashlib
import io
from collections import deque
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

import msgspec

from gateway.feeds.definition import SourceDefinition, SourceError

CHUNK = 1 << 20  # bytes read of a file at once
LONGEST = 1 << 16  # characters of one record
MOST_ENDLESS = 100  # records of a file that are longer: each is gone through once for every line that it swallows
_UNDECODABLE = "\udc80"  # what no file holds stands where bytes could not be decoded


class RejectReason(Enum):
    """Why a row was not taken, as its source is told."""

    NO_NAME = "NO_NAME"
    NO_BIRTH_DATE = "NO_BIRTH_DATE"
    BAD_BIRTH_DATE = "BAD_BIRTH_DATE"
    FUTURE_BIRTH_DATE = "FUTURE_BIRTH_DATE"
    BAD_NHS_NUMBER = "BAD_NHS_NUMBER"
    PLACEHOLDER = "PLACEHOLDER"
    BAD_CELLS = "BAD_CELLS"
    BAD_ENCODING = "BAD_ENCODING"
    BAD_JSON = "BAD_JSON"
    NAME_TOO_LONG = "NAME_TOO_LONG"


@dataclass(frozen=True, slots=True)
class Row:
    """One record: the line it begins on, and the text of the columns that are read, as far as they are there."""

    line: int
    cells: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Rejected:
    """One record that cannot be taken: where and why, never what it says."""

    line: int
    column: str | None
    reason: RejectReason


@dataclass(frozen=True, slots=True)
class Survey:
    """A file's sha256, by which it is known again, and about how many lines it has."""

    digest: bytes
    lines: int


def survey(path: Path, definition: SourceDefinition) -> Survey:
    """Read the file once through. Raises SourceError as `rows` does, before anybody begins with it."""
    digest, lines = hashlib.sha256(), 0
    try:
        with path.open("rb", buffering=0) as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
                lines += chunk.count(b"\n")
    except OSError as error:
        raise _unreadable(path, error) from None
    with closing(rows(path, definition, 0)) as first:
        next(first, None)
    return Survey(digest.digest(), lines)


def rows(path: Path, definition: SourceDefinition, skip: int) -> Generator[Row | Rejected, None, None]:
    """The file's records but the first `skip`, in order; empty ones are passed over uncounted.

    Raises SourceError where the file cannot be read, or lacks a column that every file of the source has.
    """
    read = _csv_rows if definition.format == "csv" else _json_rows
    try:
        with path.open("rb", buffering=CHUNK) as file:
            lines = _Lines(io.TextIOWrapper(file, definition.encoding, errors=_MARK, newline=""))
            for count, row in enumerate(read(lines, path, definition)):
                if count >= skip:
                    yield row
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: OSError) -> SourceError:
    return SourceError(f"cannot read `{path}` ({error.strerror}): give a file that is yours to read")


def _mark(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)  # noqa: S101 - nothing here encodes
    return _UNDECODABLE, error.end


_MARK = "contactpoint-mark"
codecs.register_error(_MARK, _mark)


class _TooLong(Exception):
    """A record goes on and on."""


class _Lines:
    """The file's lines with their ends, and what is wrong with those of the record in hand."""

    def __init__(self, text: io.TextIOBase) -> None:
        self._text = text
        self._again: deque[str] = deque()  # lines of a broken record, to be read anew
        self._record: list[str] = []
        self._length = 0
        self.number = 0  # of the last line read
        self.first = 1  # line of the record in hand

    def begin_record(self) -> None:
        self._record.clear()
        self._length = 0
        self.first = self.number + 1

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._text.readline(LONGEST + 1)
        if not line:
            raise StopIteration
        self.number += 1
        if self.number == 1:
            line = line.removeprefix("\ufeff")
        self._record.append(line)
        self._length += len(line)
        if self._length > LONGEST:
            if len(self._record) == 1:
                self._to_end_of(line)
            raise _TooLong
        return line

    def _to_end_of(self, line: str) -> None:
        """Leave the rest of an endless line behind, a piece at a time."""
        while line and not line.endswith(("\n", "\r")):
            line = self._text.readline(LONGEST + 1)

    def keep_first_alone(self) -> None:
        """Of a broken record, give back every line but its first."""
        self._again.extendleft(reversed(self._record[1:]))
        self.number -= len(self._record) - 1

    def flaw(self) -> RejectReason | None:
        """What no cell may hold and some cell of this record does."""
        if any(_UNDECODABLE in line for line in self._record):
            return RejectReason.BAD_ENCODING
        if any("\0" in line for line in self._record):
            return RejectReason.BAD_CELLS
        return None


def _csv_rows(lines: _Lines, path: Path, definition: SourceDefinition) -> Iterator[Row | Rejected]:
    records = csv.reader(lines, strict=True)
    header = [name.strip() for name in _header(records, path)]
    places = _places(header, path, definition)
    endless = 0
    while True:
        lines.begin_record()
        try:
            cells = next(records)
        except StopIteration:
            return
        except (csv.Error, _TooLong) as error:
            endless += isinstance(error, _TooLong)
            if endless > MOST_ENDLESS:
                raise SourceError(
                    f"`{path}` has more than {MOST_ENDLESS} records without an end, the last from line {lines.first}: "
                    "mend its quotation marks"
                ) from None
            lines.keep_first_alone()
            yield Rejected(lines.first, None, RejectReason.BAD_CELLS)
            continue
        if not any(cells) or not any(cell.strip() for cell in cells):
            continue
        flaw = lines.flaw()
        if flaw is not None:
            yield Rejected(lines.first, None, flaw)
        elif len(cells) != len(header):
            yield Rejected(lines.first, None, RejectReason.BAD_CELLS)
        else:
            yield Row(lines.first, {name: cells[place] for name, place in places})


def _header(records: Iterator[list[str]], path: Path) -> list[str]:
    try:
        return next(records)
    except (StopIteration, csv.Error, _TooLong):
        raise SourceError(f"`{path}` begins with no line of column names: give a whole file") from None


def _places(header: list[str], path: Path, definition: SourceDefinition) -> list[tuple[str, int]]:
    """Where in a record each column stands that is read."""
    for name in definition.columns.required:
        if name not in header:
            raise SourceError(f"`{path}` has no column `{name}`: choose another `--source`, or correct its definition")
    for name in definition.read_columns:
        if header.count(name) > 1:
            raise SourceError(f"`{path}` has more than one column `{name}`: leave one of that name")
    return [(name, header.index(name)) for name in definition.read_columns if name in header]


def _json_rows(lines: _Lines, _path: Path, definition: SourceDefinition) -> Iterator[Row | Rejected]:
    paths = [(name, name.split(".")) for name in definition.read_columns]
    while True:
        lines.begin_record()
        try:
            line = next(lines)
        except StopIteration:
            return
        except _TooLong:
            yield Rejected(lines.first, None, RejectReason.BAD_JSON)
            continue
        if not line.strip():
            continue
        flaw = lines.flaw()
        record = None if flaw else _object(line)
        if record is None:
            yield Rejected(lines.first, None, flaw or RejectReason.BAD_JSON)
            continue
        found = ((name, _at(record, steps)) for name, steps in paths)
        yield Row(lines.first, {name: text for name, text in found if text is not None})


def _object(line: str) -> dict[str, Any] | None:
    try:
        return _json.decode(line)
    except (msgspec.DecodeError, RecursionError):
        return None


def _at(record: Any, steps: list[str]) -> str | None:
    """The text at a path; None where there is none, or where what is there is no text or number."""
    for step in steps:
        if isinstance(record, dict):
            record = record.get(step)
        elif isinstance(record, list) and step.isdecimal() and int(step) < len(record):
            record = record[int(step)]
        else:
            return None
    if isinstance(record, bool):
        return None
    return str(record) if isinstance(record, str | int | float) else None


_json = msgspec.json.Decoder(dict[str, Any])
