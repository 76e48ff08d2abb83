"""Where `make test` puts the scanners: in an environment of their own, as they ask for what fights with ours."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

SCANNERS = Path(sys.executable).parents[1] / "scanners" / "bin"

needs_scanners = pytest.mark.skipif(
    not SCANNERS.exists(), reason="no scanners beside python: `make test` installs them"
)


async def run(folder: Path, tool: str, *arguments: str | Path, **environment: str) -> str:
    """What the tool printed, whatever it thought of what it saw; it keeps what it likes in the folder.

    Our own environment is not handed to it.
    """
    process = await asyncio.create_subprocess_exec(
        SCANNERS / tool,
        *arguments,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), **environment},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await process.communicate()
    return printed.decode()
