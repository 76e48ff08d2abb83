"""What keeps us from a database is told in one line that names fix, host and database, and never the password."""

import asyncio
import logging
import socket
import ssl

import asyncpg
import pytest

from adapters.store.census import count_children
from adapters.store.connecting import GATEWAY, address, connect, connecting
from adapters.store.embedded import EmbeddedCluster
from adapters.store.failures import LoginRefused, StoreSetupError
from adapters.store.postgres import Store, StoreUnavailable
from adapters.store.roles import Role
from tests.databases import Database

WHERE = "postgresql://owner:hush@db.example.org:5433/children"


async def untold(dsn: str) -> str:
    """The line, which tells no password."""
    with pytest.raises(StoreSetupError) as caught:
        await connect(dsn)
    assert "hush" not in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


@pytest.mark.parametrize(
    "dsn",
    [
        "",
        "db.example.org",
        "host=db.example.org password=hush",
        "mysql://owner:hush@db.example.org/children",
        "postgresql://owner:hu@sh@db.example.org/children",
        "postgresql://owner:1/hush@db.example.org/children",
        "postgresql://owner:1?hush@db.example.org/children",
        "postgresql://owner:1#hush@db.example.org/children",
        "postgresql://owner:hush@db.example.org:port/children",
        "postgresql://owner:hush@[::1/children",
        "postgresql://owner:hush@db.example.org/children?sslmode",
    ],
)
async def test_address_that_is_none(dsn: str) -> None:
    """Nor is one whose password would be read as a host: no piece of it is told as one."""
    line = await untold(dsn)
    assert line.startswith("`CONTACTPOINT_DSN` must read `postgresql://user:password@host/database`")


@pytest.mark.parametrize(
    "dsn",
    [
        WHERE,
        "postgres://owner@db.example.org",
        "postgresql://a:b@[::1]:5432/children?sslmode=verify-full",
        "postgresql://first:5432,second:5433/children",
        "postgresql:///children?host=/run/postgresql",
    ],
)
def test_address_that_is_one(dsn: str) -> None:
    """Every way of writing one that the driver reads."""
    assert address(dsn).geturl().startswith("postgres")


async def test_tls_mode_there_is_none_of() -> None:
    """Those that there are stand in the line."""
    assert await untold(f"{WHERE}?sslmode=yes") == (
        "`sslmode` in `CONTACTPOINT_DSN` must be one of"
        " `disable`, `allow`, `prefer`, `require`, `verify-ca`, `verify-full`: correct it"
    )


async def test_certificate_that_is_no_file() -> None:
    """A certificate that is missing here is no database that does not answer."""
    line = await untold(f"{WHERE}?sslmode=verify-full&sslrootcert=/nonexistent")
    assert line == "`sslrootcert` in `CONTACTPOINT_DSN` names no file: correct it"


async def test_parameter_that_the_driver_cannot_use() -> None:
    """It is not quoted."""
    line = await untold(f"{WHERE}?sslnegotiation=hush")
    assert line == (
        "the driver cannot use what stands after `?` in `CONTACTPOINT_DSN`, or finds no root certificate: correct it"
    )


async def test_database_that_does_not_exist(cluster: EmbeddedCluster) -> None:
    """The server is there, and says which is not."""
    line = await untold(cluster.dsn(Role.OWNER, "nowhere"))
    assert line == "database `nowhere` does not exist: create it, or correct `CONTACTPOINT_DSN`"


@pytest.mark.parametrize(
    ("dsn", "where"),
    [
        ("postgresql://owner:hush@127.0.0.1:1/children", "127.0.0.1:1"),
        ("postgresql://owner:hush@/children?host=/nonexistent", "/nonexistent"),
    ],
)
async def test_nothing_answers(dsn: str, where: str) -> None:
    """The line says where."""
    assert await untold(dsn) == f"nothing answers at `{where}`: start the database, or correct `CONTACTPOINT_DSN`"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (socket.gaierror(-2, "hush"), "there is no such host `db.example.org:5433`"),
        (UnicodeError("hush"), "there is no such host `db.example.org:5433`"),
        (TimeoutError("hush"), "nothing answers at `db.example.org:5433`"),
        (ConnectionResetError("hush"), "nothing answers at `db.example.org:5433`"),
        (ssl.SSLCertVerificationError(1, "hush"), "no trusted TLS with `db.example.org:5433`"),
        (asyncpg.InternalClientError("hush"), "what answers at `db.example.org:5433` is no PostgreSQL"),
        (ConnectionError("hush"), "what answers at `db.example.org:5433` has no TLS or is no PostgreSQL"),
        (asyncpg.TooManyConnectionsError("hush"), "the database at `db.example.org:5433` refuses us (SQLSTATE 53300)"),
        (asyncpg.InvalidAuthorizationSpecificationError("hush"), "the database at `db.example.org:5433` lets nobody"),
    ],
)
def test_what_goes_wrong_elsewhere(error: Exception, line: str) -> None:
    """Each error of the driver and of the network has its own line, and none is quoted."""
    with pytest.raises(StoreSetupError) as caught, connecting(WHERE, GATEWAY):
        raise error
    told = str(caught.value)
    assert told.startswith(line)
    assert "correct `CONTACTPOINT_GATEWAY_DSN` or `CONTACTPOINT_DSN`" in told or "in `CONTACTPOINT_GATEWAY_DSN`" in told
    assert "hush" not in told


async def test_wrong_password(cluster: EmbeddedCluster) -> None:
    """A refused login is told from a server that is not there, and whose it was."""
    with pytest.raises(LoginRefused, match="refuses the name or the password in `CONTACTPOINT_DSN`") as caught:
        await connect(cluster.dsn(Role.FEED).replace("@", "x@"))
    assert caught.value.user == Role.FEED.database_role


async def test_counting_says_what_is_wrong(cluster: EmbeddedCluster) -> None:
    """A database without our tables is no database that does not answer."""
    with pytest.raises(StoreSetupError, match=r"refuses us \(SQLSTATE 42P01\)"):
        await count_children(cluster.superuser_dsn())


async def test_driver_logs_no_error_of_the_database(
    database: Database, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """A database that goes away under the gateway: the driver's log says that, and quotes nothing of it."""
    logged = asyncio.Event()

    class Heard(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            logged.set()

    heard = Heard()
    logging.getLogger("asyncpg.pool").addHandler(heard)
    superuser = await asyncpg.connect(database.cluster.superuser_dsn())
    try:
        await superuser.execute(f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS false")
        await superuser.fetch(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = $1", database.name
        )
        with pytest.raises(StoreUnavailable):
            await store.ready()
        await asyncio.wait_for(logged.wait(), 30)
    finally:
        logging.getLogger("asyncpg.pool").removeHandler(heard)
        await superuser.close()
    assert "ObjectNotInPrerequisiteStateError" in caplog.text
    assert "Traceback" not in caplog.text
    assert database.name not in caplog.text
