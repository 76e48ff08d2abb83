"""A test's own database, and folders that a server of another user can reach."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from adapters.store.embedded import DATABASE, EmbeddedCluster
from adapters.store.roles import Connection, Role, database_grants

# Every test has a database of its own: in memory, where there is room, that is a matter of milliseconds.
SHM = Path("/dev/shm")  # noqa: S108
IN_MEMORY = SHM if SHM.is_dir() and shutil.disk_usage(SHM).free > 2 << 30 else None


@dataclass(frozen=True)
class Database:
    """One test's own database, migrated and empty."""

    cluster: EmbeddedCluster
    name: str

    def dsn(self, role: Role) -> str:
        return self.cluster.dsn(role, self.name)

    async def connect(self, role: Role = Role.OWNER) -> Connection:
        """A connection of that role; the caller closes it."""
        return await asyncpg.connect(self.dsn(role))


@asynccontextmanager
async def fresh_database(cluster: EmbeddedCluster, name: str) -> AsyncIterator[Database]:
    """A copy of the cluster's migrated database, gone after the block."""
    superuser = await asyncpg.connect(cluster.superuser_dsn())
    try:
        await superuser.execute(
            f"CREATE DATABASE {name} TEMPLATE {DATABASE} OWNER {Role.OWNER.database_role} STRATEGY wal_log"
        )
        await superuser.execute(database_grants(name))  # what may connect is no part of a copy
        yield Database(cluster, name)
    finally:
        await superuser.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await superuser.close()


@contextmanager
def reachable_folder() -> Iterator[Path]:
    """A folder others may pass through, as a home usually lets them; pytest's own are closed, root's server outside."""
    with tempfile.TemporaryDirectory(prefix="contactpoint-test-", dir=IN_MEMORY) as name:
        Path(name).chmod(0o755)
        yield Path(name)
