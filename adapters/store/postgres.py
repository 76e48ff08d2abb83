"""The core store as the gateway uses it: children with their shields, references, holds, records, and who may come.

Every read of a child brings its shield and both epochs from the same snapshot. Nothing is cached here, and no message
that leaves holds a value: of a database's error only its code is kept.
"""

import secrets
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from adapters.agency import AgencyName, Mark
from adapters.records import NhsNumber, Upn
from adapters.store.connecting import GATEWAY
from adapters.store.entries import (
    Begun,
    Conditions,
    Heads,
    KeptKey,
    Organisation,
    Override,
    Report,
    SealedEntry,
    packed,
)
from adapters.store.failures import DataKeyGone, ShieldUnreadable, StoreUnavailable
from adapters.store.lending import Lending
from adapters.store.pool import Pool, bounded, open_pool
from adapters.store.reading import Reading, reading
from adapters.store.registry_records import (
    Client,
    CubeMonth,
    Partner,
    PublishedDocument,
    RegistrySnapshot,
    StatisticsCell,
)
from adapters.store.search import Criteria, SearchScope, name_key, postcode_key

__all__ = ["Reading", "ShieldUnreadable", "Store", "StoreUnavailable"]


def read_queries(text: str) -> dict[str, str]:
    """The statements of a `.sql` file, by the name each begins with."""
    parts = text.split("-- name: ")[1:]
    return {name.strip(): sql.strip() for name, _, sql in (part.partition("\n") for part in parts)}


SYSTEMS = {NhsNumber: "NHS_NUMBER", Upn: "UPN"}
QUERIES = read_queries((Path(__file__).parent / "queries.sql").read_text(encoding="utf-8"))

_clients = msgspec.json.Decoder(tuple[Client, ...])
_partners = msgspec.json.Decoder(tuple[Partner, ...])
_documents = msgspec.json.Decoder(tuple[PublishedDocument, ...])
_denied = msgspec.json.Decoder(frozenset[tuple[str, str]])


class Store:
    """A bounded pool of connections under one role; every method raises StoreUnavailable rather than wait."""

    def __init__(self, pool: Pool, wait: float) -> None:
        self._lending = Lending(pool, wait)

    @classmethod
    async def connect(cls, dsn: str, *, connections: int = 8, wait: float = 1.0, timeout: float = 3.0) -> "Store":  # noqa: ASYNC109
        """Open the pool: `connections` at most, `wait` seconds for a free one, `timeout` seconds for a statement.

        Raises StoreSetupError, whose one line names the fix and never the password.
        """
        pool = await open_pool(
            dsn, GATEWAY, connections=connections, to_connect=timeout, to_answer=timeout, settings=bounded(timeout)
        )
        return cls(pool, wait)

    async def close(self) -> None:
        """Let statements in flight end, then close every connection."""
        await self._lending.close()

    async def children_by_number(self, numbers: Sequence[str]) -> Reading:
        """Those of the children that exist, sealed ones too, in no order: who may know of them is decided above."""
        return reading(await self._fetch("children_by_number", list(numbers)))

    async def children_by_key(self, key: NhsNumber | Upn) -> Reading:
        """The child that another system knows by `key`, or none."""
        return reading(await self._fetch("children_by_key", SYSTEMS[type(key)], key.value))

    async def find_children(self, criteria: Criteria, scope: SearchScope, limit: int) -> Reading:
        """At most `limit + 1` children whom the viewer may find by these criteria, in the order of visible values."""
        family, born = name_key(criteria.family), criteria.born
        if not family or born is None:
            return reading(await self._fetch("children_by_number", []))
        return reading(
            await self._fetch(
                "find_children",
                family,
                *born,
                None if criteria.given is None else name_key(criteria.given),
                None if criteria.gender is None else criteria.gender.value,
                None if criteria.postcode is None else postcode_key(criteria.postcode),
                scope.manages,
                scope.sealed,
                scope.address,
                scope.organisation,
                scope.viewer,
                scope.token,
                limit + 1,
                list(scope.prints),
            )
        )

    async def broker_references(self, organisation: str, child_ids: Sequence[int]) -> Mapping[int, str]:
        """The live reference of each child for this organisation; made where there is none, good for 30 days."""
        found = {row[0]: row[1] for row in await self._fetch("live_broker_references", organisation, list(child_ids))}
        fresh = {child: secrets.token_urlsafe(16) for child in child_ids if child not in found}
        if fresh:
            await self._fetch("add_broker_references", organisation, list(fresh.values()), list(fresh))
        return found | fresh

    async def place_hold(self, child_id: int, agency: AgencyName, mark: Mark) -> bool:
        """Hold the child, because this agency marks its record so; again changes nothing. Whether it was news."""
        return bool(await self._fetch("place_hold", child_id, agency.value, mark.value))

    async def record_accesses(
        self, writer: int, entries: Sequence[tuple[SealedEntry, Conditions]], burst: float, per_second: float
    ) -> Sequence[int]:
        """Record durably, in one commit and in the writer's chain, that these were asked; what became of each.

        RECORDED; SHIELDS_MOVED or REGISTRY_MOVED since it was decided; or, where the viewer has guessed more than
        `burst` times and `per_second` since, the seconds for which they are told nothing. Only RECORDED is recorded.
        """
        together = [packed(entry, conditions) for entry, conditions in entries]
        try:
            rows = await self._fetch("record_accesses", writer, together, burst, per_second)
        except StoreUnavailable as error:
            if isinstance(error.__context__, asyncpg.ForeignKeyViolationError):
                raise DataKeyGone(*error.args) from None
            raise
        became: Sequence[int] = rows[0][0]
        return became

    async def ledger_ready(self, writer: int) -> None:
        """Raise StoreUnavailable unless a record could be written now in the writer's chain; none is."""
        await self._fetch("ledger_ready", writer)

    async def keep_data_key(self, key: KeptKey) -> None:
        """Keep a data key of the ledger, durably; what it seals may be recorded from then on."""
        await self._fetch("keep_data_key", key.name, key.authority, key.began_at, list(key.auditors), list(key.sealed))

    async def protecting_authorities(self) -> frozenset[str]:
        """The authorities that have protected children, as ChildAccess names them."""
        return frozenset(row[0] for row in await self._fetch("protecting_authorities"))

    async def ledger_heads(self) -> Heads:
        """Where the ledger stands, of one moment."""
        chains, positions, links, number, last = (await self._fetch("ledger_heads"))[0]
        return Heads(tuple(zip(chains, positions, links, strict=True)), number or 0, last)

    async def keep_checkpoint(self, number: int, text: str) -> bool:
        """Whether it was kept: not where another one of that number is there."""
        return bool((await self._fetch("keep_checkpoint", number, text))[0][0])

    async def make_ledger_months(self, ahead: int) -> None:
        """See that records have room this month and `ahead` months more."""
        await self._fetch("make_ledger_months", ahead)

    async def accesses_of(
        self, child: bytes, most: int, before: tuple[int, bytes] | None
    ) -> Sequence[tuple[int, int, int, bytes, bytes, bytes, bytes, bytes, bytes]]:
        """At most `most` records in which the child of that keyed index was matched, newest first.

        Each is as record_format has it; `before` is the time and reference of the last one known already.
        """
        return [tuple(row) for row in await self._fetch("accesses_of", child, most, *(before or (None, None)))]

    async def data_keys(self, names: Collection[bytes]) -> Sequence[KeptKey]:
        """Those of the data keys that are kept."""
        rows = await self._fetch("data_keys", list(names))
        return [KeptKey(name, authority, at, tuple(who), tuple(sealed)) for name, authority, at, who, sealed in rows]

    async def statistics(self, grouping: str, month: date | None) -> CubeMonth | None:
        """The month's cells by those dimensions, such as `AUTHORITY AGE_BAND`; the latest month without one.

        None where it has not been published.
        """
        rows = await self._fetch("statistics", grouping, month)
        if not rows:
            return None
        return CubeMonth(
            rows[0][0], tuple([StatisticsCell(a or None, b or None, g or None, n) for _, a, b, g, n in rows])
        )

    async def begin_override(self, asked: Override) -> Begun | None:
        """What it came to; None where the child is another authority's meanwhile, and nothing was done.

        The override, its record and its report are one commit. The same call again ends when the first one does.
        """
        rows = await self._fetch(
            "begin_override",
            *msgspec.structs.astuple(asked.granted),
            *msgspec.structs.astuple(asked.refused),
            *(
                asked.authority,
                asked.number,
                asked.viewer,
                asked.token,
                asked.organisation,
                asked.reason,
                list(asked.prints),
            ),
        )
        until, again, lately = rows[0]
        return None if again else Begun(until, lately or 0)

    async def take_reports(self, most: int) -> Sequence[Report]:
        """At most so many reports that are due: nobody else takes them for two minutes, and then they come again."""
        return [Report(*row) for row in await self._fetch("take_reports", most)]

    async def report_ended(self, report: Report, *, delivered: bool, again_in: float = 0.0) -> None:
        """Take it off the list, or make it due again in so many seconds."""
        await self._fetch("report_ended", report.id, delivered, again_in)

    async def protection_counts(self) -> Mapping[str, int]:
        """How much of the whole store's protection waits for somebody, by kind; no authority is told apart."""
        return {row[0]: row[1] for row in await self._fetch("protection_counts")}

    async def registry_epoch(self) -> int:
        """How often the registry has changed."""
        rows = await self._fetch("registry_epoch")
        if not rows:
            raise StoreUnavailable("the store has no registry epoch")
        epoch: int = rows[0][0]
        return epoch

    async def registry_snapshot(self) -> RegistrySnapshot:
        """All of the registry but organisations, of one moment."""
        rows = await self._fetch("registry_snapshot")
        try:
            return _snapshot(*rows)
        except (TypeError, msgspec.MsgspecError):
            raise StoreUnavailable("the registry cannot be understood") from None

    async def organisation(self, id: str) -> tuple[int, Organisation | None]:  # noqa: A002 - the registry's own word
        """The registry's epoch, and the organisation of that name as of it, or None."""
        rows = await self._fetch("organisation", id)
        if not rows:
            raise StoreUnavailable("the store has no registry epoch")
        row = rows[0]
        if row["id"] is None:
            return row["epoch"], None
        found = Organisation(id, row["name"], row["kind"], row["authority"], frozenset(row["purposes"]))
        return row["epoch"], found

    async def staff_print(self, organisation: str, subject: str) -> bytes | None:
        """The fingerprint of the person whom their employer says that subject is, or None."""
        rows = await self._fetch("staff_print", organisation, subject)
        return rows[0][0] if rows else None

    async def documents_used(self, used: Mapping[tuple[str, str], int]) -> None:
        """Add to how often each document, by partner and hash, was used; one that is not there is left out."""
        partners, hashes = [partner for partner, _ in used], [hash_ for _, hash_ in used]
        await self._fetch("documents_used", partners, hashes, list(used.values()))

    async def ready(self) -> None:
        """Raise StoreUnavailable unless the store answers."""
        if not await self._fetch("ready"):
            raise ShieldUnreadable("the store has no shield epoch")

    async def _fetch(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        try:
            return await self._lending.fetch(QUERIES[query], arguments)
        except asyncpg.PostgresError as error:
            # Its text and detail may quote a row; the code says enough to find the cause.
            raise StoreUnavailable(f"the store refused a statement (SQLSTATE {error.sqlstate})") from None
        except TimeoutError:
            raise StoreUnavailable("the store did not answer in time") from None
        except (asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
            # An internal error too: a server that goes away may have said so, and not yet hung up, when we ask.
            raise StoreUnavailable("the store cannot be reached") from None


def _snapshot(row: asyncpg.Record) -> RegistrySnapshot:
    clients, partners = _clients.decode(row["clients"]), _partners.decode(row["partners"])
    return RegistrySnapshot(
        epoch=row["epoch"],
        clients={(client.issuer, client.id): client for client in clients},
        partners={partner.organisation: partner for partner in partners},
        documents={(document.partner, document.hash): document for document in _documents.decode(row["documents"])},
        denied=_denied.decode(row["denied"]),
    )
