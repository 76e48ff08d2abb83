"""Finds children in the core store and, before anything else is done with one, has it decided what may be told of it.

The decision is handed in as a function of the record; who asks and why stay with whoever made that function. A child
of whom nothing may be told is, from here on, a child that does not exist.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol, TypeAlias

import msgspec
from msgspec.structs import replace

from adapters.number import BadNumber, parse_number
from adapters.records import ChildRecord, NhsNumber, Upn
from adapters.store.kinship import is_kin
from adapters.store.reading import Reading
from adapters.store.search import Criteria, SearchScope
from resolvers.answering import Answering
from resolvers.disclosure import Category, Disclosure
from resolvers.errors import BadNumberError, LimitError, NotAddressableError
from resolvers.joined_reads import JoinedReads

Decide: TypeAlias = Callable[[ChildRecord], Disclosure | None]

MOST_MATCHES = 10
ANY_NUMBER: Final = 2  # of children, as far as one or several matters


class Most(NamedTuple):
    """The most that one operation may ask: children by number; searches, look-ups by key and lists of what waits."""

    children: int = 100
    searches: int = 10


MOST: Final = Most()


class ChildStore(Protocol):
    """What finding children asks of the store beside numbers; a reading is one statement, with the shields' epoch."""

    async def children_by_key(self, key: NhsNumber | Upn) -> Reading: ...

    async def find_children(self, criteria: Criteria, scope: SearchScope, limit: int) -> Reading: ...

    async def broker_references(self, organisation: str, child_ids: Sequence[int]) -> Mapping[int, str]: ...


@dataclass(frozen=True, slots=True)
class Capability:
    """All that finding children learns of a request: what to decide by, and how far a search may see.

    `broker` names the organisation that broker references are made out to.
    """

    decide: Decide
    scope: SearchScope
    broker: str


class DecidedChild(msgspec.Struct, frozen=True, gc=False):
    """A child that can be shown, with what may be told of it."""

    record: ChildRecord
    disclosure: Disclosure


class ChildFinder:
    """Answers the root questions of one attempt, by a deadline. Without a capability no child can be asked for."""

    def __init__(
        self,
        store: ChildStore,
        reads: JoinedReads,
        capability: Capability | None,
        deadline: float,
        answering: Answering,
        most: Most = MOST,
    ) -> None:
        self._most = most
        self._store = store
        self._reads = reads
        self._capability = capability
        self._deadline = deadline
        self._answering = answering
        self._wanted = 0
        self._searched = 0

    async def by_number(self, number: str) -> DecidedChild | None:
        self._addressable()
        self._want(1)
        wanted = checked_number(number)
        found = await self._decided(await self._reads.ask((wanted,), self._deadline))
        if not found:
            self._answering.missed((wanted,))
            return None
        return found[0]

    async def by_numbers(self, numbers: Sequence[str]) -> list[DecidedChild | None]:
        """In the order asked; at most a hundred, each decided alone."""
        self._addressable()
        self._want(len(numbers))
        wanted = [checked_number(number) for number in numbers]
        decided = await self._decided(await self._reads.ask(wanted, self._deadline))
        found = {child.record.number: child for child in decided}
        if len(found) < len(wanted):
            self._answering.missed(number for number in wanted if number not in found)
        return [found.get(number) for number in wanted]

    async def by_key(self, key: NhsNumber | Upn) -> DecidedChild | None:
        """The child with this key, unless the key itself may not be known: then there is no such child."""
        self._addressable()
        self._search(1)
        category = Category.KEY if isinstance(key, NhsNumber) else Category.SCHOOL
        found = await self._decided(await self._store.children_by_key(key), knowing=category)
        if not found:
            self._answering.guessed()
            return None
        return found[0]

    async def search(self, criteria: Criteria, first: int) -> tuple[list[DecidedChild], bool]:
        """The matches, and whether there were more than `first` (then none are given)."""
        capability = self._addressable()
        if not 1 <= first <= MOST_MATCHES:
            raise LimitError("FIRST", f"`first` must be between 1 and {MOST_MATCHES}")
        self._search(ANY_NUMBER)
        self._answering.guessed()
        reading = await self._store.find_children(criteria, capability.scope, first)
        if len(reading.children) > first:
            self._answering.read_under(reading.epoch, reading.registered)
            return [], True
        return await self._decided(reading), False

    async def begin_list(self) -> None:
        """Note under which shields a list is read elsewhere, next: should one change meanwhile, it is all read anew."""
        self._addressable()
        self._search(ANY_NUMBER)
        reading = await self._reads.ask((), self._deadline)
        self._answering.read_under(reading.epoch, reading.registered)

    async def listed(self, numbers: Collection[str]) -> Mapping[str, DecidedChild]:
        """The children that such a list names, as many as it may hold: each decided as ever, by its number."""
        self._addressable()
        if not numbers:
            return {}
        decided = await self._decided(await self._reads.ask(tuple(numbers), self._deadline))
        return {child.record.number: child for child in decided}

    def _want(self, children: int) -> None:
        """Count the children asked for by number, through whatever door of one operation."""
        self._wanted += children
        self._answering.asked_for += children
        if self._wanted > self._most.children:
            raise LimitError("CHILDREN", f"at most {self._most.children} children can be asked for at once")

    def _search(self, children: int) -> None:
        self._searched += 1
        if self._searched > self._most.searches:
            raise LimitError("SEARCHES", f"at most {self._most.searches} searches can be made at once")
        self._answering.asked_for += children

    def _addressable(self) -> Capability:
        if self._capability is None:
            raise NotAddressableError("no child can be asked for with this role and purpose")
        return self._capability

    async def _decided(self, reading: Reading, knowing: Category = Category.IDENTITY) -> list[DecidedChild]:
        """The children of whom something may be told, as long as what they were found by may be known."""
        capability = self._addressable()
        self._answering.read_under(reading.epoch, reading.registered)
        decided, protected = [], []
        for record in reading.children:
            disclosure = capability.decide(record)
            self._answering.matched(
                record.number,
                override=disclosure is not None and disclosure.override,
                authority=protecting_authority(record),
            )
            told = disclosure is not None and disclosure.shows(knowing)
            self._signal(record, disclosure, capability, told=told)
            if disclosure is not None and told:
                decided.append(DecidedChild(record, disclosure))
                if disclosure.protected:
                    protected.append(record.id)
        if not protected:
            return decided
        references = await self._store.broker_references(capability.broker, protected)
        return [
            DecidedChild(child.record, replace(child.disclosure, broker_reference=references[child.record.id]))
            if child.disclosure.protected
            else child
            for child in decided
        ]

    def _signal(
        self, record: ChildRecord, disclosure: Disclosure | None, capability: Capability, *, told: bool
    ) -> None:
        """Note what may be misuse; nothing here changes an answer, and of a protected child nothing is told.

        Nor of one that was found by a key which the viewer may not know: whether it is somebody's would show.
        """
        if disclosure is None:
            if is_kin(capability.scope.prints, record.kin):
                self._answering.own_family = True
        elif told and record.authority and not record.protection.protected and disclosure.shows(Category.ADDRESS):
            self._answering.homes.add(record.authority)


def protecting_authority(record: ChildRecord) -> str | None:
    """Whose protected child it is, as ChildAccess says it."""
    return (record.authority or "") if record.protection.protected else None


def checked_number(number: str) -> str:
    """The number as the store holds it; raises `BadNumberError` where it was mistyped."""
    try:
        return parse_number(number)
    except BadNumber as error:
        raise BadNumberError(str(error)) from None
