"""Two worlds that differ only in what one viewing may not see, and operations run in both of them."""

import asyncio
import base64
import json
import random
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from adapters.agency import AgencyName
from adapters.records import Tier
from adapters.sandbox.faults import Fault
from adapters.store.roles import Role as StoreRole
from gateway.classes import CLASSES
from gateway.purpose import Purpose
from gateway.viewer import Role
from tests.running import AUDITORS_REASON
from tests.worlds.canaries import Canaries, left_in_the_store
from tests.worlds.casting import Cast, cast_for
from tests.worlds.comparing import Difference, Reader, compared
from tests.worlds.coverage import Coverage
from tests.worlds.marks import Marks
from tests.worlds.observing import Line, Observed, Place
from tests.worlds.operations import FOR_MANAGING, Sent, operations
from tests.worlds.operations_aimed import aimed
from tests.worlds.seams import LogLines
from tests.worlds.secrets import Secret, faults_of, secrets_of, varied
from tests.worlds.stage import PUBLISHED, Stage
from tests.worlds.viewings import Viewing
from tests.worlds.vocabulary import Vocabulary
from tests.worlds.waiting import entries_for
from tests.worlds.words import vocabulary_of
from tests.worlds.world import a_world

MOST_OFTEN: Final = 0.7  # how likely each secret is to be varied
LIMITED: Final = 0.15  # in how many of a hundred pairs whoever guesses is stopped

# How protection stands, row by row and without what is random or a clock's.
STANDING: Final = """
SELECT 'shield', child_id, tier, authority, withheld::text, (confirmed_at IS NULL)::text
  FROM shields WHERE child_id = ANY ($1)
UNION ALL
SELECT 'act', child_id, act, authority, officer, second FROM shield_acts WHERE child_id = ANY ($1)
UNION ALL
SELECT 'proposal', child_id, act, state, officer, content::text FROM shield_proposals WHERE child_id = ANY ($1)
UNION ALL
SELECT 'hold', child_id, agency, mark, cleared_by, NULL FROM holds WHERE child_id = ANY ($1)
UNION ALL
SELECT 'override', child_id, viewer, token, reason, NULL FROM overrides WHERE child_id = ANY ($1)
ORDER BY 1, 2, 3, 4, 5, 6
"""

UNAVAILABLE: Final = 503
PATIENCE: Final = 4  # times that an operation is asked before a 503 in one world alone is a difference

OTHERS: Final = ("shield-officer:SHIELD_MANAGEMENT", "shield-officer-elsewhere:SHIELD_MANAGEMENT", "gp:SAFEGUARDING")
EVERYTHING_ASKED: Final = """query($numbers: [ID!]!) { children(numbers: $numbers) {
    number formerNames { family } address { lines postcode } enrolments { school { urn } } practice { odsCode }
    parents { name { family } phone } services { kind } keys { nhsNumber upn }
} }"""

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
    tiers: Mapping[str, str]
    canaries: Canaries
    coverage: Coverage
    _readers: tuple[Reader, Reader] = field(default_factory=lambda: (Reader(), Reader()))
    _ran: int = 0

    def operations(self, written: int) -> Iterator[Sent]:
        """Endless; the same for the same seed. So many documents are `written` by hypothesis-graphql."""
        chance = dice("operations", self.seed)
        schema = CLASSES[self.viewing.role]
        if self.viewing.most and self.viewing.role is not Role.PARTNER:
            yield acquaintance(self.vocabulary)
        yield from operations(
            schema,
            self.vocabulary,
            chance,
            self._documents,
            pool=written,
            seldom=() if self.viewing.purpose is Purpose.SHIELD_MANAGEMENT else FOR_MANAGING,
        )

    def aimed(self) -> Iterator[Sent]:
        """What nobody of this role has asked for yet."""
        missing = self.coverage.missing(self.viewing.role)
        return aimed(self.viewing.role, self.vocabulary, dice("aimed", self.seed), missing, self.tiers, self._documents)

    async def run(self, sent: Sent) -> Difference | None:
        """Ask both worlds, and compare. Now the one is first and now the other."""
        order = (0, 1) if self._ran % 2 == 0 else (1, 0)
        self._ran += 1
        for _ in range(PATIENCE):
            seen = {place: await self.places[place].observe(sent, self.headers) for place in order}
            difference = compared(seen[0], seen[1], self._readers)
            if difference is None or UNAVAILABLE not in (seen[0].answer.status, seen[1].answer.status):
                break
            await asyncio.sleep(1)  # the machine is too busy for one of them: whoever is refused so asks again
        if difference is None:
            self.coverage.ran(self.viewing.role, sent, self.tiers, seen[0].answer.data)
        return difference or self._sung(sent, seen[0]) or self._sung(sent, seen[1])

    async def left_behind(self) -> Difference | None:
        """The first canary in what the run has left in either store."""
        for place in self.places:
            owner = await place.world.database.connect(StoreRole.OWNER)
            try:
                for where, text in await left_in_the_store(owner):
                    if found := self.canaries.found(text):
                        return Difference(f"canary in {where}", (found, ""))
            finally:
                await owner.close()
        return None

    async def done(self) -> Difference | None:
        """What acts have come to, where it differs: of those children whose protection was the same to begin with."""
        alike = [
            index + 1
            for index, secrets in self.chosen.items()
            if not any(secret.name in ("existence", "grade", "untold") for secret in secrets)
        ]
        stood = []
        for place in self.places:
            owner = await place.world.database.connect(StoreRole.OWNER)
            try:
                stood.append(str([tuple(row) for row in await owner.fetch(STANDING, alike)]))
            finally:
                await owner.close()
        return None if stood[0] == stood[1] else Difference("what was done", (stood[0], stood[1]))

    def _sung(self, sent: Sent, seen: Observed) -> Difference | None:
        said = f"{sent.text} {json.dumps(sent.variables)}".upper()
        answer = f"{seen.answer.head.decode('latin-1')} {seen.answer.body.decode('utf-8', 'replace')}"
        for where, text in (("answer", answer), ("logs", "\n".join((*seen.logs, *seen.counts)))):
            if found := self.canaries.found(text, said if where == "answer" else ""):
                return Difference(f"canary in {where}", (found, text))
        return None

    def secrets(self) -> Mapping[int, tuple[str, ...]]:
        """By each child's index, what was varied of it."""
        return {index: tuple(secret.name for secret in secrets) for index, secrets in self.chosen.items()}

    @property
    def _documents(self) -> Sequence[str]:
        return PUBLISHED if self.viewing.role is Role.PARTNER else ()


@asynccontextmanager
async def a_pair(stage: Stage, viewing: Viewing, seed: int, coverage: Coverage) -> AsyncIterator[Pair]:
    """Make it, and have both of its gateways answer until the block ends."""
    chance = dice("worlds", seed)
    token = stage.issuer.mint(viewing.persona.name)
    cast = cast_for(viewing, token_id(token), chance)
    chosen = _chosen(secrets_of(viewing, token_id(token), cast), chance)
    marks = Marks(dice("marks", seed), viewing)
    people = tuple(varied(cast, chosen, marks) for _ in range(2))
    # Nothing is made good again, or the second of two worlds, asked a moment later, might be let guess once more.
    burst = 12 if chance.random() < LIMITED else 10**6
    settings = replace(stage.settings, guess_burst=burst, guess_per_minute=0.001)
    async with AsyncExitStack() as ending:
        lines = LogLines()
        ending.enter_context(lines.listening())
        places = []
        waiting = entries_for(viewing, cast, chosen, marks, chance)
        for sandbox, side, entries in zip(stage.sandboxes, people, waiting, strict=True):
            world = await ending.enter_async_context(a_world(stage, sandbox, side, settings, viewing, entries))
            places.append(Place(world, await ending.enter_async_context(Line.to(world.gateway.url)), lines))
        await others_ask(stage, viewing, cast, chosen, token_id(token), places, chance)
        for sandbox in stage.sandboxes:  # not before, for others would be told of it, and holds be placed
            for agency, fault in _faults(faults_of(viewing), chance).items():
                sandbox.fault(agency, fault)
        yield Pair(
            seed,
            viewing,
            chosen,
            headers_of(viewing, token),
            (places[0], places[1]),
            vocabulary_of(people[0], people[1], acted_on=_acted_on(viewing, cast, chosen)),
            _tiers(cast, people),
            Canaries(marks.canaries),
            coverage,
        )


async def others_ask(
    stage: Stage,
    viewing: Viewing,
    cast: Cast,
    chosen: Chosen,
    token: str,
    places: Sequence[Place],
    chance: random.Random,
) -> None:
    """Those who may see more ask first: what they have warmed, and the record of them, is there in both worlds.

    They ask about those whom they see in both or in neither: by whose child it is, a colleague may have met them, and
    an agency's mark been held, in one world alone. Before an auditor they ask in either world about others of those
    whom that auditor is told nothing of.
    """
    everybody = [
        person.child.number
        for index, person in cast.items()
        if viewing.purpose is Purpose.AUDIT or "authority" not in {secret.name for secret in chosen[index]}
    ]
    unseen = [person.child.number for person in cast.values() if "IDENTITY" in viewing.hidden(person, token)]
    for name in OTHERS:
        other = Viewing.named(name)
        if other.persona.organisation == viewing.persona.organisation:
            continue  # theirs are the same handles
        headers = headers_of(other, stage.issuer.mint(other.persona.name))
        numbers = chance.sample(everybody, min(15, len(everybody)))
        for place in places:
            asked = [numbers]
            if viewing.purpose is Purpose.AUDIT:
                asked = [[number] for number in numbers if number not in unseen or chance.random() < 0.5]
            for some in asked:
                await place.line.send(Sent(EVERYTHING_ASKED, {"numbers": some}), headers)
    for place in places:
        await place.world.settle_epoch()


def headers_of(viewing: Viewing, token: str) -> Mapping[str, str]:
    """Who asks, and what for."""
    reason = {"Contactpoint-Reason": AUDITORS_REASON} if viewing.role is Role.AUDITOR else {}
    return {"Authorization": f"Bearer {token}", "Contactpoint-Purpose": viewing.purpose.value, **reason}


def token_id(token: str) -> str:
    """The `jti` that the token names itself by."""
    return str(json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))["jti"])


def dice(purpose: str, seed: int) -> random.Random:
    """The same for the same seed, and for no two purposes in step."""
    return random.Random(f"{purpose} {seed}")  # noqa: S311 - nothing is to be kept from anybody


def acquaintance(vocabulary: Vocabulary) -> Sent:
    """Meets everybody, so that every handle is there before two questions at once could each make one."""
    numbers = vocabulary.numbers[:100]
    text = "query($numbers: [ID!]!) { children(numbers: $numbers) { number shield { brokerReference } } }"
    return Sent(text, {"numbers": list(numbers)}, targets=numbers)


def _chosen(possible: Chosen, chance: random.Random) -> Chosen:
    return {
        index: tuple(secret for secret in secrets if chance.random() < MOST_OFTEN)
        for index, secrets in possible.items()
    }


def _acted_on(viewing: Viewing, cast: Cast, chosen: Chosen) -> frozenset[int]:
    """Whom acts may name: those of whom nothing is varied, and those who are not there before this viewer.

    An act on anybody else could rightly bring to light what is hidden until then: any officer may raise a shield of
    any child that is not sealed, whatever they may read of it.
    """
    return frozenset(
        index
        for index, secrets in chosen.items()
        if not secrets
        or (
            any(secret.name == "existence" for secret in secrets)
            and (cast[index].protected.tier is Tier.SEALED or viewing.is_own(cast[index].child))
        )
    )


def _faults(unneeded: tuple[AgencyName, ...], chance: random.Random) -> Mapping[AgencyName, Fault]:
    kinds = (Fault.DOWN, Fault.OVERLOADED, Fault.MALFORMED, Fault.HTML_500, Fault.RESTRICTED, Fault.MISMATCH)
    return {agency: chance.choice(kinds) for agency in unneeded if chance.random() < 0.5}


def _tiers(cast: Cast, people: tuple[Cast, ...]) -> Mapping[str, str]:
    return {
        side[index].child.number: "HELD" if person.protected.held_alone else person.protected.tier.value
        for index, person in cast.items()
        for side in people
    }
