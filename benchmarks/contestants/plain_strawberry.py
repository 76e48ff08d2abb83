"""Plain Strawberry on aiohttp, as its documentation has it: a data loader per request, parsing and validation cached.

No token, purpose, shield or ledger.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import aiohttp
import asyncpg
import strawberry
import uvloop
from aiohttp import web
from strawberry.aiohttp.views import GraphQLView
from strawberry.dataloader import DataLoader
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.types import Info

from adapters.records import AddressStatus, Gender
from benchmarks.surroundings import Told, told
from gateway.serving import until_asked_to_stop

CHILDREN = """
SELECT c.number, c.given, c.family, c.birth_date, c.gender, c.address_status, c.address_lines, c.postcode, c.uprn,
       n.value AS nhs_number, u.value AS upn, b.value AS birth_entry
  FROM children c
  LEFT JOIN keys n ON n.child_id = c.id AND n.system = 'NHS_NUMBER'
  LEFT JOIN keys u ON u.child_id = c.id AND u.system = 'UPN'
  LEFT JOIN keys b ON b.child_id = c.id AND b.system = 'BIRTH_ENTRY'
 WHERE c.number = ANY ($1::text[])
"""

strawberry.enum(AddressStatus)
strawberry.enum(Gender)


@strawberry.type
class Name:
    given: list[str]
    family: str | None


@strawberry.type
class Address:
    status: AddressStatus
    lines: list[str]
    postcode: str | None
    uprn: str | None


@strawberry.type
class Origin:
    agency: str
    as_of: datetime


@strawberry.type
class School:
    urn: strawberry.ID
    name: str
    phase: str | None
    phone: str | None
    address: Address | None


@strawberry.type
class Enrolment:
    start: date | None
    end: date | None
    school: School | None
    origin: Origin


@strawberry.type
class Practice:
    ods_code: strawberry.ID
    name: str | None
    phone: str | None
    address: Address | None
    origin: Origin


@strawberry.type
class Parent:
    name: Name
    relationship: str
    phone: str | None
    email: str | None
    address: Address | None


@dataclass
class Context:
    """What a request's resolvers share."""

    children: "DataLoader[str, Child | None]"
    schools: DataLoader[str, Any]
    practices: DataLoader[str, Any]
    parents: DataLoader[str, Any]
    contacts: DataLoader[str, Any]


@strawberry.type
class Child:
    row: strawberry.Private[asyncpg.Record]
    number: strawberry.ID
    name: Name
    birth_date: date
    gender: Gender
    address: Address

    @strawberry.field
    async def enrolments(self, info: Info[Context, None]) -> list[Enrolment]:
        held = await info.context.schools.load(self.row["upn"])
        return [
            Enrolment(
                start=_date(one["start"]), end=_date(one["end"]), school=_school(one["school"]), origin=_origin(one)
            )
            for one in held
        ]

    @strawberry.field
    async def practice(self, info: Info[Context, None]) -> Practice:
        held = await info.context.practices.load(self.row["nhs_number"])
        return Practice(
            ods_code=held["ods_code"],
            name=held["name"],
            phone=held["phone"],
            address=_address(held["address"]),
            origin=_origin(held),
        )

    @strawberry.field
    async def parents(self, info: Info[Context, None]) -> list[Parent]:
        held, contacts = await asyncio.gather(
            info.context.parents.load(self.row["birth_entry"]), info.context.contacts.load(self.row["nhs_number"])
        )
        reached = {_joined(contact["name"]): contact for contact in contacts}
        return [_parent(parent, reached.get(_joined(parent["name"]), {})) for parent in held]


@strawberry.type
class Query:
    @strawberry.field
    async def child(self, info: Info[Context, None], number: strawberry.ID) -> Child | None:
        return await info.context.children.load(number)

    @strawberry.field
    async def children(self, info: Info[Context, None], numbers: list[strawberry.ID]) -> list[Child | None]:
        return await info.context.children.load_many(numbers)


schema = strawberry.Schema(Query, extensions=[ParserCache, ValidationCache])


class View(GraphQLView[Context, None]):
    """The route, with loaders for each request."""

    def __init__(self, told: Told, pool: "asyncpg.Pool[asyncpg.Record]", http: aiohttp.ClientSession) -> None:
        super().__init__(schema, graphql_ide=None)
        self._told = told
        self._pool = pool
        self._http = http

    async def get_context(self, request: web.Request, response: Any) -> Context:
        def loader(kind: str) -> DataLoader[str, Any]:
            return DataLoader(load_fn=self._asking(kind))

        return Context(
            DataLoader(load_fn=self._read),
            loader("schools"),
            loader("practices"),
            loader("parents"),
            loader("contacts"),
        )

    async def _read(self, numbers: Sequence[str]) -> list[Child | None]:
        rows = {row["number"]: _child(row) for row in await self._pool.fetch(CHILDREN, numbers)}
        return [rows.get(number) for number in numbers]

    def _asking(self, kind: str) -> Callable[[Sequence[str]], Any]:
        url = self._told.agencies

        async def in_bulk(keys: Sequence[str]) -> list[Any]:
            async with self._http.post(f"{url}/bulk/{kind}", json={"keys": keys}) as answer:
                records = (await answer.json())["records"]
            return [records[key] for key in keys]

        async def alone(key: str) -> Any:
            async with self._http.get(f"{url}/single/{kind}/{key}") as answer:
                return await answer.json()

        async def one_by_one(keys: Sequence[str]) -> list[Any]:
            return await asyncio.gather(*(alone(key) for key in keys))

        return in_bulk if self._told.bulk else one_by_one


def _child(row: asyncpg.Record) -> Child:
    return Child(
        row=row,
        number=row["number"],
        name=Name(given=row["given"], family=row["family"]),
        birth_date=row["birth_date"],
        gender=Gender(row["gender"]),
        address=Address(
            status=AddressStatus(row["address_status"]),
            lines=row["address_lines"],
            postcode=row["postcode"],
            uprn=row["uprn"],
        ),
    )


def _parent(parent: Any, contact: Any) -> Parent:
    return Parent(
        name=Name(**parent["name"]),
        relationship=parent["relationship"],
        phone=contact.get("phone"),
        email=contact.get("email"),
        address=_address(contact.get("address")),
    )


def _school(held: Any) -> School | None:
    return School(**(held | {"address": _address(held["address"])})) if held else None


def _address(held: Any) -> Address | None:
    return Address(**(held | {"status": AddressStatus(held["status"])})) if held else None


def _origin(held: Any) -> Origin:
    origin = held["origin"]
    return Origin(agency=origin["agency"], as_of=datetime.fromisoformat(origin["as_of"]))


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _joined(name: Any) -> tuple[Any, ...]:
    return (*name["given"], name["family"])


async def serve(told: Told) -> None:
    """Answer until ended, having said where."""
    async with AsyncExitStack() as parts:
        http = await parts.enter_async_context(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
        pool = await parts.enter_async_context(asyncpg.create_pool(told.dsn))
        application = web.Application()
        application.router.add_route("POST", "/graphql", View(told, pool, http))
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        parts.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        print(f"ready http://127.0.0.1:{runner.addresses[0][1]}/graphql", flush=True)
        await until_asked_to_stop()


if __name__ == "__main__":
    uvloop.run(serve(told()))
