"""What can be asked about in a pair of worlds: every value that either of them has, and some that neither has.

A viewer who asks by a hidden value must be answered as if it were absent, so the hidden ones are here with the rest.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from adapters.number import with_check_character


@dataclass(frozen=True, slots=True)
class Somebody:
    """One child by all that it could be found by; of each value what the one world has and what the other has."""

    number: str
    families: tuple[str, ...] = ()
    givens: tuple[str, ...] = ()
    former_families: tuple[str, ...] = ()
    birth_dates: tuple[date, ...] = ()
    genders: tuple[str, ...] = ()
    postcodes: tuple[str, ...] = ()
    nhs_numbers: tuple[str, ...] = ()
    upns: tuple[str, ...] = ()
    birth_entries: tuple[str, ...] = ()


def _nobodies() -> tuple[Somebody, ...]:
    """Children as they could be and are not: numbers and keys are well formed, and nobody's."""
    return tuple(
        Somebody(
            number=with_check_character(f"ZZZZZZZZZ{serial:03d}"),
            families=(family,),
            givens=(given,),
            birth_dates=(date(2012, 2, 29 - serial),),
            genders=("OTHER",),
            postcodes=(f"ZE3 9{unit}Z",),
            nhs_numbers=(nhs_number,),
            upns=(upn,),
        )
        for serial, (given, family, unit, nhs_number, upn) in enumerate(
            [
                ("Nemo", "Nobody", "J", "9998887011", "Z801200990000"),
                ("Nula", "Niemand", "L", "9998887038", "N801200990001"),
                ("Nil", "Nadie", "N", "9998887046", "C801200990002"),
                ("Nihil", "Personne", "P", "9998887054", "R801200990003"),
            ]
        )
    )


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What an operation on these worlds may name. `nobodies` are in neither of them.

    `acted_on` are numbers that acts may name; none: acts name nobodies alone. `references` are entries' that wait,
    `cursors` what either world has given out, by the root field of its list, `months` ISO dates of counts.
    """

    children: tuple[Somebody, ...]
    nobodies: tuple[Somebody, ...] = field(default_factory=_nobodies)
    acted_on: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    cursors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    organisations: tuple[str, ...] = ()
    authorities: tuple[str, ...] = ()
    months: tuple[str, ...] = ()
    today: date = field(default_factory=lambda: datetime.now(UTC).date())  # what acts are dated by

    def __iter__(self) -> Iterator[Somebody]:
        """Everybody and nobody."""
        yield from self.children
        yield from self.nobodies

    @property
    def numbers(self) -> tuple[str, ...]:
        """Those of children that either world has."""
        return tuple(child.number for child in self.children)
