"""The GP practice a child is registered with: which one from PDS, what it is called and where from ODS.

Neither has a bulk call, so keys are asked one by one and side by side; the client keeps them to each system's rate.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from adapters.agency import AgencyTimeout, Answer, Failed, Found, NotRecorded, Restricted
from adapters.client import AgencyClient, ApiKey, Credential
from adapters.clock import Clock, now_in_utc
from adapters.fhir import Extension, since
from adapters.ods_fhir import ODS_SYSTEM, OdsReader, OrganizationDetails
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
    """`Agency[NhsNumber, PracticeRecord]`: PDS first, then ODS, which is asked about a practice once at a time.

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
        self._practices = _OncePerPractice(OdsReader(client, ods_url, ApiKey("apikey", ods_key)))
        self._clock = clock

    async def fetch(self, keys: Sequence[NhsNumber], deadline: float) -> Mapping[NhsNumber, Answer[PracticeRecord]]:
        """Answer every key by itself, within `deadline` (the running loop's clock, seconds)."""
        async with asyncio.TaskGroup() as group:
            tasks = {key: group.create_task(self._practice(key, deadline)) for key in dict.fromkeys(keys)}
        return {key: task.result() for key, task in tasks.items()}

    async def _practice(self, number: NhsNumber, deadline: float) -> Answer[PracticeRecord]:
        answer = await self._pds.patient(number, deadline)
        if not isinstance(answer, Found):
            return answer
        registered = registration(answer.record, self._clock())
        if registered is None:
            return NotRecorded()
        match await self._practices.details(registered.ods_code, deadline):
            case Found(details):
                return Found(_record(registered, details))
            case NotRecorded():
                return Found(_record(registered, OrganizationDetails()))
            case (Restricted() | Failed()) as other:
                return other


@dataclass(slots=True, eq=False)
class _Asking:
    """A practice that ODS is being asked about, by when it will have answered, and how many wait for that."""

    deadline: float
    waiting: int = 0
    call: asyncio.Task[Answer[OrganizationDetails]] = field(init=False)


class _OncePerPractice:
    """Asks ODS about a practice once for everyone who wants it meanwhile, and remembers nothing once it has answered.

    Whoever leaves disturbs nobody; the call ends with the last of them.
    """

    def __init__(self, ods: OdsReader) -> None:
        self._ods = ods
        self._asking: dict[str, _Asking] = {}

    async def details(self, ods_code: str, deadline: float) -> Answer[OrganizationDetails]:
        while True:
            asking = self._asking.get(ods_code) or self._ask(ods_code, deadline)
            answer = await self._wait(ods_code, asking, deadline)
            late = isinstance(answer, Failed) and isinstance(answer.failure, AgencyTimeout)
            # The haste of whoever asked first is no fault of those who joined and have longer: they ask again.
            if not late or deadline <= asking.deadline:
                return answer

    def _ask(self, ods_code: str, deadline: float) -> _Asking:
        asking = self._asking[ods_code] = _Asking(deadline)
        asking.call = asyncio.create_task(self._call(ods_code, asking))
        return asking

    async def _call(self, ods_code: str, asking: _Asking) -> Answer[OrganizationDetails]:
        try:
            return await self._ods.organization(ods_code, asking.deadline)
        finally:
            self._forget(ods_code, asking)  # in the same turn, so that nobody joins a call that has ended

    async def _wait(self, ods_code: str, asking: _Asking, deadline: float) -> Answer[OrganizationDetails]:
        asking.waiting += 1
        try:
            # The call keeps its own deadline, so a timer is for those who have less time than it.
            async with asyncio.timeout_at(deadline if deadline < asking.deadline else None):
                return await asyncio.shield(asking.call)
        except TimeoutError:
            return Failed(AgencyTimeout(f"`{ODS_SYSTEM}` did not answer in time"))
        finally:
            asking.waiting -= 1
            if not asking.waiting:
                self._forget(ods_code, asking)
                asking.call.cancel()

    def _forget(self, ods_code: str, asking: _Asking) -> None:
        if self._asking.get(ods_code) is asking:
            del self._asking[ods_code]


def _record(registered: Registration, details: OrganizationDetails) -> PracticeRecord:
    return PracticeRecord(
        ods_code=registered.ods_code,
        name=details.name,
        phone=details.phone,
        address=details.address,
        origin=Origin(PDS, registered.as_of),
    )
