"""Rows of the view `child_readings` become children with their protection. What makes no sense shows nobody (law 8)."""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg
import msgspec

from adapters.records import (
    AddressStatus,
    BirthEntry,
    ChildRecord,
    CircleMember,
    Gender,
    Keys,
    Name,
    NhsNumber,
    Override,
    PostalAddress,
    Protection,
    Tier,
    Upn,
)
from adapters.store.failures import ShieldUnreadable

_keys = msgspec.json.Decoder(dict[str, str])
_names = msgspec.json.Decoder(tuple[Name, ...])
_circle = msgspec.json.Decoder(tuple[CircleMember, ...])
_overrides = msgspec.json.Decoder(tuple[Override, ...])

_WITHHOLDABLE = frozenset({"KEY", "PARENT_NAMES"})
_UNPROTECTED = Protection()
_NO_KEYS = Keys()


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read in one snapshot: the children found, and the epoch under which they are decided."""

    children: tuple[ChildRecord, ...]
    epoch: int


def reading(rows: Sequence[asyncpg.Record]) -> Reading:
    """The children of these rows, which all bear the epoch; a row without an id stands for no child.

    Raises ShieldUnreadable where there is no epoch or a shield cannot be understood.
    """
    if not rows:
        raise ShieldUnreadable("the store has no shield epoch")
    try:
        children = tuple(_child(row) for row in rows if row["id"] is not None)
    except (ValueError, TypeError, msgspec.MsgspecError):
        raise ShieldUnreadable("a child's record or shield cannot be understood") from None
    return Reading(children, rows[0]["epoch"])


def _child(row: asyncpg.Record) -> ChildRecord:
    shielded = row["tier"] is not None
    return ChildRecord(
        id=row["id"],
        number=row["number"],
        name=Name(tuple(row["given"]), row["family"]),
        birth_date=row["birth_date"],
        gender=Gender(row["gender"]),
        address=PostalAddress(
            AddressStatus(row["address_status"]), tuple(row["address_lines"]), row["postcode"], row["uprn"]
        ),
        former_names=_names.decode(row["former_names"]) if row["former_names"] else (),
        keys=_keys_of(row["keys"]),
        authority=row["shield_authority"] if shielded else row["authority"],
        protection=_protection(row),
    )


def _keys_of(text: str | None) -> Keys:
    if text is None:
        return _NO_KEYS
    values = _keys.decode(text)
    return Keys(
        nhs_number=NhsNumber(values["NHS_NUMBER"]) if "NHS_NUMBER" in values else None,
        upn=Upn(values["UPN"]) if "UPN" in values else None,
        birth_entry=BirthEntry(values["BIRTH_ENTRY"]) if "BIRTH_ENTRY" in values else None,
    )


def _protection(row: asyncpg.Record) -> Protection:
    tier, held, circle, overrides = row["tier"], row["held"], row["circle"], row["overrides"]
    if tier is None and held is False and circle is None and overrides is None:
        return _UNPROTECTED
    withheld = frozenset(row["withheld"] or ())
    if tier == Tier.OPEN.value or not withheld <= _WITHHOLDABLE or not isinstance(held, bool):
        raise ValueError("a shield must be SHIELDED or SEALED, and withhold only what can be withheld")
    return Protection(
        tier=Tier.OPEN if tier is None else Tier(tier),
        held=held,
        withheld=withheld,
        circle=_circle.decode(circle) if circle else (),
        overrides=_overrides.decode(overrides) if overrides else (),
    )
