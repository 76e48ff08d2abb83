"""OneRoster's rows on the wire, versions 1.1 and 1.2, and what we read of them: pure functions, no network.

Of a pupil only key, status and roles are declared, so a name, e-mail or `password` that arrives is dropped unread.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, TypeAlias

import msgspec

from adapters.agency import AgencyBroken, Answer, Failed, Found, NotRecorded

SYSTEM = "oneroster"
GONE = "tobedeleted"
MOST_PLACES = 50  # of one pupil; each may be another school to look up


@dataclass(frozen=True, slots=True)
class Place:
    """A pupil's place at an organisation of the roster, before anyone has looked which school that is."""

    org: str
    start: date | None
    end: date | None
    as_of: datetime


Places: TypeAlias = tuple[Place, ...]


class Org(msgspec.Struct, rename="camel"):
    """An organisation of the roster; a school's `identifier` is its URN."""

    sourced_id: str
    type: str
    status: str = "active"
    identifier: str | None = None


class _Reference(msgspec.Struct, rename="camel"):
    sourced_id: str


class _Role(msgspec.Struct, rename="camel"):
    role: str
    org: _Reference
    begin_date: str | None = None
    end_date: str | None = None


class _User(msgspec.Struct, rename="camel"):
    """Version 1.1 has one `role` for all `orgs`, version 1.2 a list of `roles`."""

    identifier: str | None = None
    status: str = "active"
    date_last_modified: datetime | None = None
    roles: Annotated[list[_Role], msgspec.Meta(max_length=MOST_PLACES)] | None = None
    role: str | None = None
    orgs: Annotated[list[_Reference], msgspec.Meta(max_length=MOST_PLACES)] = []


class _Keyed(msgspec.Struct):
    identifier: str | None = None


_COLLECTION = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ROWS = msgspec.json.Decoder(list[msgspec.Raw])
_USER = msgspec.json.Decoder(_User)
_KEYED = msgspec.json.Decoder(_Keyed)
_ORG = msgspec.json.Decoder(Org)


def rows_of(body: bytes, collection: str, most: int) -> list[msgspec.Raw]:
    """Give the rows of a page, each still unread, so that one damaged row costs no other.

    Raises AgencyBroken, also where there are more than the `most` that were asked for.
    """
    try:
        rows = _ROWS.decode(_COLLECTION.decode(body)[collection])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError):
        rows = None
    if rows is None:
        raise AgencyBroken(f"`{SYSTEM}` answered what is no list of `{collection}`")
    if len(rows) > most:
        raise AgencyBroken(f"`{SYSTEM}` answered with a longer page than the {most} rows asked for")
    return rows


def read_user(row: msgspec.Raw) -> tuple[str | None, Answer[Places]]:
    """Give a user's key and the places it has as a pupil; raises AgencyBroken where a row does not say whose it is.

    A row marked for deletion counts as no row at all.
    """
    try:
        user = _USER.decode(row)
        if user.status == GONE:
            return user.identifier, NotRecorded()
        return user.identifier, Found(tuple(_places(user)))
    except (msgspec.DecodeError, RecursionError, ValueError):
        pass
    try:
        key = _KEYED.decode(row).identifier
    except msgspec.DecodeError:
        raise AgencyBroken(f"`{SYSTEM}` answered with a row that is no user") from None
    return key, Failed(AgencyBroken(f"`{SYSTEM}` answered with a user that cannot be read"))


def read_org(row: msgspec.Raw) -> Org:
    """Give an organisation; raises AgencyBroken."""
    try:
        return _ORG.decode(row)
    except msgspec.DecodeError:
        pass
    raise AgencyBroken(f"`{SYSTEM}` answered with a row that is no organisation")


def _places(user: _User) -> list[Place]:
    said = user.date_last_modified or datetime.now(UTC)
    as_of = said if said.tzinfo else said.replace(tzinfo=UTC)
    if user.roles is None:
        return [Place(org.sourced_id, None, None, as_of) for org in user.orgs if user.role == "student"]
    return [
        Place(role.org.sourced_id, _day(role.begin_date), _day(role.end_date), as_of)
        for role in user.roles
        if role.role == "student"
    ]


def _day(text: str | None) -> date | None:
    """Read a date, with or without a time after it; a damaged one is an error, or a past place would look present."""
    return date.fromisoformat(text[:10]) if text else None
