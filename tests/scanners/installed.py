"""Where `make test` puts the scanners: in an environment of their own, as they ask for what fights with ours."""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

SCANNERS = Path(sys.executable).parents[1] / "scanners" / "bin"

needs_scanners = pytest.mark.skipif(
    not SCANNERS.exists(), reason="no scanners beside python: `make test` installs them"
)


async def run(tool: str, *arguments: str | Path, **environment: str) -> str:
    """What the tool printed, whatever it thought of what it saw; our own environment is not handed to it."""
    kept: Mapping[str, str] = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        SCANNERS / tool,
        *arguments,
        env={**kept, **environment},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await process.communicate()
    return printed.decode()
