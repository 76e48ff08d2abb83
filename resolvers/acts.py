"""The narrow capability that mutations and officers' lists are handed: what can be asked for, never who asks.

An outcome is kept under its response path for as long as the request lives, so that an answer made twice acts once.
"""

from datetime import datetime
from typing import Protocol

from adapters.shield_records import ActResult, CaseRow, Page, QuarantineRow, ShieldCall
from resolvers.answering import ResponsePath
from resolvers.errors import QuestionError


class BadReasonError(QuestionError):
    """The reason is too short, too long or not printable."""

    code = "BAD_REASON"


class BadActError(QuestionError):
    """What is asked for contradicts itself or names what is not registered; nothing was done."""

    code = "BAD_ACT"


class Acts(Protocol):
    """What one request may do to shields and quarantine. None: no such child, shield or entry for this viewer.

    Raises NotAddressableError where role, purpose or scope allow no such act, before anything is looked up.
    """

    @property
    def guesses(self) -> int:
        """How many acts so far named nobody on whom the viewer may act: each once, however often the answer is made."""
        ...

    async def shield(self, path: ResponsePath, number: str, call: ShieldCall, reason: str) -> ActResult | None: ...

    async def override(self, path: ResponsePath, number: str, reason: str) -> datetime | None: ...

    async def resolve(
        self, path: ResponsePath, reference: str, resolution: str, number: str | None, merge: bool, reason: str
    ) -> ActResult | None: ...

    async def cases(self, listing: str, first: int, after: str | None) -> Page[CaseRow]: ...

    async def quarantine(self, first: int, after: str | None) -> Page[QuarantineRow]: ...
