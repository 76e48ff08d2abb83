"""The registry in memory, on a real store: read when it has changed and not otherwise, and true to its epoch."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from adapters.store.entries import Organisation
from adapters.store.postgres import Store
from adapters.store.registering import Registrar
from adapters.store.registry_records import Client, RegistrySnapshot
from adapters.store.roles import Role as DatabaseRole
from gateway.errors import Unauthenticated
from gateway.registry import Registry
from gateway.viewer import Bearer, Role
from tests.databases import Database

SCHOOL = Organisation("school", "School", "SCHOOL", "E08000035", frozenset())
CLIENT = Client(
    issuer="https://i",
    id="front",
    name="Front end",
    roles=frozenset({"PRACTITIONER"}),
    purposes=None,
    scopes=frozenset({"sensitive"}),
    doors=frozenset({"AD_HOC"}),
    organisations=None,
    authorities=None,
)
BEARER = Bearer(
    issuer="https://i",
    subject="teacher-1",
    client="front",
    token="t-1",
    jti="t-1",
    role=Role.PRACTITIONER,
    organisation="school",
    authority=None,
    scopes=frozenset({"sensitive", "override"}),
)
PRINT = b"p" * 16


class CountedStore:
    """The real store, with a count of what it was asked."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.asked: list[str] = []

    async def registry_epoch(self) -> int:
        self.asked.append("epoch")
        return await self._store.registry_epoch()

    async def registry_snapshot(self) -> RegistrySnapshot:
        self.asked.append("snapshot")
        return await self._store.registry_snapshot()

    async def organisation(self, id: str) -> Any:  # noqa: A002 - the store's own word
        self.asked.append("organisation")
        return await self._store.organisation(id)

    async def staff_print(self, organisation: str, subject: str) -> bytes | None:
        self.asked.append("print")
        return await self._store.staff_print(organisation, subject)


@pytest.fixture
async def registrar(database: Database) -> AsyncIterator[Registrar]:
    """Whoever keeps the registry; a school and a front end are in it."""
    async with await Registrar.connect(database.dsn(DatabaseRole.REGISTRY)) as keeper:
        await keeper.put([SCHOOL], (), [CLIENT])
        yield keeper


@pytest.fixture
def counted(store: Store) -> CountedStore:
    return CountedStore(store)


@pytest.fixture
async def registry(counted: CountedStore, registrar: Registrar) -> Registry:
    """Read once."""
    registry = Registry(counted)
    await registry.refresh()
    counted.asked.clear()
    return registry


async def test_before_it_is_read_nobody_is_known(store: Store, registrar: Registrar) -> None:
    """And what is decided so stands under an epoch that no record accepts."""
    standing = await Registry(store).standing(BEARER)
    assert standing.refusal is not None
    assert standing.epoch == 0 < await store.registry_epoch()


async def test_who_somebody_is_stays_until_the_registry_moves(
    registry: Registry, counted: CountedStore, registrar: Registrar
) -> None:
    """Asked for once; after a change anew, from the store, whatever it was that changed."""
    first = await registry.standing(BEARER)
    assert (first.refusal, first.viewer.scopes, first.epoch) == (None, frozenset({"sensitive"}), registry.epoch)
    assert await registry.standing(BEARER) is first
    assert counted.asked == ["organisation", "print"]
    await registrar.put((), (), [replace(CLIENT, suspended=True)])
    assert await registry.standing(BEARER) is first, "the record is what refuses it"
    await registry.refresh()
    second = await registry.standing(BEARER)
    assert second.refusal is not None
    assert second.epoch == registry.epoch > first.epoch


async def test_it_is_read_only_where_it_has_changed(
    registry: Registry, counted: CountedStore, registrar: Registrar
) -> None:
    """One number is looked at; and not even that where what is known is newer than what was found too old."""
    await registry.refresh()
    assert counted.asked == ["epoch"]
    await registrar.put((), (), [CLIENT])
    await registry.refresh(unless_newer_than=registry.epoch)
    assert counted.asked == ["epoch", "epoch", "snapshot"]
    await registry.refresh(unless_newer_than=registry.epoch - 1)
    assert counted.asked == ["epoch", "epoch", "snapshot"]


async def test_many_who_found_it_too_old_read_it_once(
    registry: Registry, counted: CountedStore, registrar: Registrar
) -> None:
    """One at a time; whoever waited finds what the first has read."""
    old = registry.epoch
    await registrar.put((), (), [CLIENT])
    await asyncio.gather(*(registry.refresh(unless_newer_than=old) for _ in range(20)))
    assert counted.asked == ["epoch", "snapshot"]
    assert registry.epoch > old


async def test_a_store_set_back_is_read_too(registry: Registry, database: Database) -> None:
    """After a restore the epoch may be lower: another epoch is another registry."""
    owner = await database.connect()
    await owner.execute("DELETE FROM clients; UPDATE registry_epoch SET epoch = 1")
    await owner.close()
    await registry.refresh()
    assert registry.epoch == 1
    assert (await registry.standing(BEARER)).refusal is not None


async def test_a_token_called_back_is_no_token(registry: Registry, registrar: Registrar) -> None:
    """By its issuer and its own id; another token of the same person is one."""
    await registry.standing(BEARER)
    await registrar.deny_token("https://i", "t-1", datetime.now(UTC) + timedelta(hours=1))
    await registry.refresh()
    with pytest.raises(Unauthenticated):
        await registry.standing(BEARER)
    assert (await registry.standing(replace(BEARER, token="t-2", jti="t-2"))).refusal is None


async def test_an_employer_says_who_somebody_is_whatever_the_token_does(
    registry: Registry, registrar: Registrar
) -> None:
    """A token with a print of its own is believed, and takes nothing away from what the employer knows."""
    await registrar.name_staff("school", "teacher-1", PRINT)
    await registry.refresh()
    assert (await registry.standing(BEARER)).viewer.prints == (PRINT,)
    own = await registry.standing(replace(BEARER, own_print=b"o" * 16))
    assert own.viewer.prints == (b"o" * 16, PRINT)
    await registrar.name_staff("school", "teacher-1", None)
    await registry.refresh()
    assert (await registry.standing(BEARER)).viewer.prints == ()


async def test_what_changes_while_somebody_is_let_in_is_not_kept(
    registry: Registry, counted: CountedStore, registrar: Registrar, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The registry moves between snapshot and organisation: who they were stands under the old epoch, and only once."""
    asked = counted.organisation

    async def moves_meanwhile(id: str) -> Any:  # noqa: A002 - the store's own word
        found = await asked(id)
        await registrar.put([Organisation("school", "School", "SCHOOL", "E08000032", frozenset())], (), ())
        await registry.refresh()
        return found

    old = registry.epoch
    monkeypatch.setattr(counted, "organisation", moves_meanwhile)
    assert (await registry.standing(BEARER)).epoch == old
    monkeypatch.undo()
    standing = await registry.standing(BEARER)
    assert standing.organisation is not None
    assert (standing.epoch, standing.organisation.authority) == (registry.epoch, "E08000032")
    assert registry.epoch > old


async def test_what_is_kept_is_bounded(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """More bearers and organisations than there is room for: the oldest go, and all are answered right."""
    monkeypatch.setattr("gateway.registry.MOST_KEPT", 3)
    for n in range(10):
        standing = await registry.standing(replace(BEARER, subject=f"teacher-{n}", organisation=f"school-{n}"))
        assert standing.refusal is not None
    assert (await registry.standing(BEARER)).refusal is None
    assert len(registry._standings) <= 3
    assert len(registry._organisations) <= 3
