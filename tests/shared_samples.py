"""Where the agencies' published sample payloads are, and the mark for tests that read them.

They are read in place and never copied here; a test so marked is skipped, saying so, on a machine without them.
"""

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("CONTACTPOINT_SHARED") or Path(__file__).resolve().parents[2] / "shared")
SAMPLES = SHARED / "agency-samples"

needs_samples = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason=f"no published samples at {SAMPLES}: set CONTACTPOINT_SHARED to the folder above them"
)


def sample(path: str) -> bytes:
    """The bytes of one published sample, by its path under the samples' folder."""
    return (SAMPLES / path).read_bytes()


def samples_in(folder: str, pattern: str = "*.json") -> list[str]:
    """The paths of all samples in a folder, in order; none where the samples are absent."""
    return sorted(str(path.relative_to(SAMPLES)) for path in (SAMPLES / folder).glob(pattern))
