"""A row of text becomes an identity entry, or is rejected by its first fault: pure, nothing is looked up.

What a source does not say stays unsaid; what cannot be read of an address or a UPN is left out rather than guessed.
"""

import hashlib
import hmac
import re
import unicodedata
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import lru_cache

import msgspec
from stdnum.gb import nhs, upn

from adapters.identity import Candidate, IdentityEntry
from adapters.records import AddressStatus, BirthEntry, Gender, Keys, Name, NhsNumber, PostalAddress, Upn
from adapters.store.kinship import print_of
from adapters.store.search import name_key
from gateway.feeds.definition import ParentColumns, SourceDefinition
from gateway.feeds.reader import Rejected, RejectReason, Row

LONGEST_NAME = 100
LONGEST_LINE = 255
EARLIEST_BIRTH = date(1900, 1, 1)  # before it, a date is what some system writes for none

_POSTCODE = re.compile(r"[A-Z]{1,2}[0-9][0-9A-Z]?[0-9][A-Z]{2}", re.ASCII)
_PSEUDO = re.compile(r"ZZ99\w{3}", re.ASCII)  # what the NHS writes in place of a postcode
_NO_FIXED_ABODE = "ZZ993VZ"
_UPN = re.compile(r"[A-Z][0-9]{11}[0-9A-Z]", re.ASCII)
_BIRTH_ENTRY = re.compile(r"[1-9][0-9]{8}", re.ASCII)
_UPRN = re.compile(r"[0-9]{1,12}", re.ASCII)


class Unreadable(Exception):
    """A cell that costs its row."""

    def __init__(self, column: str | None, reason: RejectReason) -> None:
        super().__init__(reason.value)
        self.column = column
        self.reason = reason


def entry(row: Row, definition: SourceDefinition, as_of: datetime, key: bytes) -> IdentityEntry | Rejected:
    """Read one row. `as_of` is the file's (aware), `key` the secret under which parents and rows are fingerprinted."""
    try:
        return _entry(_Cells(row, definition), definition, as_of, key)
    except Unreadable as fault:
        return Rejected(row.line, fault.column, fault.reason)


def in_full(entry: IdentityEntry, candidate: Candidate) -> IdentityEntry:
    """The entry in the candidate's own words, as far as it says the same in fewer, or in other capitals.

    A roster that leaves out middle names, the UPRN or all but the postcode takes nothing away.
    """
    name = candidate.name if _same_name_in_fewer(entry.name, candidate.name) else entry.name
    address = entry.address
    if address is not None and _same_home_in_fewer(address, candidate.address):
        address = candidate.address
    return entry if name is entry.name and address is entry.address else replace(entry, name=name, address=address)


class _Cells:
    """A row's cells, trimmed and normalised; an empty one is None."""

    def __init__(self, row: Row, definition: SourceDefinition) -> None:
        self.line = row.line
        self._cells = row.cells
        placeholder = definition.placeholder
        if placeholder is not None:
            for column in definition.read_columns:
                if placeholder.fullmatch(row.cells.get(column, "").strip()):
                    raise Unreadable(column, RejectReason.PLACEHOLDER)

    def text(self, column: str | None) -> str | None:
        cell = self._cells.get(column) if column else None
        return (_plain(cell) or None) if cell else None

    def name(self, column: str) -> str | None:
        """A name with at least one letter or digit in it."""
        text = self.text(column)
        if text is None:
            return None
        if len(text) > LONGEST_NAME:
            raise Unreadable(column, RejectReason.NAME_TOO_LONG)
        return text if _key(text) else None

    def address_line(self, column: str) -> str | None:
        text = self.text(column)
        if text is not None and len(text) > LONGEST_LINE:
            raise Unreadable(column, RejectReason.BAD_CELLS)
        return text


def _entry(cells: _Cells, definition: SourceDefinition, as_of: datetime, key: bytes) -> IdentityEntry:
    columns, notes = definition.columns, list[str]()
    as_of = _as_of(cells, definition, as_of)
    name = _name(cells, definition)
    birth_date = _birth_date(cells, definition, as_of)
    gender = _gender(cells, definition, notes)
    address = _address(cells, definition)
    keys = Keys(
        _nhs_number(cells, columns.nhs_number),
        _upn(cells, columns.upn, notes),
        _birth_entry(cells, columns.birth_entry),
    )
    parents = tuple(sorted({mark for parent in definition.parents if (mark := _fingerprint(cells, parent, key))}))
    said = (name, birth_date, gender, address, keys, definition.authority, [parent.hex() for parent in parents])
    digest = hashlib.sha256(_canonical.encode(said)).digest()
    own_word = cells.text(columns.row)
    recognised = digest if keys == _NO_KEYS else None  # a row without any key is known again by what it says
    return IdentityEntry(
        line=cells.line,
        name=name,
        birth_date=birth_date,
        gender=gender,
        address=address,
        keys=keys,
        as_of=as_of,
        digest=digest,
        authority=definition.authority,
        parents=parents,
        row_key=recognised if own_word is None else _secret(key, "row", own_word),
        notes=tuple(notes),
        kin=_kin(cells, keys.nhs_number, definition, key),
    )


_canonical = msgspec.json.Encoder()
_NO_KEYS = Keys()


def _plain(text: str) -> str:
    """Composed, without what cannot be printed, its white space single."""
    text = " ".join(text.split())
    if text.isascii() and text.isprintable():
        return text
    return "".join(letter for letter in unicodedata.normalize("NFC", text) if letter.isprintable())


_key = lru_cache(maxsize=1 << 16)(name_key)


def _as_of(cells: _Cells, definition: SourceDefinition, as_of: datetime) -> datetime:
    """Since when the row says so, as far as it does; never later than its file."""
    if definition.as_of is None:
        return as_of
    try:
        said = datetime.strptime(cells.text(definition.as_of.column) or "", definition.as_of.format)  # noqa: DTZ007
        return min(said if said.tzinfo else said.replace(tzinfo=UTC), as_of)
    except (ValueError, OverflowError):
        return as_of


def _name(cells: _Cells, definition: SourceDefinition) -> Name:
    columns = definition.columns
    given = tuple([name for column in columns.givens if (name := cells.name(column))])
    if not given:
        raise Unreadable(columns.givens[0], RejectReason.NO_NAME)
    return Name(given, cells.name(columns.family))


def _birth_date(cells: _Cells, definition: SourceDefinition, as_of: datetime) -> date:
    column = definition.columns.birth_date
    text = cells.text(column)
    if text is None:
        raise Unreadable(column, RejectReason.NO_BIRTH_DATE)
    born = _day(text, definition.dates)
    if born is None or born < EARLIEST_BIRTH:
        raise Unreadable(column, RejectReason.BAD_BIRTH_DATE)
    if born > as_of.date():
        raise Unreadable(column, RejectReason.FUTURE_BIRTH_DATE)
    return born


@lru_cache(maxsize=1 << 15)
def _day(text: str, formats: tuple[str, ...]) -> date | None:
    """The date by the first format that fits. One of digits alone must fit whole: `2011062` is no date."""
    for form in formats:
        try:
            parsed = datetime.strptime(text, form)  # noqa: DTZ007 - a birth date has no time
        except ValueError:
            continue
        if not text.isdecimal() or parsed.strftime(form) == text:
            return parsed.date()
    return None


def _gender(cells: _Cells, definition: SourceDefinition, notes: list[str]) -> Gender | None:
    text = cells.text(definition.columns.gender)
    if text is None:
        return None
    gender = definition.gender_words.get(text.casefold())
    if gender is None:
        notes.append("GENDER_UNREADABLE")
    return gender


def _address(cells: _Cells, definition: SourceDefinition) -> PostalAddress | None:
    """The address; None where no cell of it says anything. A pseudo-postcode is its status, and tells nothing more."""
    columns = definition.columns
    lines = tuple([line for column in columns.address_lines if (line := cells.address_line(column))])
    postcode = "".join(letter for letter in (cells.text(columns.postcode) or "").upper() if letter.isalnum())
    uprn = _uprn(cells.text(columns.uprn))
    if _PSEUDO.fullmatch(postcode):
        return PostalAddress(AddressStatus.NO_FIXED if postcode == _NO_FIXED_ABODE else AddressStatus.UNKNOWN)
    if not (lines or postcode or uprn):
        return None
    spaced = f"{postcode[:-3]} {postcode[-3:]}" if _POSTCODE.fullmatch(postcode) else None
    return PostalAddress(AddressStatus.CURRENT, lines, spaced, uprn) if lines or spaced or uprn else None


def _uprn(text: str | None) -> str | None:
    return text if text and _UPRN.fullmatch(text) and text.strip("0") else None


def _nhs_number(cells: _Cells, column: str | None) -> NhsNumber | None:
    text = cells.text(column)
    if text is None:
        return None
    number = _valid_nhs_number(text)
    if number is None:
        raise Unreadable(column, RejectReason.BAD_NHS_NUMBER)
    return NhsNumber(number)


def _valid_nhs_number(text: str) -> str | None:
    """Ten digits whose check fits. The same digit ten times fits too, and is what people type who have none."""
    number = nhs.compact(text)
    return number if nhs.is_valid(number) and len(set(number)) > 1 else None


def _upn(cells: _Cells, column: str | None, notes: list[str]) -> Upn | None:
    """The UPN; one that is temporary (its last character a letter) or does not check is left out, and noted."""
    text = (cells.text(column) or "").replace(" ", "").upper()
    if not text:
        return None
    if not _UPN.fullmatch(text) or not _upn_checks(text):
        notes.append("UPN_DOUBTFUL")
        return None
    if text[-1].isalpha():
        notes.append("UPN_TEMPORARY")
        return None
    return Upn(text)


def _upn_checks(text: str) -> bool:
    # Not `upn.validate`: it knows the authorities of 2011 alone.
    try:
        return bool(upn.calc_check_digit(text[1:]) == text[0])
    except ValueError:
        return False  # a letter that no UPN has


def _birth_entry(cells: _Cells, column: str | None) -> BirthEntry | None:
    text = cells.text(column)
    return BirthEntry(text) if text and _BIRTH_ENTRY.fullmatch(text) else None


def _kin(cells: _Cells, own: NhsNumber | None, definition: SourceDefinition, key: bytes) -> tuple[bytes, ...]:
    """Prints of the child and of those of its parents whose NHS number the row has."""
    of_parents = [_valid_nhs_number(cells.text(parent.nhs_number) or "") for parent in definition.parents]
    numbers = [own, *(NhsNumber(number) for number in of_parents if number)]
    return tuple([print_of(key, number) for number in numbers if number is not None])


def _fingerprint(cells: _Cells, parent: ParentColumns, key: bytes) -> bytes | None:
    """A parent as a keyed fingerprint: by NHS number, else e-mail, else telephone."""
    number = _valid_nhs_number(cells.text(parent.nhs_number) or "")
    if number:
        return _secret(key, "nhs", number)
    email = (cells.text(parent.email) or "").casefold()
    if "@" in email:
        return _secret(key, "email", email)
    phone = re.sub(r"\D", "", re.sub(r"^(\+|00)44", "0", (cells.text(parent.phone) or "").replace(" ", "")))
    return _secret(key, "phone", phone) if len(phone) >= 7 else None


def _secret(key: bytes, kind: str, text: str) -> bytes:
    return hmac.digest(key, f"{kind}:{text}".encode(), "sha256")


def _same_name_in_fewer(said: Name, known: Name) -> bool:
    if said == known:
        return True
    if (said.family or "").casefold() != (known.family or "").casefold():
        return False
    first = known.given[: len(said.given)]
    return [name.casefold() for name in said.given] == [name.casefold() for name in first]


def _same_home_in_fewer(said: PostalAddress, known: PostalAddress) -> bool:
    if said == known:
        return True
    if said.status is not known.status or said.postcode is None or said.postcode != known.postcode:
        return False
    return said.uprn in (None, known.uprn) and _run_together(said) in ("", _run_together(known))


def _run_together(address: PostalAddress) -> str:
    return name_key("".join(address.lines))
