"""Our own gateway, whole: token, purpose, shield, durable ledger; only the agencies speak another protocol."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec
import uvloop
from yarl import URL

from adapters.agency import AgencyFailure, Answer, Failed, Found, NotRecorded
from adapters.client import JSON, AgencyClient, Call
from adapters.parent_birth_registration import ParentsKey
from adapters.records import (
    EnrolmentRecord,
    Identifier,
    ParentContactRecord,
    ParentRecord,
    PracticeRecord,
)
from benchmarks.surroundings import Told, told
from gateway.agencies import ADDRESSES
from gateway.app import Gateway
from gateway.audit.ledger import Ledger
from gateway.serving import spare_the_collector, until_asked_to_stop
from gateway.settings import read_settings
from resolvers.agencies import JoinedAgencies
from resolvers.batching import Joined

Key = TypeVar("Key")
Record = TypeVar("Record")


class _Records(msgspec.Struct, Generic[Record]):
    records: dict[str, Record]


class BulkAgency(Generic[Key, Record]):
    """Asks for all keys in one call."""

    def __init__(
        self, client: AgencyClient, kind: str, url: URL, key_of: Callable[[Key], str], record: type[Record]
    ) -> None:
        self._client = client
        self._key_of = key_of
        self._decoder = msgspec.json.Decoder(_Records[record])  # type: ignore[valid-type]  # the class is the argument
        self._kind = kind
        self._url = url / "bulk" / kind

    async def fetch(self, keys: Sequence[Key], deadline: float) -> Mapping[Key, Answer[Record]]:
        words = [self._key_of(key) for key in keys]
        call = Call(
            system=self._kind,
            url=self._url,
            method="POST",
            headers={"Content-Type": JSON},
            body=msgspec.json.encode({"keys": words}),
        )
        try:
            records = (await self._client.ask(call, deadline)).decoded(self._decoder).records
        except AgencyFailure as failure:
            return dict.fromkeys(keys, Failed(failure))
        return {
            key: Found(records[word]) if word in records else NotRecorded()
            for key, word in zip(keys, words, strict=True)
        }


class SingleAgency(Generic[Key, Record]):
    """Asks for one key a call."""

    def __init__(
        self, client: AgencyClient, kind: str, url: URL, key_of: Callable[[Key], str], record: type[Record]
    ) -> None:
        self._client = client
        self._key_of = key_of
        self._decoder = msgspec.json.Decoder(record | None)
        self._kind = kind
        self._url = url / "single" / kind

    async def fetch(self, keys: Sequence[Key], deadline: float) -> Mapping[Key, Answer[Record]]:
        [key] = keys
        call = Call(system=self._kind, url=self._url, path=(self._key_of(key),))
        try:
            record: Record | None = (await self._client.ask(call, deadline)).decoded(self._decoder)
        except AgencyFailure as failure:
            return {key: Failed(failure)}
        return {key: NotRecorded() if record is None else Found(record)}


# Keys in one call, and calls at a time: as the twin has it with bulk calls, as our own agencies have it without.
BULK, SINGLE = (1_000, 2), (1, 64)


def agencies(told: Told, client: AgencyClient) -> JoinedAgencies:
    """The pretended agencies, with or without bulk calls."""
    url = URL(told.agencies)
    together, at_once = BULK if told.bulk else SINGLE

    def asked(kind: str, key_of: Callable[[Any], str], record: type[Any]) -> Joined[Any, Any]:
        agency = (BulkAgency if told.bulk else SingleAgency)(client, kind, url, key_of, record)
        return Joined(agency, kind, bulk=together, at_once=at_once)

    return {
        "school": asked("schools", _value, tuple[EnrolmentRecord, ...]),
        "practice": asked("practices", _value, PracticeRecord),
        "parents": asked("parents", _entry, tuple[ParentRecord, ...]),
        "contacts": asked("contacts", _value, tuple[ParentContactRecord, ...]),
    }


def _value(key: Identifier) -> str:
    return key.value


def _entry(key: ParentsKey) -> str:
    return "" if key.birth_entry is None else key.birth_entry.value


async def serve(told: Told, ledger: Ledger | None = None) -> None:
    """Answer until ended, having said where; with a `ledger` of the benchmark's own, by that."""
    agencies_there = dict.fromkeys(ADDRESSES, told.agencies)
    settings = read_settings({}, issuer=told.issuer, data=Path(told.keys), **agencies_there)
    gateway = await Gateway.start(settings, told.dsn, agencies_of=lambda _, client: agencies(told, client))
    async with gateway:
        if ledger is not None:
            gateway.pipeline._attempts._ledger = ledger  # noqa: SLF001 - no option of the gateway's turns recording off
        print(f"ready {gateway.url}/graphql", flush=True)
        spare_the_collector()
        await until_asked_to_stop()


if __name__ == "__main__":
    uvloop.run(serve(told()))
