"""What resolvers find in `info.context`: the means to answer one attempt. The viewer is not among them.

`acts` are for the root alone: no field of a child, nor of anything below one, sees them.
"""

from dataclasses import dataclass
from typing import TypeAlias

from strawberry.types import Info

from resolvers.accesses import AccessBook, NotAuditedHereError
from resolvers.acts import Acts
from resolvers.answering import Answering
from resolvers.children import ChildFinder
from resolvers.contacts import Contacts
from resolvers.errors import QuestionError
from resolvers.statistics import Cube, NotCountedHereError


@dataclass(frozen=True, slots=True)
class ViewerCard:
    """What the viewer may read of their own standing; only the root field `viewer` shows it."""

    subject: str
    organisation: str
    acting_role: str
    purpose: str


@dataclass(frozen=True, slots=True)
class AnsweringContext:
    """One attempt's finder of children, its contacts with agencies, and what it gathers on the way.

    `acts` live as long as the request: what one attempt has done, the next finds done. `statistics` are for whoever
    may count, `accesses` for whoever may audit, and for nobody else.
    """

    answering: Answering
    children: ChildFinder
    contacts: Contacts
    viewer: ViewerCard
    acts: Acts | None = None
    statistics: Cube | None = None
    accesses: AccessBook | None = None


AnsweringInfo: TypeAlias = Info[AnsweringContext, None]


def acts_of(info: AnsweringInfo) -> Acts:
    """What the request may do to shields and quarantine; raises where this gateway serves no acts."""
    if info.context.acts is None:
        raise QuestionError("officers' acts are not served here")
    return info.context.acts


def cube_of(info: AnsweringInfo) -> Cube:
    """The counts that the request may read; raises where its role and purpose allow none."""
    if info.context.statistics is None:
        raise NotCountedHereError("statistics are for analysts, and for the purpose `STATISTICS`")
    return info.context.statistics


def access_book_of(info: AnsweringInfo) -> AccessBook:
    """The ledger that the request may read; raises where its role and purpose allow none."""
    if info.context.accesses is None:
        raise NotAuditedHereError("accesses are for auditors, and for the purpose `AUDIT`")
    return info.context.accesses
