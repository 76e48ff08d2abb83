"""What partners have published, ready to run: compiled at boot and on publication, and counted as it is used.

Which of it is live is the registry's word alone, as of the very snapshot that whoever asks was let in by.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Final, Protocol, TypeAlias

from adapters.store.failures import StoreUnavailable
from adapters.store.registry_records import RegistrySnapshot
from gateway.errors import LimitExceeded, UnknownDocument
from gateway.events import Event, Observer
from gateway.operations.documents import Documents, InvalidDocument, Operation
from gateway.viewer import Role

TOLD_EVERY: Final = 10.0  # seconds between two tellings of what was used


class Registry(Protocol):
    """Where what is live stands."""

    @property
    def snapshot(self) -> RegistrySnapshot: ...


class UsageStore(Protocol):
    """Where uses are added up."""

    async def documents_used(self, used: Mapping[tuple[str, str], int]) -> None: ...


Compiled: TypeAlias = Operation | InvalidDocument | LimitExceeded


class Published:
    """Partners' documents by organisation and hash. None is ever let go of while it is live."""

    def __init__(self, documents: Documents, registry: Registry, store: UsageStore, observer: Observer) -> None:
        self._documents = documents
        self._registry = registry
        self._store = store
        self._observer = observer
        self._compiled: dict[str, Compiled] = {}
        self._uses: Counter[tuple[str, str]] = Counter()

    async def prepare(self, snapshot: RegistrySnapshot) -> None:
        """Compile what is new and drop what is gone; never more than one document without giving way."""
        bodies = {document.hash: document.body for document in snapshot.documents.values()}
        for gone in self._compiled.keys() - bodies.keys():
            del self._compiled[gone]
        for hash_, body in bodies.items():
            if hash_ not in self._compiled:
                self._compile(hash_, body)
                await asyncio.sleep(0)

    def holds(self, partner: str, hash_: str) -> bool:
        """Whether the partner has a live document of that hash."""
        return (partner, hash_) in self._registry.snapshot.documents

    def operation(self, partner: str, hash_: str, name: str | None) -> Operation:
        """The partner's own document. Raises `UnknownDocument`, one and the same for every cause.

        One that today's schema or limits refuse raises what they say: it was published under others.
        """
        document = self._registry.snapshot.documents.get((partner, hash_))
        if document is None:
            raise UnknownDocument
        # It may be too new to be prepared.
        compiled = self._compiled.get(hash_) or self._compile(hash_, document.body)
        match compiled:
            case InvalidDocument(errors=errors):
                raise InvalidDocument(errors)  # one of its own for each request
            case LimitExceeded(message=message, code=code):
                raise LimitExceeded(code.removeprefix("LIMIT_"), message)
            case Operation():
                if name is not None and name != compiled.name:
                    raise UnknownDocument
                return compiled

    def used(self, partner: str, hash_: str) -> None:
        """Count an answer."""
        self._uses[partner, hash_] += 1

    async def tell_usage(self) -> None:
        """Tell the store what was counted since; what cannot be told is told the next time."""
        told, self._uses = self._uses, Counter()
        if not told:
            return
        try:
            await self._store.documents_used(told)
        except BaseException as error:
            self._uses.update(told)
            if not isinstance(error, StoreUnavailable):
                raise

    async def telling(self) -> None:
        """Tell it every few seconds; and once more when cancelled."""
        try:
            while True:
                await asyncio.sleep(TOLD_EVERY)
                await self.tell_usage()
        finally:
            await self.tell_usage()

    def _compile(self, hash_: str, body: str) -> Compiled:
        compiled: Compiled
        try:
            compiled = self._documents.operation(body, None, Role.PARTNER)
        except (InvalidDocument, LimitExceeded) as refusal:
            compiled = refusal
            self._observer.happened(Event.DOCUMENT_BROKEN, type(refusal).__name__)
        self._compiled[hash_] = compiled
        return compiled
