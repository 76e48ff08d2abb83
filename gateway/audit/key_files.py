"""The ledger's own keys: whom it is sealed to, how it is indexed, who signs its checkpoints.

Where the settings name no file, it is made in the data folder's `audit` on first need. No key is ever in the store; an
auditor's private key is not needed here at all, but to answer `accesses`.
"""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from adapters import private_files
from adapters.store.data_folder import make_folder
from gateway.audit.auditors import (
    NATIONAL,
    Auditor,
    Auditors,
    AuditorsUnreadable,
    private_words,
    read_auditors,
    read_private,
)
from gateway.feeds.fingerprint_key import key_of
from gateway.settings import SettingError, Settings, variable

FOLDER: Final = "audit"
AUDITOR_KEY: Final = "auditor-key"
INDEX_KEY_BYTES: Final = 32


def auditors_of(settings: Settings) -> Auditors:
    """Whom the ledger is sealed to. Raises SettingError."""
    path = _file(settings, settings.auditors_file, "auditors", lambda folder: _first_auditor(folder).encode())
    try:
        return read_auditors(_read(path, "auditors_file").decode("utf-8", "replace"))
    except AuditorsUnreadable as error:
        raise SettingError(f"`{path}`: {error}") from None


def index_key_of(settings: Settings) -> bytes:
    """The key that viewers and children are indexed with, the same on every machine. Raises SourceError.

    It follows from the fingerprint key, of which the store knows whether it is its own: with another key nobody would
    find who looked at whom, and nobody would notice.
    """
    return hashlib.blake2b(b"ledger index", key=key_of(settings, make=False)).digest()[:INDEX_KEY_BYTES]


def checkpoint_key_of(settings: Settings, *, make: bool = True) -> Ed25519PrivateKey:
    """The key that signs checkpoints. Raises SettingError, also where there is none and we are not to `make` it.

    Whoever verifies makes none: by a key made a moment ago, every checkpoint would be somebody else's.
    """
    path = _file(settings, settings.checkpoint_key_file, "checkpoint-key", _new_signing_key if make else None)
    with suppress(ValueError, TypeError):
        key = load_pem_private_key(_read(path, "checkpoint_key_file"), password=None)
        if isinstance(key, Ed25519PrivateKey):
            return key
    raise SettingError(f"`{path}` holds no Ed25519 private key in PEM: set `{variable('checkpoint_key_file')}`")


def opening_keys_of(settings: Settings) -> tuple[X25519PrivateKey, ...]:
    """The auditors' private keys with which this gateway answers `accesses`. Raises SettingError."""
    own = settings.data / FOLDER / AUDITOR_KEY
    paths = [Path(word) for word in settings.auditor_key_files.split()] or ([own] if own.exists() else [])
    return tuple([private_key_in(path) for path in paths])


def private_key_in(path: Path) -> X25519PrivateKey:
    """The auditor's private key in that file. Raises SettingError."""
    try:
        return read_private(_read(path, "auditor_key_files"))
    except AuditorsUnreadable as error:
        raise SettingError(f"`{path}`: {error}") from None


def _file(settings: Settings, named: Path, name: str, make: Callable[[Path], bytes] | None) -> Path:
    if named != Path():
        return named
    folder = settings.data / FOLDER
    path = folder / name
    if make is not None and not path.exists():
        make_folder(settings.data)
        folder.mkdir(mode=0o700, exist_ok=True)
        private_files.keep(path, make(folder))
    return path


def _first_auditor(folder: Path) -> str:
    """The line of an auditor whose private key is kept beside it: take that away, and the gateway opens nothing."""
    path = folder / AUDITOR_KEY
    private_files.keep(path, private_words(X25519PrivateKey.generate()))
    return Auditor("first", NATIONAL, read_private(path.read_bytes()).public_key()).line() + "\n"


def _new_signing_key(_: Path) -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _read(path: Path, setting: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingError(
            f"cannot read `{path}` ({error.strerror}): restore it, or set `{variable(setting)}`"
        ) from None
