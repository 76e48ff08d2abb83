"""The agencies a gateway asks, gathered; each is known by its promise alone."""

from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Agencies:
    """One field per question. `contacts` is asked for a parent's phone, e-mail and address."""

    school: Agency[Upn, tuple[EnrolmentRecord, ...]]
    practice: Agency[NhsNumber, PracticeRecord]
    parents: Agency[ParentsKey, tuple[ParentRecord, ...]]
    contacts: Agency[NhsNumber, tuple[ParentContactRecord, ...]]
    services: Agency[ServicesKey, tuple[ServiceRecord, ...]]
