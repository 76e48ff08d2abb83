"""Rows of the view `child_readings` become children with their protection. What makes no sense shows nobody (law 8)."""

from collections.abc import Sequence

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


class _Held(msgspec.Struct, rename=str.upper, gc=False):
    nhs_number: str | None = None
    upn: str | None = None
    birth_entry: str | None = None


_keys = msgspec.json.Decoder(_Held)
_names = msgspec.json.Decoder(tuple[Name, ...])
_circle = msgspec.json.Decoder(tuple[CircleMember, ...])
_overrides = msgspec.json.Decoder(tuple[Override, ...])

# Looked up rather than made: to call an enum costs ten times as much. What is in neither is a KeyError.
_GENDERS = {gender.value: gender for gender in Gender}
_STATUSES = {status.value: status for status in AddressStatus}

_WITHHOLDABLE = frozenset({"KEY", "PARENT_NAMES"})
_UNPROTECTED = Protection()
_NO_KEYS = Keys()


class Reading(msgspec.Struct, frozen=True, gc=False):
    """What was read in one snapshot: the children found, and the epochs under which they are decided.

    `epoch` is of the shields, `registered` of the registry; there is none of 0, so nothing is recorded under it.
    """

    children: tuple[ChildRecord, ...]
    epoch: int
    registered: int = 0


def reading(rows: Sequence[asyncpg.Record]) -> Reading:
    """The children of these rows, which all bear both epochs; a row without an id stands for no child.

    Raises ShieldUnreadable where there is no epoch of either or a shield cannot be understood.
    """
    if not rows:
        raise ShieldUnreadable("the store has no shield epoch, or no registry epoch")
    try:
        children = tuple([_child(row) for row in rows if row["id"] is not None])
    except (ValueError, TypeError, KeyError, msgspec.MsgspecError):
        raise ShieldUnreadable("a child's record or shield cannot be understood") from None
    return Reading(children, rows[0]["epoch"], rows[0]["registered"])


def _child(row: asyncpg.Record) -> ChildRecord:
    shielded = row["tier"] is not None
    return ChildRecord(
        id=row["id"],
        number=row["number"],
        name=Name(tuple(row["given"]), row["family"]),
        birth_date=row["birth_date"],
        gender=_GENDERS[row["gender"]],
        address=PostalAddress(
            _STATUSES[row["address_status"]], tuple(row["address_lines"]), row["postcode"], row["uprn"]
        ),
        former_names=_names.decode(row["former_names"]) if row["former_names"] else (),
        keys=_keys_of(row["keys"]),
        authority=row["shield_authority"] if shielded else row["authority"],
        protection=_protection(row),
        kin=row["kin"],
    )


def _keys_of(text: str | None) -> Keys:
    if text is None:
        return _NO_KEYS
    held = _keys.decode(text)
    return Keys(
        None if held.nhs_number is None else NhsNumber(held.nhs_number),
        None if held.upn is None else Upn(held.upn),
        None if held.birth_entry is None else BirthEntry(held.birth_entry),
    )


def _protection(row: asyncpg.Record) -> Protection:
    tier, held, circle, overrides = row["tier"], row["held"], row["circle"], row["overrides"]
    unconfirmed_by = row["unconfirmed_by"]
    if tier is None and held is False and circle is None and overrides is None and unconfirmed_by is None:
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
        unconfirmed_by=unconfirmed_by,
    )
