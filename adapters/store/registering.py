"""The registry as whoever keeps it has it: organisations, partners, clients, documents, tokens called back, statistics.

Its role reads and writes no child. What it changes holds for the next answer of every worker (0016_registry.sql).
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self, TypeAlias

import asyncpg
import msgspec

from adapters.store.entries import Organisation
from adapters.store.failures import StoreSetupError
from adapters.store.kin_key import demand_kin_key
from adapters.store.pool import Connection, Pool, open_pool, taken
from adapters.store.postgres import read_queries
from adapters.store.registry_records import Client, ListedDocument, Partner, PublishedDocument

REGISTRY = "`CONTACTPOINT_REGISTRY_DSN` or `CONTACTPOINT_DSN`"  # where the address stands
QUERIES = read_queries((Path(__file__).parent / "registering.sql").read_text(encoding="utf-8"))

TO_DRAFT: Final = 900.0  # seconds in which all children of a country are counted

# The words of a grouping, in the order of a place's parts.
_DIMENSIONS: Final = ("AUTHORITY", "AGE_BAND", "GENDER")

# Sets in the order of their words: the same record always has the same text.
_json = msgspec.json.Encoder(order="deterministic")

# A cell's place in the cube: authority, age band and gender, '' where it is a sum over that dimension.
CubePlace: TypeAlias = tuple[str, str, str]


class Drafted(NamedTuple):
    """What each cell of a draft shows, None for what it does not; which are as the month before, which withheld so.

    And what the month before shows, and withholds; nothing where there is none.
    """

    shown: Mapping[CubePlace, int | None]
    carried: frozenset[CubePlace]
    withheld: frozenset[CubePlace]
    before: Mapping[CubePlace, int | None]
    withheld_before: frozenset[CubePlace]


class StatisticsDraft:
    """A month's cube until it is published: one transaction, of which nobody else sees anything."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def draft(self, month: date) -> int:
        """Draft the month that begins on that day; how many cells it has, none where it is published already."""
        return int(await self._connection.fetchval(QUERIES["draft_statistics"], month, timeout=TO_DRAFT))

    async def shown(self) -> Drafted:
        """What would be published as it stands."""
        rows = await self._connection.fetch(QUERIES["drafted_statistics"])
        cells = [((row["authority"], row["age_band"], row["gender"]), row) for row in rows]
        return Drafted(
            shown={place: row["shown"] for place, row in cells},
            carried=frozenset(place for place, row in cells if row["carried"]),
            withheld=frozenset(place for place, row in cells if row["withheld"]),
            before={place: row["shown_before"] for place, row in cells if row["withheld_before"] is not None},
            withheld_before=frozenset(place for place, row in cells if row["withheld_before"]),
        )

    async def withhold(self, places: Collection[CubePlace]) -> None:
        """Have those cells show nothing."""
        groupings = [
            " ".join(word for word, value in zip(_DIMENSIONS, place, strict=True) if value) for place in places
        ]
        parts = ([place[part] for place in places] for part in range(len(_DIMENSIONS)))
        await self._connection.execute(QUERIES["withhold_statistics"], groupings, *parts)

    async def publish(self) -> None:
        """Publish what is drafted, once and for good."""
        await self._connection.execute(QUERIES["publish_statistics"], timeout=TO_DRAFT)


class UnknownOrganisation(StoreSetupError):
    """A partner or a member of staff is of an organisation that nobody has registered."""


class Registrar:
    """A connection of the registry's role; every method raises StoreUnavailable."""

    def __init__(self, pool: Pool, wait: float) -> None:
        self._pool = pool
        self._wait = wait

    @classmethod
    async def connect(cls, dsn: str, *, wait: float = 5.0, timeout: float = 30.0) -> "Registrar":  # noqa: ASYNC109
        """Connect: `wait` seconds until the connection is free, `timeout` seconds for a statement.

        Raises StoreSetupError, whose one line names the fix and never the password.
        """
        pool = await open_pool(
            dsn, REGISTRY, connections=1, to_connect=5.0, to_answer=timeout, settings={"search_path": "public"}
        )
        return cls(pool, wait)

    async def close(self) -> None:
        await self._pool.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def put(
        self, organisations: Collection[Organisation], partners: Collection[Partner], clients: Collection[Client]
    ) -> None:
        """Register all of them or none; whatever is registered by the same name is as given from now on.

        Raises UnknownOrganisation.
        """
        async with self._taken() as connection, connection.transaction():
            for name, records in (
                ("put_organisations", organisations),
                ("put_partners", partners),
                ("put_clients", clients),
            ):
                if records:
                    await connection.execute(QUERIES[name], _json.encode(list(records)).decode())

    async def demand_kin_key(self, key: bytes) -> None:
        """Raise StoreSetupError unless it is the key that the store's children are fingerprinted under."""
        async with self._taken() as connection:
            await demand_kin_key(connection, key)

    async def issuers(self) -> frozenset[str]:
        """Whose clients are registered, as tokens name them in `iss`."""
        return frozenset(row["issuer"] for row in await self._fetch("issuers"))

    async def deny_token(self, issuer: str, token: str, until: datetime) -> None:
        """Call a token back, by its `jti`; `until` is its own end, after which it is no good anyway."""
        await self._fetch("deny_token", issuer, token, until)

    async def name_staff(self, organisation: str, subject: str, print_: bytes | None) -> None:
        """Keep whose fingerprint a member of staff has, or with None forget it. Raises UnknownOrganisation."""
        await self._fetch("name_staff", organisation, subject, print_)

    async def partner(self, organisation: str) -> tuple[Organisation, Partner] | None:
        """A partner as registered."""
        rows = await self._fetch("partner", organisation)
        return _partner(rows[0]) if rows else None

    async def publish(self, documents: Collection[PublishedDocument], by: str) -> frozenset[str]:
        """Publish all of them or none; the hashes of those that were not live. `by` is the account that asks for it."""
        rows = await self._fetch("publish", _json.encode(list(documents)).decode(), by)
        return frozenset(row["hash"] for row in rows)

    async def revoke(self, partner: str, hash_: str, by: str) -> bool:
        """Revoke a partner's document; whether it was live."""
        return bool(await self._fetch("revoke", partner, hash_, by))

    async def documents(self, partner: str | None = None) -> Sequence[ListedDocument]:
        """Every document ever published, of one partner or of all."""
        return [ListedDocument(**row) for row in await self._fetch("documents", partner)]

    async def texts(self, partner: str | None = None) -> Sequence[PublishedDocument]:
        """The live documents, of one partner or of all."""
        return [PublishedDocument(**row) for row in await self._fetch("texts", partner)]

    @asynccontextmanager
    async def statistics_turn(self) -> AsyncIterator[StatisticsDraft]:
        """Nobody else drafts statistics until the block ends; if it fails, nothing it published stands."""
        async with self._taken() as connection, connection.transaction():
            yield StatisticsDraft(connection)

    @asynccontextmanager
    async def _taken(self) -> AsyncIterator[Connection]:
        async with taken(self._pool, self._wait) as connection:
            try:
                yield connection
            except asyncpg.ForeignKeyViolationError:
                raise UnknownOrganisation(
                    "somebody belongs to an organisation that is not registered: register it first, or in the same file"
                ) from None

    async def _fetch(self, name: str, *arguments: Any) -> "list[asyncpg.Record]":
        async with self._taken() as connection:
            return await connection.fetch(QUERIES[name], *arguments)


def _partner(row: asyncpg.Record) -> tuple[Organisation, Partner]:
    organisation = Organisation(row["id"], row["name"], row["kind"], row["authority"], frozenset(row["purposes"]))
    partner = Partner(row["id"], frozenset(row["categories"]), frozenset(row["roots"]), row["purpose"], row["reason"])
    return organisation, partner
