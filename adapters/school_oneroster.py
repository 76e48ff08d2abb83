"""The schools a child is on the roll of: from OneRoster 1.2 by UPN, each school as the register (GIAS) describes it.

Of a pupil nothing is asked for but key, status and roles. Dates come from the roles alone: enrolments can be listed by
whole school only, and nobody's school is browsed here.
"""

import asyncio
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime

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
from adapters.client import AgencyClient, Call, Credential
from adapters.records import EnrolmentRecord, Origin, SchoolRecord, Upn
from adapters.roster import GONE, MOST_PLACES, SYSTEM, Places, read_org, read_user, rows_of
from adapters.school_register import SchoolRegister

ORIGIN = "School roster"
ONEROSTER_SCOPES = ("https://purl.imsglobal.org/spec/or/v1p2/scope/roster-core.readonly",)
USER_FIELDS = "sourcedId,status,dateLastModified,identifier,roles"
ORG_FIELDS = "sourcedId,status,type,identifier"
CLAUSES = 20  # Ed-Fi's server refuses a filter of more
PAGE = 100  # the specification's own default, so no server clamps it lower without saying so
PAGES = 20  # for twenty pupils; a server with more to say does not read our offset

# The filter's grammar cannot write a quote inside a value, so a value that holds one is never put into a filter.
_FILTERABLE = re.compile(r"[^'\"\x00-\x1f]+")


class OneRosterSchools:
    """Answers which schools a child is or was on the roll of: the present ones first, then the latest begun.

    A UPN that is in no roster is not recorded; a pupil with no place has an empty tuple; a school that the register
    does not know is a place without a school. Where the register fails the child fails: a place whose school could not
    be looked up would look just like that.
    """

    def __init__(
        self,
        client: AgencyClient,
        *,
        oneroster_url: str,
        oneroster_credential: Credential,
        register_url: str,
        register_key: str,
    ) -> None:
        self._client = client
        self._url = URL(oneroster_url)
        self._credential = oneroster_credential
        self._register = SchoolRegister(client, url=register_url, key=register_key)

    async def fetch(self, keys: Sequence[Upn], deadline: float) -> Mapping[Upn, Answer[tuple[EnrolmentRecord, ...]]]:
        places = await self._places([key.value for key in keys], deadline)
        orgs = {place.org for answer in places.values() if isinstance(answer, Found) for place in answer.record}
        schools = await self._schools(orgs, deadline)
        return {key: _enrolments(places[key.value], schools) for key in keys}

    async def _places(self, upns: Collection[str], deadline: float) -> dict[str, Answer[Places]]:
        unaskable = Failed(AgencyRefused(f"`{SYSTEM}` cannot be asked for a key that holds a quote"))
        answers: dict[str, Answer[Places]] = dict.fromkeys(upns, unaskable)
        chunks = _chunks(upns)
        for part in await asyncio.gather(*(self._places_of(chunk, deadline) for chunk in chunks)):
            answers.update(part)
        return answers

    async def _places_of(self, upns: Sequence[str], deadline: float) -> dict[str, Answer[Places]]:
        answers: dict[str, Answer[Places]] = dict.fromkeys(upns, NotRecorded())
        try:
            for row in await self._listed("users", "identifier", upns, USER_FIELDS, deadline):
                upn, answer = read_user(row)
                if upn not in answers:
                    raise AgencyMismatch(f"`{SYSTEM}` answered about a pupil who was not asked for")
                answers[upn] = _both(answers[upn], answer)
        except AgencyFailure as failure:
            return dict.fromkeys(upns, Failed(failure))
        return answers

    async def _schools(self, orgs: Collection[str], deadline: float) -> Mapping[str, Answer[SchoolRecord | None]]:
        """Give the school that each organisation is; not recorded where it is no school, or no longer one."""
        urns: dict[str, Answer[str | None]] = dict.fromkeys(orgs, Found(None))
        for part in await asyncio.gather(*(self._urns_of(chunk, deadline) for chunk in _chunks(orgs))):
            urns.update(part)
        wanted = {answer.record for answer in urns.values() if isinstance(answer, Found) and answer.record}
        try:
            register = await self._register.schools(wanted, deadline)
        except AgencyFailure as failure:
            return {org: Failed(failure) if isinstance(answer, Found) else answer for org, answer in urns.items()}
        return {
            org: Found(register.get(answer.record or "")) if isinstance(answer, Found) else answer
            for org, answer in urns.items()
        }

    async def _urns_of(self, orgs: Sequence[str], deadline: float) -> dict[str, Answer[str | None]]:
        answers: dict[str, Answer[str | None]] = dict.fromkeys(orgs, Found(None))
        try:
            for row in await self._listed("orgs", "sourcedId", orgs, ORG_FIELDS, deadline):
                org = read_org(row)
                if org.sourced_id not in answers:
                    raise AgencyMismatch(f"`{SYSTEM}` answered about an organisation that was not asked for")
                counts = org.type == "school" and org.status != GONE
                answers[org.sourced_id] = Found(org.identifier) if counts else NotRecorded()
        except AgencyFailure as failure:
            return dict.fromkeys(orgs, Failed(failure))
        return answers

    async def _listed(
        self, collection: str, column: str, values: Sequence[str], fields: str, deadline: float
    ) -> list[msgspec.Raw]:
        """List every row whose `column` is one of `values`, page by page until a short one."""
        where = " OR ".join(f"{column}='{value}'" for value in values)
        rows: list[msgspec.Raw] = []
        for _ in range(PAGES):
            call = Call(
                system=SYSTEM,
                url=self._url / collection,
                params={"filter": where, "fields": fields, "limit": str(PAGE), "offset": str(len(rows))},
                credential=self._credential,
            )
            page = rows_of((await self._client.ask(call, deadline)).body, collection, PAGE)
            rows += page
            if len(page) < PAGE:
                return rows
        raise AgencyBroken(f"`{SYSTEM}` had no end of pages")


def _chunks(values: Collection[str]) -> list[list[str]]:
    """Split what may be put into a filter into short enough filters; in order, so that the same keys ask the same."""
    askable = sorted(value for value in set(values) if _FILTERABLE.fullmatch(value))
    return [askable[start : start + CLAUSES] for start in range(0, len(askable), CLAUSES)]


def _both(one: Answer[Places], other: Answer[Places]) -> Answer[Places]:
    """Join what two rows say of one pupil: a child at two schools has two rows, and an unread one spoils the other."""
    match one, other:
        case (Failed(), _) | (_, NotRecorded()):
            return one
        case Found(first), Found(second):
            if len(first) + len(second) > MOST_PLACES:
                return Failed(AgencyBroken(f"`{SYSTEM}` gave one pupil more than {MOST_PLACES} places"))
            return Found(first + second)
        case _:
            return other


def _enrolments(
    answer: Answer[Places], schools: Mapping[str, Answer[SchoolRecord | None]]
) -> Answer[tuple[EnrolmentRecord, ...]]:
    if not isinstance(answer, Found):
        return answer
    enrolments = []
    for place in answer.record:
        match schools[place.org]:
            case Found(school):
                enrolments.append(EnrolmentRecord(school, place.start, place.end, Origin(ORIGIN, place.as_of)))
            case NotRecorded():
                continue
            case other:
                return other
    today = datetime.now(UTC).date()
    return Found(tuple(sorted(enrolments, key=lambda enrolment: _rank(enrolment, today))))


def _rank(enrolment: EnrolmentRecord, today: date) -> tuple[bool, int, str]:
    present = (enrolment.start or today) <= today <= (enrolment.end or today)
    begun = enrolment.start.toordinal() if enrolment.start else 0
    return (not present, -begun, enrolment.school.urn if enrolment.school else "")
