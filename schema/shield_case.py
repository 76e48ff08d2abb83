"""What an officer reads of the shields in their authority's keeping. Of a child nothing is here but its number."""

from datetime import date, datetime
from enum import Enum

import msgspec
import strawberry

from adapters.records import Tier
from adapters.shield_records import CaseRow, HoldRow, OpenProposal
from adapters.shield_records import CircleTerm as Term
from schema.standing import stands_for


@strawberry.enum(description="How far a shield goes: whereabouts are hidden, or that the child exists at all.")
class ShieldTier(Enum):
    SHIELDED = "SHIELDED"
    SEALED = "SEALED"


@strawberry.enum(description="What an officer may withhold besides.")
class Withholdable(Enum):
    KEY = "KEY"
    PARENT_NAMES = "PARENT_NAMES"


@strawberry.enum(description="What an organisation in the circle may be let see.")
class CircleCategory(Enum):
    HISTORY = "HISTORY"
    ADDRESS = "ADDRESS"
    SCHOOL = "SCHOOL"
    PRACTICE = "PRACTICE"
    CONTACT = "CONTACT"
    SERVICES = "SERVICES"


@strawberry.enum(description="Which cases: of all, those that wait for something.")
class ShieldListing(Enum):
    ALL = "ALL"
    UNCONFIRMED = "UNCONFIRMED"
    OVERDUE = "OVERDUE"
    HELD = "HELD"
    PROPOSED = "PROPOSED"


@strawberry.type(description="An organisation let behind the shield, for these categories, until that day.")
class CircleMember:
    organisation: strawberry.ID
    categories: list[CircleCategory]
    until: date

    @staticmethod
    def of(term: Term) -> "CircleMember":
        # What no circle can give, and an older record may name, is left out.
        named = [category for category in CircleCategory if category.value in term.categories]
        return CircleMember(organisation=strawberry.ID(term.organisation), categories=named, until=term.until)


@stands_for(HoldRow)
@strawberry.type(description="A hold in force: an agency marked its record, or somebody joined the household.")
class Hold:
    agency: str
    mark: str
    placed_at: datetime


@strawberry.type(description="A first officer's word that waits for a second's same call.")
class Proposal:
    act: str
    change: str = strawberry.field(description="All that the call says, as JSON: to be repeated.")
    reason: str
    mine: bool
    expires_at: datetime

    @staticmethod
    def of(proposal: OpenProposal, viewer: str) -> "Proposal":
        return Proposal(
            act=proposal.act,
            change=msgspec.json.encode(proposal.content, order="sorted").decode(),
            reason=proposal.reason,
            mine=proposal.officer == viewer,
            expires_at=proposal.expires_at,
        )


@strawberry.type(description="A protected child and its shield; `tier` is null where there is a hold alone.")
class ShieldCase:
    number: strawberry.ID
    tier: ShieldTier | None
    confirmed: bool
    ground: str | None
    review_on: date | None
    overdue: bool
    withheld: list[Withholdable]
    circle: list[CircleMember]
    holds: list[Hold]
    household: list[strawberry.ID] = strawberry.field(description="Others of your authority covered with this child.")
    proposals: list[Proposal]

    @staticmethod
    def of(case: CaseRow, viewer: str) -> "ShieldCase":
        state = case.state
        shielded = state.tier is not Tier.OPEN
        return ShieldCase(
            number=strawberry.ID(state.number),
            tier=ShieldTier(state.tier.value) if shielded else None,
            confirmed=state.confirmed,
            ground=state.ground if shielded else None,
            review_on=state.review_on,
            overdue=case.overdue,
            withheld=[category for category in Withholdable if category.value in state.withheld],
            circle=[CircleMember.of(term) for term in state.circle],
            holds=[Hold(agency=hold.agency, mark=hold.mark, placed_at=hold.placed_at) for hold in case.holds],
            household=[strawberry.ID(number) for number in case.household],
            proposals=[Proposal.of(proposal, viewer) for proposal in state.proposals],
        )


@strawberry.type(description="A page of cases.")
class ShieldCaseConnection:
    nodes: list[ShieldCase]
    has_next_page: bool
    end_cursor: str | None
