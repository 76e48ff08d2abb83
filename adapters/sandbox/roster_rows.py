"""The synthetic children and schools as OneRoster rows: users, organisations and enrolments, by arithmetic alone.

A child whose index ends in seven has a second, deleted row at another school: one that must not count.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from adapters.sandbox.known import KnownChildren
from adapters.sandbox.places import SyntheticSchool
from adapters.sandbox.population import CAPACITY, SyntheticChild

Row = dict[str, object]

CHANGED = "2026-09-04T06:30:00.000Z"


def users_of(known: KnownChildren, index: int) -> Iterator[Row]:
    """Give the rows of the child at an index: none where it has no UPN, for then no school has met it."""
    child = known.child_at(index)
    if child.keys.upn is None:
        return
    yield _user(child, f"pupil-{index:08d}", "active", list(_roles(child)))
    if index % 10 == 7:
        elsewhere = known.child_at((index + 10) % CAPACITY).school_urn
        roles = [_role(elsewhere, "primary", date(2019, 9, 2), None)] if elsewhere else []
        yield _user(child, f"pupil-{index:08d}-old", "tobedeleted", roles)


def enrollments_of(known: KnownChildren, index: int) -> Iterator[Row]:
    """Give the enrolment of the child at an index, in its year's class."""
    child = known.child_at(index)
    if child.keys.upn is None or child.school_urn is None:
        return
    yield {
        "sourcedId": f"enrolment-{index:08d}",
        "status": "active",
        "dateLastModified": CHANGED,
        "user": _reference(f"pupil-{index:08d}", "user"),
        "class": _reference(f"class-{child.school_urn}", "class"),
        "school": _reference(f"school-{child.school_urn}", "org"),
        "role": "student",
        "primary": "true",
        **_dates(child.enrolled_from, None),
    }


def org_of(school: SyntheticSchool) -> Row:
    """Give a school's row, which knows neither address nor telephone."""
    return {
        "sourcedId": f"school-{school.urn}",
        "status": "active",
        "dateLastModified": CHANGED,
        "name": school.name,
        "type": "school",
        "identifier": school.urn,
    }


def index_of_pupil(sourced_id: str) -> int | None:
    """Give the index of the child whose row this is; None for another's."""
    kind, _, rest = sourced_id.partition("-")
    digits = rest.removesuffix("-old")
    known = kind in {"pupil", "enrolment"} and digits.isascii() and digits.isdigit() and int(digits) < CAPACITY
    return int(digits) if known else None


def urn_of_school(sourced_id: str) -> str:
    """Give the URN in a school's `sourcedId`; of any other text, one that no school has."""
    return sourced_id.removeprefix("school-")


def _user(child: SyntheticChild, sourced_id: str, status: str, roles: list[Row]) -> Row:
    upn = child.keys.upn
    return {
        "sourcedId": sourced_id,
        "status": status,
        "dateLastModified": CHANGED,
        "enabledUser": "true",
        "username": sourced_id,
        "givenName": child.name.given[0],
        "familyName": child.name.family or "",
        "identifier": upn.value if upn else "",
        "userIds": [{"type": "UPN", "identifier": upn.value if upn else ""}],
        "roles": roles,
        "grades": [],
        "password": "",
    }


def _roles(child: SyntheticChild) -> Iterator[Row]:
    if child.school_urn is not None:
        yield _role(child.school_urn, "primary", child.enrolled_from, None)
    if child.former_school_urn is not None and child.enrolled_from is not None:
        ended = child.enrolled_from - timedelta(days=1)
        yield _role(child.former_school_urn, "secondary", child.former_enrolled_from, ended)


def _role(urn: str, role_type: str, begin: date | None, end: date | None) -> Row:
    reference = _reference(f"school-{urn}", "org")
    return {"roleType": role_type, "role": "student", "org": reference, **_dates(begin, end)}


def _dates(begin: date | None, end: date | None) -> Row:
    dates = {"beginDate": begin, "endDate": end}
    return {name: day.isoformat() for name, day in dates.items() if day is not None}


def _reference(sourced_id: str, kind: str) -> Row:
    return {"href": f"/{kind}s/{sourced_id}", "sourcedId": sourced_id, "type": kind}
