"""Entries in quarantine: what a source said that may be of a protected child is for that child's officers alone."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from adapters.identity import IdentityEntry
from adapters.records import Keys
from adapters.sandbox.population import SyntheticChild
from adapters.shield_records import LikenessReason, QuarantineOutcome
from adapters.store.feed_rows import as_row
from adapters.store.roles import Connection
from gateway.feeds.matching import Decided, Decision
from gateway.purpose import Purpose
from gateway.viewer import Role
from tests.worlds.casting import Cast
from tests.worlds.marks import Marks
from tests.worlds.secrets import Secret
from tests.worlds.viewings import Viewing

_RECEIVED: Final = datetime(2026, 9, 2, 9, tzinfo=UTC)
_NOBODYS: Final = "ZZZZZZZZZ000P"  # the number that a new child would be given


@dataclass(frozen=True, slots=True)
class Waiting:
    """One entry, like the child at this index."""

    reference: str
    entry: IdentityEntry
    index: int
    reasons: tuple[LikenessReason, ...]
    outcome: QuarantineOutcome
    source: str


def entries_for(
    viewing: Viewing, cast: Cast, chosen: Mapping[int, Sequence[Secret]], marks: Marks, chance: random.Random
) -> tuple[tuple[Waiting, ...], tuple[Waiting, ...]]:
    """What waits in the one world and in the other: before stewards and officers, a few that they may not read.

    A steward is told that something waits, so as many wait in both; of another authority's an officer is told nothing.
    """
    if viewing.role is Role.STEWARD:
        hidden = [index for index, person in cast.items() if person.protected.protects and _stays(chosen[index])]
    elif viewing.purpose is Purpose.SHIELD_MANAGEMENT:
        theirs = viewing.persona.authority
        hidden = [
            index
            for index, person in cast.items()
            if person.protected.protects and person.protected.authority not in (None, theirs) and _stays(chosen[index])
        ]
    else:
        return (), ()
    open_ = [index for index, person in cast.items() if not person.protected.protects and not chosen[index]]
    with marks.seen():
        shared = tuple(_entry(place, cast, index, marks) for place, index in enumerate(open_[:2]))
    sides = tuple(
        shared
        + tuple(
            _entry(place, cast, chance.choice(hidden), marks)
            for place in range(2, 6)
            if hidden and (viewing.role is Role.STEWARD or chance.random() < 0.7)
        )
        for _ in range(2)
    )
    return sides[0], sides[1]


def _stays(secrets: Sequence[Secret]) -> bool:
    """Whether the child is protected in both worlds."""
    return not any(secret.name in ("existence", "grade") for secret in secrets)


def _entry(place: int, cast: Cast, index: int, marks: Marks) -> Waiting:
    child: SyntheticChild = cast[index].child
    said = IdentityEntry(
        line=0,
        name=marks.name(),
        birth_date=child.birth_date - timedelta(days=marks.chance.randrange(9)),
        gender=child.gender,
        address=marks.address(),
        keys=marks.keys() if marks.chance.random() < 0.5 else Keys(),
        as_of=_RECEIVED,
        digest=marks.chance.randbytes(32),
    )
    reasons = tuple(marks.chance.sample(list(LikenessReason), 2))
    outcome = marks.chance.choice(list(QuarantineOutcome))
    return Waiting(f"{place:022d}", said, index, reasons, outcome, marks.chance.choice(("roll", "births")))


async def put_in(owner: Connection, waiting: Sequence[Waiting]) -> None:
    """As a feed would have; in the order in which they came."""
    for one in waiting:
        row = as_row(one.entry, Decision(Decided.QUARANTINE, outcome=one.outcome), _NOBODYS, one.reference)
        await owner.execute(
            "INSERT INTO quarantine (reference, source, digest, entry, outcome, received_at)"
            " VALUES ($1, $2, $3, $4::jsonb, $5, $6)",
            *(one.reference, one.source, one.entry.digest, msgspec.json.encode(row).decode(), row.outcome),
            _RECEIVED + timedelta(minutes=int(one.reference)),
        )
        await owner.execute(
            "INSERT INTO quarantine_candidates VALUES ($1, $2, 9, $3)",
            *(one.reference, one.index + 1, [reason.value for reason in one.reasons]),
        )
