"""One world: a store and agencies that hold its people, and a gateway on them."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Final

import msgspec

from adapters.agency import AgencyName
from adapters.records import Keys, Tier
from adapters.sandbox.agencies import Sandbox
from adapters.sandbox.faults import Fault
from adapters.sandbox.personas import partners
from adapters.sandbox.population import SyntheticChild, child_at
from adapters.store.kinship import print_of
from adapters.store.registering import Registrar
from adapters.store.registry_records import PublishedDocument
from adapters.store.roles import Connection, Role
from adapters.store.search import name_key
from adapters.store.sounds import sound
from gateway.app import Gateway
from gateway.classes import CLASSES
from gateway.demo import DemonstrationDoor, pretended
from gateway.settings import Settings
from gateway.statistics.building import build
from gateway.viewer import Role as Viewers
from tests.databases import Database
from tests.running import KIN_KEY
from tests.worlds.casting import Cast
from tests.worlds.operations_published import document_of
from tests.worlds.seams import Seams
from tests.worlds.stage import PUBLISHED, Stage
from tests.worlds.viewings import Person, Viewing
from tests.worlds.waiting import Waiting, put_in

MONTH: Final = date(2026, 9, 1)  # of the one count of children that there is
REFERENCES: Final = tuple(f"{place:022d}" for place in range(6))  # of what may wait in quarantine
_FOR_EVER: Final = date(2099, 1, 1)


@dataclass
class World:
    """A gateway, and all that stands behind it."""

    people: Cast
    database: Database
    sandbox: Sandbox
    gateway: Gateway
    seams: Seams

    async def settle_epoch(self) -> None:
        """Have shields stand at the same epoch in both worlds: how often they have changed is no word of a world's."""
        owner = await self.database.connect(Role.OWNER)
        try:
            await owner.execute("UPDATE shield_epoch SET epoch = 1000")
        finally:
            await owner.close()


@asynccontextmanager
async def a_world(
    stage: Stage,
    sandbox: Sandbox,
    people: Cast,
    settings: Settings,
    viewing: Viewing,
    waiting: Sequence[Waiting] = (),
) -> AsyncIterator[World]:
    """Load it, and have a gateway answer from it, before this viewing, until the block ends."""
    async with AsyncExitStack() as ending:
        database = await ending.enter_async_context(stage.database())
        await _load(database, people, waiting)
        if viewing.role is Viewers.ANALYST:
            async with await Registrar.connect(database.dsn(Role.REGISTRY)) as registrar:
                await build(registrar, MONTH)
        if viewing.role is Viewers.PARTNER:
            await _welcome_partner(database)
        sandbox.known.know({index: person.child for index, person in people.items()})
        for agency in AgencyName:
            sandbox.fault(agency, Fault.NONE)
        seams = Seams(people, stage.texts[stage.sandboxes.index(sandbox)])
        with seams.of_the_store():
            gateway = await Gateway.start(
                pretended(settings, sandbox, stage.issuer),
                database.dsn(Role.GATEWAY),
                shield_dsn=database.dsn(Role.SHIELD),
                feed_dsn=database.dsn(Role.FEED),
                demonstration=DemonstrationDoor(stage.issuer),
                agencies_of=seams.agencies,
                documents=stage.documents(sandbox, viewing.role),
            )
        ending.push_async_callback(gateway.close)
        seams.observer = gateway.observer
        await seams.settled()
        yield World(people, database, sandbox, gateway, seams)


# --- The store.


async def _load(database: Database, people: Cast, waiting: Sequence[Waiting]) -> None:
    """Bring a copy of the template to what these people are."""
    owner = await database.connect(Role.OWNER)
    try:
        async with owner.transaction():
            await owner.execute("DELETE FROM shields")
            await _load_children(owner, people)
            await _load_protection(owner, [(index + 1, person) for index, person in people.items() if person.present])
            await put_in(owner, waiting)
            await owner.execute("DELETE FROM outbox")  # of shields that were there before anybody was told
    finally:
        await owner.close()


async def _welcome_partner(database: Database) -> None:
    """Let the partner ask by every way there is for all that there is, registered as ever for some of it alone.

    Everybody is known to it by a handle already: it has no document that meets them one by one.
    """
    [known] = partners()
    every_way = frozenset(CLASSES[Viewers.PARTNER].query_type.fields)
    documents = [
        PublishedDocument(known.organisation, document_of(text).id, text, f"document-{place}")
        for place, text in enumerate(PUBLISHED)
    ]
    async with await Registrar.connect(database.dsn(Role.REGISTRY)) as registrar:
        await registrar.put((), [msgspec.structs.replace(known, roots=every_way)], ())
        await registrar.publish(documents, "the instrument")
    owner = await database.connect(Role.OWNER)
    try:
        await owner.execute(
            "INSERT INTO broker_references (reference, organisation, child_id, expires_at)"
            " SELECT 'a handle of child ' || id, $1, id, now() + interval '1 day' FROM children",
            known.organisation,
        )
    finally:
        await owner.close()


async def _load_children(owner: Connection, people: Cast) -> None:
    changed = [(index + 1, person) for index, person in people.items() if person.child != child_at(index)]
    ids = [child_id for child_id, _ in changed]
    await owner.execute("DELETE FROM former_names WHERE child_id = ANY ($1)", ids)
    await owner.execute("DELETE FROM keys WHERE child_id = ANY ($1)", ids)
    await owner.execute(
        "DELETE FROM children WHERE id = ANY ($1)", [child_id for child_id, person in changed if not person.present]
    )
    present = [(child_id, person.child) for child_id, person in changed if person.present]
    await owner.executemany(
        "UPDATE children SET number = $2, given = $3, family = $4, name_key = $5, given_key = $6, birth_date = $7,"
        " gender = $8, address_status = $9, address_lines = $10, postcode = $11, uprn = $12, authority = $13,"
        " family_sound = $14, given_sound = $15, kin = $16 WHERE id = $1",
        [_row(child_id, child) for child_id, child in present],
    )
    await owner.executemany(
        "INSERT INTO keys (system, value, child_id) VALUES ($1, $2, $3)",
        [(system, value, child_id) for child_id, child in present for system, value in _held(child.keys)],
    )
    await owner.executemany(
        "INSERT INTO former_names (child_id, position, given, family, family_sound, given_sound)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        [
            (child_id, place, list(name.given), name.family, sound(name.family or ""), sound(name.given[0]))
            for child_id, child in present
            for place, name in enumerate(child.former_names)
        ],
    )


async def _load_protection(owner: Connection, people: Iterable[tuple[int, Person]]) -> None:
    protected = [(child_id, person.protected) for child_id, person in people]
    await owner.executemany(
        "INSERT INTO shields (child_id, tier, authority, withheld, ground, review_on, raised_by, raised_from,"
        " confirmed_at, confirmed_by)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $3, CASE WHEN $8 THEN now() END, CASE WHEN $8 THEN 'a-second' END)",
        [
            (
                *(child_id, told.tier.value, told.authority or "", sorted(told.withheld), told.ground),
                *(date.fromisoformat(told.review_on), told.raised_by or "a-first", told.raised_by is None),
            )
            for child_id, told in protected
            if told.tier is not Tier.OPEN
        ],
    )
    await owner.executemany(
        "INSERT INTO holds (child_id, agency, mark) VALUES ($1, $2, $3)",
        [(child_id, agency, mark) for child_id, told in protected for agency, mark in told.holds],
    )
    await owner.executemany(
        "INSERT INTO circles (child_id, organisation, categories, until) VALUES ($1, $2, $3, $4)",
        [(child_id, who, sorted(what), _FOR_EVER) for child_id, told in protected for who, what in told.circle],
    )
    await owner.executemany(
        "INSERT INTO overrides (child_id, viewer, token, reason, until)"
        " VALUES ($1, $2, $3, 'a look before the run', now() + interval '1 day')",
        [(child_id, viewer, token) for child_id, told in protected for viewer, token in told.overrides],
    )


def _row(child_id: int, child: SyntheticChild) -> tuple[object, ...]:
    name, address = child.name, child.address
    numbers = (child.keys.nhs_number, *(parent.nhs_number for parent in child.parents))
    return (
        *(child_id, child.number, list(name.given), name.family, name_key(name.family) if name.family else None),
        *(name_key(name.given[0]), child.birth_date, child.gender.value, address.status.value, list(address.lines)),
        *(address.postcode, address.uprn, child.authority, sound(name.family or ""), sound(name.given[0])),
        b"".join(print_of(KIN_KEY, number) for number in numbers if number is not None),
    )


def _held(keys: Keys) -> Iterable[tuple[str, str]]:
    held = (("NHS_NUMBER", keys.nhs_number), ("UPN", keys.upn), ("BIRTH_ENTRY", keys.birth_entry))
    return [(system, key.value) for system, key in held if key is not None]
