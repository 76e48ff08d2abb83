"""The GP practice a child is registered with: which one from PDS, what it is called and where from ODS.

Neither has a bulk call, so keys are asked one by one and side by side; the client keeps them to each system's rate.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from adapters.agency import Answer, Failed, Found, NotRecorded, Restricted
from adapters.client import AgencyClient, ApiKey, Credential
from adapters.clock import Clock, now_in_utc
from adapters.fhir import Extension, since
from adapters.ods_fhir import OdsReader, OrganizationDetails
from adapters.pds_fhir import PDS, Patient, PdsReader
from adapters.records import NhsNumber, Origin, PracticeRecord

REMOVED = "https://fhir.nhs.uk/StructureDefinition/Extension-PDS-RemovalFromRegistration"
PSEUDO_PRACTICES = frozenset({"V81997", "V81998", "V81999"})  # no practice, not applicable, not known

_ODS_CODE = re.compile(r"[0-9A-Z]{3,12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Registration:
    """The practice that PDS says a person is registered with now, and since when it has said so."""

    ods_code: str
    as_of: datetime


def registration(patient: Patient, now: datetime) -> Registration | None:
    """Read who a person's practice is; None where it has ended, has not begun, or is no practice at all.

    PDS keeps the last practice of somebody who was taken off every list (moved abroad, lost track of): the removal
    then counts, and the practice does not. A person's death changes nothing here.
    """
    today = now.date()
    practice = patient.general_practitioner[0].identifier if patient.general_practitioner else None
    if practice is None or practice.value is None or (practice.period and not practice.period.holds(today)):
        return None
    code = practice.value.strip().upper()
    if code in PSEUDO_PRACTICES or not _ODS_CODE.fullmatch(code):
        return None
    if any(extension.url == REMOVED and _removal_holds(extension, now) for extension in patient.extension):
        return None
    start = since(practice.period.start) if practice.period else None
    return Registration(code, start or since(patient.meta.last_updated) or now)


def _removal_holds(removal: Extension, now: datetime) -> bool:
    """Say whether a removal is in force; one without readable dates is, for it may be."""
    when = removal.part("effectiveTime")
    period = when.value_period if when else None
    if period is None:
        return True
    begins, ends = since(period.start), since(period.end)
    return not (begins and begins > now) and not (ends and ends <= now)


class PdsPractices:
    """`Agency[NhsNumber, PracticeRecord]`: PDS first, then ODS, each practice asked once however many share it.

    `pds_url` ends in `/FHIR/R4`, `ods_url` in `/fhir`. A practice that ODS does not know keeps its code alone.
    """

    def __init__(
        self,
        client: AgencyClient,
        *,
        pds_url: str,
        pds_credential: Credential,
        ods_url: str,
        ods_key: str,
        clock: Clock = now_in_utc,
    ) -> None:
        self._pds = PdsReader(client, pds_url, pds_credential)
        self._ods = OdsReader(client, ods_url, ApiKey("apikey", ods_key))
        self._clock = clock

    async def fetch(self, keys: Sequence[NhsNumber], deadline: float) -> Mapping[NhsNumber, Answer[PracticeRecord]]:
        """Answer every key by itself, within `deadline` (the running loop's clock, seconds)."""
        async with asyncio.TaskGroup() as group:
            practices = _OncePerPractice(self._ods, deadline, group)
            tasks = {key: group.create_task(self._practice(key, practices, deadline)) for key in dict.fromkeys(keys)}
        return {key: task.result() for key, task in tasks.items()}

    async def _practice(
        self, number: NhsNumber, practices: "_OncePerPractice", deadline: float
    ) -> Answer[PracticeRecord]:
        answer = await self._pds.patient(number, deadline)
        if not isinstance(answer, Found):
            return answer
        registered = registration(answer.record, self._clock())
        if registered is None:
            return NotRecorded()
        match await practices.details(registered.ods_code):
            case Found(details):
                return Found(_record(registered, details))
            case NotRecorded():
                return Found(_record(registered, OrganizationDetails()))
            case (Restricted() | Failed()) as other:
                return other


class _OncePerPractice:
    """Asks ODS about each practice once in one fetch, for everyone registered there."""

    def __init__(self, ods: OdsReader, deadline: float, group: asyncio.TaskGroup) -> None:
        self._ods = ods
        self._deadline = deadline
        self._group = group
        self._asked: dict[str, asyncio.Task[Answer[OrganizationDetails]]] = {}

    async def details(self, ods_code: str) -> Answer[OrganizationDetails]:
        task = self._asked.get(ods_code)
        if task is None:
            task = self._group.create_task(self._ods.organization(ods_code, self._deadline))
            self._asked[ods_code] = task
        return await task


def _record(registered: Registration, details: OrganizationDetails) -> PracticeRecord:
    return PracticeRecord(
        ods_code=registered.ods_code,
        name=details.name,
        phone=details.phone,
        address=details.address,
        origin=Origin(PDS, registered.as_of),
    )
