"""A cluster that several data folders or databases share: nobody's passwords are changed by whoever comes second."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from adapters.store.connecting import connect
from adapters.store.embedded import EmbeddedCluster
from adapters.store.failures import LoginRefused, StoreSetupError
from adapters.store.migrate import migrate
from adapters.store.postgres import Store
from adapters.store.roles import CREDENTIALS, WORKING_ROLES, Role, create_roles, credentials
from gateway.database import migrated, opened
from gateway.settings import Settings


@pytest.fixture
async def bare(data: Path) -> AsyncIterator[EmbeddedCluster]:
    """A server that has an owner and a second database of its, and none of the working roles."""
    with EmbeddedCluster.start(data) as running:
        superuser = await asyncpg.connect(running.superuser_dsn())
        await superuser.execute("CREATE DATABASE second OWNER contactpoint_owner")
        await superuser.close()
        yield running


async def migrate_and_serve(settings: Settings) -> None:
    """What `migrate` and then `serve` do with the store."""
    with opened(settings) as database:
        await migrated(settings, database)
        store = await Store.connect(database.dsn(Role.GATEWAY), connections=1)
        await store.ready()
        await store.close()


async def test_second_folder_leaves_the_first_ones_logins(bare: EmbeddedCluster, tmp_path: Path) -> None:
    """For the same database and for another: the first goes on, the second is told which passwords it needs."""
    first = Settings(data=tmp_path / "first", dsn=bare.dsn(Role.OWNER))
    await migrate_and_serve(first)
    for name in ("contactpoint", "second"):
        later = Settings(data=tmp_path / "later", dsn=bare.dsn(Role.OWNER, name))
        with pytest.raises(StoreSetupError) as caught:
            await migrate_and_serve(later)
        assert str(caught.value) == (
            "the database's role `contactpoint_gateway` is missing, or has another password than"
            f" `{later.data / CREDENTIALS}`: run `contactpoint migrate`, copy that file from where it first ran,"
            " or set `CONTACTPOINT_GATEWAY_DSN`"
        )
        await migrate_and_serve(first)

    (later.data / CREDENTIALS).write_text((first.data / CREDENTIALS).read_text("utf-8"), encoding="utf-8")
    await migrate_and_serve(later)


async def test_gateway_with_an_address_of_its_own(bare: EmbeddedCluster, tmp_path: Path) -> None:
    """`CONTACTPOINT_GATEWAY_DSN` outranks the folder's passwords; where it is wrong, it is what the line names."""
    first = Settings(data=tmp_path / "first", dsn=bare.dsn(Role.OWNER))
    await migrate_and_serve(first)
    with opened(first) as database:
        gateway_dsn = database.dsn(Role.GATEWAY)
    await migrate_and_serve(Settings(data=tmp_path / "later", dsn=first.dsn, gateway_dsn=gateway_dsn))
    with pytest.raises(LoginRefused, match="in `CONTACTPOINT_GATEWAY_DSN`"):
        await migrate_and_serve(
            Settings(data=tmp_path / "later", dsn=first.dsn, gateway_dsn=gateway_dsn.replace("@", "x@"))
        )


@pytest.mark.parametrize(("role", "named"), [(Role.SHIELD, "shield_dsn"), (Role.FEED, "feed_dsn")])
async def test_officers_and_feeds_with_an_address_of_their_own(
    bare: EmbeddedCluster, tmp_path: Path, role: Role, named: str
) -> None:
    """A machine that holds one role's address alone reaches the store as that role and as no other."""
    first = Settings(data=tmp_path / "first", dsn=bare.dsn(Role.OWNER))
    await migrate_and_serve(first)
    with opened(first) as database:
        own = database.dsn(role)
    with opened(Settings(data=tmp_path / "later", **{named: own})) as database:
        assert database.dsn_or_none(role) == own
        assert [database.dsn_or_none(other) for other in Role if other is not role] == [None] * (len(Role) - 1)
        with pytest.raises(StoreSetupError, match="`CONTACTPOINT_DSN` is missing"):
            database.dsn(Role.OWNER)
        await (await connect(database.dsn(role))).close()


async def test_killed_between_two_roles(bare: EmbeddedCluster, data: Path) -> None:
    """Roles made before the kill have their passwords; the next migrate makes the others."""
    passwords = credentials(data)
    only_two = {role.database_role: passwords[role.database_role] for role in WORKING_ROLES[:2]}
    owner = await connect(bare.dsn(Role.OWNER))
    with pytest.raises(KeyError):
        await create_roles(owner, only_two)
    await owner.close()
    await migrate(bare.dsn(Role.OWNER), passwords)
    for role in WORKING_ROLES:
        await (await connect(bare.dsn(role))).close()


async def test_two_databases_migrated_at_once(bare: EmbeddedCluster, data: Path) -> None:
    """The lock is the database's, the roles are the cluster's: who finds one just made goes on."""
    passwords = credentials(data)
    await asyncio.gather(*(migrate(bare.dsn(Role.OWNER, name), passwords) for name in ("contactpoint", "second")))
    for role in WORKING_ROLES:
        await (await connect(bare.dsn(role, "second"))).close()
