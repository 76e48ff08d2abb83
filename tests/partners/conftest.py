"""The journey runs commands as a shell does."""

from tests.command.conftest import surroundings

__all__ = ["surroundings"]
