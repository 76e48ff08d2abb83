"""The embedded default: a real PostgreSQL per data folder, on a private socket, started and stopped by the command.

No TCP port, no `trust`, no statement in its log. Its life hangs on a pipe that the owning command holds: when that
command ends, however it ends, the server shuts down. `docs/decisions/embedded-postgresql.md` says why.
"""

import contextlib
import hashlib
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from adapters.store import roles
from adapters.store.data_folder import Claim, claim, make_folder
from adapters.store.failures import DataFolderInUse, StoreSetupError
from adapters.store.roles import Role
from adapters.store.server_account import PLACE, Server, server_for, settled_home

DATABASE = "contactpoint"
PID_FILE = "postmaster.pid"
PATIENCE = 30.0  # seconds for a start, a stop, or another command's start
SOCKET_PATH_LIMIT = 107  # bytes, the kernel's
NO_PROCESS = 1 << 22  # one more than the largest process id a kernel gives out

# Stands between the command and the server: `read` returns when the command closes the pipe, or dies by whatever cause.
SUPERVISOR = """
exec 3<&0
"$@" </dev/null 3<&- & server=$!
{ read -r _ <&3; kill -INT $server; } & watch=$!
wait $server; status=$?
kill $watch 2>/dev/null
exit $status
"""

ACCESS = """\
# Written at every start; edits are lost. A password for everybody, over the socket alone.
local all all scram-sha-256
host  all all all reject
"""

# Given on the command line, which outranks every file and ALTER SYSTEM: nobody weakens these by an edit.
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "effective_cache_size": "512MB",
    "maintenance_work_mem": "64MB",
    "io_method": "sync",
    "jit": "off",
    "idle_in_transaction_session_timeout": "60s",  # who begins one and goes away keeps nobody waiting
    "max_parallel_workers_per_gather": "0",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    # A week of logs, and no hidden value in them: no statement, no parameter, no detail of an error.
    "logging_collector": "on",
    "log_filename": "postgresql-%a.log",
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_file_mode": "0600",
    "log_min_messages": "log",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_duration": "off",
    "log_min_duration_statement": "-1",
    "log_min_duration_sample": "-1",
    "log_transaction_sample_rate": "0",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_lock_waits": "off",
    "log_temp_files": "-1",
    "log_autovacuum_min_duration": "-1",
}


def has_store(data: Path) -> bool:
    """Whether the folder has a store already, running or not; nothing is made. Raises StoreSetupError."""
    try:
        home = settled_home(data)
        return home is not None and (home / "pgdata").exists()
    except PermissionError:
        return True  # somebody else's: starting it says so


class EmbeddedCluster:
    """A running PostgreSQL 18 of one data folder. `owned` says whether `stop` stops the server or merely leaves it."""

    def __init__(self, data: Path, server: Server, passwords: Mapping[str, str]) -> None:
        self._data = data
        self._server = server
        self._passwords = passwords
        self._pgdata = server.home / "pgdata"
        self._socket = _socket_folder(server)
        self._supervisor: subprocess.Popen[bytes] | None = None
        self._claim: Claim | None = None

    @classmethod
    def start(cls, data: Path, held: Claim | None = None) -> "EmbeddedCluster":
        """The folder's server, answering; made on first use.

        With a claim in hand, or where nobody holds the folder, the server is ours: it ends with us. Where another
        command holds it, that command's server is joined. Raises StoreSetupError, whose one line names the fix.
        """
        try:
            make_folder(data)
            return cls._start_or_join(data.resolve(), held)
        except OSError as error:
            raise StoreSetupError(
                f"cannot use `{data}` ({error.strerror}): make it yours, or choose another with `--data`"
            ) from error

    @classmethod
    def _start_or_join(cls, data: Path, held: Claim | None) -> "EmbeddedCluster":
        ours = None
        if held is None:
            try:
                ours = claim(data)
            except DataFolderInUse:
                return cls._join(data)
        try:
            server = server_for(data)
            cluster = cls(data, server, roles.credentials(data, make=not (server.home / "pgdata").exists()))
            cluster._start()
        except BaseException:
            if ours is not None:
                ours.release()
            raise
        cluster._claim = ours
        return cluster

    @classmethod
    def _join(cls, data: Path) -> "EmbeddedCluster":
        if not _within(PATIENCE, lambda: (data / PLACE).exists() and (data / roles.CREDENTIALS).exists()):
            raise StoreSetupError(f"the command that holds `{data}` runs no store: stop it and try again")
        cluster = cls(data, server_for(data), roles.credentials(data, make=False))
        if not _within(PATIENCE, cluster._answers):
            raise StoreSetupError(f"the store in `{data}` does not answer: stop the command that runs it and try again")
        return cluster

    @property
    def owned(self) -> bool:
        return self._supervisor is not None

    @property
    def log_folder(self) -> Path:
        return self._server.home / "log"

    def dsn(self, role: Role, database: str = DATABASE) -> str:
        """How to reach `database` as `role`; holds the password, so never to be printed."""
        return self._dsn(role.database_role, database)

    def superuser_dsn(self, database: str = "postgres") -> str:
        """For whoever looks after the server, and for tests; nothing of ours works with it."""
        return self._dsn(roles.SUPERUSER, database)

    def stop(self) -> None:
        """Shut our server down, its clients disconnected and everything written; leave another command's alone."""
        if self._supervisor is not None:
            assert self._supervisor.stdin is not None  # noqa: S101 - a pipe, by how it is started
            self._supervisor.stdin.close()
            self._supervisor.wait()
            self._supervisor = None
            if not self._socket.is_relative_to(self._server.home):
                with contextlib.suppress(OSError):  # somebody else's file in it is no business of ours
                    self._socket.rmdir()
        if self._claim is not None:
            self._claim.release()
            self._claim = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _dsn(self, name: str, database: str) -> str:
        password = quote(self._passwords[name], safe="")
        return f"postgresql://{name}:{password}@/{quote(database)}?host={quote(str(self._socket), safe='')}"

    def _start(self) -> None:
        for folder in (self._socket, self.log_folder):
            self._server.make_private(folder)
        if self._pgdata.exists():
            self._end_predecessor()
        else:
            self._create()
        self._write(self._pgdata / "pg_hba.conf", ACCESS)
        settings = SETTINGS | {"unix_socket_directories": str(self._socket), "log_directory": str(self.log_folder)}
        arguments = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with self._start_log.open("wb") as output:
            server = self._server.command("postgres", "-D", str(self._pgdata), *arguments)
            self._supervisor = self._server.spawn(
                ["/bin/sh", "-c", SUPERVISOR, "contactpoint-store", *server],
                stdin=subprocess.PIPE,
                output=output,
            )
        if not _within(PATIENCE, self._answers, unless=self._ended):
            self.stop()
            raise StoreSetupError(f"PostgreSQL did not start: `{self._start_log}` says why")

    def _create(self) -> None:
        """Initialise beside the final place and move there when whole: a kill on the way leaves nothing half done."""
        for abandoned in self._server.home.glob("pgdata-*"):
            shutil.rmtree(abandoned, ignore_errors=True)  # its initdb may still be at work, and will fail for itself
        partial = self._server.home / f"pgdata-{secrets.token_hex(4)}"
        secret = self._server.home / "password"
        self._write(secret, self._passwords[roles.SUPERUSER])
        self._start_log.unlink(missing_ok=True)
        initdb = self._server.command(
            *("initdb", "--pgdata", str(partial), "--username", roles.SUPERUSER, "--pwfile", str(secret)),
            *("--auth-local=scram-sha-256", "--auth-host=scram-sha-256", "--encoding=UTF8", "--no-instructions"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
        )
        owner = Role.OWNER.database_role
        verifier = roles.scram_verifier(self._passwords[owner])
        # The database and its owner are made with no server running: no moment at which a superuser is needed later.
        single = self._server.command("postgres", "--single", "-D", str(partial), "postgres")
        # One statement a line. Whoever may log in reaches our database alone, and no other to leave things in.
        statements = (
            f"CREATE ROLE {owner} LOGIN CREATEROLE PASSWORD '{verifier}'\nCREATE DATABASE {DATABASE} OWNER {owner}\n"
            "REVOKE CONNECT ON DATABASE postgres FROM PUBLIC\nREVOKE CONNECT ON DATABASE template1 FROM PUBLIC\n"
        )
        try:
            made = self._server.run(initdb, log=self._start_log) == 0
            made = made and self._server.run(single, stdin=statements, log=self._start_log) == 0
        finally:
            secret.unlink()
        if not made:
            raise StoreSetupError(f"PostgreSQL could not be initialised: `{self._start_log}` says why")
        partial.replace(self._pgdata)

    def _end_predecessor(self) -> None:
        """Stop what a killed command left running here, and disarm its process id where somebody else bears it now."""
        pid, rest = self._pid_file()
        if not pid:
            return
        for ending in (None, signal.SIGINT, signal.SIGQUIT):  # at first it may be on its way down by itself
            if ending is not None:
                os.kill(pid, ending)
            if _within(PATIENCE / 10, lambda: not self._is_ours(pid)):
                break
        else:
            raise StoreSetupError(f"process {pid} still serves `{self._data}`: end it and try again")
        if self._pid_file()[0] == pid and _runs(pid):
            # Another process got that id. PostgreSQL would refuse to start; without the file, it could not tell
            # whether a child of the dead server still writes. So the file stays, naming an id nobody can have.
            self._write(self._pgdata / PID_FILE, "\n".join([str(NO_PROCESS), *rest]))

    def _pid_file(self) -> tuple[int, list[str]]:
        """The server's process id, 0 where there is none, and the further lines of its own file about itself."""
        try:
            first, *rest = (self._pgdata / PID_FILE).read_text("utf-8", "surrogateescape").splitlines()
            return int(first), rest
        except (FileNotFoundError, ValueError):
            return 0, []

    def _is_ours(self, pid: int) -> bool:
        """Whether process `pid` is a server of this folder, by its command line, which every user may read.

        Where there is no /proc, PostgreSQL's own interlock has to do.
        """
        try:
            return os.fsencode(self._pgdata) in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False

    def _answers(self) -> bool:
        """Whether the server says it is ready, in its file's eighth line: nobody need log in to ask."""
        pid, rest = self._pid_file()
        return len(rest) > 6 and rest[6].strip() == "ready" and _runs(pid)

    def _ended(self) -> bool:
        return self._supervisor is not None and self._supervisor.poll() is not None

    @property
    def _start_log(self) -> Path:
        return self._data / "store-start.log"  # in a folder of the command's own: the account can plant no link there

    def _write(self, path: Path, text: str) -> None:
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(text.encode("utf-8", "surrogateescape"))
        self._server.give(path)


def _socket_folder(server: Server) -> Path:
    """Beside the cluster; in a private folder of a short and plain name where the kernel's limit would cut the path.

    So too where the path is not ASCII: a driver in another locale would look for it under other bytes.
    """
    folder = server.home / "socket"
    if str(folder).isascii() and len(os.fsencode(folder / ".s.PGSQL.5432")) <= SOCKET_PATH_LIMIT:
        return folder
    return Path("/tmp") / f"contactpoint-{hashlib.sha256(os.fsencode(server.home)).hexdigest()[:20]}"  # noqa: S108


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _within(seconds: float, happens: Callable[[], bool], unless: Callable[[], bool] = lambda: False) -> bool:
    """Whether it happens in that time, asked a hundred times a second; at once False when `unless` does."""
    end = time.monotonic() + seconds
    while not happens():
        if unless() or time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True
