"""The story of one request, readable aloud: who asks, why, for what; read, decide, fetch, look again, record, answer.

Nothing leaves here that was not recorded first, and nothing is recorded that was decided under shields, or a registry,
which have changed since: then it is all done again.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextvars import Context
from functools import lru_cache, partial
from typing import Any, Protocol

import msgspec
from graphql import GraphQLError
from msgspec.structs import replace

from adapters.deadlines import Deadlines
from adapters.store import registry_records
from adapters.store.entries import Conditions
from adapters.store.failures import StoreUnavailable
from adapters.store.postgres import Store
from adapters.store.registry_records import RegistryMoved
from adapters.store.search import SearchScope
from gateway.admission import flags_of
from gateway.audit.access_book import AuditDesk
from gateway.audit.ledger import Ledger, new_reference
from gateway.beat import Beat
from gateway.doors import Doors
from gateway.errors import Forbidden, MethodNotAllowed, RateLimited, Refusal, Unavailable
from gateway.events import Event, Observer
from gateway.guessing import Guessing
from gateway.operations.documents import InvalidDocument, Operation
from gateway.operations.executor import Executor
from gateway.operations.limits import Limits
from gateway.operations.outcome import Executed
from gateway.operations.variables import check_variables
from gateway.patience import Patience
from gateway.purpose import Ground, Purpose, ground_of
from gateway.shield.policy import at_most, decider
from gateway.shield.redaction import LeakCaught, look
from gateway.statistics.cube import cube_for
from gateway.viewer import Bearer, Role, Standing, Viewer
from gateway.wire.peer import Peer
from resolvers.acts import Acts
from resolvers.agencies import JoinedAgencies
from resolvers.answering import AgencyMark, Answering, agree
from resolvers.children import Capability, ChildFinder, Most
from resolvers.contacts import Contacts
from resolvers.disclosure import Category
from resolvers.joined_reads import JoinedReads
from schema.context import AnsweringContext, ViewerCard

# A shield or a registry that moves while an answer is made is rare; five times within it is a reason not to answer.
MOST_ATTEMPTS = 5

# What is kept back of the deadline for recording and sending the answer, once agencies have had their time.
KEPT_FOR_RECORDING = 0.1

# Viewers, each for one purpose, of whom it is kept what follows from token and purpose alone.
MOST_VIEWERS_KEPT = 10_000


class Asked(msgspec.Struct, frozen=True):
    """A request as HTTP delivered it, not yet believed.

    A `document_id` beside a `query` is what its caller says the text's hash to be. `forwarded` is the header in which
    a proxy passes on the certificate that it was shown.
    """

    authorization: str | None
    purpose: str | None
    reason: str | None
    query: str | None
    document_id: str | None = None
    operation_name: str | None = None
    variables: Mapping[str, Any] = {}
    by_get: bool = False
    peer: Peer = Peer()
    forwarded: str | None = None


class Answered(msgspec.Struct, frozen=True):
    """What goes back: `data` and `errors` as GraphQL has them, and the ledger's reference.

    `ran` is False where the document or its variables could not be run at all: then there is no `data`.
    """

    reference: str
    data: dict[str, Any] | None = None
    errors: Sequence[GraphQLError] = ()
    extensions: Mapping[str, Any] = {}
    ran: bool = True


class RequestActs(Acts, Protocol):
    """What one request may do, however often its answer is made.

    `guesses` counts acts that came to nobody; `done` is whether any came to somebody.
    """

    @property
    def guesses(self) -> int: ...

    @property
    def done(self) -> bool: ...

    def let_in_anew(self, viewer: Viewer, ground: Ground) -> None:
        """The registry has changed: from here on they act as it has them now. What is done stays done."""
        ...


class Desk(Protocol):
    """Where officers and stewards act; what it gives to a request knows who asks, and why."""

    def for_request(self, viewer: Viewer, ground: Ground, reference: str) -> RequestActs: ...


class Lets(Protocol):
    """What is asked of the registry: who somebody is as it stands, and to look whether it has changed."""

    @property
    def epoch(self) -> int: ...

    async def standing(self, bearer: Bearer) -> Standing: ...

    async def refresh(self, unless_newer_than: int | None = None) -> None: ...


class Tokens(Protocol):
    """What is asked of tokens."""

    async def bearer(self, authorization: str | None, peer: Peer, forwarded: str | None) -> Bearer: ...


class _Request:
    """What lives as long as a request, however often its answer is begun anew."""

    __slots__ = ("acts", "asked", "began", "deadline", "reference")

    def __init__(self, asked: Asked, began: float, deadline: float) -> None:
        self.asked = asked
        self.began = began
        self.deadline = deadline
        self.reference = new_reference()
        self.acts: RequestActs | None = None


class Pipeline:
    """Answers requests, each within `deadline` seconds. Build it where its loop runs; without a `desk` nobody acts.

    What may have been guessed at leaves on a beat of `beat` seconds.
    """

    def __init__(
        self,
        *,
        tokens: Tokens,
        registry: Lets,
        doors: Doors,
        limits: Limits,
        reasons_demanded: Collection[tuple[Role, Purpose]],
        executor: Executor,
        store: Store,
        reads: JoinedReads,
        agencies: JoinedAgencies,
        ledger: Ledger,
        guessing: Guessing,
        observer: Observer,
        deadline: float,
        beat: float = 0.0,
        desk: Desk | None = None,
        audit: AuditDesk,
    ) -> None:
        self._tokens = tokens
        self._registry = registry
        self._doors = doors
        self._limits = limits
        self._most = Most(limits.children, limits.searches)
        self._reasons_demanded = reasons_demanded
        self._executor = executor
        self._store = store
        self._reads = reads
        self._agencies = agencies
        self._ledger = ledger
        self._guessing = guessing
        self._observer = observer
        self._deadline = deadline
        self._desk = desk
        self._audit = audit
        self._loop = asyncio.get_running_loop()
        self._beat = Beat(self._loop, beat)
        self._deadlines = Deadlines(self._loop, Context())  # a timer serves many requests, so it runs in none's context

    async def answer(self, asked: Asked) -> Answered:
        """Answer, or raise the `Refusal` that says why not. A refusal of somebody known is recorded too."""
        began = self._loop.time()
        deadline = began + self._deadline
        try:
            with Patience(self._deadlines, deadline):
                bearer = await self._tokens.bearer(asked.authorization, asked.peer, asked.forwarded)
                return await self._answer_bearer(bearer, _Request(asked, began, deadline))
        except (StoreUnavailable, TimeoutError) as error:
            self._observer.happened(Event.STORE_UNAVAILABLE, type(error).__name__)
            raise Unavailable from None

    async def _answer_bearer(self, bearer: Bearer, request: _Request) -> Answered:
        for _ in range(MOST_ATTEMPTS):
            standing = await self._registry.standing(bearer)
            try:
                return await self._answer_viewer(standing, request)
            except RegistryMoved:
                self._observer.happened(Event.DECIDED_AGAIN, "the registry changed")
                await self._registry.refresh(unless_newer_than=standing.epoch)
        raise Unavailable

    async def _answer_viewer(self, standing: Standing, request: _Request) -> Answered:
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
            return await self._attempt(standing, ground, operation, request)
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

    async def _take_desk(self, standing: Standing, ground: Ground, request: _Request) -> None:
        """Have the acts ready. What acts is not made undone by its record, so the registry is looked at before."""
        await self._registry.refresh()
        if self._registry.epoch != standing.epoch:
            raise RegistryMoved
        if request.acts is not None:
            request.acts.let_in_anew(standing.viewer, ground)
        elif self._desk is not None:
            request.acts = self._desk.for_request(standing.viewer, ground, request.reference)

    async def _attempt(self, standing: Standing, ground: Ground, operation: Operation, request: _Request) -> Answered:
        viewer = standing.viewer
        for _ in range(MOST_ATTEMPTS):
            answering = Answering(standing.epoch)
            executed = await self._run(viewer, ground, operation, answering, request)
            if answering.marks and await self._hold_marked(answering.marks):
                self._observer.happened(Event.DECIDED_AGAIN, "agency marked a record")
                continue
            self._look_again(executed, operation, answering)
            record = partial(
                self._ledger.answered,
                request.reference,
                viewer,
                ground,
                operation.hash,
                answering.accesses(),
                answering.asked_for > 1,
            )
            conditions = _conditions(standing, operation, answering, request.acts)
            became = await record(conditions)
            # How much of the ledger was gone through for a page is no more an auditor's to know.
            if operation.for_desk or conditions.guesses or viewer.role is Role.AUDITOR:
                await self._beat.after(request.began)
                if became == registry_records.RECORDED and await self._moved_meanwhile(answering, request):
                    request.reference = new_reference()  # what stands in the ledger already is not told
                    became = registry_records.SHIELDS_MOVED
            if became > registry_records.RECORDED:
                self._observer.happened(Event.MISUSE_SUSPECTED, "misses in a row")
                self._guessing.full(viewer.subject, became)
                if request.acts is None or not request.acts.done:
                    raise RateLimited(became)
                # What is done is told, or nobody would ever know the number of a new identity: this once, for from here
                # on whoever guesses is refused before they act.
                became = await record(replace(conditions, guesses=None))
            match became:
                case registry_records.RECORDED:
                    self._answered(standing, operation, answering)
                    return Answered(request.reference, executed.data, executed.errors, _extensions(answering))
                case registry_records.SHIELDS_MOVED:
                    self._observer.happened(Event.DECIDED_AGAIN, "a shield changed")
                case _:
                    raise RegistryMoved
        raise Unavailable

    async def _moved_meanwhile(self, answering: Answering, request: _Request) -> bool:
        """Whether a shield has moved while an answer that tells of a child waited for its beat (law 8)."""
        if not answering.disclosures:
            return False
        reading = await self._reads.ask((), request.deadline)
        return answering.epochs != {reading.epoch}

    def _answered(self, standing: Standing, operation: Operation, answering: Answering) -> None:
        self._observer.happened(Event.ANSWERED)
        if answering.own_family:
            self._observer.happened(Event.MISUSE_SUSPECTED, "own family")
        if answering.homes and _is_far(standing, answering.homes):
            self._observer.happened(Event.MISUSE_SUSPECTED, "far from home")
        if flags_of(standing.viewer):
            self._observer.happened(Event.VIEWER_WITHOUT_PERSON)
        self._doors.answered(standing, operation)

    async def _run(
        self,
        viewer: Viewer,
        ground: Ground,
        operation: Operation,
        answering: Answering,
        request: _Request,
    ) -> Executed:
        time_for_others = request.deadline - KEPT_FOR_RECORDING * self._deadline
        allowed = capability(viewer, ground.purpose)
        context = AnsweringContext(
            answering=answering,
            children=ChildFinder(self._store, self._reads, allowed, time_for_others, answering, self._most),
            contacts=Contacts(self._agencies, time_for_others, answering),
            viewer=viewer_card(viewer, ground.purpose),
            acts=request.acts,
            statistics=cube_for(viewer, ground.purpose, self._store),
            accesses=self._audit.for_request(viewer, ground.purpose, self._reads, time_for_others),
        )
        executed = await self._executor.run(operation, request.asked.variables, context)
        for agency, failure in answering.failures:
            self._observer.happened(Event.AGENCY_FAILED, f"{agency.value} {type(failure).__name__}")
        return executed

    async def _hold_marked(self, marks: Sequence[AgencyMark]) -> bool:
        """Place a hold for every mark; whether one was news, so that the answer in hand must be done again.

        News is what moved the shields, be the child held or shielded already: by which of them nobody is told.
        """
        news = False
        for mark in marks:
            placed = await self._store.place_hold(mark.child_id, mark.agency, mark.mark)
            if placed:
                self._observer.happened(Event.HOLD_PLACED, mark.agency.value)
            news = news or placed or not mark.held
        return news

    def _look_again(self, executed: Executed, operation: Operation, answering: Answering) -> None:
        try:
            look(executed.data, operation.shape, answering.disclosures)
        except LeakCaught:
            self._observer.happened(Event.REDACTION_CAUGHT)
            raise Unavailable from None

    async def _record_refusal(
        self, standing: Standing, request: _Request, operation: Operation | None, code: str
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
        prints=viewer.prints,
    )
    return Capability(decider(viewer, purpose), scope, broker=viewer.organisation)


def _conditions(standing: Standing, operation: Operation, answering: Answering, acts: RequestActs | None) -> Conditions:
    """What the answer's record depends on; only what might touch a child can have been a guess."""
    guesses = None if operation.touches_no_child else answering.guesses + (0 if acts is None else acts.guesses)
    return Conditions(agree(answering.epochs), standing.epoch, guesses)


def _is_far(standing: Standing, homes: Collection[str]) -> bool:
    """Whether all whom they were told of live under other authorities than their organisation's."""
    own = standing.organisation and standing.organisation.authority
    return own is not None and own not in homes


def _extensions(answering: Answering) -> Mapping[str, Any]:
    withheld = [
        {"path": list(withheld.path), "brokerReference": withheld.broker_reference} for withheld in answering.withheld()
    ]
    return {"withheld": withheld} if withheld else {}
