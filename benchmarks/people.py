"""The children that are measured, what each agency holds of them, and the answer that every contestant must give.

All of it follows from the sandbox's population, so nothing here is stored and every contestant has the same data.
"""

from collections.abc import Iterator
from typing import Any, Final

from adapters.parent_names import same_person
from adapters.records import AddressStatus, Name, PostalAddress, Tier
from adapters.sandbox.population import SyntheticChild, child_at, practice_at, school_at

POPULATION: Final = 10_000  # children in the store
AS_OF: Final = "2026-09-01T08:00:00+00:00"

KINDS: Final = ("schools", "practices", "parents", "contacts")


def measured_children(population: int = POPULATION) -> Iterator[SyntheticChild]:
    """The children of whom every field asked for has a value: open ones, with a school, a practice and two parents."""
    for index in range(population):
        child = child_at(index)
        if _complete(child):
            yield child


def _complete(child: SyntheticChild) -> bool:
    keys = child.keys
    return (
        child.tier is Tier.OPEN
        and child.address.status is AddressStatus.CURRENT
        and child.name.family is not None
        and None not in (keys.nhs_number, keys.upn, keys.birth_entry, child.school_urn, child.practice_ods)
        and len(child.parents) == 2
        and not same_person(child.parents[0].name, child.parents[1].name)
        and all(parent.phone and parent.email and parent.address for parent in child.parents)
    )


def key_of(kind: str, child: SyntheticChild) -> str:
    """The key by which an agency knows the child."""
    keys = child.keys
    key = keys.upn if kind == "schools" else keys.birth_entry if kind == "parents" else keys.nhs_number
    if key is None:
        raise ValueError(f"the child at {child.index} is none of those measured")
    return key.value


def held_by(kind: str, child: SyntheticChild) -> Any:
    """What the agency answers for the child, in its own spelling: `as_of` and `ods_code`."""
    origin = {"agency": kind, "as_of": AS_OF}
    match kind:
        case "schools":
            school = school_at(child.school_urn or "")
            assert school is not None
            assert child.enrolled_from is not None
            described = {
                "urn": school.urn,
                "name": school.name,
                "phase": school.phase,
                "phone": school.phone,
                "address": _address(school.address),
            }
            return [{"school": described, "start": child.enrolled_from.isoformat(), "end": None, "origin": origin}]
        case "practices":
            practice = practice_at(child.practice_ods or "")
            assert practice is not None
            return {
                "ods_code": practice.ods_code,
                "name": practice.name,
                "phone": practice.phone,
                "address": _address(practice.address),
                "origin": origin,
            }
        case "parents":
            return [
                {"name": _name(parent.name), "relationship": parent.relationship, "origin": origin}
                for parent in child.parents
            ]
        case _:
            return [
                {
                    "name": _name(parent.name),
                    "phone": parent.phone,
                    "email": parent.email,
                    "address": _address(parent.address),
                    "origin": origin,
                }
                for parent in child.parents
            ]


def expected(child: SyntheticChild) -> dict[str, Any]:
    """What every contestant must answer for the child."""
    [enrolment], practice = held_by("schools", child), held_by("practices", child)
    origin = {"agency": practice["origin"]["agency"], "asOf": AS_OF}
    return {
        "number": child.number,
        "name": _name(child.name),
        "birthDate": child.birth_date.isoformat(),
        "gender": child.gender.value,
        "address": _address(child.address),
        "enrolments": [
            {
                "school": enrolment["school"],
                "start": enrolment["start"],
                "end": enrolment["end"],
                "origin": {"agency": enrolment["origin"]["agency"], "asOf": AS_OF},
            }
        ],
        "practice": {
            "odsCode": practice["ods_code"],
            "name": practice["name"],
            "phone": practice["phone"],
            "address": practice["address"],
            "origin": origin,
        },
        "parents": [
            {
                "name": parent["name"],
                "relationship": parent["relationship"],
                "phone": contact["phone"],
                "email": contact["email"],
                "address": contact["address"],
            }
            for parent, contact in zip(held_by("parents", child), held_by("contacts", child), strict=True)
        ],
    }


def _name(name: Name) -> dict[str, Any]:
    return {"given": list(name.given), "family": name.family}


def _address(address: PostalAddress | None) -> dict[str, Any] | None:
    if address is None:
        return None
    return {
        "status": address.status.value,
        "lines": list(address.lines),
        "postcode": address.postcode,
        "uprn": address.uprn,
    }
