"""The capability that `statistics` is handed: a finished month's cells. No child can be reached through it."""

from collections.abc import Collection
from datetime import date
from enum import Enum
from typing import Protocol

from adapters.store.registry_records import CubeMonth
from resolvers.errors import QuestionError


class Dimension(Enum):
    """What counts can be told apart by, in the order of a grouping's words."""

    AUTHORITY = "AUTHORITY"
    AGE_BAND = "AGE_BAND"
    GENDER = "GENDER"


class NotCountedHereError(QuestionError):
    """Role or purpose allow no counting; nothing was looked up."""

    code = "FORBIDDEN"


class Cube(Protocol):
    """Finished months. None: no such month has been built."""

    async def statistics(self, by: Collection[Dimension], month: date | None) -> CubeMonth | None: ...
