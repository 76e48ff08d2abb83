"""The database roles, one for each kind of work, and their passwords. What each may do stands in the migrations.

A password reaches the server as a SCRAM verifier, so no statement log can hold it.
"""

import base64
import contextlib
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote, urlunsplit

import asyncpg

from adapters import private_files
from adapters.store.connecting import address
from adapters.store.failures import StoreSetupError

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

SUPERUSER = "postgres"
CREDENTIALS = "credentials.json"
SCRAM_ITERATIONS = 4096


class Role(Enum):
    """Whose work a connection does."""

    OWNER = "owner"  # migrations and population; never used to answer anybody
    GATEWAY = "gateway"  # reads children and shields, records accesses
    FEED = "feed"  # children and their keys; of shields a yes or no
    SHIELD = "shield"  # officers' acts
    REGISTRY = "registry"  # organisations
    AUDIT = "audit"  # reads the ledger, and nothing else

    @property
    def database_role(self) -> str:
        return f"contactpoint_{self.value}"


WORKING_ROLES = tuple(role for role in Role if role is not Role.OWNER)


def credentials(data: Path, *, make: bool = True) -> Mapping[str, str]:
    """Every database role's password, by its name in the database; made where missing, kept in mode 0600.

    Raises StoreSetupError where it cannot be read, or is missing although `make` says that it must be there.
    """
    path = data / CREDENTIALS
    try:
        kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except (OSError, ValueError) as error:
        raise StoreSetupError(f"cannot read `{path}`: restore it, or remove `{data}` to begin anew") from error
    names = [SUPERUSER, *(role.database_role for role in Role)]
    if any(name not in kept for name in names):
        if not make:
            raise StoreSetupError(f"`{path}` lacks passwords: restore it, or remove `{data}` to begin anew")
        kept = {name: secrets.token_urlsafe(24) for name in names} | kept
        private_files.replace(path, json.dumps(kept, indent=2).encode())
    return {name: str(kept[name]) for name in names}


def dsn_for(owner_dsn: str, role: Role, password: str) -> str:
    """The same server and database as `owner_dsn`, for another role.

    Raises StoreSetupError where `owner_dsn` is not a `postgresql://` address.
    """
    parts = address(owner_dsn)
    where = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{role.database_role}:{quote(password, safe='')}@{where}"))


def scram_verifier(password: str) -> str:
    """What PostgreSQL keeps instead of a password (RFC 5803); generated passwords need no SASLprep."""
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, SCRAM_ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    parts = (base64.b64encode(part).decode() for part in (salt, stored, server))
    return "SCRAM-SHA-256${}:{}${}:{}".format(SCRAM_ITERATIONS, *parts)


async def create_roles(connection: Connection, passwords: Mapping[str, str]) -> None:
    """Make the working roles that are missing, each with its password from its first moment on.

    Those that are there stay as they are: roles belong to the whole cluster, and a gateway may live by the passwords.
    """
    there: set[Any] = {row[0] for row in await connection.fetch("SELECT rolname FROM pg_roles")}
    for name in (role.database_role for role in WORKING_ROLES):
        if name not in there:
            # Somebody who migrates another database of the cluster may make it in this very moment.
            with contextlib.suppress(asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
                await connection.execute(
                    f"CREATE ROLE {name} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT"
                    f" PASSWORD '{scram_verifier(passwords[name])}'"
                )


def database_grants(database: str) -> str:
    """Who may connect to `database`: the working roles, none of which may make even a passing table there."""
    quoted = '"' + database.replace('"', '""') + '"'
    names = ", ".join(role.database_role for role in WORKING_ROLES)
    return f"REVOKE ALL ON DATABASE {quoted} FROM PUBLIC; GRANT CONNECT ON DATABASE {quoted} TO {names};"
