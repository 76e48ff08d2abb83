"""PDS over FHIR R4: one Patient or one Bundle of relatives, read into what may be trusted of it.

An answer is judged here once, for everyone who asks PDS: whose it is, whether it is restricted, what its error means.
An absent or unknown confidentiality code counts as restricted: every published record carries one, so a record
without one is a record we do not understand. Lists of relatives carry none, and there only a code that comes counts.
"""

import uuid

import msgspec
from stdnum.gb import nhs
from yarl import URL

from adapters.agency import (
    AgencyBroken,
    AgencyFailure,
    AgencyMismatch,
    AgencyOverloaded,
    AgencyRefused,
    AgencyTimeout,
    Answer,
    Failed,
    Found,
    Mark,
    NotRecorded,
    Restricted,
)
from adapters.client import AgencyClient, Call, Credential, Response
from adapters.fhir import (
    FHIR_JSON,
    KIND,
    OUTCOME,
    Address,
    CodeableConcept,
    Coding,
    ContactPoint,
    Extension,
    Few,
    HumanName,
    Identifier,
    Period,
    Reference,
)
from adapters.records import NhsNumber

PDS = "NHS Personal Demographics Service"
PDS_SYSTEM = "pds"  # the name its contract (rate, certificate) goes by in the client
NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"

MOST_RELATIVES = 50  # each may cost another read, at a rate that is everybody's

# PDS explains itself under these statuses, so their bodies are read; the code in the body decides, not the status.
_JUDGED = frozenset({400, 403, 404, 408, 429})


class Meta(msgspec.Struct, frozen=True, rename="camel"):
    """What PDS says about the record itself: how confidential it is, and when it changed."""

    security: tuple[Coding, ...] | msgspec.UnsetType = msgspec.UNSET
    last_updated: str | None = None

    @property
    def restriction(self) -> Mark | None:
        """Why PDS holds the record back, by its code alone; only "U" and nothing besides means it does not."""
        codes = {coding.code for coding in self.security or ()}
        if codes == {"U"}:
            return None
        if "V" in codes:
            return Mark.PDS_VERY_RESTRICTED
        return Mark.PDS_INVALIDATED if "REDACTED" in codes else Mark.PDS_RESTRICTED

    @property
    def mark(self) -> Mark | None:
        """The same where PDS writes no code as a rule: none at all restricts nothing, any but "U" does."""
        return None if self.security is msgspec.UNSET else self.restriction


class Link(msgspec.Struct, frozen=True):
    """Another record of the same person; `type` "replaces" means that one was merged into this."""

    other: Reference | None = None
    type: str | None = None


class PracticeReference(msgspec.Struct, frozen=True):
    """The practice a patient is or was registered with; never a doctor, in PDS."""

    identifier: Identifier | None = None


class Patient(msgspec.Struct, frozen=True, rename="camel"):
    """A person in PDS, as far as we read one."""

    id: str | None = None
    meta: Meta = Meta()
    identifier: tuple[Identifier, ...] = ()
    link: tuple[Link, ...] = ()
    name: Few[HumanName] = ()
    address: Few[Address] = ()
    telecom: Few[ContactPoint] = ()
    general_practitioner: tuple[PracticeReference, ...] = ()
    extension: tuple[Extension, ...] = ()

    def replaces(self, number: NhsNumber) -> bool:
        """Say whether this record names `number` as one it took the place of."""
        others = (link.other.identifier for link in self.link if link.type == "replaces" and link.other)
        return any(
            one and one.system == NHS_NUMBER and one.value == number.value for one in (*self.identifier, *others)
        )


class RelatedPerson(msgspec.Struct, frozen=True):
    """Somebody related to a patient.

    `patient` names the RELATED person, where plain FHIR would name the child, or nobody. Name, address and telecom are
    absent where PDS points at the relative's own record instead. None of it is parental responsibility.
    """

    meta: Meta = Meta()
    patient: Reference = Reference()
    active: bool = True
    period: Period | None = None
    name: Few[HumanName] = ()
    address: Few[Address] = ()
    telecom: Few[ContactPoint] = ()
    relationship: tuple[CodeableConcept, ...] = ()

    @property
    def number(self) -> NhsNumber | None:
        identifier = self.patient.identifier
        return NhsNumber(identifier.value) if identifier and identifier.value else None


class RelatedPersonEntry(msgspec.Struct, frozen=True, rename="camel"):
    """A relative, and the address that says whose relative it is."""

    resource: RelatedPerson
    full_url: str = ""
    meta: Meta = Meta()  # not FHIR's place for a mark, but a mark that stands here is one

    @property
    def mark(self) -> Mark | None:
        return self.resource.meta.mark or self.meta.mark


class RelatedPersonBundle(msgspec.Struct, frozen=True):
    """Everyone related to a patient; none at all is a Bundle without the member `entry`."""

    entry: tuple[RelatedPersonEntry, ...] = ()
    meta: Meta = Meta()

    def restriction(self, child: NhsNumber) -> Mark | None:
        """Why PDS holds the child back, as far as its relatives show.

        FHIR has a Bundle bear the strictest mark of all that it concerns, so it may be the child's; and so may be the
        mark of an entry that names nobody but the child.
        """
        marks = [self.meta.mark, *(entry.mark for entry in self.entry if entry.resource.number == child)]
        return next((mark for mark in marks if mark is not None), None)


class _Counted(msgspec.Struct, frozen=True):
    """The same, to be counted before anybody in it is read."""

    entry: tuple[msgspec.Raw, ...] = ()


_PATIENT = msgspec.json.Decoder(Patient)
_RELATIVES = msgspec.json.Decoder(RelatedPersonBundle)
_COUNTED = msgspec.json.Decoder(_Counted)

# What each Spine code means for us. Those not listed here are an agency that failed.
_FAILURES: dict[str, type[AgencyFailure]] = {
    "TOO_MANY_REQUESTS": AgencyOverloaded,
    "UNABLE_TO_CALL_SERVICE": AgencyTimeout,
    "ACCESS_DENIED": AgencyRefused,
    "INVALID_METHOD": AgencyRefused,
    "INVALID_RESOURCE_ID": AgencyRefused,
    "INVALID_VALUE": AgencyRefused,
    "MISSING_VALUE": AgencyRefused,
    "UNSUPPORTED_SERVICE": AgencyRefused,
}


def judge_patient(asked: NhsNumber, response: Response) -> Answer[Patient]:
    """Read an answer to "who is `asked`?": a Patient that is theirs and unrestricted, or why there is none."""
    try:
        kind = response.decoded(KIND).resource_type
        if kind == "Patient" and response.status == 200:
            return _trusted_patient(asked, response.decoded(_PATIENT))
        return _judge_other(kind, response)
    except AgencyFailure as failure:
        return Failed(failure)


def _trusted_patient(asked: NhsNumber, patient: Patient) -> Answer[Patient]:
    """Believe a Patient's own mark before its number: a merged record that is restricted must hold the child asked for.

    PDS answers a merged number with the record that took its place, and may give no more sign than another `id`. That
    alone cannot be told from an answer gone astray, so it is a mismatch: nothing shown, nobody held.
    """
    if patient.id is not None:
        if patient.id != asked.value and patient.replaces(asked):
            return Restricted(patient.meta.restriction or Mark.PDS_SUPERSEDED)
        if patient.meta.restriction is not None:
            return Restricted(patient.meta.restriction)
    if patient.id != asked.value:
        return Failed(AgencyMismatch(f"`{PDS_SYSTEM}` answered about another number than the one asked for"))
    return Found(patient)


def judge_relatives(asked: NhsNumber, response: Response) -> Answer[tuple[RelatedPerson, ...]]:
    """Read an answer to "who is related to `asked`?": the unmarked, each tied to that number by its address.

    A mark that may be the child's restricts the child.
    """
    try:
        kind = response.decoded(KIND).resource_type
        if kind != "Bundle" or response.status != 200:
            return _judge_other(kind, response)
        if len(response.decoded(_COUNTED).entry) > MOST_RELATIVES:
            raise AgencyBroken(f"`{PDS_SYSTEM}` answered with more than {MOST_RELATIVES} relatives of one person")
        bundle = response.decoded(_RELATIVES)
    except AgencyFailure as failure:
        return Failed(failure)
    restriction = bundle.restriction(asked)
    if restriction is not None:
        return Restricted(restriction)
    if any(f"/Patient/{asked.value}/RelatedPerson/" not in entry.full_url for entry in bundle.entry):
        return Failed(
            AgencyMismatch(f"`{PDS_SYSTEM}` answered with relatives of another number than the one asked for")
        )
    return Found(tuple(entry.resource for entry in bundle.entry if entry.mark is None))


def _judge_other(kind: str, response: Response) -> NotRecorded | Restricted | Failed:
    """Read an error, whatever its HTTP status and severity, by its Spine code."""
    if kind != "OperationOutcome":
        raise AgencyBroken(f"`{PDS_SYSTEM}` answered {response.status} with another resource than the one asked for")
    codes = response.decoded(OUTCOME).codes
    if "INVALIDATED_RESOURCE" in codes:
        return Restricted(Mark.PDS_INVALIDATED)
    if codes == {"RESOURCE_NOT_FOUND"}:
        return NotRecorded()
    for code, failure in _FAILURES.items():
        if code in codes:
            return Failed(failure(f"`{PDS_SYSTEM}` answered `{code}`"))
    raise AgencyBroken(f"`{PDS_SYSTEM}` answered {response.status} with an error we have no meaning for")


class PdsReader:
    """Asks PDS one number at a time: it has no bulk call. The client keeps everyone to PDS's rate together."""

    def __init__(self, client: AgencyClient, url: str, credential: Credential) -> None:
        self._client = client
        self._url = URL(url)
        self._credential = credential

    async def patient(self, number: NhsNumber, deadline: float) -> Answer[Patient]:
        """Read one person; never raises an AgencyFailure, but answers with it."""
        answer = await self._ask(number, deadline)
        return judge_patient(number, answer) if isinstance(answer, Response) else answer

    async def relatives(self, number: NhsNumber, deadline: float) -> Answer[tuple[RelatedPerson, ...]]:
        """Read the relatives of one person; a restricted person has none, so none proves nothing."""
        answer = await self._ask(number, deadline, "RelatedPerson")
        return judge_relatives(number, answer) if isinstance(answer, Response) else answer

    async def _ask(self, number: NhsNumber, deadline: float, *parts: str) -> Response | Failed:
        if not nhs.is_valid(number.value):
            # PDS would refuse it, and count it against our rate.
            return Failed(AgencyRefused("the NHS number on file fails its check digit: correct it at its source"))
        call = Call(
            system=PDS_SYSTEM,
            url=self._url,
            path=("Patient", number.value, *parts),
            headers={"X-Request-ID": str(uuid.uuid4()), "X-Correlation-ID": str(uuid.uuid4())},
            media_types=(FHIR_JSON,),
            credential=self._credential,
            judged=_JUDGED,
        )
        try:
            return await self._client.ask(call, deadline)
        except AgencyFailure as failure:
            return Failed(failure)
