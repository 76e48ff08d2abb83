"""What is varied between two worlds: of every child exactly what the viewing may not see, and nothing besides."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import groupby
from typing import Final

import msgspec

from adapters.agency import AgencyName
from adapters.records import Gender, Keys, Name, Tier
from adapters.sandbox.households import FIRSTS, SIZES
from adapters.sandbox.places import AUTHORITIES, practices, schools
from adapters.sandbox.population import SyntheticParent, SyntheticService
from gateway.purpose import Purpose
from tests.worlds.casting import MARKED, Cast
from tests.worlds.marks import Marks
from tests.worlds.viewings import Person, Protected, Viewing

Varied = Callable[[Person, Marks], Person]

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


def _address(person: Person, marks: Marks) -> Person:
    return replace(person, child=replace(person.child, address=marks.address()))


def _authority(person: Person, marks: Marks) -> Person:
    """Who is responsible follows from the address, and is as secret. Never an officer's own, who would then see."""
    mine = marks.viewing.persona.authority
    others = [authority.gss for authority in AUTHORITIES if authority.gss != mine]
    near = mine is not None and marks.viewing.purpose not in _BY_AUTHORITY and marks.chance.random() < 0.5
    authority = mine if near else marks.chance.choice(others)
    return replace(person, child=replace(person.child, authority=authority))


def _history(person: Person, marks: Marks) -> Person:
    names = tuple(Name(person.child.name.given, marks.word()) for _ in range(marks.chance.randrange(3)))
    return replace(person, child=replace(person.child, former_names=names))


def _school(person: Person, marks: Marks) -> Person:
    child = person.child
    upn = None if marks.chance.random() < 0.2 else marks.upn()
    since = child.birth_date + timedelta(days=marks.chance.randrange(1, 400))
    urn, former = (marks.chance.choice((*SCHOOLS, None)) for _ in range(2))
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


def _practice(person: Person, marks: Marks) -> Person:
    return replace(person, child=replace(person.child, practice_ods=marks.chance.choice((*PRACTICES, None))))


def _key(person: Person, marks: Marks) -> Person:
    """The NHS number and the birth entry, for the store and for every agency alike."""
    child = person.child
    nhs_number = marks.nhs_number() if child.keys.nhs_number else None
    entry = marks.birth_entry() if child.keys.birth_entry else None
    keys = Keys(nhs_number, child.keys.upn, entry)
    return replace(person, child=replace(child, keys=keys, birth_entry=entry or child.birth_entry))


def _contact(person: Person, marks: Marks) -> Person:
    parents = tuple(_reached(parent, marks) for parent in person.child.parents)
    return replace(person, child=replace(person.child, parents=parents))


def _reached(parent: SyntheticParent, marks: Marks) -> SyntheticParent:
    phone, email, address = (marks.chance.random() < 0.8 for _ in range(3))
    return replace(
        parent,
        phone=marks.phone() if phone else None,
        email=marks.email() if email else None,
        address=marks.address() if address else None,
    )


def _parents(person: Person, marks: Marks) -> Person:
    parents = tuple(replace(parent, name=marks.name()) for parent in person.child.parents)
    kept = marks.chance.randrange(len(parents) + 1) if not person.child.keys.nhs_number else len(parents)
    return replace(person, child=replace(person.child, parents=parents[:kept]))


def _services(person: Person, marks: Marks) -> Person:
    sensitive = tuple(service for service in person.child.services if service.sensitive)
    plain = tuple(_service(marks, sensitive=False) for _ in range(marks.chance.randrange(4)))
    return replace(person, child=replace(person.child, services=(*plain, *sensitive)))


def _sensitive(person: Person, marks: Marks) -> Person:
    """Those without consent: of a consented one a reference shows."""
    shown = tuple(service for service in person.child.services if not service.sensitive or service.consented)
    hidden = tuple(_service(marks, sensitive=True) for _ in range(marks.chance.randrange(3)))
    return replace(person, child=replace(person.child, services=(*shown, *hidden)))


def _service(marks: Marks, *, sensitive: bool) -> SyntheticService:
    return SyntheticService(
        marks.word(),
        marks.word(),
        marks.word(),
        marks.phone(),
        marks.email(),
        marks.chance.random() < 0.5,
        sensitive,
        False,
    )


def _existence(person: Person, marks: Marks) -> Person:
    """Nobody at all, or somebody else altogether."""
    child = person.child
    if marks.chance.random() < 0.4:
        nobody = replace(child, keys=Keys(), birth_entry=None, parents=(), services=(), practice_ods=None)
        return replace(person, child=nobody, present=False)
    other = replace(
        child,
        number=marks.number() if marks.chance.random() < 0.5 else child.number,
        name=marks.name() if marks.chance.random() < 0.5 else child.name,
        birth_date=child.birth_date + timedelta(days=marks.chance.randrange(-300, 300)),
        gender=marks.chance.choice(tuple(Gender)),
    )
    for secret in SECRETS:
        if not secret.shared and secret.name != "existence":
            other = secret.vary(replace(person, child=other), marks).child
    return replace(person, child=other)


def _untold(person: Person, marks: Marks) -> Person:
    """What a shield says of itself to nobody: its ground and review, who else is let in, and who looks behind it."""
    protected = replace(
        person.protected,
        ground=marks.word(),
        review_on=f"2027-{marks.chance.randrange(1, 13):02d}-{marks.chance.randrange(1, 29):02d}",
        circle=(
            *person.protected.circle,
            *(
                (f"school-{urn}", frozenset({"ADDRESS"}))
                for urn in marks.chance.sample(SCHOOLS, marks.chance.randrange(3))
            ),
        ),
        overrides=(
            *person.protected.overrides,
            *((f"viewer-{marks.word()}", marks.word()) for _ in range(marks.chance.randrange(2))),
            # Their own, with a token of the day before.
            *((marks.viewing.subject, marks.word()) for _ in range(marks.chance.randrange(2))),
        ),
    )
    return replace(person, protected=protected)


def _grade(person: Person, marks: Marks) -> Person:
    """A shield, a hold, or both."""
    shielded, held = marks.chance.choice(((True, False), (False, True), (True, True)))
    return replace(
        person,
        protected=replace(
            person.protected if shielded else Protected(),
            holds=(("practice", "PDS_RESTRICTED"),) if held else (),
        ),
    )


SECRETS: Final = (
    Secret("address", frozenset({"ADDRESS"}), _address),
    Secret("authority", frozenset({"ADDRESS"}), _authority),
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
GRADE: Final = Secret("grade", frozenset(), _grade)

_ASKED_FOR: Final = {
    AgencyName.SCHOOL: {"SCHOOL"},
    AgencyName.PRACTICE: {"PRACTICE"},
    AgencyName.PARENTS: {"PARENT_NAMES", "CONTACT"},
    AgencyName.SERVICES: {"SERVICES", "SENSITIVE_SERVICE"},
}


def faults_of(viewing: Viewing) -> tuple[AgencyName, ...]:
    """The agencies that no field which this viewing may see needs: how they are is no matter of theirs."""
    return tuple(agency for agency, needed in _ASKED_FOR.items() if not needed & viewing.most)


# What is told, or counted, by the authority that a child is of.
_BY_AUTHORITY: Final = (Purpose.SHIELD_MANAGEMENT, Purpose.AUDIT, Purpose.STATISTICS)


def secrets_of(viewing: Viewing, token: str, cast: Cast) -> Mapping[int, tuple[Secret, ...]]:
    """Of every child, what may differ before this viewer."""
    hidden = {index: viewing.hidden(person, token) for index, person in cast.items()}
    of_household = {
        home: frozenset.intersection(*(hidden[index] for index in members))
        for home, members in groupby(cast, _HOUSEHOLD_OF.__getitem__)
    }
    return {
        index: tuple(
            secret
            for secret in (*SECRETS, UNTOLD, GRADE)
            if secret.categories <= (of_household[_HOUSEHOLD_OF[index]] if secret.shared else hidden[index])
            and _fits(secret, viewing, person, hidden[index])
        )
        for index, person in cast.items()
    }


def _fits(secret: Secret, viewing: Viewing, person: Person, hidden: frozenset[str]) -> bool:
    """Whether this may be varied, beyond what its categories say."""
    protected = person.protected
    if secret is UNTOLD:  # officers are told all that there is to a shield of theirs
        return protected.tier is not Tier.OPEN and (
            viewing.purpose is not Purpose.SHIELD_MANAGEMENT or "IDENTITY" in hidden
        )
    if secret is GRADE:  # a hold cannot be looked behind, and a shield can: by whom nobody lets, both are one
        return (
            # Its agency's mark is news to the gateway where nothing is held yet, and what was begun is done again.
            person.child.index not in MARKED
            and not protected.withheld
            and protected.tier is Tier.SHIELDED
            and not dict(protected.circle).get(viewing.persona.organisation)
            and "override" not in viewing.persona.scopes
            and viewing.purpose not in _BY_AUTHORITY
        )
    if secret.name == "authority":
        return viewing.purpose not in _BY_AUTHORITY or "IDENTITY" in hidden
    return True


def varied(cast: Cast, chosen: Mapping[int, tuple[Secret, ...]], marks: Marks) -> Cast:
    """One side: everybody, with a new value for each chosen secret."""
    people = {}
    for index, person in cast.items():
        for secret in chosen[index]:
            person = secret.vary(person, marks)
        people[index] = person
    return people
