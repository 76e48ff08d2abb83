"""Our own gateway, whole: token, purpose, shield, durable ledger; only the agencies speak another protocol."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, NoReturn, TypeVar

import msgspec
import uvloop
from yarl import URL

from adapters.agency import Agency, AgencyFailure, Answer, Failed, Found, NotRecorded
from adapters.client import JSON, AgencyClient, Call
from adapters.parent_birth_registration import ParentsKey
from adapters.records import (
    EnrolmentRecord,
    Identifier,
    NhsNumber,
    ParentContactRecord,
    ParentRecord,
    PracticeRecord,
    Upn,
)
from adapters.service_subgraph import ServicesKey
from benchmarks.surroundings import Told, told
from gateway.app import Gateway
from gateway.serving import until_asked_to_stop
from gateway.settings import Settings
from resolvers.agencies import Agencies

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
        answers = await asyncio.gather(*(self._one(key, deadline) for key in keys))
        return dict(zip(keys, answers, strict=True))

    async def _one(self, key: Key, deadline: float) -> Answer[Record]:
        call = Call(system=self._kind, url=self._url / self._key_of(key))
        try:
            record: Record | None = (await self._client.ask(call, deadline)).decoded(self._decoder)
        except AgencyFailure as failure:
            return Failed(failure)
        return NotRecorded() if record is None else Found(record)


class _NeverAsked:
    async def fetch(self, keys: Sequence[ServicesKey], deadline: float) -> NoReturn:
        raise AssertionError("the operation asks for no services")


def agencies(told: Told, client: AgencyClient) -> Agencies:
    """The pretended agencies, with or without bulk calls."""
    url = URL(told.agencies)

    def asked(kind: str, key_of: Callable[[Key], str], record: type[Record]) -> Agency[Key, Record]:
        return (BulkAgency if told.bulk else SingleAgency)(client, kind, url, key_of, record)

    def value(key: Identifier) -> str:
        return key.value

    schools: Agency[Upn, tuple[EnrolmentRecord, ...]] = asked("schools", value, tuple[EnrolmentRecord, ...])
    practices: Agency[NhsNumber, PracticeRecord] = asked("practices", value, PracticeRecord)
    parents: Agency[ParentsKey, tuple[ParentRecord, ...]] = asked("parents", _entry, tuple[ParentRecord, ...])
    contacts: Agency[NhsNumber, tuple[ParentContactRecord, ...]] = asked(
        "contacts", value, tuple[ParentContactRecord, ...]
    )
    return Agencies(schools, practices, parents, contacts, _NeverAsked())


def _entry(key: ParentsKey) -> str:
    return "" if key.birth_entry is None else key.birth_entry.value


async def serve(told: Told) -> None:
    """Answer until ended, having said where."""
    settings = Settings(issuer=told.issuer)
    gateway = await Gateway.start(settings, told.dsn, agencies_of=lambda _, client: agencies(told, client))
    async with gateway:
        print(f"ready {gateway.url}/graphql", flush=True)
        await until_asked_to_stop()


if __name__ == "__main__":
    uvloop.run(serve(told()))
