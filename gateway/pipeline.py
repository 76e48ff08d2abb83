"""The story of one request, readable aloud: who asks, why, for what. How it is answered is told on in `attempts.py`.

Nothing leaves that was not recorded first, and nothing is recorded that was decided under shields, or a registry, which
have changed since: then it is all done again.
"""

import asyncio
from collections.abc import Collection
from contextvars import Context
from typing import Protocol

from adapters.deadlines import Deadlines
from adapters.store import registry_records
from adapters.store.failures import StoreUnavailable
from adapters.store.registry_records import RegistryMoved
from gateway.attempts import MOST_ATTEMPTS, Attempts
from gateway.audit.ledger import Ledger
from gateway.doors import Doors
from gateway.errors import Forbidden, MethodNotAllowed, RateLimited, Refusal, Unavailable
from gateway.events import Event, Observer
from gateway.guessing import Guessing
from gateway.operations.documents import InvalidDocument, Operation
from gateway.operations.limits import Limits
from gateway.operations.variables import check_variables
from gateway.patience import Patience
from gateway.purpose import Ground, Purpose, ground_of
from gateway.request import Answered, Asked, Desk, Request
from gateway.viewer import Bearer, Role, Standing, Viewer
from gateway.wire.peer import Peer


class Lets(Protocol):
    """What is asked of the registry: who somebody is as it stands, and to look whether it has changed."""

    @property
    def epoch(self) -> int: ...

    async def standing(self, bearer: Bearer) -> Standing: ...

    async def refresh(self, unless_newer_than: int | None = None) -> None: ...


class Tokens(Protocol):
    """What is asked of tokens."""

    async def bearer(self, authorization: str | None, peer: Peer, forwarded: str | None) -> Bearer: ...


class Pipeline:
    """Answers requests, each within `deadline` seconds. Build it where its loop runs; without a `desk` nobody acts."""

    def __init__(
        self,
        *,
        tokens: Tokens,
        registry: Lets,
        doors: Doors,
        limits: Limits,
        reasons_demanded: Collection[tuple[Role, Purpose]],
        guessing: Guessing,
        attempts: Attempts,
        ledger: Ledger,
        observer: Observer,
        deadline: float,
        desk: Desk | None = None,
    ) -> None:
        self._tokens = tokens
        self._registry = registry
        self._doors = doors
        self._limits = limits
        self._reasons_demanded = reasons_demanded
        self._guessing = guessing
        self._attempts = attempts
        self._ledger = ledger
        self._observer = observer
        self._deadline = deadline
        self._desk = desk
        self._loop = asyncio.get_running_loop()
        self._deadlines = Deadlines(self._loop, Context())  # a timer serves many requests, so it runs in none's context

    async def answer(self, asked: Asked) -> Answered:
        """Answer, or raise the `Refusal` that says why not. A refusal of somebody known is recorded too."""
        began = self._loop.time()
        deadline = began + self._deadline
        try:
            with Patience(self._deadlines, deadline):
                bearer = await self._tokens.bearer(asked.authorization, asked.peer, asked.forwarded)
                return await self._answer_bearer(bearer, Request(asked, began, deadline))
        except (StoreUnavailable, TimeoutError) as error:
            self._observer.happened(Event.STORE_UNAVAILABLE, type(error).__name__)
            raise Unavailable from None

    async def _answer_bearer(self, bearer: Bearer, request: Request) -> Answered:
        for _ in range(MOST_ATTEMPTS):
            standing = await self._registry.standing(bearer)
            try:
                return await self._answer_viewer(standing, request)
            except RegistryMoved:
                self._observer.happened(Event.DECIDED_AGAIN, "the registry changed")
                await self._registry.refresh(unless_newer_than=standing.epoch)
        raise Unavailable

    async def _answer_viewer(self, standing: Standing, request: Request) -> Answered:
        """Answer whom the registry knows so; raises `RegistryMoved` where it does no longer."""
        viewer, asked = standing.viewer, request.asked
        operation: Operation | None = None
        try:
            if standing.refusal is not None:
                raise Forbidden(standing.refusal.message)
            ground = ground_of(standing, asked.purpose, asked.reason, self._reasons_demanded)
            operation = self._doors.operation(standing, asked.query, asked.document_id, asked.operation_name)
            if asked.by_get and not operation.touches_no_child:
                raise MethodNotAllowed
            check_variables(asked.variables, self._limits)
            operation.cost.check(asked.variables, self._limits)
            self._check_guessing(viewer, operation)
            if operation.for_desk:
                await self._take_desk(standing, ground, request)
            return await self._attempts.answer(standing, ground, operation, request)
        except InvalidDocument as invalid:
            await self._record_refusal(standing, request, operation, "INVALID_DOCUMENT")
            return Answered(request.reference, errors=invalid.errors, ran=False)
        except Unavailable:
            raise
        except Refusal as refusal:
            await self._record_refusal(standing, request, operation, refusal.code)
            refusal.reference = request.reference
            raise

    def _check_guessing(self, viewer: Viewer, operation: Operation) -> None:
        """Refuse, before any work, whom the store has lately found to guess: hit and miss alike."""
        if not operation.touches_no_child:
            seconds = self._guessing.seconds_left(viewer.subject)
            if seconds:
                raise RateLimited(seconds)

    async def _take_desk(self, standing: Standing, ground: Ground, request: Request) -> None:
        """Have the acts ready. What acts is not made undone by its record, so the registry is looked at before."""
        await self._registry.refresh()
        if self._registry.epoch != standing.epoch:
            raise RegistryMoved
        if request.acts is not None:
            request.acts.let_in_anew(standing.viewer, ground)
        elif self._desk is not None:
            request.acts = self._desk.for_request(standing.viewer, ground, request.reference)

    async def _record_refusal(
        self, standing: Standing, request: Request, operation: Operation | None, code: str
    ) -> None:
        """Record it, or raise `RegistryMoved`: whoever is refused so may not be known at all any more."""
        purpose = request.asked.purpose if request.asked.purpose in Purpose.__members__ else None
        document = operation.hash if operation else None
        became = await self._ledger.refused(
            request.reference, standing.viewer, purpose, document, code, registered=standing.epoch
        )
        if became == registry_records.REGISTRY_MOVED:
            raise RegistryMoved
        self._observer.happened(Event.REFUSED, code)
