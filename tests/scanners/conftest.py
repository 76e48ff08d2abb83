"""A gateway that a scanner may try as long as it likes."""

from dataclasses import replace

import pytest

from gateway.settings import Settings


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Nobody is stopped for guessing, or kept for the beat; and however busy the machine is, no time runs out."""
    return replace(settings, guess_burst=1_000_000, beat=0.0, deadline=120.0, read_timeout=60.0, connect_timeout=30.0)
