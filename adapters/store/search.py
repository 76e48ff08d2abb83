"""What a search asks for, and how far its viewer's sight reaches: values the viewer may not see are never keys (law 5).

`SearchScope` is the narrow capability a root field is handed instead of the viewer (law 10).
"""

import unicodedata
from dataclasses import dataclass, field
from datetime import date

from adapters.records import Gender

# Letters that Unicode does not take apart into a letter and its accent.
LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h"})


def name_key(text: str) -> str:
    """A name as searches compare it: case, accents, spaces and punctuation gone. Empty where nothing is left.

    >>> name_key("O'Brien-Núñez")
    'obriennunez'
    """
    if text.isascii():
        folded = text.lower()
        return folded if folded.isalnum() else "".join(filter(str.isalnum, folded))
    # Taking apart may uncover a capital, and folding a letter that can be taken apart: so once more.
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold()).translate(LETTERS)
    return "".join(letter for letter in folded if letter.isalnum())


def postcode_key(text: str) -> str:
    """A postcode as the store keeps it: upper case, one space before the last three characters."""
    letters = "".join(letter for letter in text.upper() if letter.isalnum())
    return f"{letters[:-3]} {letters[-3:]}"


@dataclass(frozen=True, slots=True)
class Criteria:
    """What the child looked for is like; a birth date or a birth year must be among it (law 11)."""

    family: str
    given: str | None = None
    birth_date: date | None = None
    birth_year: int | None = None
    gender: Gender | None = None
    postcode: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.birth_date is None and self.birth_year is None:
            raise ValueError("a search needs `birthDate` or `birthYear`")

    @property
    def born(self) -> tuple[date, date] | None:
        """First and last birth date looked for; None where the year is none or contradicts the date: nobody."""
        if self.birth_year is None:
            return None if self.birth_date is None else (self.birth_date, self.birth_date)
        if not date.min.year <= self.birth_year <= date.max.year:
            return None
        if self.birth_date is None:
            return date(self.birth_year, 1, 1), date(self.birth_year, 12, 31)
        return (self.birth_date, self.birth_date) if self.birth_date.year == self.birth_year else None


@dataclass(frozen=True, slots=True)
class SearchScope:
    """How far the viewer's sight reaches.

    With `manages`, a shield officer's own authority, only its children are found, sealed ones only with `sealed`, and
    the addresses of all of them count as visible. Without it, sealed children are never found, and `address` says
    whether purpose and role show addresses at all: a protected child's still needs the organisation in its circle, or
    the viewer's own live override with this very token. A child whose kin holds one of `prints`, the viewer's own
    fingerprints, is never found.
    """

    address: bool
    manages: str | None
    sealed: bool
    organisation: str
    viewer: str
    token: str
    prints: tuple[bytes, ...] = ()
