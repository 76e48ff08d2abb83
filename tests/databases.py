"""A test's own database, and folders that a server of another user can reach."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from adapters.store.embedded import EmbeddedCluster
from adapters.store.roles import Connection, Role

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


@contextmanager
def reachable_folder() -> Iterator[Path]:
    """A folder others may pass through, as a home usually lets them; pytest's own are closed, root's server outside."""
    with tempfile.TemporaryDirectory(prefix="contactpoint-test-", dir=IN_MEMORY) as name:
        Path(name).chmod(0o755)
        yield Path(name)
