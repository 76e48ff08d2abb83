"""A schema that has nothing to do with children, and data of every kind: what plan and twin must agree on.

Its types have interfaces, unions, lists of nullable and non-null items, non-null fields that fail, enums, dates,
arguments, resolvers that await, and fields whose records are asked for.
"""

import asyncio
import enum
from collections.abc import Callable, Sequence
from datetime import date
from typing import Annotated, Any

import strawberry

from schema.asked import Asked


class Boom(Exception):
    """Raised by data that is made to raise."""


@strawberry.enum
class Colour(enum.Enum):
    RED = "red"
    GREEN = "green"


class Name:
    """A question, as far as a plan cares."""

    def __init__(self, name: str) -> None:
        self.name = name


WEIGHT, OWNERS = Name("weight"), Name("owners")


def made(value: Any) -> Any:
    """The value, or what it is made to do instead."""
    if isinstance(value, Boom):
        raise value
    return value


def asked(question: Name, then: Any, returns: Any) -> Any:
    """A field asked for by its object's own index."""

    async def resolve(self: Any, info: strawberry.Info) -> Any:
        key = made(self.key)
        if key is None:
            return then(self, None)
        [answer] = await info.context.contacts.ask(question, [key])
        outcome = info.context.contacts.outcome(question, self, answer)
        if isinstance(outcome, Exception):
            raise outcome
        return then(self, outcome)

    resolve.__annotations__["return"] = returns
    return strawberry.field(resolve, extensions=[Asked(question, lambda self: made(self.key), then)])


@strawberry.interface
class Thing:
    title: str | None
    key: strawberry.Private[Any]

    @strawberry.field
    def code(self) -> strawberry.ID:
        return made(self.values["code"])


@strawberry.type
class Stone(Thing):
    values: strawberry.Private[dict[str, Any]]

    @strawberry.field
    def colour(self) -> Colour | None:
        return made(self.values["colour"])

    @strawberry.field
    def found(self) -> date | None:
        return made(self.values["found"])

    @strawberry.field
    async def grains(self) -> list[int | None] | None:
        await asyncio.sleep(0)
        return made(self.values["grains"])

    @strawberry.field
    def heavy(self, over: int = 3, unit: Colour | None = None) -> bool:
        return made(self.values["mass"]) > over if unit is None else unit is Colour.RED

    weight: float | None = asked(WEIGHT, lambda self, record: made(record), float | None)


@strawberry.type
class Box(Thing):
    values: strawberry.Private[dict[str, Any]]

    @strawberry.field
    def things(self) -> list[Annotated["Stone | Box", strawberry.union("Content")]]:
        return made(self.values["things"])

    @strawberry.field
    def best(self) -> Thing | None:
        return made(self.values["best"])

    @strawberry.field
    def sure(self) -> Thing:
        return made(self.values["best"])

    @strawberry.field
    async def later(self) -> "Box | None":
        await asyncio.sleep(0)
        return made(self.values["later"])

    owners: list[str] | None = asked(OWNERS, lambda self, record: made(record), list[str] | None)
    owner: str = asked(OWNERS, lambda self, record: made(record)[0], str)


@strawberry.type
class Query:
    @strawberry.field
    def box(self, info: strawberry.Info, at: int = 0) -> Box | None:
        return info.context.boxes[at % len(info.context.boxes)]

    @strawberry.field
    async def boxes(self, info: strawberry.Info, first: int | None = None) -> list[Box]:
        await asyncio.sleep(0)
        return info.context.boxes[:first]

    @strawberry.field
    def anything(self, info: strawberry.Info) -> list[Thing | None] | None:
        return [*info.context.boxes, None]


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def push(self, info: strawberry.Info, number: int) -> int:
        await asyncio.sleep(0)
        info.context.pushed.append(number)
        return len(info.context.pushed)

    @strawberry.mutation
    def pushed(self, info: strawberry.Info) -> list[int]:
        return list(info.context.pushed)


world = strawberry.Schema(Query, Mutation, types=[Stone, Box])
graphql_world = world._schema


class Records:
    """Answers the world's questions from what was put in, and keeps what it was asked."""

    def __init__(self, records: dict[str, dict[Any, Any]]) -> None:
        self._records = records
        self.batches: list[tuple[str, tuple[Any, ...]]] = []

    async def ask(self, question: Name, keys: Sequence[Any]) -> list[Any]:
        self.batches.append((question.name, tuple(keys)))
        await asyncio.sleep(0)
        return [self._records[question.name].get(key) for key in keys]

    def begin(self, question: Name, keys: Sequence[Any], then: Callable[[Sequence[Any]], None]) -> "Waits":
        return Waits(asyncio.ensure_future(self.ask(question, keys)), then)

    def outcome(self, question: Name, about: Any, answer: Any) -> Any:
        return answer


class Waits:
    """A question asked, whose answers somebody hears unless they leave."""

    def __init__(self, answers: "asyncio.Future[list[Any]]", then: Callable[[Sequence[Any]], None]) -> None:
        self._answers = answers
        answers.add_done_callback(lambda answers: None if answers.cancelled() else then(answers.result()))

    def leave(self) -> None:
        self._answers.cancel()


class Context:
    """What the world's resolvers find: the boxes, what was pushed, and whom to ask."""

    def __init__(self, boxes: list[Any], records: dict[str, dict[Any, Any]]) -> None:
        self.boxes = boxes
        self.pushed: list[int] = []
        self.contacts = Records(records)
