"""Where a world is listened to from inside: questions to agencies, statements with their parameters, logs, counts."""

import asyncio
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any
from unittest.mock import patch

import asyncpg
from asyncpg.connection import LoggedQuery

from adapters.client import AgencyClient, Call, Response
from adapters.store.entries import Conditions, SealedEntry
from gateway import app
from gateway.agencies import build_agencies
from gateway.audit.data_keys import DataKey, DataKeys
from gateway.audit.group_commit import AccessStore, GroupCommit
from gateway.audit.scribe import Access, Scribe
from gateway.events import Observer
from gateway.operations.documents import Documents
from gateway.settings import Settings
from resolvers.agencies import JoinedAgencies, join
from tests.worlds.casting import Cast

_PATIENCE = 10.0  # seconds
_LAST_AT_START = "-- What the next checkpoint says"

# Each of those whom one call to a school, the register or the services is about.
_WHOM = re.compile(
    r"""(?:identifier|sourcedId)='[^']*'|{"__typename":"Child","nhsNumber":"\d+"}|(?<=[\[,])\d+(?=[\],])"""
)


class Seams:
    """What was heard in one world since it was last asked.

    Identifiers of a child are heard as whose they are: which of its keys was used is what may be compared, for the
    key itself may be hidden and differ.
    """

    def __init__(self, people: Cast, texts: "Texts") -> None:
        self._texts = texts
        self.observer: Observer | None = None
        self.questions: set[str] = set()
        self._settled = asyncio.Event()
        self.statements: list[tuple[str, tuple[object, ...]]] = []
        self.recorded: list[Access | Conditions] = []
        self._whose = _whose(people)
        self._identifier = re.compile("|".join(map(re.escape, self._whose)) or "(?!)")

    def agencies(self, settings: Settings, client: AgencyClient) -> JoinedAgencies:
        """The agencies, asked through a client that is listened to."""
        return join(build_agencies(settings, _Heard(client, self)))

    @contextmanager
    def of_the_store(self) -> Iterator[None]:
        """Listen to every connection of the pools that are opened meanwhile, and to whoever then keeps the ledger."""

        async def begin(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
            connection.add_query_logger(self._stated)

        with (
            patch.object(asyncpg, "create_pool", partial(asyncpg.create_pool, init=begin)),
            patch.object(app, "Documents", self._texts),
            patch.object(app, "Scribe", partial(_HeardScribe, self)),
            patch.object(app, "GroupCommit", partial(_HeardCommit, self)),
        ):
            yield

    async def settled(self) -> None:
        """Wait until what a gateway does of its own accord when it starts is done, or has been given up."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                await self._settled.wait()

    def counts(self) -> Mapping[str, float]:
        """What the metrics' page says just now, by name and labels."""
        assert self.observer is not None
        return {
            f"{sample.name} {' '.join(sample.labels.values())}": sample.value
            for metric in self.observer.collect()
            for sample in metric.samples
        }

    def asked(self, call: Call) -> None:
        """Hear a question, and a question about many as one about each: who else is joined in a call hangs on time."""
        body = (call.body or b"").decode("utf-8", "replace")
        words = f"{call.system} {call.method} {'/'.join(call.path)} {dict(call.params)} {body}"
        whom = _WHOM.findall(words) or [""]
        question = _WHOM.sub("", words).replace(" OR ", "").replace(",", "").replace("{}", "")
        self.questions |= {self._identifier.sub(self._owner, f"{question} about {one}") for one in whom}

    def _owner(self, found: "re.Match[str]") -> str:
        return self._whose[found.group()]

    def _stated(self, query: LoggedQuery) -> None:
        self.statements.append((query.query, query.args))
        if query.query.startswith(_LAST_AT_START):
            self._settled.set()


class Texts:
    """The texts that one side's gateways have read, one gateway after the other: to read one costs more than to answer.

    Each side has its own, so that nothing a gateway kept with a text could come from the other world.
    """

    def __init__(self) -> None:
        self._kept: Documents | None = None

    def __call__(self, *built: Any) -> Documents:
        """Instead of making a gateway's documents anew: what they are built from is the same for all of a run."""
        self._kept = self._kept or Documents(*built)
        return self._kept


class _Heard(AgencyClient):
    """Another client, each question to which is heard before it is asked."""

    def __init__(self, client: AgencyClient, seams: Seams) -> None:
        self._client = client
        self._seams = seams

    async def ask(self, call: Call, deadline: float) -> Response:
        self._seams.asked(call)
        return await self._client.ask(call, deadline)


class _HeardScribe(Scribe):
    """A scribe each of whose records is heard before it is sealed."""

    def __init__(self, seams: Seams, keys: DataKeys, index_key: bytes) -> None:
        super().__init__(keys, index_key)
        self._seams = seams

    def _sealed(self, access: Access, keys: tuple[DataKey, ...], apart: Iterable[str]) -> SealedEntry:
        self._seams.recorded.append(access)
        return super()._sealed(access, keys, apart)


class _HeardCommit(GroupCommit):
    """Writes records, and what each depends on is heard: the epochs it was decided under, and how much was guessed."""

    def __init__(self, seams: Seams, store: AccessStore, *, burst: float, per_second: float) -> None:
        super().__init__(store, burst=burst, per_second=per_second)
        self._seams = seams

    def record(self, entry: SealedEntry, conditions: Conditions) -> "asyncio.Future[int]":
        self._seams.recorded.append(conditions)
        return super().record(entry, conditions)


def _whose(people: Cast) -> Mapping[str, str]:
    return {
        key.value: f"<{system} of {index}>"
        for index, person in people.items()
        for system, key in (
            ("nhs", person.child.keys.nhs_number),
            ("upn", person.child.keys.upn),
            ("entry", person.child.birth_entry),
        )
        if key is not None
    }


class LogLines(logging.Handler):
    """Every line of every logger, at debug level, as it would be written."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    @contextmanager
    def listening(self) -> Iterator[None]:
        root = logging.getLogger()
        before = root.level
        root.setLevel(logging.DEBUG)
        root.addHandler(self)
        try:
            yield
        finally:
            root.removeHandler(self)
            root.setLevel(before)
