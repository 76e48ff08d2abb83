"""What every agency promises, and the few ways it may fail.

An agency is asked for many keys at once and answers each by itself: found, not recorded, restricted, or failed. It
never raises for one key's sake, so that one child's trouble cannot take another's answer. How many HTTP calls that
takes (one for all, or one a child) is the adapter's own business.

    AgencyFailure            the agency could not be asked, or its answer could not be trusted
    ├── AgencyTimeout        nothing came within the deadline
    ├── AgencyUnreachable    no connection, or a refused certificate
    ├── AgencyOverloaded     it asked us to slow down (429), or our own queue for it is full
    ├── AgencyRefused        it refused our credential or our request (other 4xx)
    ├── AgencyBroken         it failed (5xx), redirected us, or answered with what is not its protocol
    └── AgencyMismatch       it answered about another child than we asked for
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Generic, Protocol, TypeAlias, TypeVar

import msgspec

Key = TypeVar("Key")
Record = TypeVar("Record")
RecordOut = TypeVar("RecordOut", covariant=True)


class AgencyName(Enum):
    """The four questions we ask agencies, as `extensions.agency` names them."""

    SCHOOL = "school"
    PRACTICE = "practice"
    PARENTS = "parents"
    SERVICES = "services"


class AgencyFailure(Exception):
    """The agency could not be asked, or its answer could not be trusted. The text is for operators, never callers."""


class AgencyTimeout(AgencyFailure):
    """Nothing came within the deadline."""


class AgencyUnreachable(AgencyFailure):
    """No connection could be made."""


class AgencyOverloaded(AgencyFailure):
    """The agency asked us to slow down."""


class AgencyRefused(AgencyFailure):
    """The agency refused our credential or our request."""


class AgencyBroken(AgencyFailure):
    """The agency failed, redirected us, or answered with what is not its protocol."""


class AgencyMismatch(AgencyFailure):
    """The agency answered about another child than the one asked for."""


class Mark(Enum):
    """Why an agency holds a record back; each places a hold on the child (DESIGN §4)."""

    PDS_RESTRICTED = "PDS_RESTRICTED"
    PDS_VERY_RESTRICTED = "PDS_VERY_RESTRICTED"
    PDS_INVALIDATED = "PDS_INVALIDATED"
    PDS_SUPERSEDED = "PDS_SUPERSEDED"
    BIRTH_BLOCKED = "BIRTH_BLOCKED"
    BIRTH_CAUTION = "BIRTH_CAUTION"


class Found(msgspec.Struct, Generic[RecordOut], frozen=True, gc=False):
    """The agency's record."""

    record: RecordOut


class NotRecorded(msgspec.Struct, frozen=True, gc=False):
    """The agency answered, and has nothing."""


class Restricted(msgspec.Struct, frozen=True, gc=False):
    """The agency marks its record restricted: show nothing, hold the child."""

    mark: Mark


class Failed(msgspec.Struct, frozen=True):
    """The agency could not be asked for this key, or answered what cannot be trusted."""

    failure: AgencyFailure


Answer: TypeAlias = Found[Record] | NotRecorded | Restricted | Failed


class Agency(Protocol[Key, RecordOut]):
    """One question to one agency. Every key asked for is in the answer, within `deadline`.

    `deadline` is on the running loop's clock, in seconds (`asyncio.get_running_loop().time()`).
    """

    async def fetch(self, keys: Sequence[Key], deadline: float) -> Mapping[Key, Answer[RecordOut]]: ...
