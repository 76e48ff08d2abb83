"""ODS over FHIR R4: one Organization by its ODS code, read into a practice's name, phone and address.

A closed organization is still an answer: a child can be registered with it on paper.
"""

from dataclasses import dataclass

import msgspec
from yarl import URL

from adapters.agency import AgencyBroken, AgencyFailure, AgencyMismatch, Answer, Failed, Found, NotRecorded
from adapters.client import AgencyClient, Call, Credential, Response
from adapters.fhir import FHIR_JSON, KIND, Address, ContactPoint, first_value, postal_address
from adapters.records import PostalAddress

ODS_SYSTEM = "ods"  # the name its contract (rate, certificate) goes by in the client


class Organization(msgspec.Struct, frozen=True):
    """An organization in ODS, as far as we read one."""

    id: str | None = None
    name: str | None = None
    telecom: tuple[ContactPoint, ...] = ()
    address: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True)
class OrganizationDetails:
    """What ODS says of an organization, in the upper case that ODS writes."""

    name: str | None = None
    phone: str | None = None
    address: PostalAddress | None = None


_ORGANIZATION = msgspec.json.Decoder(Organization)


def judge_organization(asked: str, response: Response) -> Answer[OrganizationDetails]:
    """Read an answer to "what is `asked`?". ODS errors carry no Spine code: a 404 OperationOutcome means unknown."""
    try:
        kind = response.decoded(KIND).resource_type
        if kind == "OperationOutcome" and response.status == 404:
            return NotRecorded()
        if kind != "Organization" or response.status != 200:
            raise AgencyBroken(
                f"`{ODS_SYSTEM}` answered {response.status} with another resource than the one asked for"
            )
        organization = response.decoded(_ORGANIZATION)
    except AgencyFailure as failure:
        return Failed(failure)
    if (organization.id or "").upper() != asked.upper():
        return Failed(AgencyMismatch(f"`{ODS_SYSTEM}` answered about another organization than the one asked for"))
    address = postal_address(organization.address[0]) if organization.address else None
    return Found(OrganizationDetails(organization.name, first_value(organization.telecom, "phone"), address))


class OdsReader:
    """Asks ODS about one organization at a time."""

    def __init__(self, client: AgencyClient, url: str, credential: Credential) -> None:
        self._client = client
        self._url = URL(url)
        self._credential = credential

    async def organization(self, ods_code: str, deadline: float) -> Answer[OrganizationDetails]:
        """Read one organization; never raises an AgencyFailure, but answers with it."""
        call = Call(
            system=ODS_SYSTEM,
            url=self._url,
            path=("Organization", ods_code),
            media_types=(FHIR_JSON,),
            credential=self._credential,
            judged=frozenset({404}),
        )
        try:
            return judge_organization(ods_code, await self._client.ask(call, deadline))
        except AgencyFailure as failure:
            return Failed(failure)
