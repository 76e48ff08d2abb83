"""What feeds say of a child, whom it may be, and what was decided of it: pure records, nothing here decides.

A digest is of an entry's content without line and date, so that the same doubt is raised once however often it comes.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum

from adapters.records import Gender, Identifier, Keys, Name, PostalAddress


class Decided(Enum):
    """What is to be done with an entry."""

    UPDATE = "UPDATE"
    CREATE = "CREATE"
    QUARANTINE = "QUARANTINE"


class CameTo(Enum):
    """What became of it in the store, which keeps its own laws whatever was decided."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"
    UNCHANGED = "UNCHANGED"
    QUARANTINED = "QUARANTINED"


class QuarantineOutcome(Enum):
    """Why an entry waits; what its readers are told is chosen where they are known."""

    DOUBTFUL = "DOUBTFUL"
    LIKE_PROTECTED = "LIKE_PROTECTED"
    PROTECTED_NAME_CHANGE = "PROTECTED_NAME_CHANGE"
    PROTECTED_BIRTH_DATE_CHANGE = "PROTECTED_BIRTH_DATE_CHANGE"
    KEYS_OF_TWO = "KEYS_OF_TWO"
    KEY_REUSED = "KEY_REUSED"
    BIRTH_DATE_MOVED = "BIRTH_DATE_MOVED"
    TWO_ALIKE = "TWO_ALIKE"
    CROWDED = "CROWDED"


class LikenessReason(Enum):
    """What speaks for or against two being one child; words of our own, never a value."""

    SAME_KEY = "SAME_KEY"
    FORMER_KEY = "FORMER_KEY"
    SOURCE_ROW = "SOURCE_ROW"
    KEY_CONFLICT = "KEY_CONFLICT"
    SAME_NAME = "SAME_NAME"
    NAME_ALIKE = "NAME_ALIKE"
    NAME_SOUNDS_ALIKE = "NAME_SOUNDS_ALIKE"
    NAMES_EXCHANGED = "NAMES_EXCHANGED"
    NAME_DIFFERS = "NAME_DIFFERS"
    FORMER_NAME = "FORMER_NAME"
    SAME_BIRTH_DATE = "SAME_BIRTH_DATE"
    BIRTH_DATE_CLOSE = "BIRTH_DATE_CLOSE"
    BIRTH_DATE_DIFFERS = "BIRTH_DATE_DIFFERS"
    GENDER_DIFFERS = "GENDER_DIFFERS"
    SAME_ADDRESS = "SAME_ADDRESS"
    SAME_POSTCODE = "SAME_POSTCODE"

    __hash__ = object.__hash__  # each is one object; by its name, as enums have it, costs a call for every look


@dataclass(frozen=True, slots=True)
class IdentityEntry:
    """One record of a source, read and normalised. None means that the source does not say."""

    line: int
    name: Name
    birth_date: date
    gender: Gender | None
    address: PostalAddress | None = field(repr=False)
    keys: Keys
    as_of: datetime  # aware
    digest: bytes
    authority: str | None = field(default=None, repr=False)
    parents: tuple[bytes, ...] = field(default=(), repr=False)  # keyed fingerprints
    row_key: bytes | None = None  # the source's own word for a row that has no key
    notes: tuple[str, ...] = ()  # UPN_TEMPORARY, UPN_DOUBTFUL
    kin: tuple[bytes, ...] = field(
        default=(), repr=False
    )  # the child's and its parents' prints, for the own-record rule


@dataclass(frozen=True, slots=True)
class Candidate:
    """A child that an entry may be. `protected` is all the feed may know of shields."""

    child_id: int
    name: Name
    former_names: tuple[Name, ...] = field(repr=False)
    birth_date: date
    gender: Gender
    address: PostalAddress = field(repr=False)
    keys: Keys
    protected: bool
    former_keys: frozenset[Identifier] = frozenset()
    by_source_row: bool = False
    name_as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class Likeness:
    """How like an entry one candidate is, and why."""

    child_id: int
    score: float
    reasons: tuple[LikenessReason, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done with one entry: `child_id` with UPDATE alone, `outcome` with QUARANTINE alone."""

    decided: Decided
    child_id: int | None = None
    outcome: QuarantineOutcome | None = None
    likenesses: tuple[Likeness, ...] = ()
