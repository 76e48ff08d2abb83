"""The GP practice a child is registered with."""

import strawberry

from adapters.records import PracticeRecord
from schema.standing import stands_for
from schema.values import Address, Origin


@stands_for(PracticeRecord)
@strawberry.type(description="A registration with a GP practice; never a statement about a doctor.")
class PracticeRegistration:
    ods_code: strawberry.ID
    name: str | None
    phone: str | None
    address: Address | None
    origin: Origin
