"""Published documents in a worker's memory: what is live is the registry's word, and what is used is counted."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from prometheus_client import generate_latest

from adapters.store.postgres import Store
from adapters.store.registering import Registrar
from adapters.store.roles import Role
from gateway.errors import LimitExceeded, UnknownDocument
from gateway.events import Observer
from gateway.operations.documents import InvalidDocument
from gateway.operations.limits import Limits
from gateway.published import Published
from gateway.registry import Registry
from tests.databases import Database
from tests.partners.texts import CMS, NAME, REGISTERED, SCHOOL, a_document, documents

ONE, TWO = a_document(NAME, "ChildsName"), a_document(SCHOOL, "ChildsSchool")
GONE = a_document("query Gone($number: ID!) { child(number: $number) { nickname } }", "Gone")
LARGE = a_document("query Large { viewer { a: subject b: subject c: subject d: subject } }", "Large")


@dataclass(frozen=True)
class Worker:
    """A worker's memory, on the test's store."""

    registry: Registry
    published: Published
    observer: Observer
    registrar: Registrar

    async def hears(self) -> None:
        await self.registry.refresh()
        await self.published.prepare(self.registry.snapshot)

    @property
    def broken(self) -> int:
        metrics = generate_latest(self.observer.registry).decode()
        return sum(
            line.startswith('contactpoint_events_total{detail="') and "document_broken" in line
            for line in metrics.splitlines()
        )


@pytest.fixture
async def worker(database: Database, store: Store) -> AsyncIterator[Worker]:
    async with await Registrar.connect(database.dsn(Role.REGISTRY)) as registrar:
        await registrar.put([CMS], [REGISTERED], ())
        await registrar.publish([ONE, TWO], "ada")
        registry, observer = Registry(store), Observer()
        await registry.refresh()
        yield Worker(registry, Published(documents(Limits(aliases=3)), registry, store, observer), observer, registrar)


async def test_each_document_is_compiled_once(worker: Worker) -> None:
    """However often it is prepared or asked for; and let go of when it is revoked."""
    await worker.hears()
    compiled = worker.published.operation("partner-1", ONE.hash, None)
    await worker.hears()
    assert worker.published.operation("partner-1", ONE.hash, "ChildsName") is compiled
    await worker.registrar.revoke("partner-1", TWO.hash, "ada")
    await worker.hears()
    assert worker.published.operation("partner-1", ONE.hash, None) is compiled
    with pytest.raises(UnknownDocument):
        worker.published.operation("partner-1", TWO.hash, None)


async def test_what_is_live_needs_no_word_but_the_registry(worker: Worker) -> None:
    """Before anything was prepared; and after a revocation that nobody prepared for."""
    assert worker.published.operation("partner-1", ONE.hash, None).name == "ChildsName"
    await worker.registrar.revoke("partner-1", ONE.hash, "ada")
    await worker.registry.refresh()
    assert not worker.published.holds("partner-1", ONE.hash)
    with pytest.raises(UnknownDocument):
        worker.published.operation("partner-1", ONE.hash, None)


@pytest.mark.parametrize(
    ("partner", "hash_", "name"),
    [
        ("partner-2", ONE.hash, None),
        ("partner-1", ONE.hash.upper(), None),
        ("partner-1", ONE.hash.removeprefix("sha256:"), None),
        ("partner-1", GONE.hash, None),
        ("partner-1", "", None),
        ("partner-1", ONE.hash, "ChildsSchool"),
    ],
)
async def test_what_is_not_the_partners_own_is_unknown(
    worker: Worker, partner: str, hash_: str, name: str | None
) -> None:
    """Another's, another spelling, none at all, another name: one error, with the same words."""
    await worker.hears()
    with pytest.raises(UnknownDocument) as refused:
        worker.published.operation(partner, hash_, name)
    assert (refused.value.message, refused.value.code) == (UnknownDocument().message, "UNKNOWN_DOCUMENT")


async def test_one_that_todays_schema_or_limits_refuse_says_so(worker: Worker) -> None:
    """To its own partner, each request with an error of its own; operators count it."""
    await worker.registrar.publish([GONE, LARGE], "ada")
    await worker.hears()
    with pytest.raises(InvalidDocument) as invalid:
        worker.published.operation("partner-1", GONE.hash, None)
    assert "nickname" in invalid.value.errors[0].message
    seen = set()
    for _ in range(2):
        with pytest.raises(LimitExceeded) as limit:
            worker.published.operation("partner-1", LARGE.hash, None)
        assert limit.value.code == "LIMIT_ALIASES"
        seen.add(limit.value)
    assert len(seen) == 2
    assert worker.broken == 2
    assert worker.published.operation("partner-1", ONE.hash, None).name == "ChildsName"


async def test_uses_are_told_once(worker: Worker, database: Database) -> None:
    """What the store does not take is told the next time; nothing is told twice."""

    async def uses() -> dict[str, int]:
        return {document.name: document.uses for document in await worker.registrar.documents()}

    for hash_ in (ONE.hash, ONE.hash, TWO.hash):
        worker.published.used("partner-1", hash_)
    owner = await database.connect()
    try:
        await owner.execute("REVOKE EXECUTE ON FUNCTION documents_used FROM contactpoint_gateway")
        await worker.published.tell_usage()
        assert await uses() == {"ChildsName": 0, "ChildsSchool": 0}
        await owner.execute("GRANT EXECUTE ON FUNCTION documents_used TO contactpoint_gateway")
    finally:
        await owner.close()
    worker.published.used("partner-1", TWO.hash)
    await worker.published.tell_usage()
    await worker.published.tell_usage()
    assert await uses() == {"ChildsName": 2, "ChildsSchool": 2}


async def test_what_was_counted_last_is_told_on_leaving(worker: Worker) -> None:
    """A worker that is asked to stop tells what it has not told."""
    telling = asyncio.create_task(worker.published.telling())
    await asyncio.sleep(0)
    worker.published.used("partner-1", ONE.hash)
    telling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await telling
    assert [document.uses for document in await worker.registrar.documents()] == [1, 0]
