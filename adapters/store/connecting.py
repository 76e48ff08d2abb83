"""How the address of a database is read, and what keeps us from connecting to it: one line each, without a password.

What asyncpg logs of its own accord passes here too, and loses what might quote a value.
"""

import logging
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, urlsplit

import asyncpg

from adapters.store.failures import LoginRefused, StoreSetupError

OWNER = "`CONTACTPOINT_DSN`"  # where the address stands
GATEWAY = "`CONTACTPOINT_GATEWAY_DSN` or `CONTACTPOINT_DSN`"
PATIENCE = 5.0  # seconds for the server to answer a command
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
SSL_FILES = {"sslrootcert", "sslcert", "sslkey", "sslcrl"}

_HOST = re.compile(r"(\[[^]]+\]|[^][:]*)(:\d+)?")
_SILENT = "nothing answers at `{server}`: start the database, or correct {setting}"

# The first that fits is told. Of the server's own words only the name of a missing database is passed on.
_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (
        asyncpg.InvalidAuthorizationSpecificationError,
        "the database at `{server}` lets nobody of that name in from here: see its `pg_hba.conf`, or correct {setting}",
    ),
    (asyncpg.InvalidCatalogNameError, "{said}: create it, or correct {setting}"),
    (
        asyncpg.PostgresError,
        "the database at `{server}` refuses us (SQLSTATE {code}): its log says why; mend that, or correct {setting}",
    ),
    (socket.gaierror, "there is no such host `{server}`: correct {setting}"),
    (UnicodeError, "there is no such host `{server}`: correct {setting}"),
    (ssl.SSLError, "no trusted TLS with `{server}`: correct `sslmode` or `sslrootcert` in {setting}"),
    (ConnectionRefusedError, _SILENT),
    (ConnectionResetError, _SILENT),
    (asyncpg.InternalClientError, "what answers at `{server}` is no PostgreSQL: correct {setting}"),
    (ConnectionError, "what answers at `{server}` has no TLS or is no PostgreSQL: correct {setting} or its `sslmode`"),
    (OSError, _SILENT),
    (Exception, "the driver cannot use what stands after `?` in {setting}, or finds no root certificate: correct it"),
)


def address(dsn: str, setting: str = OWNER) -> SplitResult:
    """The parts of a database's address, which stands in `setting`.

    Raises StoreSetupError where it is none, or so written that a piece of its password would pass for a host's name.
    """
    try:
        parts = urlsplit(dsn)
        given = parse_qs(parts.query, strict_parsing=True) if parts.query else {}
    except ValueError:
        parts, given = SplitResult("", "", "", "", ""), {}
    login_and_hosts = parts.netloc.split("@")
    if (
        parts.scheme not in ("postgresql", "postgres")
        or len(login_and_hosts) > 2
        or not all(_HOST.fullmatch(host) for host in login_and_hosts[-1].split(","))
        or "@" in parts.path + parts.query
        or parts.fragment
    ):
        raise StoreSetupError(
            f"{setting} must read `postgresql://user:password@host/database`, with `@:/?#%` of the password"
            " percent-encoded: correct it"
        )
    if not set(given.get("sslmode", [])) <= set(SSL_MODES):
        raise StoreSetupError(f"`sslmode` in {setting} must be one of `{'`, `'.join(SSL_MODES)}`: correct it")
    for name in given.keys() & SSL_FILES:
        if not Path(given[name][-1]).is_file():
            raise StoreSetupError(f"`{name}` in {setting} names no file: correct it")
    return parts


async def connect(dsn: str) -> "asyncpg.Connection[asyncpg.Record]":
    """One connection for a command's own work; the caller closes it. Raises StoreSetupError."""
    with connecting(dsn):
        return await asyncpg.connect(dsn, timeout=PATIENCE, server_settings={"search_path": "public"})


@contextmanager
def connecting(dsn: str, setting: str = OWNER) -> Iterator[None]:
    """Around an attempt to connect to `dsn`, which stands in `setting`: whatever fails is a StoreSetupError.

    A wrong name or password is a LoginRefused, which tells whose.
    """
    parts = address(dsn, setting)
    server = parts.netloc.rpartition("@")[2] or parse_qs(parts.query).get("host", ["localhost"])[-1]
    try:
        yield
    except asyncpg.InvalidPasswordError:
        refused = f"the database at `{server}` refuses the name or the password in {setting}: correct it"
        raise LoginRefused(refused, parts.username or "") from None
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, ValueError) as error:
        reason = next(text for kind, text in _REASONS if isinstance(error, kind))
        code, said = getattr(error, "sqlstate", ""), str(error.args[0] if error.args else "").replace('"', "`")
        raise StoreSetupError(reason.format(server=server, setting=setting, code=code, said=said)) from None


def quote_no_error() -> None:
    """Have the driver's pool log that a connection failed, and nothing that the failure says."""
    logging.getLogger("asyncpg.pool").addFilter(_without_contents)


def _without_contents(record: logging.LogRecord) -> bool:
    """Let pass that it happened, and the kind of the error: its text may quote an address or a row."""
    if record.exc_info and record.exc_info[0] is not None:
        record.msg, record.args = f"{record.getMessage()} ({record.exc_info[0].__name__})", None
        record.exc_info = record.exc_text = None
    return True
