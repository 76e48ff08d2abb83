"""A child's shield as officers' acts see it, the calls officers make, and what came of them: records alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import Any, Generic, TypeAlias, TypeVar

from adapters.identity import IdentityEntry, LikenessReason, QuarantineOutcome
from adapters.records import Tier

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class CircleTerm:
    """An organisation let behind the shield, for these categories, until that day."""

    organisation: str
    categories: frozenset[str]
    until: date


@dataclass(frozen=True, slots=True)
class OpenProposal:
    """A first officer's word that waits for a second's."""

    reference: str
    act: str
    content: Mapping[str, Any]
    officer: str
    authority: str
    reason: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ShieldState:
    """All that an act depends on, read with its turn in hand. OPEN: there is no shield, and the fields after are empty.

    `household_of` and `child_id` are the store's own keys and never leave the gateway.
    """

    child_id: int
    number: str
    child_authority: str | None = field(repr=False)
    tier: Tier
    authority: str | None = None
    withheld: frozenset[str] = frozenset()
    ground: str = ""
    review_on: date | None = None
    raised_by: str = ""
    confirmed: bool = True
    household_of: int | None = None
    circle: tuple[CircleTerm, ...] = ()
    holds: int = 0
    joined: bool = False  # one of the holds is for having joined a shielded child's household
    proposals: tuple[OpenProposal, ...] = ()


@dataclass(frozen=True, slots=True)
class Member:
    """One of a child's household; `released`: officers said that this child's shield need not cover them."""

    state: ShieldState
    released: bool


@dataclass(frozen=True, slots=True)
class Raise:
    """Protect a child that is open, or protect it more strictly."""

    tier: Tier
    ground: str
    review_on: date
    withhold: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Confirm:
    """The responsible authority stands by a raised shield."""


@dataclass(frozen=True, slots=True)
class Change:
    """Change what is named; None: as it is. `release` names members of the household by number."""

    tier: Tier | None = None
    withhold: frozenset[str] | None = None
    ground: str | None = None
    review_on: date | None = None
    circle: tuple[CircleTerm, ...] | None = None
    release: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Transfer:
    """Another authority becomes responsible."""

    authority: str


@dataclass(frozen=True, slots=True)
class Lift:
    """Protect the child no longer."""


@dataclass(frozen=True, slots=True)
class ClearHold:
    """End every hold in force."""


@dataclass(frozen=True, slots=True)
class NewIdentity:
    """Close the record; the child begins anew under this identity."""

    entry: IdentityEntry


ShieldCall: TypeAlias = Raise | Confirm | Change | Transfer | Lift | ClearHold | NewIdentity


class ActState(Enum):
    """Carried out, or waiting for a second officer's same call."""

    DONE = "DONE"
    PROPOSED = "PROPOSED"


@dataclass(frozen=True, slots=True)
class ActResult:
    """What an officer is told; `number` is a new identity's, told once."""

    state: ActState
    reference: str
    number: str | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows, and the cursor after them where there are more."""

    rows: tuple[Row, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class HoldRow:
    """A hold in force."""

    agency: str
    mark: str
    placed_at: datetime


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One protected child of an officer's own authority."""

    state: ShieldState
    overdue: bool
    holds: tuple[HoldRow, ...]
    household: tuple[str, ...]  # numbers of the same authority


@dataclass(frozen=True, slots=True)
class QuarantineRow:
    """One entry. Where it is somebody else's, only that it waits: all after `received_at` is None."""

    reference: str
    received_at: datetime
    source: str | None = None
    outcome: QuarantineOutcome | None = None
    entry: IdentityEntry | None = field(default=None, repr=False)
    candidates: tuple[tuple[str, tuple[LikenessReason, ...]], ...] | None = None  # number, reasons
    anothers: bool = False  # it may also be a protected child whom its reader is not told of
