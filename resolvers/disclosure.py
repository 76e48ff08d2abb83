"""What one request may be told of one child: a decision, as it is handed down to the resolvers.

Whoever decides lives above; nothing here decides, and nothing in a `Disclosure` says who asked or why.
"""

from enum import Enum

import msgspec


class Category(Enum):
    """What a field would give away."""

    IDENTITY = "IDENTITY"
    PARENT_NAMES = "PARENT_NAMES"
    HISTORY = "HISTORY"
    ADDRESS = "ADDRESS"
    SCHOOL = "SCHOOL"
    PRACTICE = "PRACTICE"
    CONTACT = "CONTACT"
    SERVICES = "SERVICES"
    SENSITIVE_SERVICE = "SENSITIVE_SERVICE"
    KEY = "KEY"

    __hash__ = object.__hash__  # each is one object; by its name, as enums have it, costs a call for every look


class Disclosure(msgspec.Struct, frozen=True, gc=False):
    """The categories of one child that one request may show.

    `broker_reference` is there for a protected child alone: the handle through which contact is arranged.
    `protected` tells the answer to `shield`; `override` tells the ledger that a live override was used.
    """

    number: str
    shown: frozenset[Category]
    protected: bool = False
    override: bool = False
    broker_reference: str | None = None

    def shows(self, category: Category) -> bool:
        return category in self.shown
