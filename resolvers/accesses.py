"""The capability that `accesses` is handed: who looked at one child, as an auditor may read it."""

from datetime import datetime
from typing import Protocol

import msgspec

from resolvers.answering import Answering
from resolvers.errors import QuestionError


class NotAuditedHereError(QuestionError):
    """Role or purpose allow no auditing; nothing was looked up."""

    code = "FORBIDDEN"


class ChildAccessRecord(msgspec.Struct, frozen=True, gc=False):
    """One operation or act that matched the child, and what it came to for this child alone."""

    reference: str
    at: datetime
    viewer: str
    organisation: str
    acting_role: str
    purpose: str | None
    reason: str | None
    outcome: str
    act: str | None
    shown: tuple[str, ...]
    withheld: tuple[str, ...]
    override: bool


class AccessPage(msgspec.Struct, frozen=True, gc=False):
    """Some of the records, newest first; `next` is where those after them begin, or None."""

    rows: tuple[ChildAccessRecord, ...]
    next: str | None


class AccessBook(Protocol):
    """The ledger as one auditor may read it."""

    async def accesses(self, number: str, first: int, after: str | None, answering: Answering) -> AccessPage: ...
