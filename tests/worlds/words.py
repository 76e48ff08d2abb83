"""What can be asked about a pair of worlds: every value that either has, hidden ones among them."""

from collections.abc import Collection, Iterator

from adapters.sandbox.personas import PERSONAS
from adapters.sandbox.places import AUTHORITIES
from tests.worlds.casting import Cast
from tests.worlds.viewings import Person
from tests.worlds.vocabulary import Somebody, Vocabulary
from tests.worlds.world import MONTH, REFERENCES


def vocabulary_of(first: Cast, second: Cast, acted_on: Collection[int]) -> Vocabulary:
    """All that can be asked about in either world; acts may name those at these indexes."""
    everybody = {index: list(_both([side[index] for side in (first, second)])) for index in first}
    return Vocabulary(
        tuple(somebody for same in everybody.values() for somebody in same),
        acted_on=tuple(somebody.number for index in sorted(acted_on) for somebody in everybody[index]),
        references=REFERENCES,
        organisations=tuple(persona.organisation for persona in PERSONAS.values()),
        authorities=tuple(authority.gss for authority in AUTHORITIES[:3]),
        months=(MONTH.isoformat(),),
    )


def _both(people: list[Person]) -> Iterator[Somebody]:
    """One child under each number that it has in either world."""
    children = [person.child for person in people]
    for number in dict.fromkeys(child.number for child in children):
        yield Somebody(
            number,
            families=_words(child.name.family for child in children),
            givens=_words(child.name.given[0] for child in children),
            former_families=_words(name.family for child in children for name in child.former_names),
            birth_dates=tuple(dict.fromkeys(child.birth_date for child in children)),
            genders=_words(child.gender.value for child in children),
            postcodes=_words(child.address.postcode for child in children),
            nhs_numbers=_words(child.keys.nhs_number and child.keys.nhs_number.value for child in children),
            upns=_words(child.keys.upn and child.keys.upn.value for child in children),
            birth_entries=_words(child.keys.birth_entry and child.keys.birth_entry.value for child in children),
        )


def _words(words: Iterator[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for word in words if word))
