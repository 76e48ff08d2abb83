"""Synthetic children as the text that PostgreSQL's COPY reads, a portion at a time; no database here.

The stock of names and places holds no tab, newline, quotation mark or backslash, so nothing needs escaping; a test
keeps it so.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from adapters.records import Name, Tier
from adapters.sandbox.households import REFERENCE_DATE
from adapters.sandbox.names import words
from adapters.sandbox.population import SyntheticIdentity, identity_at, kin_of
from adapters.store.kinship import print_of
from adapters.store.search import name_key
from adapters.store.sounds import sound

COLUMNS = {
    "children": words("""
        id number given family name_key given_key birth_date gender
        address_status address_lines postcode uprn authority family_sound given_sound kin
    """),
    "keys": ["system", "value", "child_id"],
    "former_names": ["child_id", "position", "given", "family", "family_sound", "given_sound"],
    "shields": ["child_id", "tier", "authority", "withheld", "ground", "review_on"],
}

_GROUNDS = ("domestic abuse", "threat to life", "adoption", "witness protection", "honour-based abuse", "trafficking")

_key = lru_cache(maxsize=1 << 16)(name_key)


@dataclass(frozen=True, slots=True)
class Portion:
    """Consecutive children: the rows of each table of `COLUMNS`, and how many rows that is."""

    children: int
    rows: dict[str, bytes]
    counts: dict[str, int]
    sealed: int


def child_id(index: int) -> int:
    """The store's own key of the synthetic child at an index."""
    return index + 1


def render(start: int, stop: int, key: bytes | None = None) -> Portion:
    """The children from index `start` below `stop`, with prints of their kin under the `key`, or without any."""
    tables: dict[str, list[str]] = {table: [] for table in COLUMNS}
    sealed = 0
    for index in range(start, stop):
        child = identity_at(index)
        tables["children"].append(_child_row(child, key))
        tables["keys"].extend(_key_rows(child))
        if child.former_names:
            tables["former_names"].extend(_former_name_rows(child))
        if child.tier is not Tier.OPEN:
            tables["shields"].append(_shield_row(child))
            sealed += child.tier is Tier.SEALED
    return Portion(
        stop - start,
        {table: "".join(rows).encode() for table, rows in tables.items()},
        {table: len(rows) for table, rows in tables.items()},
        sealed,
    )


def _or_null(value: str | None) -> str:
    return "\\N" if value is None else value


def _array(items: Iterable[str]) -> str:
    return '{"' + '","'.join(items) + '"}' if items else "{}"


def _folded(family: str | None) -> str:
    return "\\N" if family is None else _key(family)


def _sounds(name: Name) -> str:
    return f"{sound(name.family or '')}\t{sound(name.given[0])}"


def _kin(index: int, key: bytes | None) -> str:
    """As COPY reads bytes: two backslashes stand for one."""
    prints = "" if key is None else "".join([print_of(key, number).hex() for number in kin_of(index)])
    return f"\\\\x{prints}"


def _child_row(child: SyntheticIdentity, key: bytes | None) -> str:
    name, address = child.name, child.address
    return (
        f"{child_id(child.index)}\t{child.number}\t{_array(name.given)}\t{_or_null(name.family)}\t{_folded(name.family)}\t"
        f"{_key(name.given[0])}\t{child.birth_date}\t{child.gender.value}\t{address.status.value}\t"
        f"{_array(address.lines)}\t{_or_null(address.postcode)}\t{_or_null(address.uprn)}\t{_or_null(child.authority)}\t"
        f"{_sounds(name)}\t{_kin(child.index, key)}\n"
    )


def _key_rows(child: SyntheticIdentity) -> list[str]:
    identifiers = child.keys
    held = (
        ("NHS_NUMBER", identifiers.nhs_number),
        ("UPN", identifiers.upn),
        ("BIRTH_ENTRY", identifiers.birth_entry),
    )
    return [f"{system}\t{key.value}\t{child_id(child.index)}\n" for system, key in held if key is not None]


def _former_name_rows(child: SyntheticIdentity) -> list[str]:
    return [_former_name_row(child.index, position, name) for position, name in enumerate(child.former_names)]


def _former_name_row(index: int, position: int, name: Name) -> str:
    return f"{child_id(index)}\t{position}\t{_array(name.given)}\t{_or_null(name.family)}\t{_sounds(name)}\n"


def _shield_row(child: SyntheticIdentity) -> str:
    ground = _GROUNDS[child.index % len(_GROUNDS)]
    review_on = REFERENCE_DATE + timedelta(days=30 + child.index % 335)
    return (
        f"{child_id(child.index)}\t{child.tier.value}\t{_or_null(child.authority)}\t{_array(sorted(child.withheld))}\t"
        f"{ground}\t{review_on}\n"
    )
