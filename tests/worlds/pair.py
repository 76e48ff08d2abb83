"""Two worlds that differ only in what one viewing may not see, and operations run in both of them."""

import base64
import json
import random
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final

from adapters.sandbox.personas import PERSONAS
from adapters.sandbox.places import AUTHORITIES
from gateway.classes import CLASSES
from tests.running import AUDITORS_REASON
from tests.worlds.casting import Cast, cast_for
from tests.worlds.comparing import Difference, Reader, compared
from tests.worlds.marks import Marks
from tests.worlds.observing import Line, Place
from tests.worlds.operations import Sent, operations
from tests.worlds.seams import LogLines
from tests.worlds.secrets import Secret, secrets_of, varied
from tests.worlds.stage import Stage
from tests.worlds.viewings import Person, Viewing
from tests.worlds.vocabulary import Somebody, Vocabulary
from tests.worlds.world import a_world

MOST_OFTEN: Final = 0.7  # how likely each secret is to be varied
AGAIN: Final = 3  # times that a document is sent once more, about others

Chosen = Mapping[int, tuple[Secret, ...]]


@dataclass
class Pair:
    """Both worlds before one viewing; `seed` makes the same pair again."""

    seed: int
    viewing: Viewing
    chosen: Chosen
    headers: Mapping[str, str]
    places: tuple[Place, Place]
    vocabulary: Vocabulary
    canaries: frozenset[str]
    _readers: tuple[Reader, Reader] = field(default_factory=lambda: (Reader(), Reader()))
    _ran: int = 0

    def operations(self) -> Iterator[Sent]:
        """Endless; the same for the same seed."""
        chance = dice("operations", self.seed)
        schema = CLASSES[self.viewing.role]
        if "children" in schema.query_type.fields:
            yield acquaintance(self.vocabulary)
        for sent in operations(schema, self.vocabulary, chance):
            yield sent
            if sent.variables and "mutation" not in (sent.text or ""):
                yield from (redirected(sent, self.vocabulary, chance) for _ in range(AGAIN))

    async def run(self, sent: Sent) -> Difference | None:
        """Ask both worlds, and compare. Now the one is first and now the other."""
        order = (0, 1) if self._ran % 2 == 0 else (1, 0)
        self._ran += 1
        seen = {place: await self.places[place].observe(sent, self.headers) for place in order}
        return compared(seen[0], seen[1], self._readers)

    def secrets(self) -> Mapping[int, tuple[str, ...]]:
        """By each child's index, what was varied of it."""
        return {index: tuple(secret.name for secret in secrets) for index, secrets in self.chosen.items() if secrets}


@asynccontextmanager
async def a_pair(stage: Stage, viewing: Viewing, seed: int) -> AsyncIterator[Pair]:
    """Make it, and have both of its gateways answer until the block ends."""
    chance = dice("worlds", seed)
    token = stage.issuer.mint(viewing.persona.name)
    cast = cast_for(viewing, token_id(token), chance)
    chosen = _chosen(secrets_of(viewing, token_id(token), cast), chance)
    marks = Marks(chance)
    people = tuple(varied(cast, chosen, marks, dice(f"side {side}", seed)) for side in "AB")
    settings = replace(stage.settings, guess_burst=10**6)
    async with AsyncExitStack() as ending:
        lines = LogLines()
        ending.enter_context(lines.listening())
        places = []
        for sandbox, side in zip(stage.sandboxes, people, strict=True):
            world = await ending.enter_async_context(a_world(stage, sandbox, side, {}, settings))
            places.append(Place(world, await ending.enter_async_context(Line.to(world.gateway.url)), lines))
        headers = {
            "Authorization": f"Bearer {token}",
            "Contactpoint-Purpose": viewing.purpose.value,
            **({"Contactpoint-Reason": AUDITORS_REASON} if viewing.persona.name == "auditor" else {}),
        }
        words = vocabulary_of(people[0], people[1])
        yield Pair(seed, viewing, chosen, headers, (places[0], places[1]), words, frozenset(marks.canaries))


def dice(purpose: str, seed: int) -> random.Random:
    """The same for the same seed, and for no two purposes in step."""
    return random.Random(f"{purpose} {seed}")  # noqa: S311 - nothing is to be kept from anybody


def acquaintance(vocabulary: Vocabulary) -> Sent:
    """Meets everybody, so that every handle is there before two questions at once could each make one."""
    numbers = vocabulary.numbers[:100]
    text = "query($numbers: [ID!]!) { children(numbers: $numbers) { number shield { brokerReference } } }"
    return Sent(text, {"numbers": list(numbers)}, targets=numbers)


def redirected(sent: Sent, vocabulary: Vocabulary, chance: random.Random) -> Sent:
    """The same document about others: to read and check a text costs more than all that is asked by it."""
    targets = list(sent.targets)

    def other(value: Any) -> Any:
        match value:
            case str() if value.replace("-", "").replace(" ", "").upper() in sent.targets:
                somebody = chance.choice(vocabulary.children)
                targets.append(somebody.number)
                return somebody.number
            case list():
                return [other(part) for part in value]
            case dict():
                return {name: other(part) for name, part in value.items()}
            case _:
                return value

    return sent._replace(variables=other(dict(sent.variables)), targets=tuple(targets))


def token_id(token: str) -> str:
    """The `jti` that the token names itself by."""
    return str(json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))["jti"])


def vocabulary_of(first: Cast, second: Cast) -> Vocabulary:
    """All that can be asked about in either world."""
    everybody = [
        somebody
        for index in first
        for somebody in _both([side[index] for side in (first, second) if side[index].present])
    ]
    return Vocabulary(
        tuple(everybody),
        organisations=tuple(persona.organisation for persona in PERSONAS.values()),
        authorities=tuple(authority.gss for authority in AUTHORITIES[:3]),
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


def _chosen(possible: Chosen, chance: random.Random) -> Chosen:
    return {
        index: tuple(secret for secret in secrets if chance.random() < MOST_OFTEN)
        for index, secrets in possible.items()
    }
