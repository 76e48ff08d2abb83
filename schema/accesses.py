"""Who looked at a child, for auditors. No field here leads to a child, nor to a value of one."""

from datetime import datetime

import strawberry

from resolvers.accesses import AccessPage, ChildAccessRecord


@strawberry.type(description="One operation or act that matched the child. It holds no value, and no other child.")
class Access:
    reference: strawberry.ID = strawberry.field(description="As `Contactpoint-Record` gave it.")
    at: datetime
    viewer: strawberry.ID
    organisation: strawberry.ID
    acting_role: str
    purpose: str | None
    reason: str | None
    outcome: str = strawberry.field(description="ANSWERED, or REFUSED.")
    act: str | None = strawberry.field(description="The mutation, where this was one.")
    shown: list[str] = strawberry.field(description="Categories.")
    withheld: list[str] = strawberry.field(description="Categories.")
    override: bool

    @staticmethod
    def of(record: ChildAccessRecord) -> "Access":
        return Access(
            reference=strawberry.ID(record.reference),
            at=record.at,
            viewer=strawberry.ID(record.viewer),
            organisation=strawberry.ID(record.organisation),
            acting_role=record.acting_role,
            purpose=record.purpose,
            reason=record.reason,
            outcome=record.outcome,
            act=record.act,
            shown=list(record.shown),
            withheld=list(record.withheld),
            override=record.override,
        )


@strawberry.type(description="The newest first.")
class AccessConnection:
    nodes: list[Access]
    has_next_page: bool
    end_cursor: str | None

    @staticmethod
    def of(page: AccessPage) -> "AccessConnection":
        return AccessConnection(
            nodes=[Access.of(row) for row in page.rows], has_next_page=page.next is not None, end_cursor=page.next
        )
