"""A copy of the tree to make mistakes in: this very tree as it stands, uncommitted work included."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.databases import IN_MEMORY
from tests.leaks.seeded import ROOT, Leak

# Built, and so in no list of Git's; what is served and asked of here needs it.
BUILT: Final = ("gateway/explorer/static",)


@contextmanager
def copied(leak: Leak | None = None) -> Iterator[Path]:
    """A copy with this mistake made in it, gone after the block. Raises BadLeak where it cannot be made."""
    with tempfile.TemporaryDirectory(prefix="contactpoint-leak-", dir=IN_MEMORY) as name:
        root = Path(name)
        root.chmod(0o755)  # a store's server, which is not root, passes through
        for file in _files():
            target = root / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / file, target)
        for folder in BUILT:
            if (ROOT / folder).is_dir():
                shutil.copytree(ROOT / folder, root / folder)
        if leak is not None:
            leak.make(root)
        yield root


def environment(root: Path) -> Mapping[str, str]:
    """What a process must be told to run the copy's code, and not that of the tree that is installed."""
    ours = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV", "CONTACTPOINT_"))
    }
    return ours | {
        "PYTHONPATH": str(root),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTEST_DEBUG_TEMPROOT": str(root),  # two runs would clear away each other's folders
        "CONTACTPOINT_SHARED": str(root / "none"),
    }


def runs_itself(root: Path) -> bool:
    """Whether a process started there runs the copy's own code."""
    of_each = "gateway, schema, resolvers, adapters.store, tests.leaks.seeded"
    asked = f"import {of_each}; print(*(one.__file__ for one in ({of_each})))"
    told = subprocess.run(
        [sys.executable, "-c", asked], cwd=root, env=environment(root), capture_output=True, text=True, check=True
    )
    return all(file.startswith(str(root)) for file in told.stdout.split())


def _files() -> list[str]:
    """Whatever Git has or would have, as it lies there now."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [file for file in dict.fromkeys(listed.stdout.split("\0")) if file and (ROOT / file).is_file()]
