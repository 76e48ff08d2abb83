"""The data folder, and the hold that one running command has on it. The kernel lets go of it when the command dies."""

import fcntl
import os
from pathlib import Path
from typing import IO, Self

from adapters.store.failures import DataFolderInUse, StoreSetupError

LOCK = "lock"


class Claim:
    """The data folder, held by this command until released or dead."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def release(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def make_folder(data: Path) -> None:
    """Make the data folder where it is missing. Raises StoreSetupError where it cannot be used."""
    if data == Path():
        # What an empty word turns into; a database does not belong among somebody's own files either.
        raise StoreSetupError("the data folder has no name: give it one of its own with `--data`")
    try:
        data.mkdir(mode=0o755, parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise StoreSetupError(f"`{data}` is not a folder: choose another with `--data`") from None
    except OSError as error:
        raise _unusable(data, error) from None


def claim(data: Path) -> Claim:
    """Hold `data` for this command alone, making the folder where it is missing.

    Raises DataFolderInUse where another command holds it, StoreSetupError where the folder cannot be used.
    """
    make_folder(data)
    try:
        file = (data / LOCK).open("a+", encoding="utf-8")
    except OSError as error:
        raise _unusable(data, error) from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        file.close()
        raise DataFolderInUse(
            f"`{data}` is in use by process {holder}: stop that one, or choose another folder with `--data`"
        ) from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return Claim(file)


def _unusable(data: Path, error: OSError) -> StoreSetupError:
    return StoreSetupError(
        f"cannot write to `{data}` ({error.strerror}): make it yours, or choose another with `--data`"
    )
