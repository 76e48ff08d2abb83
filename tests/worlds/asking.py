"""What the tests of operations and their coverage ask about, and whether a gateway would run what is asked."""

import random
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from adapters.number import with_check_character
from gateway.errors import LimitExceeded
from gateway.operations.documents import InvalidDocument, Operation
from gateway.operations.limits import Limits
from gateway.operations.variables import check_variables
from gateway.viewer import Role
from tests.partners.texts import documents
from tests.worlds.coverage import TIERS
from tests.worlds.operations import Sent
from tests.worlds.vocabulary import Somebody, Vocabulary

CHILDREN: Final = tuple(
    Somebody(
        with_check_character(f"0000000000{serial:02d}"),
        families=("Byron", f"King{serial}"),
        givens=("Ada",),
        former_families=("Gordon",),
        birth_dates=(date(2015, 12, 10),),
        genders=("FEMALE",),
        postcodes=("B1 1AA", f"B{serial} 2BB"),
        nhs_numbers=(f"99900000{serial:02d}",),
        upns=(f"B8012000050{serial:02d}",),
    )
    for serial in range(8)
)
WORDS: Final = Vocabulary(CHILDREN, authorities=("E08000025",), months=("2026-10-01",), today=date(2026, 11, 23))
TIERS_OF: Final = {child.number: TIERS[place % len(TIERS)] for place, child in enumerate(CHILDREN)}
OF_TIER: Final = {tier: number for number, tier in TIERS_OF.items()}

_DOCUMENTS: Final = documents()
_LIMITS: Final = Limits()


def dice(seed: int = 1) -> random.Random:
    """Chance that is the same for the same seed."""
    return random.Random(seed)  # noqa: S311 - it keeps no secret


def read(sent: Sent, role: Role, text: str | None = None) -> Operation:
    """The operation; raises InvalidDocument or LimitExceeded where the role may not ask it."""
    operation = _DOCUMENTS.operation(sent.text or text or "", sent.operation_name, role)
    check_variables(sent.variables, _LIMITS)
    operation.cost.check(sent.variables, _LIMITS)
    variables = operation.variables.read(sent.variables)
    if isinstance(variables, list):
        raise InvalidDocument(variables)
    return operation


def runs(sent: Sent, role: Role, text: str | None = None) -> bool:
    """Whether the role may ask it."""
    try:
        read(sent, role, text)
    except (InvalidDocument, LimitExceeded):
        return False
    return True


def answered(sent: Sent, role: Role, text: str | None = None) -> Mapping[str, Any] | None:
    """The `data` of its answer as coverage looks at it: every response key at its root. None where it is refused."""
    return {planned.key: {} for planned in read(sent, role, text).plan.root.fields} if runs(sent, role, text) else None
