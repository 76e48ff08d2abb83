"""The GP practice a child is registered with."""

import strawberry

from adapters.records import PracticeRecord
from schema.values import Address, Origin


@strawberry.type(description="A registration with a GP practice; never a statement about a doctor.")
class PracticeRegistration:
    ods_code: strawberry.ID
    name: str | None
    phone: str | None
    address: Address | None
    origin: Origin

    @staticmethod
    def of(practice: PracticeRecord | None) -> "PracticeRegistration | None":
        if practice is None:
            return None
        return PracticeRegistration(
            ods_code=strawberry.ID(practice.ods_code),
            name=practice.name,
            phone=practice.phone,
            address=Address.of(practice.address),
            origin=Origin.of(practice.origin),
        )
