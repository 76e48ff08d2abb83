"""What resolvers find in `info.context`: the means to answer one attempt. The viewer is not among them."""

from dataclasses import dataclass
from typing import TypeAlias

from strawberry.types import Info

from resolvers.answering import Answering
from resolvers.children import ChildFinder
from resolvers.contacts import Contacts


@dataclass(frozen=True, slots=True)
class ViewerCard:
    """What the viewer may read of their own standing; only the root field `viewer` shows it."""

    subject: str
    organisation: str
    acting_role: str
    purpose: str


@dataclass(frozen=True, slots=True)
class AnsweringContext:
    """One attempt's finder of children, its contacts with agencies, and what it gathers on the way."""

    answering: Answering
    children: ChildFinder
    contacts: Contacts
    viewer: ViewerCard


AnsweringInfo: TypeAlias = Info[AnsweringContext, None]
