"""What the registry holds beside organisations, as of one epoch; what becomes of a record; and counts of a month."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import msgspec


class Client(msgspec.Struct, frozen=True):
    """An application that may bring tokens. None: not narrowed. `doors` are AD_HOC and DOCUMENTS."""

    issuer: str
    id: str
    name: str
    roles: frozenset[str]
    purposes: frozenset[str] | None
    scopes: frozenset[str]
    doors: frozenset[str]
    organisations: frozenset[str] | None
    authorities: frozenset[str] | None
    bound: bool = False  # its tokens must be bound to a certificate
    suspended: bool = False


class Partner(msgspec.Struct, frozen=True):
    """What a partner's documents may ask. A fixed purpose, and a reason with it, need not be stated."""

    organisation: str
    categories: frozenset[str]
    roots: frozenset[str]
    purpose: str | None = None
    reason: str | None = None


class PublishedDocument(msgspec.Struct, frozen=True):
    """A live document. `hash` is `sha256:` and the hex digest of exactly `body`."""

    partner: str
    hash: str
    body: str
    name: str


class ListedDocument(msgspec.Struct, frozen=True):
    """A document as `documents list` shows it."""

    partner: str
    hash: str
    name: str
    published_at: datetime
    published_by: str
    revoked_at: datetime | None
    uses: int
    last_used: datetime | None


@dataclass(frozen=True, slots=True)
class RegistrySnapshot:
    """All of it but organisations (they are many, and asked for one at a time), read in one statement."""

    epoch: int
    clients: Mapping[tuple[str, str], Client]  # by issuer and id
    partners: Mapping[str, Partner]  # by organisation
    documents: Mapping[tuple[str, str], PublishedDocument]  # live ones, by partner and hash
    denied: frozenset[tuple[str, str]]  # issuer and jti


class RegistryMoved(Exception):
    """What was decided stood on a registry that has changed since: admit the bearer anew."""


# What `record_accesses` gives back; above zero: seconds for which the viewer is told nothing of any child.
RECORDED: Final = 0
SHIELDS_MOVED: Final = -1
REGISTRY_MOVED: Final = -2


class StatisticsCell(msgspec.Struct, frozen=True, gc=False):
    """One cell of a month's cube. What it was not asked by is None; `count` None: fewer than ten."""

    authority: str | None
    age_band: str | None
    gender: str | None
    count: int | None


class CubeMonth(msgspec.Struct, frozen=True):
    """A month's cells by some dimensions, in the order of their words."""

    month: date
    cells: tuple[StatisticsCell, ...]
