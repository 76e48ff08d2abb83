"""Where the store is, for each role: the embedded one of the data folder, or the one the settings name."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from adapters.store.backfill import backfill_kin, backfill_sounds
from adapters.store.data_folder import Claim, make_folder
from adapters.store.embedded import EmbeddedCluster, has_store
from adapters.store.failures import LoginRefused, StoreSetupError
from adapters.store.kin_key import kin_key_fits
from adapters.store.ledger_months import make_ledger_months
from adapters.store.migrate import migrate
from adapters.store.roles import CREDENTIALS, WORKING_ROLES, Role, credentials, dsn_for
from gateway.feeds.definition import SourceError
from gateway.feeds.fingerprint_key import key_of
from gateway.settings import Settings, variable

# Those who may be given an address of their own, so that a machine need hold nobody else's password.
OWN_ADDRESS = {
    Role.GATEWAY: "gateway_dsn",
    Role.SHIELD: "shield_dsn",
    Role.FEED: "feed_dsn",
    Role.REGISTRY: "registry_dsn",
    Role.AUDIT: "audit_dsn",
}


@dataclass(frozen=True, slots=True)
class Database:
    """A store that can be reached: an address for each role, and whether migrations are ours to apply unasked."""

    dsn: Callable[[Role], str]
    embedded: bool

    def dsn_or_none(self, role: Role) -> str | None:
        """The role's address, or None where the settings give neither one nor the owner's."""
        try:
            return self.dsn(role)
        except StoreSetupError:
            return None


@contextmanager
def opened(settings: Settings, claim: Claim | None = None, *, make: bool = False) -> Iterator[Database]:
    """The settings' store. The embedded one runs meanwhile, and ends with us unless another command runs it.

    Where there is none, it is made if we are to `make` it: in an empty one made by mistake every row would be taken for
    a child that nobody shields. Else StoreSetupError, and nothing is made. A role that is refused although its password
    is ours raises StoreSetupError saying where the right one is found.
    """
    try:
        if settings.dsn or any(_own_address(settings, role) for role in OWN_ADDRESS):
            yield Database(_external(settings), embedded=False)
        else:
            if not make and not has_store(settings.data):
                raise StoreSetupError(
                    f"there is no store in `{settings.data}`: choose `--data`, or make one with `contactpoint migrate`"
                )
            with EmbeddedCluster.start(settings.data, claim) as cluster:
                yield Database(cluster.dsn, embedded=True)
    except LoginRefused as error:
        role = next((role for role in WORKING_ROLES if role.database_role == error.user), None)
        if role is None or _own_address(settings, role):
            raise
        raise StoreSetupError(
            f"the database's role `{error.user}` is missing, or has another password than"
            f" `{settings.data / CREDENTIALS}`: run `contactpoint migrate`, copy that file from where it first ran,"
            f" or set `{variable(OWN_ADDRESS.get(role, 'dsn'))}`"
        ) from None


async def migrated(settings: Settings, database: Database) -> tuple[str, ...]:
    """Apply what migrations are missing, as the owner, and fill in what SQL cannot work out; their names."""
    passwords = _passwords(settings.data)
    working = {role.database_role: passwords[role.database_role] for role in WORKING_ROLES}
    owner = database.dsn(Role.OWNER)
    applied = await migrate(owner, working)
    await make_ledger_months(owner)
    await backfill_sounds(owner)
    key = await _kin_key(settings, owner)
    if key is not None:
        await backfill_kin(owner, key)
    return applied


async def _kin_key(settings: Settings, owner_dsn: str) -> bytes | None:
    """The key to fingerprint kin under, made where the store has none yet; None where others keep the store's."""
    if await kin_key_fits(owner_dsn, None):
        return key_of(settings)
    try:
        return key_of(settings, make=False)
    except SourceError:
        return None


def _external(settings: Settings) -> Callable[[Role], str]:
    def dsn(role: Role) -> str:
        if own := _own_address(settings, role):
            return own
        if not settings.dsn:
            raise StoreSetupError(f"`{variable('dsn')}` is missing: give the address of the database's owner")
        if role is Role.OWNER:
            return settings.dsn
        return dsn_for(settings.dsn, role, _passwords(settings.data)[role.database_role])

    return dsn


def _own_address(settings: Settings, role: Role) -> str:
    return str(getattr(settings, OWN_ADDRESS[role])) if role in OWN_ADDRESS else ""


def _passwords(data: Path) -> Mapping[str, str]:
    """The working roles' passwords, kept in the data folder; another store's too, whose own folder this is not."""
    make_folder(data)
    return credentials(data)
