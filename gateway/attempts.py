"""The second half of a request's story: read, decide, fetch, look again, record, answer; again where shields move."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any

from msgspec.structs import replace

from adapters.store import registry_records
from adapters.store.entries import Conditions
from adapters.store.postgres import Store
from adapters.store.registry_records import RegistryMoved
from gateway.admission import flags_of
from gateway.audit.access_book import AuditDesk
from gateway.audit.ledger import Ledger, new_reference
from gateway.beat import Beat
from gateway.capability import capability, viewer_card
from gateway.doors import Doors
from gateway.errors import RateLimited, Unavailable
from gateway.events import Event, Observer
from gateway.guessing import Guessing
from gateway.operations.documents import Operation
from gateway.operations.executor import Executor
from gateway.operations.outcome import Executed
from gateway.purpose import Ground
from gateway.request import Answered, Request, RequestActs
from gateway.shield.redaction import LeakCaught, look
from gateway.statistics.cube import cube_for
from gateway.viewer import Role, Standing, Viewer
from resolvers.agencies import JoinedAgencies
from resolvers.answering import AgencyMark, Answering, agree
from resolvers.children import ChildFinder, Most
from resolvers.contacts import Contacts
from resolvers.joined_reads import JoinedReads
from schema.context import AnsweringContext

# A shield or a registry that moves while an answer is made is rare; five times within it is a reason not to answer.
MOST_ATTEMPTS = 5

# What is kept back of the deadline for recording and sending the answer, once agencies have had their time.
KEPT_FOR_RECORDING = 0.1


class Attempts:
    """Answers whom the registry knows, for a ground that holds. What may have been guessed at leaves on the beat."""

    def __init__(
        self,
        *,
        doors: Doors,
        most: Most,
        executor: Executor,
        store: Store,
        reads: JoinedReads,
        agencies: JoinedAgencies,
        ledger: Ledger,
        guessing: Guessing,
        observer: Observer,
        beat: Beat,
        audit: AuditDesk,
    ) -> None:
        self._doors = doors
        self._most = most
        self._executor = executor
        self._store = store
        self._reads = reads
        self._agencies = agencies
        self._ledger = ledger
        self._guessing = guessing
        self._observer = observer
        self._beat = beat
        self._audit = audit

    async def answer(self, standing: Standing, ground: Ground, operation: Operation, request: Request) -> Answered:
        """Answer, or raise the `Refusal` that says why not; raises `RegistryMoved` where they are known so no more."""
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

    async def _moved_meanwhile(self, answering: Answering, request: Request) -> bool:
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
        request: Request,
    ) -> Executed:
        time_for_others = request.deadline - KEPT_FOR_RECORDING * (request.deadline - request.began)
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
