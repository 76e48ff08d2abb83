"""What officers and stewards may do, request by request: who may act at all, and that an answer made twice acts once.

This alone knows who acts; what becomes of an act is judged in `gateway/shield/acts.py` and written by `ShieldBook`.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeAlias, TypeVar

from adapters.identity import LikenessReason
from adapters.shield_records import (
    ActResult,
    ActState,
    CaseRow,
    Change,
    ClearHold,
    Confirm,
    Lift,
    Member,
    NewIdentity,
    Page,
    QuarantineRow,
    Raise,
    ShieldCall,
    ShieldState,
    Transfer,
)
from adapters.store.entries import StewardsWord
from adapters.store.shields import NotMergeable, Reader, ShieldBook, Turn
from gateway.audit.acts import ActRecords
from gateway.audit.ledger import new_reference
from gateway.audit.scribe import Scribe
from gateway.carrying_out import Hand
from gateway.cursors import cursor, cursor_of, entry_before, read_cursor
from gateway.events import Event, Observer
from gateway.overriding import Overrides, begin_override
from gateway.purpose import Ground, Purpose
from gateway.shield.acts import Already, Bad, Carry, Nobody, Officer, Propose, judge, looks_at_household
from gateway.shield.calls import takes_custodian
from gateway.shield.resolving import NOT_TO_MERGE, Resolve, flaw_of_word, judge_entry
from gateway.viewer import Role, Viewer
from resolvers.acts import BadActError, BadReasonError
from resolvers.answering import ResponsePath
from resolvers.errors import NotAddressableError, QuestionError

SHORTEST_REASON, LONGEST_REASON = 10, 255

Outcome = TypeVar("Outcome")

# Each call by the name of its mutation, as the ledger has it.
_MUTATIONS: dict[type[ShieldCall], str] = {
    Raise: "raiseShield",
    Confirm: "confirmShield",
    Change: "changeShield",
    Transfer: "transferShield",
    Lift: "liftShield",
    ClearHold: "clearHold",
    NewIdentity: "giveNewIdentity",
}
_RESOLVE = "resolveQuarantine"


_BY_KEY = {LikenessReason.SAME_KEY, LikenessReason.FORMER_KEY}


class Stewards(Protocol):
    """What the feed's store does for stewards, whom an entry like a protected child tells nothing."""

    async def stewards_page(self, after: tuple[datetime, str] | None, most: int) -> Sequence[QuarantineRow]:
        """At most `most` waiting entries after that one, by (received_at, reference)."""
        ...

    async def resolve_entry(self, word: StewardsWord) -> bool:
        """Whether it was resolved; what came of it is recorded in the same transaction."""
        ...


class OfficersDesk:
    """Hands each request what its viewer may do. Without `book` or `stewards` what needs them is UNAVAILABLE."""

    def __init__(
        self, book: ShieldBook | None, stewards: Stewards | None, store: Overrides, observer: Observer, scribe: Scribe
    ) -> None:
        self._book = book
        self._stewards = stewards
        self._store = store
        self._observer = observer
        self._scribe = scribe

    def for_request(self, viewer: Viewer, ground: Ground, reference: str) -> "ActsOfRequest":
        """All that one request may do; `reference` is its answer's."""
        records = ActRecords(self._scribe, viewer, ground, reference)
        return ActsOfRequest(self._book, self._stewards, self._store, self._observer, viewer, ground, records)


class ActsOfRequest:
    """What one viewer may do for one purpose. Outcomes are kept by response path, as an attempt may be made again."""

    def __init__(
        self,
        book: ShieldBook | None,
        stewards: Stewards | None,
        store: Overrides,
        observer: Observer,
        viewer: Viewer,
        ground: Ground,
        records: ActRecords,
    ) -> None:
        self._book = book
        self._stewards = stewards
        self._store = store
        self._observer = observer
        self._viewer = viewer
        self._ground = ground
        self._records = records
        self._came_to: dict[ResponsePath, Any] = {}

    @property
    def guesses(self) -> int:
        return sum(outcome is None for outcome in self._came_to.values())

    @property
    def done(self) -> bool:
        return any(outcome is not None for outcome in self._came_to.values())

    def let_in_anew(self, viewer: Viewer, ground: Ground) -> None:
        """The registry has changed: whatever is not done yet is done as it has them now."""
        self._viewer = viewer
        self._ground = ground

    async def shield(self, path: ResponsePath, number: str, call: ShieldCall, reason: str) -> ActResult | None:
        """Carry out an officer's call, or propose it."""
        officer = self._officer()
        if takes_custodian(call) and not officer.custodian:
            raise _not_yours()
        _check(reason)
        return await self._once(path, lambda: self._shield(officer, number, call, reason))

    async def override(self, path: ResponsePath, number: str, reason: str) -> datetime | None:
        """Look behind one shield; until when."""
        viewer, purpose = self._viewer, self._ground.purpose
        if (
            viewer.role is not Role.PRACTITIONER
            or purpose is not Purpose.SAFEGUARDING
            or "override" not in viewer.scopes
        ):
            raise _not_yours()
        _check(reason)
        return await self._once(path, lambda: self._override(number, reason))

    async def resolve(
        self,
        path: ResponsePath,
        reference: str,
        resolution: str,
        number: str | None,
        merge: bool,
        reason: str,
    ) -> ActResult | None:
        """End what waits in quarantine: a steward's entry at once, an officer's as two of them must."""
        call = Resolve(reference, resolution, number, merge)
        if self._is_steward():
            _check(reason)
            return await self._once(path, lambda: self._resolve_as_steward(call, reason))
        officer = self._officer()
        _check(reason)
        return await self._once(path, lambda: self._resolve(officer, call, reason))

    async def cases(self, listing: str, first: int, after: str | None) -> Page[CaseRow]:
        """The officer's own authority's protected children."""
        officer = self._officer()
        place = None if after is None else read_cursor(after)
        rows = await self._officers_book().cases(self._reader(officer), listing, place, first + 1)
        return Page(rows[:first], cursor(rows[first - 1].state.number) if len(rows) > first else None)

    async def quarantine(self, first: int, after: str | None) -> Page[QuarantineRow]:
        """What waits: for stewards, or for the officers of an authority."""
        if self._is_steward():
            rows = await self._stewards_store().stewards_page(entry_before(after), first + 1)
        else:
            officer = self._officer()
            rows = await self._officers_book().quarantine(self._reader(officer), entry_before(after), first + 1)
        return Page(tuple(rows[:first]), cursor_of(rows[first - 1]) if len(rows) > first else None)

    async def _in_turn(self, officer: Officer, mutation: str, reason: str, act: "_Act") -> ActResult | None:
        """One act, all of it or nothing, with its record. Nothing of a flawed one stands but that it was asked for."""
        reference = new_reference()
        try:
            async with self._officers_book().turn() as turn:
                result, numbers = await act(turn, Hand(turn, officer, reason, reference))
                done = result is not None
                whose = await _whose(turn, numbers, officer)
                record = await self._records.sealed(mutation, reference, reason, done=done, whose=whose)
                await turn.record(mutation, record)
        except _Flawed as flawed:
            async with self._officers_book().turn() as turn:
                whose = await _whose(turn, flawed.numbers, officer)
                record = await self._records.sealed(
                    mutation, reference, reason, done=False, whose=whose, code=BadActError.code
                )
                await turn.record(mutation, record)
            raise BadActError(flawed.flaw) from None
        self._observe(mutation, result)
        return result

    async def _shield(self, officer: Officer, number: str, call: ShieldCall, reason: str) -> ActResult | None:
        async def act(turn: Turn, hand: Hand) -> _CameTo:
            await _check_registered(turn, call)
            state = await turn.state(number, self._viewer.prints)
            household = () if state is None else await self._household(turn, officer, state, call)
            numbers = () if state is None else (number,)
            judged = judge(officer, state, call, turn.today, household)
            match judged:
                case Bad(flaw):
                    raise _Flawed(flaw, numbers)
                case Nobody():
                    return None, numbers
                case Already():
                    return ActResult(ActState.DONE, hand.reference), numbers
                case Propose():
                    return ActResult(ActState.PROPOSED, await hand.propose(judged)), numbers
                case Carry() if isinstance(call, NewIdentity):
                    new = await hand.begin_anew(judged, call)
                    if new is None:
                        raise _Flawed("`identity` must have keys that nobody has or had", numbers)
                    return ActResult(ActState.DONE, hand.reference, new), numbers
                case Carry():
                    touched = await hand.carry_out(judged, household)
                    return ActResult(ActState.DONE, hand.reference), touched

        return await self._in_turn(officer, _MUTATIONS[type(call)], reason, act)

    async def _resolve(self, officer: Officer, call: Resolve, reason: str) -> ActResult | None:
        async def act(turn: Turn, hand: Hand) -> _CameTo:
            row = await turn.entry(call.entry, self._reader(officer))
            likely = () if row is None else row.candidates or ()
            states = [state for number, _ in likely if (state := await turn.state(number)) is not None]
            by_key = {number for number, reasons in likely if not _BY_KEY.isdisjoint(reasons)}
            judged = judge_entry(officer, call, states, by_key)
            match judged:
                case Bad(flaw):
                    raise _Flawed(flaw, ())
                case Nobody():
                    return None, ()
                case Propose():
                    return ActResult(ActState.PROPOSED, await hand.propose(judged)), (judged.child.number,)
                case Carry():
                    numbers = (judged.before.number, *(merged.number for merged in judged.members))
                    try:
                        await hand.resolve(judged, call.entry, call.resolution, call.number)
                    except NotMergeable:
                        # As where no key names two: that a record is a new identity is not told.
                        raise _Flawed(NOT_TO_MERGE, numbers) from None
                    return ActResult(ActState.DONE, hand.reference), numbers

        return await self._in_turn(officer, _RESOLVE, reason, act)

    async def _resolve_as_steward(self, call: Resolve, reason: str) -> ActResult | None:
        flaw = "`merge` is for shield officers" if call.merge else flaw_of_word(call)
        if flaw is not None:
            raise BadActError(flaw)
        done, refused = ActResult(ActState.DONE, new_reference()), new_reference()
        whose = {} if call.number is None else {call.number: None}
        resolved = await self._stewards_store().resolve_entry(
            StewardsWord(
                entry=call.entry,
                resolution=call.resolution,
                number=call.number,
                steward=self._viewer.subject,
                reason=reason,
                done=await self._records.sealed(_RESOLVE, done.reference, reason, done=True, whose=whose),
                refused=await self._records.sealed(_RESOLVE, refused, reason, done=False, whose=whose),
            )
        )
        result = done if resolved else None
        self._observe(_RESOLVE, result)
        return result

    async def _override(self, number: str, reason: str) -> datetime | None:
        return await begin_override(self._store, self._records, self._observer, self._viewer, number, reason)

    async def _once(self, path: ResponsePath, act: Callable[[], Awaitable[Outcome]]) -> Outcome:
        """What the act at this path came to. A flawed one did nothing, and may be found flawed again."""
        if path not in self._came_to:
            self._came_to[path] = await act()
        outcome: Outcome = self._came_to[path]
        return outcome

    def _officer(self) -> Officer:
        viewer = self._viewer
        manages = viewer.role is Role.SHIELD_OFFICER and self._ground.purpose is Purpose.SHIELD_MANAGEMENT
        if not manages or not viewer.authority:
            raise _not_yours()
        return Officer(viewer.subject, viewer.authority, "sealed" in viewer.scopes)

    def _reader(self, officer: Officer) -> Reader:
        return Reader(officer.authority, officer.subject, officer.custodian, self._viewer.prints)

    async def _household(
        self, turn: Turn, officer: Officer, state: ShieldState, call: ShieldCall
    ) -> tuple[Member, ...]:
        """Whom an act on the child may touch. An officer's own child is covered with others, and released by others."""
        if not looks_at_household(officer, state, call):
            return ()
        household = await turn.household(state.child_id)
        named = call.release if isinstance(call, Change) else ()
        own = {number for number in named if await turn.state(number, self._viewer.prints) is None}
        return tuple(member for member in household if member.state.number not in own)

    def _is_steward(self) -> bool:
        return self._viewer.role is Role.STEWARD and self._ground.purpose is Purpose.DATA_QUALITY

    def _officers_book(self) -> ShieldBook:
        if self._book is None:
            raise QuestionError("officers' acts are not set up here: set `CONTACTPOINT_SHIELD_DSN`")
        return self._book

    def _stewards_store(self) -> Stewards:
        if self._stewards is None:
            raise QuestionError("quarantine is not set up here: set `CONTACTPOINT_FEED_DSN`")
        return self._stewards

    def _observe(self, act: str, result: ActResult | None) -> None:
        if result is not None:
            done = result.state is ActState.DONE
            self._observer.happened(Event.ACT_DONE if done else Event.ACT_PROPOSED, act)


class _Flawed(Exception):
    """What was asked for cannot be; `numbers` are of the children it was asked about."""

    def __init__(self, flaw: str, numbers: tuple[str, ...] = ()) -> None:
        super().__init__(flaw)
        self.flaw = flaw
        self.numbers = numbers


# What an officer is told, and the numbers of the children it touched; in the turn given, by the hand given.
_CameTo: TypeAlias = tuple[ActResult | None, tuple[str, ...]]
_Act: TypeAlias = Callable[[Turn, Hand], Awaitable[_CameTo]]


async def _whose(turn: Turn, numbers: Sequence[str], officer: Officer) -> dict[str, str | None]:
    """Whose auditors read of each: its own authority's, so that no other's are told that it is protected there."""
    whose: dict[str, str | None] = {}
    for number in numbers:
        state = await turn.state(number)
        whose[number] = (state and (state.authority or state.child_authority)) or officer.authority
    return whose


async def _check_registered(turn: Turn, call: ShieldCall) -> None:
    """Raise _Flawed where the call names what the registry does not know, whoever the child is."""
    if isinstance(call, Change) and call.circle:
        named = {term.organisation for term in call.circle}
        if await turn.circle_members(named) != named:
            raise _Flawed("`organisation` must be a registered school or practice, as tokens name it")
    if isinstance(call, Transfer) and not await turn.is_authority(call.authority):
        raise _Flawed("`authority` must be a registered local authority's GSS code")


def _check(reason: str) -> None:
    if not (len(reason.strip()) >= SHORTEST_REASON and len(reason) <= LONGEST_REASON and reason.isprintable()):
        raise BadReasonError(f"`reason` must be {SHORTEST_REASON} to {LONGEST_REASON} printable characters")


def _not_yours() -> NotAddressableError:
    return NotAddressableError("this role, purpose and scope allow no such act")
