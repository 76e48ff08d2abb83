"""Figures of single parts: compiling a document, verifying a token. A process of its own.

Each is processor time, so that whatever else runs does not count; pauses for garbage do.
"""

import asyncio
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Final

import msgspec
from graphql import parse, validate

from benchmarks.tokens import verifying
from gateway.classes import CLASSES
from gateway.operations.documents import Documents
from gateway.operations.limits import Limits
from gateway.viewer import Role
from schema.built import field_guards, graphql_schema

ROUNDS: Final = 25


class Figure(msgspec.Struct):
    """One figure, in microseconds, and the most it should be, where that is agreed."""

    what: str
    microseconds: float
    at_most: float | None = None


async def figures() -> list[Figure]:
    """Every one of them."""
    return [*_compiling(), *(Figure(*each) for each in await verifying())]


def _compiling() -> Iterator[Figure]:
    def libraries_own(text: str) -> None:
        validate(graphql_schema, parse(text))

    def ours(text: str) -> None:
        Documents(graphql_schema, field_guards, CLASSES, Limits()).operation(text, None, Role.PRACTITIONER)

    texts = [_hundred_fields(round_) for round_ in range(ROUNDS)]
    alone = statistics.median(_spent(libraries_own, text) for text in texts)
    whole = statistics.median(_spent(ours, text) for text in texts)
    yield Figure("parsing and validating 100 fields, by graphql-core", alone)
    yield Figure("making them ready to run, over and above that", whole - alone, 10_000)

    documents = Documents(graphql_schema, field_guards, CLASSES, Limits())

    def again(text: str) -> None:
        documents.operation(text, None, Role.PRACTITIONER)

    again(texts[0])
    known = statistics.median(_spent(again, texts[0]) for _ in texts)
    yield Figure("the same document again", known)


def _spent(work: Callable[[str], None], text: str) -> float:
    began = time.process_time_ns()
    work(text)
    return (time.process_time_ns() - began) / 1_000


def _hundred_fields(round_: int) -> str:
    """A document of a hundred fields, other than any other round's by its aliases."""
    twenty = """{
      number name { given family } birthDate gender address { status lines postcode uprn }
      practice { odsCode name phone origin { agency asOf } } enrolments { start end }
    }"""
    children = " ".join(f"c{round_}_{place}: child(number: $number) {twenty}" for place in range(5))
    return f"query Hundred($number: ID!) {{ {children} }}"


if __name__ == "__main__":
    print(msgspec.json.encode(asyncio.run(figures())).decode())
