"""Officers at their desk, for tests of the store: each act as one request's, whole from the viewer to the database."""

import itertools
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime

import msgspec

from adapters.identity import Decided, Decision, IdentityEntry, LikenessReason, QuarantineOutcome
from adapters.number import new_number
from adapters.records import AddressStatus, Gender, Keys, Name, PostalAddress
from adapters.shield_records import ActResult, ShieldCall, ShieldState
from adapters.store.feed_rows import as_row
from adapters.store.postgres import Store
from adapters.store.roles import Connection, Role
from adapters.store.shields import ShieldBook
from gateway.acts import OfficersDesk
from gateway.events import Observer
from gateway.purpose import Ground, Purpose
from gateway.viewer import Role as ActingRole
from gateway.viewer import Viewer
from resolvers.acts import Acts
from tests.auditing import scribe_for
from tests.builders import a_viewer
from tests.databases import Database

LEEDS, BRADFORD = "E08000035", "E08000032"
REASON = "as the panel of March decided"

_serial = itertools.count(1)


def an_officer(subject: str, authority: str | None = LEEDS, scopes: str = "sealed") -> Viewer:
    return a_viewer(ActingRole.SHIELD_OFFICER, subject=subject, authority=authority, scopes=scopes)


ANN, BOB = an_officer("ann"), an_officer("bob")
ELSE, OTHER = an_officer("else", BRADFORD), an_officer("other", BRADFORD)


@dataclass(frozen=True)
class Officers:
    """The desk, on one test's database."""

    desk: OfficersDesk
    book: ShieldBook

    def acts(self, viewer: Viewer, purpose: Purpose = Purpose.SHIELD_MANAGEMENT) -> Acts:
        """All that one request of the viewer may do."""
        return self.desk.for_request(viewer, Ground(purpose, None), f"answer-{next(_serial)}")

    async def act(self, viewer: Viewer, number: str, call: ShieldCall, reason: str = REASON) -> ActResult | None:
        """One act, in a request of its own."""
        return await self.acts(viewer).shield(("act",), number, call, reason)

    async def both(self, number: str, call: ShieldCall, first: Viewer = ANN, second: Viewer = BOB) -> ActResult | None:
        """What comes of the same call by two officers, the first's answer left out."""
        await self.act(first, number, call)
        return await self.act(second, number, call)

    async def state(self, number: str) -> ShieldState | None:
        """How the child stands, as an act would find it."""
        async with self.book.turn() as turn:
            return await turn.state(number)


@asynccontextmanager
async def officers_of(database: Database, store: Store) -> AsyncIterator[Officers]:
    book = await ShieldBook.connect(database.dsn(Role.SHIELD))
    try:
        yield Officers(OfficersDesk(book, None, store, Observer(), scribe_for(store)), book)
    finally:
        await book.close()


def an_entry(
    *,
    given: str = "Grace",
    family: str = "Hopper",
    keys: Keys | None = None,
    postcode: str = "LS6 3AA",
    digest: int = 1,
) -> IdentityEntry:
    """What a source, or an officer, says of a child."""
    return IdentityEntry(
        line=0,
        name=Name((given,), family),
        birth_date=date(2015, 6, 1),
        gender=Gender.FEMALE,
        address=PostalAddress(AddressStatus.CURRENT, ("9 Mill Lane",), postcode),
        keys=keys or Keys(),
        as_of=datetime(2026, 3, 1, tzinfo=UTC),
        digest=bytes([digest]) * 32,
    )


async def put_in_quarantine(
    connection: Connection,
    reference: str,
    entry: IdentityEntry,
    candidates: Mapping[int, Sequence[LikenessReason]],
    outcome: QuarantineOutcome = QuarantineOutcome.DOUBTFUL,
) -> None:
    """An entry that waits, being like these children."""
    row = as_row(entry, Decision(Decided.QUARANTINE, outcome=outcome), new_number(), reference)
    await connection.execute(
        "INSERT INTO quarantine (reference, source, digest, entry, outcome) VALUES ($1, 'roll', $2, $3::jsonb, $4)",
        *(reference, entry.digest, msgspec.json.encode(row).decode(), row.outcome),
    )
    for child, reasons in candidates.items():
        await connection.execute(
            "INSERT INTO quarantine_candidates VALUES ($1, $2, 9, $3)",
            *(reference, child, [reason.value for reason in reasons]),
        )
