"""The root: find a child, search for children, see one's own standing, count, list what waits for an officer."""

from datetime import date

import strawberry

from adapters import records
from adapters.store.search import Criteria
from resolvers.children import MOST_MATCHES
from resolvers.errors import BadCriteriaError, LimitError
from resolvers.statistics import Dimension
from schema.accesses import AccessConnection
from schema.child import Child
from schema.context import AnsweringInfo, access_book_of, acts_of, cube_of
from schema.quarantine import QuarantineConnection, QuarantineEntry, candidates_in
from schema.roots import MOST_LISTED
from schema.shield_case import ShieldCase, ShieldCaseConnection, ShieldListing
from schema.statistics import Statistics


@strawberry.type(description="Who is asking, as their token and this request say.")
class Viewer:
    subject: strawberry.ID
    organisation: strawberry.ID
    acting_role: str
    purpose: str


@strawberry.input(one_of=True, description="One identifier by which another system knows the child.")
class ChildKey:
    nhs_number: strawberry.ID | None = strawberry.UNSET
    upn: strawberry.ID | None = strawberry.UNSET


@strawberry.input(description="A family name, and a birth date or at least its year; the rest narrows.")
class ChildCriteria:
    family: str
    given: str | None = None
    birth_date: date | None = None
    birth_year: int | None = None
    gender: records.Gender | None = None
    postcode: str | None = None


@strawberry.type(description="The matches, or the word that there were more than asked for, and then none of them.")
class ChildMatches:
    children: list[Child]
    too_many: bool


@strawberry.type
class Query:
    @strawberry.field
    def viewer(self, info: AnsweringInfo) -> Viewer:
        card = info.context.viewer
        return Viewer(
            subject=strawberry.ID(card.subject),
            organisation=strawberry.ID(card.organisation),
            acting_role=card.acting_role,
            purpose=card.purpose,
        )

    @strawberry.field(description="Null: no such child that can be shown.")
    async def child(self, info: AnsweringInfo, number: strawberry.ID) -> Child | None:
        return Child.of(await info.context.children.by_number(number))

    @strawberry.field(description="Null: no such child that can be shown and found by this key.")
    async def child_by_key(self, info: AnsweringInfo, key: ChildKey) -> Child | None:
        return Child.of(await info.context.children.by_key(_key(key)))

    @strawberry.field(description="In the order asked, at most a hundred.")
    async def children(self, info: AnsweringInfo, numbers: list[strawberry.ID]) -> list[Child | None]:
        return [Child.of(child) for child in await info.context.children.by_numbers(numbers)]

    @strawberry.field(description="Few children or none: where more than `first` match, none is given.")
    async def find_children(self, info: AnsweringInfo, by: ChildCriteria, first: int | None = 10) -> ChildMatches:
        found, too_many = await info.context.children.search(_criteria(by), MOST_MATCHES if first is None else first)
        return ChildMatches(
            children=[Child(subject=child.record, disclosure=child.disclosure) for child in found], too_many=too_many
        )

    @strawberry.field(description="The protected children of your authority, those of them that you may manage.")
    async def shields(
        self,
        info: AnsweringInfo,
        listing: ShieldListing = ShieldListing.ALL,
        first: int | None = MOST_LISTED,
        after: str | None = None,
    ) -> ShieldCaseConnection:
        acts, most = acts_of(info), _listed(first)
        await info.context.children.begin_list()
        page = await acts.cases(listing.value, most, after)
        for case in page.rows:
            for number in (case.state.number, *case.household):
                info.context.answering.matched(number)
        viewer = info.context.viewer.subject
        nodes = [ShieldCase.of(case, viewer) for case in page.rows]
        return ShieldCaseConnection(nodes=nodes, has_next_page=page.next is not None, end_cursor=page.next)

    @strawberry.field(description="Who looked at the child, the newest first.")
    async def accesses(
        self, info: AnsweringInfo, number: strawberry.ID, first: int | None = MOST_LISTED, after: str | None = None
    ) -> AccessConnection:
        page = await access_book_of(info).accesses(number, _listed(first), after, info.context.answering)
        return AccessConnection.of(page)

    @strawberry.field(description="What feeds said and nobody has decided, the longest waiting first.")
    async def quarantine(
        self, info: AnsweringInfo, first: int | None = MOST_LISTED, after: str | None = None
    ) -> QuarantineConnection:
        acts, most = acts_of(info), _listed(first)
        await info.context.children.begin_list()
        page = await acts.quarantine(most, after)
        children = await info.context.children.listed(candidates_in(page.rows))
        nodes = [QuarantineEntry.of(row, children) for row in page.rows]
        return QuarantineConnection(nodes=nodes, has_next_page=page.next is not None, end_cursor=page.next)

    @strawberry.field(description="A finished month's counts, the latest's unless one is named. Null: no such month.")
    async def statistics(
        self, info: AnsweringInfo, by: list[Dimension], month: date | None = None
    ) -> Statistics | None:
        return Statistics.of(await cube_of(info).statistics(by, month))


def _listed(first: int | None) -> int:
    most = MOST_LISTED if first is None else first
    if not 1 <= most <= MOST_LISTED:
        raise LimitError("FIRST", f"`first` must be between 1 and {MOST_LISTED}")
    return most


def _key(key: ChildKey) -> records.NhsNumber | records.Upn:
    if key.nhs_number is not strawberry.UNSET and key.nhs_number is not None:
        return records.NhsNumber(_printable(key.nhs_number).replace(" ", "").replace("-", ""))
    if key.upn is not strawberry.UNSET and key.upn is not None:
        return records.Upn(_printable(key.upn).strip().upper())
    raise BadCriteriaError("a key is needed: `nhsNumber` or `upn`")


def _printable(text: str) -> str:
    """The text, if it can be one of a key: the store takes no NUL and no half of a character."""
    if not text.isascii() or not text.isprintable():
        raise BadCriteriaError("a key is made of plain letters and digits")
    return text


def _criteria(by: ChildCriteria) -> Criteria:
    if not by.family.strip():
        raise BadCriteriaError("`family` is empty")
    if not all(text is None or text.isprintable() for text in (by.family, by.given, by.postcode)):
        raise BadCriteriaError("a name or a postcode is made of printable characters")
    if by.birth_date is None and by.birth_year is None:
        raise BadCriteriaError("a search needs `birthDate` or at least `birthYear`")
    return Criteria(
        family=by.family,
        given=by.given,
        birth_date=by.birth_date,
        birth_year=by.birth_year,
        gender=by.gender,
        postcode=by.postcode,
    )
