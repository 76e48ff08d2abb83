"""The story of one request, readable aloud: who asks, why, for what; read, decide, fetch, look again, record, answer.

Nothing leaves here that was not recorded first, and nothing is recorded that was decided under shields which have
changed since: then it is all done again.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextvars import Context
from functools import lru_cache
from typing import Any, Protocol

import msgspec
from graphql import GraphQLError

from adapters.deadlines import Deadlines
from adapters.store.entries import Conditions
from adapters.store.failures import StoreUnavailable
from adapters.store.postgres import Store
from adapters.store.registry_records import RECORDED
from adapters.store.search import SearchScope
from gateway.audit.ledger import Ledger, new_reference
from gateway.errors import Forbidden, MethodNotAllowed, Refusal, Unavailable
from gateway.events import Event, Observer
from gateway.operations.documents import Documents, InvalidDocument, Operation
from gateway.operations.executor import Executor
from gateway.operations.limits import Limits
from gateway.operations.outcome import Executed
from gateway.operations.variables import check_variables
from gateway.patience import Patience
from gateway.purpose import Ground, Purpose, state_ground
from gateway.registry import Registry
from gateway.shield.policy import at_most, decider
from gateway.shield.redaction import LeakCaught, look
from gateway.tokens import TokenVerifier
from gateway.viewer import Role, Viewer
from resolvers.acts import Acts
from resolvers.agencies import JoinedAgencies
from resolvers.answering import AgencyMark, Answering, agree
from resolvers.children import Capability, ChildFinder
from resolvers.contacts import Contacts
from resolvers.disclosure import Category
from resolvers.joined_reads import JoinedReads
from schema.context import AnsweringContext, ViewerCard

# A shield that moves while an answer is made is rare; one that moves five times within it is a reason not to answer.
MOST_ATTEMPTS = 5

# What is kept back of the deadline for recording and sending the answer, once agencies have had their time.
KEPT_FOR_RECORDING = 0.1

# Viewers, each for one purpose, of whom it is kept what follows from token and purpose alone.
MOST_VIEWERS_KEPT = 10_000


class Asked(msgspec.Struct, frozen=True):
    """A request as HTTP delivered it, not yet believed."""

    authorization: str | None
    purpose: str | None
    reason: str | None
    query: str
    operation_name: str | None = None
    variables: Mapping[str, Any] = {}
    by_get: bool = False


class Answered(msgspec.Struct, frozen=True):
    """What goes back: `data` and `errors` as GraphQL has them, and the ledger's reference.

    `ran` is False where the document or its variables could not be run at all: then there is no `data`.
    """

    reference: str
    data: dict[str, Any] | None = None
    errors: Sequence[GraphQLError] = ()
    extensions: Mapping[str, Any] = {}
    ran: bool = True


class Desk(Protocol):
    """Where officers and stewards act; what it gives to a request knows who asks, and why."""

    def for_request(self, viewer: Viewer, ground: Ground, reference: str) -> Acts: ...


class Pipeline:
    """Answers requests, each within `deadline` seconds. Build it where its loop runs; without a `desk` nobody acts."""

    def __init__(
        self,
        *,
        viewers: TokenVerifier,
        registry: Registry,
        documents: Documents,
        limits: Limits,
        executor: Executor,
        store: Store,
        reads: JoinedReads,
        agencies: JoinedAgencies,
        ledger: Ledger,
        observer: Observer,
        deadline: float,
        desk: Desk | None = None,
    ) -> None:
        self._viewers = viewers
        self._registry = registry
        self._documents = documents
        self._limits = limits
        self._executor = executor
        self._store = store
        self._reads = reads
        self._agencies = agencies
        self._ledger = ledger
        self._observer = observer
        self._deadline = deadline
        self._desk = desk
        self._loop = asyncio.get_running_loop()
        self._deadlines = Deadlines(self._loop, Context())  # a timer serves many requests, so it runs in none's context

    async def answer(self, asked: Asked) -> Answered:
        """Answer, or raise the `Refusal` that says why not. A refusal of somebody known is recorded too."""
        deadline = self._loop.time() + self._deadline
        try:
            with Patience(self._deadlines, deadline):
                viewer = await self._viewers.viewer(asked.authorization)
                return await self._answer_viewer(viewer, asked, deadline)
        except (StoreUnavailable, TimeoutError) as error:
            self._observer.happened(Event.STORE_UNAVAILABLE, type(error).__name__)
            raise Unavailable from None

    async def _answer_viewer(self, viewer: Viewer, asked: Asked, deadline: float) -> Answered:
        reference = new_reference()
        operation: Operation | None = None
        try:
            organisation = await self._registry.organisation(viewer.organisation)
            ground = state_ground(viewer, organisation, asked.purpose, asked.reason)
            operation = self._documents.operation(asked.query, asked.operation_name, viewer.role)
            check_variables(asked.variables, self._limits)
            operation.cost.check(asked.variables, self._limits)
            _check_door(viewer, operation, asked)
            acts = self._acts(viewer, ground, reference) if operation.for_desk else None
            return await self._attempt(viewer, ground, operation, asked.variables, reference, deadline, acts)
        except InvalidDocument as invalid:
            await self._record_refusal(reference, viewer, asked, operation, "INVALID_DOCUMENT")
            return Answered(reference, errors=invalid.errors, ran=False)
        except Unavailable:
            raise
        except Refusal as refusal:
            await self._record_refusal(reference, viewer, asked, operation, refusal.code)
            refusal.reference = reference
            raise

    async def _attempt(
        self,
        viewer: Viewer,
        ground: Ground,
        operation: Operation,
        variables: Mapping[str, Any],
        reference: str,
        deadline: float,
        acts: Acts | None,
    ) -> Answered:
        for _ in range(MOST_ATTEMPTS):
            answering = Answering()
            executed = await self._run(viewer, ground, operation, variables, answering, deadline, acts)
            if answering.marks and await self._hold_marked(answering.marks):
                self._observer.happened(Event.DECIDED_AGAIN, "agency marked a record")
                continue
            self._look_again(executed, operation, answering)
            epoch = agree(answering.epochs)
            conditions = Conditions(decided=epoch)
            accesses = answering.accesses()
            became = await self._ledger.answered(reference, viewer, ground, operation.hash, accesses, conditions)
            if became == RECORDED:
                self._observer.happened(Event.ANSWERED)
                return Answered(reference, executed.data, executed.errors, _extensions(answering))
            self._observer.happened(Event.DECIDED_AGAIN, "a shield changed")
        raise Unavailable

    def _acts(self, viewer: Viewer, ground: Ground, reference: str) -> Acts | None:
        """Made once for a request: an attempt may be made again, an act may not."""
        return None if self._desk is None else self._desk.for_request(viewer, ground, reference)

    async def _run(
        self,
        viewer: Viewer,
        ground: Ground,
        operation: Operation,
        variables: Mapping[str, Any],
        answering: Answering,
        deadline: float,
        acts: Acts | None,
    ) -> Executed:
        time_for_others = deadline - KEPT_FOR_RECORDING * self._deadline
        allowed = capability(viewer, ground.purpose)
        context = AnsweringContext(
            answering=answering,
            children=ChildFinder(self._store, self._reads, allowed, time_for_others, answering),
            contacts=Contacts(self._agencies, time_for_others, answering),
            viewer=viewer_card(viewer, ground.purpose),
            acts=acts,
        )
        executed = await self._executor.run(operation, variables, context)
        for agency, failure in answering.failures:
            self._observer.happened(Event.AGENCY_FAILED, f"{agency.value} {type(failure).__name__}")
        return executed

    async def _hold_marked(self, marks: Sequence[AgencyMark]) -> bool:
        """Place a hold for every mark; whether one was news, so that the answer in hand must be done again."""
        for mark in marks:
            await self._store.place_hold(mark.child_id, mark.agency, mark.mark)
            if not mark.held:
                self._observer.happened(Event.HOLD_PLACED, mark.agency.value)
        return any(not mark.held for mark in marks)

    def _look_again(self, executed: Executed, operation: Operation, answering: Answering) -> None:
        try:
            look(executed.data, operation.shape, answering.disclosures)
        except LeakCaught:
            self._observer.happened(Event.REDACTION_CAUGHT)
            raise Unavailable from None

    async def _record_refusal(
        self, reference: str, viewer: Viewer, asked: Asked, operation: Operation | None, code: str
    ) -> None:
        known = asked.purpose if asked.purpose in Purpose.__members__ else None
        document = operation.hash if operation else None
        await self._ledger.refused(reference, viewer, known, document, code)
        self._observer.happened(Event.REFUSED, code)


@lru_cache(MOST_VIEWERS_KEPT)
def viewer_card(viewer: Viewer, purpose: Purpose) -> ViewerCard:
    """What the viewer may read of their own standing."""
    return ViewerCard(viewer.subject, viewer.organisation, viewer.role.value, purpose.value)


@lru_cache(MOST_VIEWERS_KEPT)
def capability(viewer: Viewer, purpose: Purpose) -> Capability | None:
    """All that the layers below learn of who asks and why; none where no child may be asked for."""
    most = at_most(viewer, purpose)
    if not most:
        return None
    manages = purpose is Purpose.SHIELD_MANAGEMENT
    scope = SearchScope(
        address=Category.ADDRESS in most,
        # An officer without an authority manages nobody: no authority is called by an empty word.
        manages=(viewer.authority or "") if manages else None,
        sealed=manages and "sealed" in viewer.scopes,
        organisation=viewer.organisation,
        viewer=viewer.subject,
        token=viewer.token if purpose is Purpose.SAFEGUARDING and "override" in viewer.scopes else "",
    )
    return Capability(decider(viewer, purpose), scope, broker=viewer.organisation)


def _check_door(viewer: Viewer, operation: Operation, asked: Asked) -> None:
    if asked.by_get and not operation.touches_no_child:
        raise MethodNotAllowed
    if viewer.role is Role.PARTNER and not operation.is_introspection:
        raise Forbidden("a partner sends its published documents alone")


def _extensions(answering: Answering) -> Mapping[str, Any]:
    withheld = [
        {"path": list(withheld.path), "brokerReference": withheld.broker_reference} for withheld in answering.withheld()
    ]
    return {"withheld": withheld} if withheld else {}
