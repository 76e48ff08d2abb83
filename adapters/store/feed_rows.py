"""Entries, decisions and candidates as the store's feed functions write and read them: pure, no connection here.

A row holds what is hidden from most: it goes into the database and nowhere else.
"""

from datetime import date, datetime

import asyncpg
import msgspec

from adapters.identity import Candidate, Decision, IdentityEntry
from adapters.records import (
    AddressStatus,
    BirthEntry,
    Gender,
    Identifier,
    Keys,
    Name,
    NhsNumber,
    PostalAddress,
    Upn,
)
from adapters.store.search import name_key
from adapters.store.sounds import sound

IDENTIFIERS: dict[str, type[Identifier]] = {"NHS_NUMBER": NhsNumber, "UPN": Upn, "BIRTH_ENTRY": BirthEntry}


class CandidateRow(msgspec.Struct, frozen=True, gc=False):
    """A child that an entry in quarantine may be."""

    child: int
    score: float
    reasons: tuple[str, ...]


class FeedRow(msgspec.Struct, frozen=True, gc=False):
    """The composite type `feed_entry` (0011_feeding.sql, 0018_own_record.sql), field by field."""

    position: int
    decision: str
    child: int | None
    number: str | None
    reference: str | None
    outcome: str | None
    digest: str
    row_key: str | None
    given: tuple[str, ...]
    family: str | None
    name_key: str | None
    given_key: str
    family_sound: str
    given_sound: str
    birth_date: date
    gender: str | None
    address_status: str | None
    address_lines: tuple[str, ...] | None
    postcode: str | None
    uprn: str | None
    authority: str | None
    as_of: datetime
    keys: dict[str, str] | None
    parents: tuple[str, ...] | None
    candidates: tuple[CandidateRow, ...] = ()
    kin: tuple[str, ...] | None = None


class _FormerKey(msgspec.Struct):
    system: str
    value: str


_row = msgspec.json.Decoder(FeedRow)
_held = msgspec.json.Decoder(dict[str, str])
_former = msgspec.json.Decoder(list[_FormerKey])
_names = msgspec.json.Decoder(tuple[Name, ...])


def as_row(entry: IdentityEntry, decision: Decision, number: str, reference: str, position: int = 0) -> FeedRow:
    """An entry and what was decided of it. `number` and `reference` are fresh: the store may yet need either."""
    name, address = entry.name, entry.address
    first = name.given[0]
    return FeedRow(
        position=position,
        decision=decision.decided.value,
        child=decision.child_id,
        number=number,
        reference=reference,
        outcome=None if decision.outcome is None else decision.outcome.value,
        digest=entry.digest.hex(),
        row_key=None if entry.row_key is None else entry.row_key.hex(),
        given=name.given,
        family=name.family,
        name_key=None if name.family is None else name_key(name.family),
        given_key=name_key(first),
        family_sound=sound(name.family or ""),
        given_sound=sound(first),
        birth_date=entry.birth_date,
        gender=None if entry.gender is None else entry.gender.value,
        address_status=None if address is None else address.status.value,
        address_lines=None if address is None else address.lines,
        postcode=None if address is None else address.postcode,
        uprn=None if address is None else address.uprn,
        authority=entry.authority,
        as_of=entry.as_of,
        keys=dict(held_keys(entry.keys)),
        parents=tuple([parent.hex() for parent in entry.parents]),
        candidates=tuple(
            [
                CandidateRow(x.child_id, x.score, tuple([reason.value for reason in x.reasons]))
                for x in decision.likenesses
            ]
        ),
        kin=tuple([print_.hex() for print_ in entry.kin]),
    )


def entry_of(text: str) -> IdentityEntry:
    """An entry as it waits in quarantine; which line it stood on is forgotten."""
    row = _row.decode(text)
    return IdentityEntry(
        line=0,
        name=Name(row.given, row.family),
        birth_date=row.birth_date,
        gender=None if row.gender is None else Gender(row.gender),
        address=None
        if row.address_status is None
        else PostalAddress(AddressStatus(row.address_status), row.address_lines or (), row.postcode, row.uprn),
        keys=_keys(row.keys or {}),
        as_of=row.as_of,
        digest=bytes.fromhex(row.digest),
        authority=row.authority,
        parents=tuple(bytes.fromhex(parent) for parent in row.parents or ()),
        row_key=None if row.row_key is None else bytes.fromhex(row.row_key),
        kin=tuple(bytes.fromhex(print_) for print_ in row.kin or ()),
    )


def candidate_of(row: asyncpg.Record) -> Candidate:
    """A child that the statement `candidates` found. Raises ValueError or KeyError where it makes no sense."""
    former_names, former_keys, keys = row["former_names"], row["former_keys"], row["keys"]
    return Candidate(
        child_id=row["id"],
        name=Name(tuple(row["given"]), row["family"]),
        former_names=_names.decode(former_names) if former_names else (),
        birth_date=row["birth_date"],
        gender=_GENDERS[row["gender"]],
        address=PostalAddress(
            _STATUSES[row["address_status"]], tuple(row["address_lines"]), row["postcode"], row["uprn"]
        ),
        keys=_keys(_held.decode(keys)) if keys else _NO_KEYS,
        protected=row["protected"],
        former_keys=frozenset([IDENTIFIERS[key.system](key.value) for key in _former.decode(former_keys)])
        if former_keys
        else _NO_FORMER_KEYS,
        by_source_row=row["by_row"],
        name_as_of=row["name_as_of"],
    )


def held_keys(keys: Keys) -> list[tuple[str, str]]:
    """The keys that there are, by system and value."""
    held = (("NHS_NUMBER", keys.nhs_number), ("UPN", keys.upn), ("BIRTH_ENTRY", keys.birth_entry))
    return [(system, key.value) for system, key in held if key is not None]


_GENDERS = {gender.value: gender for gender in Gender}
_STATUSES = {status.value: status for status in AddressStatus}
_NO_KEYS = Keys()
_NO_FORMER_KEYS: frozenset[Identifier] = frozenset()


def _keys(held: dict[str, str]) -> Keys:
    nhs_number, upn, birth_entry = held.get("NHS_NUMBER"), held.get("UPN"), held.get("BIRTH_ENTRY")
    return Keys(
        None if nhs_number is None else NhsNumber(nhs_number),
        None if upn is None else Upn(upn),
        None if birth_entry is None else BirthEntry(birth_entry),
    )
