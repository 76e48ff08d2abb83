"""The services that work with a child: from a children's services agency that is an Apollo Federation v2 subgraph.

Sensitive services are asked for in a document of their own, and only under a key that says so. Under any other key they
are not asked for: what comes then is a broker reference for each whose consent covers it, and nothing of what it is.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
from yarl import URL

from adapters.agency import (
    AgencyBroken,
    AgencyFailure,
    AgencyMismatch,
    AgencyRefused,
    Answer,
    Failed,
    Found,
    NotRecorded,
)
from adapters.client import JSON, AgencyClient, Call, Credential
from adapters.records import NhsNumber, ServiceRecord

SYSTEM = "services"
CHUNK = 100  # children a call
SENSITIVE = "SENSITIVE"  # the kind of a marker
MEDIA_TYPES = ("application/graphql-response+json", JSON)

_FIELDS = "kind organisation practitioner phone email lead"
# Constant texts: what is asked about travels in the variables alone, so no log of documents holds a child.
DOCUMENT = (
    "query Services($children: [_Any!]!) { _entities(representations: $children) { ... on Child "
    f"{{ nhsNumber services {{ {_FIELDS} }} consentedMarkers {{ brokerReference }} }} }} }}"
)
SENSITIVE_DOCUMENT = (
    "query SensitiveServices($children: [_Any!]!) { _entities(representations: $children) { ... on Child "
    f"{{ nhsNumber services {{ {_FIELDS} }} sensitiveServices {{ {_FIELDS} }} }} }} }}"
)


@dataclass(frozen=True, slots=True)
class ServicesKey:
    """A child, and whether its sensitive services may be asked for."""

    nhs_number: NhsNumber
    sensitive: bool


class _Service(msgspec.Struct):
    kind: str
    organisation: str | None
    practitioner: str | None
    phone: str | None
    email: str | None
    lead: bool


class _Marker(msgspec.Struct, rename="camel"):
    broker_reference: str


class _Child(msgspec.Struct, rename="camel"):
    nhs_number: str
    services: list[_Service]
    sensitive_services: list[_Service] = []
    consented_markers: list[_Marker] = []


class _Entities(msgspec.Struct):
    """The children in the order asked, each still unread, so that one damaged child costs no other."""

    entities: list[msgspec.Raw] | None = msgspec.field(name="_entities", default=None)


class _Extensions(msgspec.Struct):
    code: str | None = None


class _Error(msgspec.Struct):
    path: list[str | int] | None = None
    extensions: _Extensions | None = None


class _Answer(msgspec.Struct):
    data: _Entities | None = None
    errors: list[_Error] | None = None


_ANSWER = msgspec.json.Decoder(_Answer)
_CHILD = msgspec.json.Decoder(_Child | None)


class SubgraphServices:
    """Answers which services work with a child; a child the agency does not know is not recorded."""

    def __init__(self, client: AgencyClient, *, url: str, credential: Credential) -> None:
        self._client = client
        self._url = URL(url)
        self._credential = credential

    async def fetch(
        self, keys: Sequence[ServicesKey], deadline: float
    ) -> Mapping[ServicesKey, Answer[tuple[ServiceRecord, ...]]]:
        chunks = []
        for sensitive in (False, True):
            alike = sorted({key.nhs_number for key in keys if key.sensitive is sensitive})
            chunks += [
                [ServicesKey(number, sensitive) for number in alike[start : start + CHUNK]]
                for start in range(0, len(alike), CHUNK)
            ]
        answers: dict[ServicesKey, Answer[tuple[ServiceRecord, ...]]] = {}
        for part in await asyncio.gather(*(self._of(chunk, deadline) for chunk in chunks)):
            answers.update(part)
        return answers

    async def _of(
        self, keys: Sequence[ServicesKey], deadline: float
    ) -> Mapping[ServicesKey, Answer[tuple[ServiceRecord, ...]]]:
        """Ask for the children of one chunk, all of one kind, in one call."""
        try:
            answer = await self._asked(keys, deadline)
            failures = _failures(answer.errors or [], len(keys))
            entities = answer.data.entities if answer.data else None
            if entities is None or len(entities) != len(keys):
                raise AgencyBroken(f"`{SYSTEM}` did not answer for each child it was asked about")
        except AgencyFailure as failure:
            return dict.fromkeys(keys, Failed(failure))
        return {
            key: Failed(failures[place]) if place in failures else _read(key, entity)
            for place, (key, entity) in enumerate(zip(keys, entities, strict=True))
        }

    async def _asked(self, keys: Sequence[ServicesKey], deadline: float) -> _Answer:
        children = [{"__typename": "Child", "nhsNumber": key.nhs_number.value} for key in keys]
        document = SENSITIVE_DOCUMENT if keys[0].sensitive else DOCUMENT
        call = Call(
            system=SYSTEM,
            url=self._url,
            method="POST",
            headers={"Content-Type": JSON},
            body=msgspec.json.encode({"query": document, "variables": {"children": children}}),
            media_types=MEDIA_TYPES,
            credential=self._credential,
        )
        return (await self._client.ask(call, deadline)).decoded(_ANSWER)


def _failures(errors: Sequence[_Error], asked: int) -> Mapping[int, AgencyFailure]:
    """Give the failure of each child that an error points at; raise the one that points at none, for then it is all's.

    The errors' own messages are not repeated: they may hold what was asked.
    """
    failures = {}
    for error in errors:
        code = error.extensions.code if error.extensions else None
        failure: AgencyFailure = AgencyBroken(f"`{SYSTEM}` answered with an error")
        if code in ("UNAUTHENTICATED", "FORBIDDEN"):
            failure = AgencyRefused(f"`{SYSTEM}` refused our credential or our request")
        match error.path:
            case ["_entities", int(place), *_] if 0 <= place < asked:
                failures[place] = failure
            case _:
                raise failure
    return failures


def _read(key: ServicesKey, entity: msgspec.Raw) -> Answer[tuple[ServiceRecord, ...]]:
    try:
        child = _CHILD.decode(entity)
    except (msgspec.DecodeError, RecursionError):
        return Failed(AgencyBroken(f"`{SYSTEM}` answered with a child that cannot be read"))
    if child is None:
        return NotRecorded()
    if child.nhs_number != key.nhs_number.value:
        return Failed(AgencyMismatch(f"`{SYSTEM}` answered about another child"))
    plain = [_service(service, sensitive=False) for service in child.services]
    if key.sensitive:
        return Found((*plain, *(_service(service, sensitive=True) for service in child.sensitive_services)))
    return Found((*plain, *(_marker(marker) for marker in child.consented_markers)))


def _service(service: _Service, *, sensitive: bool) -> ServiceRecord:
    return ServiceRecord(
        kind=service.kind,
        organisation=service.organisation,
        practitioner=service.practitioner,
        phone=service.phone,
        email=service.email,
        lead=service.lead,
        broker_reference=None,
        sensitive=sensitive,
    )


def _marker(marker: _Marker) -> ServiceRecord:
    return ServiceRecord(
        kind=SENSITIVE,
        organisation=None,
        practitioner=None,
        phone=None,
        email=None,
        lead=False,
        broker_reference=marker.broker_reference,
        sensitive=True,
    )
