"""Entries of feeds that wait for somebody's word, and the children they may be.

An entry is told as far as the decisions about those children let it be told: what they have in common may be read in
it, or the entry would say what a child's record does not. Where an entry is somebody else's, it only waits.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from typing import Final

import strawberry
from msgspec.structs import replace

from adapters.identity import IdentityEntry, LikenessReason, QuarantineOutcome
from adapters.records import Gender, Name, PostalAddress
from adapters.shield_records import QuarantineRow
from resolvers.children import DecidedChild
from resolvers.disclosure import Category, Disclosure
from schema.child import Child
from schema.directives import shielded
from schema.values import Address, PersonName

strawberry.enum(QuarantineOutcome, description="Why an entry waits.")
strawberry.enum(LikenessReason, description="What speaks for or against a child and an entry being one.")

# What a reason speaks of. It is given to whoever may know that of the child; "address matches" would confirm one.
SPEAKS_OF: Final[Mapping[LikenessReason, Category]] = {
    LikenessReason.SAME_KEY: Category.KEY,
    LikenessReason.FORMER_KEY: Category.KEY,
    LikenessReason.SOURCE_ROW: Category.KEY,
    LikenessReason.KEY_CONFLICT: Category.KEY,
    LikenessReason.SAME_NAME: Category.IDENTITY,
    LikenessReason.NAME_ALIKE: Category.IDENTITY,
    LikenessReason.NAME_SOUNDS_ALIKE: Category.IDENTITY,
    LikenessReason.NAMES_EXCHANGED: Category.IDENTITY,
    LikenessReason.NAME_DIFFERS: Category.IDENTITY,
    LikenessReason.FORMER_NAME: Category.HISTORY,
    LikenessReason.SAME_BIRTH_DATE: Category.IDENTITY,
    LikenessReason.BIRTH_DATE_CLOSE: Category.IDENTITY,
    LikenessReason.BIRTH_DATE_DIFFERS: Category.IDENTITY,
    LikenessReason.GENDER_DIFFERS: Category.IDENTITY,
    LikenessReason.SAME_ADDRESS: Category.ADDRESS,
    LikenessReason.SAME_POSTCODE: Category.ADDRESS,
}

# What of an entry would say where a child is, should it be of one whom its reader may not be told of.
WHEREABOUTS: Final = frozenset({Category.ADDRESS, Category.SCHOOL})

# Outcomes that speak of a shield; where none of the children is protected any more, nobody is told that one was.
OF_SHIELDS: Final = frozenset(
    {
        QuarantineOutcome.LIKE_PROTECTED,
        QuarantineOutcome.PROTECTED_NAME_CHANGE,
        QuarantineOutcome.PROTECTED_BIRTH_DATE_CHANGE,
    }
)


@strawberry.enum(description="Whether an entry is yours to resolve, or waits for somebody else.")
class EntryState(Enum):
    OPEN = "OPEN"
    PENDING = "PENDING"


@strawberry.type(description="What a source says of somebody, as far as you may know it of those it may be.")
class IncomingRecord:
    entry: strawberry.Private[IdentityEntry]
    disclosure: strawberry.Private[Disclosure]

    @shielded(Category.IDENTITY, gives=PersonName)
    def name(self) -> Name:
        return self.entry.name

    @shielded(Category.IDENTITY)
    def birth_date(self) -> date:
        return self.entry.birth_date

    @shielded(Category.IDENTITY, "Null where the source does not say.")
    def gender(self) -> Gender | None:
        return self.entry.gender

    @shielded(Category.KEY)
    def nhs_number(self) -> strawberry.ID | None:
        key = self.entry.keys.nhs_number
        return None if key is None else strawberry.ID(key.value)

    @shielded(Category.SCHOOL, "It encodes an authority and a school.")
    def upn(self) -> strawberry.ID | None:
        key = self.entry.keys.upn
        return None if key is None else strawberry.ID(key.value)

    @shielded(Category.ADDRESS, gives=Address | None)
    def address(self) -> PostalAddress | None:
        return self.entry.address


@strawberry.type(description="A child that an entry may be.")
class Candidate:
    child: Child
    reasons: list[LikenessReason]

    @staticmethod
    def of(child: DecidedChild, reasons: Sequence[LikenessReason]) -> "Candidate":
        told = [reason for reason in reasons if child.disclosure.shows(SPEAKS_OF[reason])]
        return Candidate(child=Child(subject=child.record, disclosure=child.disclosure), reasons=told)


@strawberry.type(description="An entry that waits. Where it waits for somebody else, nothing but that is said.")
class QuarantineEntry:
    reference: strawberry.ID
    received_at: datetime
    state: EntryState
    source: str | None
    outcome: QuarantineOutcome | None
    incoming: IncomingRecord | None
    candidates: list[Candidate] | None

    @staticmethod
    def of(row: QuarantineRow, children: Mapping[str, DecidedChild]) -> "QuarantineEntry":
        named = row.candidates or ()
        found = [(children[number], reasons) for number, reasons in named if number in children]
        mine = row.entry is not None and len(found) == len(named)
        return QuarantineEntry(
            reference=strawberry.ID(row.reference),
            received_at=row.received_at,
            state=EntryState.OPEN if mine else EntryState.PENDING,
            source=row.source if mine else None,
            outcome=_outcome(row, [child.disclosure for child, _ in found]) if mine else None,
            incoming=_incoming(row, [child.disclosure for child, _ in found]) if mine else None,
            candidates=[Candidate.of(child, reasons) for child, reasons in found] if mine else None,
        )


@strawberry.type(description="A page of what waits, the longest waiting first.")
class QuarantineConnection:
    nodes: list[QuarantineEntry]
    has_next_page: bool
    end_cursor: str | None


def candidates_in(rows: Sequence[QuarantineRow]) -> list[str]:
    """The numbers of all children that a page names, each once."""
    return list(dict.fromkeys(number for row in rows for number, _ in row.candidates or ()))


def _outcome(row: QuarantineRow, disclosures: Sequence[Disclosure]) -> QuarantineOutcome | None:
    unprotected = not any(disclosure.protected for disclosure in disclosures)
    return QuarantineOutcome.DOUBTFUL if row.outcome in OF_SHIELDS and unprotected else row.outcome


def _incoming(row: QuarantineRow, disclosures: Sequence[Disclosure]) -> IncomingRecord | None:
    """The entry under what the decisions have in common; the ledger has it with the likeliest of the children.

    None where it is like no child any more: then nothing has been decided by which it could be told.
    """
    if row.entry is None or not disclosures:
        return None
    common = frozenset.intersection(*(disclosure.shown for disclosure in disclosures))
    shown = common - WHEREABOUTS if row.anothers else common
    return IncomingRecord(entry=row.entry, disclosure=replace(disclosures[0], shown=shown))
