"""The children of a pair of worlds before anything hidden is varied: who is shielded how, drawn anew for every pair.

Both worlds have this cast; only `secrets` makes them differ.
"""

import random
from collections.abc import Mapping
from typing import Final

from adapters.records import Tier
from adapters.sandbox.personas import PERSONAS
from adapters.sandbox.population import NOTABLE, SyntheticChild, child_at
from tests.worlds.viewings import Person, Protected, Viewing

Cast = Mapping[int, Person]

CHILDREN: Final = 50  # the whole first block, the notable ones
_LOCATES: Final = ("HISTORY", "ADDRESS", "SCHOOL", "PRACTICE", "CONTACT", "SERVICES")
_TIERS: Final = (Tier.OPEN, Tier.SHIELDED, Tier.SEALED)
_WITHHELD: Final = ((), (), (), ("KEY",), ("PARENT_NAMES",), ("KEY", "PARENT_NAMES"))
_HOLDS: Final = (("practice", "PDS_RESTRICTED"), ("parents", "BIRTH_BLOCKED"), ("household", "HOUSEHOLD"))

# Whose agencies mark their records, so that a hold comes the moment somebody asks: it is there from the start, or what
# is hidden of them would change within a run, and in one world before the other.
MARKED: Final = {
    NOTABLE[name]: (agency, mark)
    for name, agency, mark in (
        ("gp-restricted", "practice", "PDS_RESTRICTED"),
        ("gp-very-restricted", "practice", "PDS_VERY_RESTRICTED"),
        ("birth-blocked", "parents", "BIRTH_BLOCKED"),
        ("birth-link-blocked", "parents", "BIRTH_BLOCKED"),
        ("birth-caution", "parents", "BIRTH_CAUTION"),
    )
}


def cast_for(viewing: Viewing, token: str, chance: random.Random) -> Cast:
    """Everybody, before this viewer with the token of this id."""
    return {index: _person(child_at(index), viewing, token, chance) for index in range(CHILDREN)}


def _person(child: SyntheticChild, viewing: Viewing, token: str, chance: random.Random) -> Person:
    [tier] = chance.choices(_TIERS, (6, 4, 2))
    tier = child.tier if child.tier is not Tier.OPEN else tier
    holds = tuple(chance.sample(_HOLDS, chance.randint(1, 2))) if chance.random() < 0.15 else ()
    if child.index in MARKED:
        holds = (MARKED[child.index],)
    if tier is Tier.OPEN:
        return Person(child, Protected(holds=holds))
    officer, circle = chance.random(), []
    if tier is Tier.SHIELDED and chance.random() < 0.4:
        circle.append((viewing.persona.organisation, frozenset(chance.sample(_LOCATES, chance.randint(1, 6)))))
    looks = tier is Tier.SHIELDED and chance.random() < 0.3
    home = PERSONAS["shield-officer"].authority
    return Person(
        child,
        Protected(
            tier=tier,
            authority=child.authority or home,
            withheld=frozenset(chance.choice(_WITHHELD)),
            raised_by=viewing.subject if officer < 0.1 else "somebody-else" if officer < 0.25 else None,
            holds=holds,
            circle=tuple(circle),
            overrides=((viewing.subject, token),) if looks else (),
        ),
    )
