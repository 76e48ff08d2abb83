"""The few children that the machine's sources write of, and how a row about one of them can be wrong.

Every row ends its address with whose it truly is. Nothing in matching reads that line; the machine does, afterwards.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

from adapters.records import Gender, NhsNumber, Tier, Upn
from adapters.sandbox.arithmetic import nhs_number_from, upn_from
from adapters.store.search import name_key
from gateway.feeds.near_dates import near_dates

HEADINGS: Final = ("ROW", "GIVEN", "FAMILY", "BORN", "GENDER", "LINE", "LABEL", "POSTCODE", "NHS", "UPN", "PARENT")
DEFINITION: Final = """
dates = ["%Y-%m-%d"]
authority = "E08000025"
[columns]
given = "GIVEN"
family = "FAMILY"
birth_date = "BORN"
gender = "GENDER"
address_lines = ["LINE", "LABEL"]
postcode = "POSTCODE"
nhs_number = "NHS"
upn = "UPN"
[[parents]]
email = "PARENT"
"""


@dataclass(frozen=True)
class Person:
    """Who a child truly is. `label` is on every row about the child."""

    label: str
    given: str
    family: str
    born: date
    gender: Gender
    line: str
    postcode: str
    nhs: NhsNumber
    upn: Upn
    parent: str = ""


def _people() -> tuple[Person, ...]:
    told = (
        # A household of two; twins; two namesakes born the same day; one whose name is written in parts.
        ("Ada", "Hartley", date(2012, 3, 4), Gender.FEMALE, "1 Mill Lane", "B1 1AA", "hartley@example.org"),
        ("Boris", "Hartley", date(2014, 7, 2), Gender.MALE, "1 Mill Lane", "B1 1AA", "hartley@example.org"),
        ("Chloe", "Okafor", date(2013, 5, 6), Gender.FEMALE, "2 Mill Lane", "B1 1AB", "okafor@example.org"),
        ("Daniel", "Okafor", date(2013, 5, 6), Gender.MALE, "2 Mill Lane", "B1 1AB", ""),
        ("Erin", "Smith", date(2015, 1, 9), Gender.FEMALE, "3 Mill Lane", "B1 1AD", ""),
        ("Erin", "Smith", date(2015, 1, 9), Gender.FEMALE, "4 High Street", "B2 2AE", ""),
        ("Zoltan", "Whitcombe-Lee", date(2011, 11, 8), Gender.MALE, "5 High Street", "B2 2AF", ""),
    )
    return tuple(
        Person(
            *(f"child-{serial}", given, family, born, gender, line, postcode),
            *(NhsNumber(nhs_number_from(serial)), Upn(upn_from(330, 20, serial)), parent),
        )
        for serial, (given, family, born, gender, line, postcode, parent) in enumerate(told)
    )


PEOPLE: Final = _people()


# Born the same day under one name: only a key or a home tells them apart.
NAMESAKES: Final = frozenset({PEOPLE[4].label, PEOPLE[5].label})


def person_called(label: str) -> Person:
    return next(person for person in PEOPLE if person.label == label)


@dataclass(frozen=True)
class Known:
    """A child as the store holds one, read past every shield; `label` is whose the record truly is."""

    number: str
    given: str
    family: str
    born: date
    line: str
    postcode: str
    nhs: str
    upn: str
    label: str
    tier: Tier
    held: bool

    @property
    def protected(self) -> bool:
        return self.held or self.tier is not Tier.OPEN

    @property
    def strictness(self) -> tuple[int, bool]:
        return list(Tier).index(self.tier), self.protected


EVERYBODY: Final = """
SELECT c.number, c.given[1] AS given, c.family, c.birth_date AS born, c.address_lines[1] AS line, c.postcode,
       (SELECT value FROM keys k WHERE k.child_id = c.id AND k.system = 'NHS_NUMBER') AS nhs,
       (SELECT value FROM keys k WHERE k.child_id = c.id AND k.system = 'UPN') AS upn,
       c.address_lines[2] AS label, coalesce(s.tier, 'OPEN') AS tier,
       EXISTS (SELECT FROM holds h WHERE h.child_id = c.id AND h.cleared_at IS NULL) AS held
  FROM children c LEFT JOIN shields s ON s.child_id = c.id ORDER BY c.id
"""


def known_from(row: Mapping[str, Any]) -> Known:
    return Known(**{**row, "nhs": row["nhs"] or "", "upn": row["upn"] or "", "tier": Tier(row["tier"])})


@dataclass(frozen=True)
class Said:
    """One row: what a source says of the child called `label`."""

    label: str
    given: str
    family: str
    born: date
    gender: str
    line: str
    postcode: str
    nhs: str
    upn: str
    parent: str

    @property
    def cells(self) -> tuple[str, ...]:
        return (
            *(self.label, self.given, self.family, self.born.isoformat(), self.gender),
            *(self.line, self.label, self.postcode, self.nhs, self.upn, self.parent),
        )


def said_of(person: Person) -> Said:
    """Everything, and nothing wrong."""
    return Said(
        *(person.label, person.given, person.family, person.born, person.gender.value, person.line, person.postcode),
        *(person.nhs.value, person.upn.value, person.parent),
    )


def misspelt(name: str, place: int) -> str:
    """Two neighbouring letters out of turn, or one twice where they are the same."""
    place %= len(name) - 1
    turned = name[:place] + name[place + 1] + name[place] + name[place + 2 :]
    return turned if turned.casefold() != name.casefold() else name[:place] + name[place] + name[place:]


SLIPS: Final = ("none", "given misspelt", "family misspelt", "exchanged", "another surname", "date")


def with_slip(said: Said, slip: str, roll: int) -> Said:
    """The row with one thing wrong in it."""
    if slip == "given misspelt":
        return replace(said, given=misspelt(said.given, roll))
    if slip == "family misspelt":
        return replace(said, family=misspelt(said.family, roll))
    if slip == "exchanged":
        return replace(said, given=said.family, family=said.given)
    if slip == "another surname":
        return replace(said, family=("Quill", "Marlowe", "Ferreira")[roll % 3])
    if slip == "date":
        near = [day for day in near_dates(said.born) if day < date(2025, 1, 1)]
        return replace(said, born=near[roll % len(near)])
    return said


def moved(said: Said, roll: int) -> Said:
    """Elsewhere, where nobody else lives."""
    return replace(said, line=f"{roll} Station Road", postcode=f"B{3 + roll % 6} {roll % 10}ZZ", parent="")


def leaves_a_trace(said: Said, known: Sequence[Known]) -> bool:
    """Whether somebody who saw all of the store, `known` of this very child, could tell that the row may be of it.

    One thing may differ in name or date. Then a protected child is known wherever it lives now; an open one, which is
    not guarded so closely, by a key or its home.
    """
    person = person_called(said.label)
    if len(known) != 1:
        return not known or said == replace(said_of(person), given=said.given, family=said.family)
    [one] = known
    names = (name_key(said.given), name_key(said.family))
    had = (name_key(one.given), name_key(one.family))
    slips = 1 if names == had[::-1] != had else sum(a != b for a, b in zip(names, had, strict=True))
    if said.born != one.born:
        slips += 1 if said.born in near_dates(one.born) else 2
    if slips > 1:
        return False
    if one.protected:
        return True
    if said.nhs not in ("", person.nhs.value):
        return slips == 0 and said.postcode == one.postcode and said.label not in NAMESAKES
    by_key = (said.nhs and said.nhs == one.nhs) or (said.upn and said.upn == one.upn)
    return bool(by_key) or said.postcode == one.postcode


def write(file: Path, rows: Iterable[Said]) -> None:
    with file.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(HEADINGS)
        writer.writerows(row.cells for row in rows)
