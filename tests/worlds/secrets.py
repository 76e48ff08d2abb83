"""What is varied between two worlds: of every child exactly what the viewing may not see, and nothing besides."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import groupby
from typing import Final

import msgspec

from adapters.agency import AgencyName
from adapters.records import Gender, Keys, Name, Tier
from adapters.sandbox.faults import Fault
from adapters.sandbox.households import FIRSTS, SIZES
from adapters.sandbox.places import AUTHORITIES, practices, schools
from adapters.sandbox.population import SyntheticParent, SyntheticService
from gateway.purpose import Purpose
from tests.worlds.casting import Cast
from tests.worlds.marks import Marks
from tests.worlds.viewings import Person, Viewing

Varied = Callable[[Person, Marks, random.Random], Person]

SCHOOLS: Final = tuple(school.urn for school in schools())
PRACTICES: Final = tuple(practice.ods_code for practice in practices())
_HOUSEHOLD_OF: Final = {first + n: first for first, size in zip(FIRSTS, SIZES, strict=True) for n in range(size)}


@dataclass(frozen=True, slots=True)
class Secret:
    """One kind of value: hidden where all of its categories are. `shared`: where they are for the whole household."""

    name: str
    categories: frozenset[str]
    vary: Varied
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Different:
    """One side of a pair: everybody, and how whole agencies behave that no field of this viewing needs."""

    people: Cast
    faults: Mapping[AgencyName, Fault]


def _address(person: Person, marks: Marks, chance: random.Random) -> Person:
    child = replace(person.child, address=marks.address())
    if chance.random() < 0.5:
        child = replace(child, authority=chance.choice(AUTHORITIES).gss)
    return replace(person, child=child)


def _history(person: Person, marks: Marks, chance: random.Random) -> Person:
    names = tuple(Name(person.child.name.given, marks.word()) for _ in range(chance.randrange(3)))
    return replace(person, child=replace(person.child, former_names=names))


def _school(person: Person, marks: Marks, chance: random.Random) -> Person:
    child = person.child
    upn = None if chance.random() < 0.2 else marks.upn()
    since = child.birth_date + timedelta(days=chance.randrange(1, 400))
    urn, former = (chance.choice((*SCHOOLS, None)) for _ in range(2))
    keys = msgspec.structs.replace(child.keys, upn=upn)
    return replace(
        person,
        child=replace(
            child,
            keys=keys,
            school_urn=urn,
            enrolled_from=since if urn else None,
            former_school_urn=former,
            former_enrolled_from=since - timedelta(days=200) if former else None,
        ),
    )


def _practice(person: Person, _: Marks, chance: random.Random) -> Person:
    return replace(person, child=replace(person.child, practice_ods=chance.choice((*PRACTICES, None))))


def _key(person: Person, marks: Marks, chance: random.Random) -> Person:
    """The NHS number and the birth entry, for the store and for every agency alike."""
    child = person.child
    nhs_number = marks.nhs_number() if child.keys.nhs_number else None
    entry = marks.birth_entry() if child.keys.birth_entry else None
    keys = Keys(nhs_number, child.keys.upn, entry)
    return replace(person, child=replace(child, keys=keys, birth_entry=entry or child.birth_entry))


def _contact(person: Person, marks: Marks, chance: random.Random) -> Person:
    parents = tuple(_reached(parent, marks, chance) for parent in person.child.parents)
    return replace(person, child=replace(person.child, parents=parents))


def _reached(parent: SyntheticParent, marks: Marks, chance: random.Random) -> SyntheticParent:
    phone, email, address = (chance.random() < 0.8 for _ in range(3))
    return replace(
        parent,
        phone=marks.phone() if phone else None,
        email=marks.email() if email else None,
        address=marks.address() if address else None,
    )


def _parents(person: Person, marks: Marks, chance: random.Random) -> Person:
    parents = tuple(replace(parent, name=marks.name()) for parent in person.child.parents)
    kept = chance.randrange(len(parents) + 1) if not person.child.keys.nhs_number else len(parents)
    return replace(person, child=replace(person.child, parents=parents[:kept]))


def _services(person: Person, marks: Marks, chance: random.Random) -> Person:
    sensitive = tuple(service for service in person.child.services if service.sensitive)
    plain = tuple(_service(marks, chance, sensitive=False) for _ in range(chance.randrange(4)))
    return replace(person, child=replace(person.child, services=(*plain, *sensitive)))


def _sensitive(person: Person, marks: Marks, chance: random.Random) -> Person:
    """Those without consent: of a consented one a reference shows."""
    shown = tuple(service for service in person.child.services if not service.sensitive or service.consented)
    hidden = tuple(_service(marks, chance, sensitive=True) for _ in range(chance.randrange(3)))
    return replace(person, child=replace(person.child, services=(*shown, *hidden)))


def _service(marks: Marks, chance: random.Random, *, sensitive: bool) -> SyntheticService:
    return SyntheticService(
        marks.word(), marks.word(), marks.word(), marks.phone(), marks.email(), chance.random() < 0.5, sensitive, False
    )


def _existence(person: Person, marks: Marks, chance: random.Random) -> Person:
    """Nobody at all, or somebody else altogether."""
    child = person.child
    if chance.random() < 0.4:
        nobody = replace(child, keys=Keys(), birth_entry=None, parents=(), services=(), practice_ods=None)
        return replace(person, child=nobody, present=False)
    other = replace(
        child,
        number=marks.number() if chance.random() < 0.5 else child.number,
        name=marks.name() if chance.random() < 0.5 else child.name,
        birth_date=child.birth_date + timedelta(days=chance.randrange(-300, 300)),
        gender=chance.choice(tuple(Gender)),
    )
    for secret in SECRETS:
        if secret.name not in ("existence", "parents", "contact"):
            other = secret.vary(replace(person, child=other), marks, chance).child
    return replace(person, child=other)


def _untold(person: Person, marks: Marks, chance: random.Random) -> Person:
    """What a shield says of itself to nobody: its ground and review, who else is let in, and who looks behind it."""
    protected = replace(
        person.protected,
        ground=marks.word(),
        review_on=f"2027-{chance.randrange(1, 13):02d}-{chance.randrange(1, 29):02d}",
        circle=(
            *person.protected.circle,
            *((f"school-{urn}", frozenset({"ADDRESS"})) for urn in chance.sample(SCHOOLS, chance.randrange(3))),
        ),
        overrides=(
            *person.protected.overrides,
            *((f"viewer-{marks.word()}", marks.word()) for _ in range(chance.randrange(2))),
        ),
    )
    return replace(person, protected=protected)


SECRETS: Final = (
    Secret("address", frozenset({"ADDRESS"}), _address),
    Secret("history", frozenset({"HISTORY"}), _history),
    Secret("school", frozenset({"SCHOOL"}), _school),
    Secret("practice", frozenset({"PRACTICE"}), _practice),
    Secret("key", frozenset({"KEY"}), _key),
    Secret("contact", frozenset({"CONTACT"}), _contact, shared=True),
    Secret("parents", frozenset({"PARENT_NAMES", "CONTACT"}), _parents, shared=True),
    Secret("services", frozenset({"SERVICES"}), _services),
    Secret("sensitive", frozenset({"SENSITIVE_SERVICE"}), _sensitive),
    Secret("existence", frozenset({"IDENTITY"}), _existence),
)
UNTOLD: Final = Secret("untold", frozenset(), _untold)


def secrets_of(viewing: Viewing, token: str, cast: Cast) -> Mapping[int, tuple[Secret, ...]]:
    """Of every child, what may differ before this viewer."""
    hidden = {index: viewing.hidden(person, token) for index, person in cast.items()}
    of_household = {
        home: frozenset.intersection(*(hidden[index] for index in members))
        for home, members in groupby(cast, _HOUSEHOLD_OF.__getitem__)
    }
    return {
        index: _secrets_of(viewing, person, hidden[index], of_household[_HOUSEHOLD_OF[index]])
        for index, person in cast.items()
    }


def _secrets_of(
    viewing: Viewing, person: Person, hidden: frozenset[str], of_household: frozenset[str]
) -> tuple[Secret, ...]:
    found = [secret for secret in SECRETS if secret.categories <= (of_household if secret.shared else hidden)]
    if "IDENTITY" not in hidden:
        pass
    if person.protected.tier is not Tier.OPEN and viewing.purpose is not Purpose.SHIELD_MANAGEMENT:
        found.append(UNTOLD)
    return tuple(found)


def varied(cast: Cast, chosen: Mapping[int, tuple[Secret, ...]], marks: Marks, chance: random.Random) -> Cast:
    """One side: everybody, with a new value for each chosen secret."""
    people = {}
    for index, person in cast.items():
        for secret in chosen[index]:
            person = secret.vary(person, marks, chance)
        people[index] = person
    return people
