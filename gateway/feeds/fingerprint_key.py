"""The secret under which parents and rows are fingerprinted: made once, kept in a file of its own, never in the store.

With another key nobody would share a parent with anybody known before: one that cannot be read is not made anew.
"""

import secrets
from pathlib import Path

from adapters import private_files
from adapters.store.data_folder import make_folder
from gateway.feeds.definition import SourceError
from gateway.settings import Settings

LENGTH = 32


def key_of(settings: Settings, *, make: bool = True) -> bytes:
    """The key in the file that the settings name, else in the data folder's own.

    Who compares with what was fingerprinted elsewhere must not `make` one: it would fit nobody, and nobody would
    notice. Raises SourceError.
    """
    if settings.fingerprint_key_file != Path():
        return fingerprint_key(settings.fingerprint_key_file, make=make)
    if make:
        make_folder(settings.data)
    return fingerprint_key(settings.data / "fingerprint-key", make=make)


def fingerprint_key(path: Path, *, make: bool = True) -> bytes:
    """The key in that file; made, with mode 0600, where there is none. Raises SourceError."""
    if not make and not path.exists():
        raise SourceError(
            f"there is no fingerprint key in `{path}`: copy it from where feeds are loaded, or name it in"
            " `CONTACTPOINT_FINGERPRINT_KEY_FILE`"
        )
    try:
        if not path.exists():
            private_files.keep(path, secrets.token_hex(LENGTH).encode())
        key = bytes.fromhex(path.read_text(encoding="ascii"))
    except OSError as error:
        raise SourceError(
            f"cannot keep a fingerprint key in `{path}` ({error.strerror}): name a file of ours"
        ) from None
    except ValueError:
        key = b""
    if len(key) != LENGTH:
        raise SourceError(f"`{path}` holds no fingerprint key: restore it, or name another file in the settings")
    return key
