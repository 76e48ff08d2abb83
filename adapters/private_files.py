"""Files for our eyes alone: nobody else may read one at any moment, and whoever finds one finds all of it."""

import os
import secrets
from pathlib import Path


def keep(path: Path, content: bytes) -> None:
    """Make the file, mode 0600, unless one is there: where two begin at once, the first one's is both's."""
    draft = _drafted(path, content)
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def replace(path: Path, content: bytes) -> None:
    """Make the file, mode 0600, in the place of any that is there."""
    _drafted(path, content).replace(path)


def _drafted(path: Path, content: bytes) -> Path:
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return draft
