"""The agencies a gateway asks, gathered; each is known by its promise alone, and asked for all requests together."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeAlias

from adapters.agency import Agency
from adapters.parent_birth_registration import ParentsKey
from adapters.records import (
    EnrolmentRecord,
    NhsNumber,
    ParentContactRecord,
    ParentRecord,
    PracticeRecord,
    ServiceRecord,
    Upn,
)
from adapters.service_subgraph import ServicesKey
from resolvers.batching import Joined


@dataclass(frozen=True, slots=True)
class Agencies:
    """One field per question. `contacts` is asked for a parent's phone, e-mail and address."""

    school: Agency[Upn, tuple[EnrolmentRecord, ...]]
    practice: Agency[NhsNumber, PracticeRecord]
    parents: Agency[ParentsKey, tuple[ParentRecord, ...]]
    contacts: Agency[NhsNumber, tuple[ParentContactRecord, ...]]
    services: Agency[ServicesKey, tuple[ServiceRecord, ...]]


# By the names of the fields above, which are the questions' names.
JoinedAgencies: TypeAlias = Mapping[str, Joined[Any, Any]]

# Keys that go into one call (1: the agency has no bulk call), and calls open at a time.
_CONTRACTS = {"school": (100, 8), "practice": (1, 64), "parents": (1, 64), "contacts": (1, 64), "services": (100, 8)}


def join(agencies: Agencies) -> JoinedAgencies:
    """Have each agency asked for concurrent requests together; call it where their loop runs."""
    joined = {}
    for question in fields(agencies):
        bulk, at_once = _CONTRACTS[question.name]
        joined[question.name] = Joined(getattr(agencies, question.name), question.name, bulk=bulk, at_once=at_once)
    return joined
