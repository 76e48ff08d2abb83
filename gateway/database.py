"""Where the store is, for each role: the embedded one of the data folder, or the one the settings name."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from adapters.store.data_folder import Claim, make_folder
from adapters.store.embedded import EmbeddedCluster
from adapters.store.failures import LoginRefused, StoreSetupError
from adapters.store.migrate import migrate
from adapters.store.roles import CREDENTIALS, WORKING_ROLES, Role, credentials, dsn_for
from gateway.settings import Settings, variable


@dataclass(frozen=True, slots=True)
class Database:
    """A store that can be reached: an address for each role, and whether migrations are ours to apply unasked."""

    dsn: Callable[[Role], str]
    embedded: bool


@contextmanager
def opened(settings: Settings, claim: Claim | None = None) -> Iterator[Database]:
    """The settings' store. The embedded one runs meanwhile, and ends with us unless another command runs it.

    A role that is refused although its password is ours raises StoreSetupError saying where the right one is found.
    """
    try:
        if settings.dsn or settings.gateway_dsn:
            yield Database(_external(settings), embedded=False)
        else:
            with EmbeddedCluster.start(settings.data, claim) as cluster:
                yield Database(cluster.dsn, embedded=True)
    except LoginRefused as error:
        if settings.gateway_dsn or error.user not in {role.database_role for role in WORKING_ROLES}:
            raise
        raise StoreSetupError(
            f"the database's role `{error.user}` is missing, or has another password than"
            f" `{settings.data / CREDENTIALS}`: run `contactpoint migrate`, copy that file from where it first ran,"
            f" or set `{variable('gateway_dsn')}`"
        ) from None


async def migrated(settings: Settings, database: Database) -> tuple[str, ...]:
    """Apply what migrations are missing, as the owner; their names."""
    passwords = _passwords(settings.data)
    working = {role.database_role: passwords[role.database_role] for role in WORKING_ROLES}
    return await migrate(database.dsn(Role.OWNER), working)


def _external(settings: Settings) -> Callable[[Role], str]:
    def dsn(role: Role) -> str:
        if role is Role.GATEWAY and settings.gateway_dsn:
            return settings.gateway_dsn
        if not settings.dsn:
            raise StoreSetupError(f"`{variable('dsn')}` is missing: give the address of the database's owner")
        if role is Role.OWNER:
            return settings.dsn
        return dsn_for(settings.dsn, role, _passwords(settings.data)[role.database_role])

    return dsn


def _passwords(data: Path) -> Mapping[str, str]:
    """The working roles' passwords, kept in the data folder; another store's too, whose own folder this is not."""
    make_folder(data)
    return credentials(data)
