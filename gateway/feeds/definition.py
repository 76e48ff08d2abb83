"""How a source writes its files: a definition in TOML, read once into one frozen value. No file of data is opened here.

A definition in the settings' `sources` folder wins over the one that is shipped under the same name.
"""

import codecs
import re
from collections.abc import Mapping
from datetime import datetime
from fnmatch import translate
from functools import cached_property
from pathlib import Path
from typing import Literal

import msgspec

from adapters.records import Gender

SHIPPED = Path(__file__).parent / "sources"

_NAME = re.compile(r"[a-z0-9][a-z0-9-]*", re.ASCII)
_AUTHORITY = re.compile(r"[EW]\d{8}", re.ASCII)
_A_DAY = datetime(2015, 10, 21, 7, 28)  # noqa: DTZ001 - to try a format out on


class SourceError(ValueError):
    """A source has no definition, or one that cannot be meant; the text names the fix."""


class AsOf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A column that says since when its row holds. Without a zone in it, it is in UTC."""

    column: str
    format: str


class ParentColumns(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a parent can be told from others: the first that is filled is fingerprinted. NHS numbers tell kin, too."""

    nhs_number: str | None = None
    email: str | None = None
    phone: str | None = None


class Columns(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The source's own names for what we read; in JSON Lines, dotted paths in which a number counts into a list."""

    given: str | tuple[str, ...]
    family: str
    birth_date: str
    gender: str | None = None
    address_lines: tuple[str, ...] = ()
    postcode: str | None = None
    uprn: str | None = None
    nhs_number: str | None = None
    upn: str | None = None
    birth_entry: str | None = None
    row: str | None = None  # the source's own word for the row, the same in every file

    @property
    def givens(self) -> tuple[str, ...]:
        """The columns of given names, in order; each cell is one name."""
        return (self.given,) if isinstance(self.given, str) else self.given

    @property
    def required(self) -> tuple[str, ...]:
        """The columns without which a file is not of this source."""
        return (self.givens[0], self.family, self.birth_date)


class SourceDefinition(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """How one source writes. `genders` are compared without regard to case; `placeholders` may hold `*` and `?`."""

    columns: Columns
    dates: tuple[str, ...]
    name: str = ""
    format: Literal["csv", "jsonl"] = "csv"
    encoding: str = "utf-8"
    placeholders: tuple[str, ...] = ()
    authority: str | None = None
    as_of: AsOf | None = None
    genders: Mapping[str, Gender] = {}
    parents: tuple[ParentColumns, ...] = ()

    @cached_property
    def read_columns(self) -> tuple[str, ...]:
        """Every column that anybody reads, each once."""
        c = self.columns
        optional = (c.gender, *c.address_lines, c.postcode, c.uprn, c.nhs_number, c.upn, c.birth_entry, c.row)
        of_parents = (column for parent in self.parents for column in (parent.nhs_number, parent.email, parent.phone))
        as_of = self.as_of.column if self.as_of else None
        wanted = (*c.givens, c.family, c.birth_date, *optional, *of_parents, as_of)
        return tuple(dict.fromkeys(column for column in wanted if column))

    @cached_property
    def placeholder(self) -> re.Pattern[str] | None:
        """What a cell that is no value looks like."""
        return re.compile("|".join(map(translate, self.placeholders))) if self.placeholders else None

    @cached_property
    def gender_words(self) -> Mapping[str, Gender]:
        """The source's words for genders, folded."""
        return {word.casefold(): gender for word, gender in self.genders.items()}


_decoder = msgspec.toml.decode


def read_definition(name: str, folder: Path) -> SourceDefinition:
    """The definition of a source, from `folder` or as shipped. Raises SourceError."""
    if not _NAME.fullmatch(name):
        raise SourceError(f"`{name}` is no source's name: use small letters, digits and hyphens")
    path = next((path for path in (folder / f"{name}.toml", SHIPPED / f"{name}.toml") if path.is_file()), None)
    if path is None:
        known = sorted({found.stem for place in (folder, SHIPPED) for found in place.glob("*.toml")})
        raise SourceError(
            f"there is no source `{name}`: choose of `{'`, `'.join(known)}`, or write `{folder / name}.toml`"
        )
    try:
        definition = _decoder(path.read_bytes(), type=SourceDefinition, strict=False)
    except OSError as error:
        raise SourceError(f"cannot read `{path}` ({error.strerror}): make it readable") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SourceError(f"`{path}` is no source definition ({_lower(str(error))}): correct it") from None
    wrong = _mistake(definition)
    if wrong:
        raise SourceError(f"`{path}`: {wrong}")
    return msgspec.structs.replace(definition, name=name)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _mistake(definition: SourceDefinition) -> str | None:
    """What cannot be meant, and how to mend it."""
    try:
        codecs.getincrementaldecoder(definition.encoding)().decode(b"")
        readable = isinstance("".encode(definition.encoding), bytes)
    except (LookupError, AttributeError, TypeError):
        readable = False
    if not readable:
        return f"`encoding` must be one that Python reads, not `{definition.encoding}`"
    if not definition.columns.givens or not all(definition.columns.required):
        return "`columns` must name `given`, `family` and `birth_date`"
    formats = [*definition.dates, *([definition.as_of.format] if definition.as_of else [])]
    if not definition.dates or not all(map(_is_date_format, formats)):
        return "`dates` and `as_of` must be formats such as `%Y-%m-%d`, with a whole year, a month and a day"
    if definition.authority is not None and not _AUTHORITY.fullmatch(definition.authority):
        return "`authority` must be a GSS code such as `E08000035`"
    if not all(parent.nhs_number or parent.email or parent.phone for parent in definition.parents):
        return "each of `parents` must name `nhs_number`, `email` or `phone`"
    return None


def _is_date_format(text: str) -> bool:
    try:
        return datetime.strptime(_A_DAY.strftime(text), text).date() == _A_DAY.date()  # noqa: DTZ007
    except ValueError:
        return False
