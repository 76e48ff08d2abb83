"""What can be done: acts on shields, a look behind one, and the end of what waits in quarantine.

Each act is handed to the request's `Acts`, which know who acts and keep the outcome; nothing here decides. What comes
back reads no child: whoever wants to see one asks for it, and is decided about as ever.
"""

from datetime import date, datetime
from enum import Enum

import strawberry

from adapters import records
from adapters.shield_records import (
    ActResult,
    ActState,
    Change,
    CircleTerm,
    ClearHold,
    Confirm,
    Lift,
    NewIdentity,
    Raise,
    ShieldCall,
    Transfer,
)
from resolvers.acts import BadActError
from resolvers.answering import response_path
from resolvers.children import checked_number
from schema.context import AnsweringInfo, acts_of
from schema.new_identity import NewIdentityInput, entry_of
from schema.shield_case import CircleCategory, ShieldTier, Withholdable

_NULL = "Null: no such child, shield or entry on which you may act."

strawberry.enum(ActState, description="Carried out; or proposed, and a second officer's same call carries it out.")


@strawberry.enum(description="The entry is of the child named; of a child of its own; or of nobody.")
class Resolution(Enum):
    SAME = strawberry.enum_value(
        "SAME",
        description="It says whose the entry is, not that its words are right: address, gender and keys come with it; "
        "the name with `PROTECTED_NAME_CHANGE` alone, the birth date with `PROTECTED_BIRTH_DATE_CHANGE` and "
        "`BIRTH_DATE_MOVED` alone.",
    )
    DIFFERENT = "DIFFERENT"
    REJECT = "REJECT"


@strawberry.type(description="What came of an act, and its reference.")
class ActOutcome:
    state: ActState
    reference: strawberry.ID

    @staticmethod
    def of(result: ActResult | None) -> "ActOutcome | None":
        return None if result is None else ActOutcome(state=result.state, reference=strawberry.ID(result.reference))


@strawberry.type(description="What came of it; the new number is told once, to whoever completes the act.")
class NewIdentityOutcome:
    state: ActState
    reference: strawberry.ID
    number: strawberry.ID | None


@strawberry.type(description="How long you may look behind the shield: alone, and with this token.")
class Override:
    until: datetime


@strawberry.input(name="CircleTerm", description="An organisation to be let behind the shield.")
class CircleTermInput:
    organisation: strawberry.ID
    categories: list[CircleCategory]
    until: date


@strawberry.input(description="What is to change; what is absent stays. `circle` replaces the whole circle.")
class ShieldChange:
    tier: ShieldTier | None = None
    withhold: list[Withholdable] | None = None
    ground: str | None = None
    review_on: date | None = None
    circle: list[CircleTermInput] | None = None
    release: list[strawberry.ID] | None = strawberry.field(
        default=None, description="Children of the household who need no shield of their own."
    )


@strawberry.type
class Mutation:
    @strawberry.mutation(description=f"At once; the responsible authority confirms it. {_NULL}")
    async def raise_shield(
        self,
        info: AnsweringInfo,
        *,
        number: strawberry.ID,
        tier: ShieldTier = ShieldTier.SHIELDED,
        ground: str,
        review_on: date,
        withhold: list[Withholdable] = [],  # noqa: B006 - Strawberry prints it as the default, and makes each its own
        reason: str,
    ) -> ActOutcome | None:
        call = Raise(_tier(tier), ground, review_on, _words(withhold))
        return ActOutcome.of(await _act(info, number, call, reason))

    @strawberry.mutation(description=f"By another officer than its raiser. {_NULL}")
    async def confirm_shield(self, info: AnsweringInfo, number: strawberry.ID, reason: str) -> ActOutcome | None:
        return ActOutcome.of(await _act(info, number, Confirm(), reason))

    @strawberry.mutation(description=f"What weakens takes two officers, and then all of it does. {_NULL}")
    async def change_shield(
        self, info: AnsweringInfo, number: strawberry.ID, change: ShieldChange, reason: str
    ) -> ActOutcome | None:
        return ActOutcome.of(await _act(info, number, _change(change), reason))

    @strawberry.mutation(description=f"By two officers; the second may be the receiving authority's. {_NULL}")
    async def transfer_shield(
        self, info: AnsweringInfo, number: strawberry.ID, authority: strawberry.ID, reason: str
    ) -> ActOutcome | None:
        return ActOutcome.of(await _act(info, number, Transfer(_word(authority)), reason))

    @strawberry.mutation(description=f"By two officers. {_NULL}")
    async def lift_shield(self, info: AnsweringInfo, number: strawberry.ID, reason: str) -> ActOutcome | None:
        return ActOutcome.of(await _act(info, number, Lift(), reason))

    @strawberry.mutation(description=f"Ends every hold on the child. {_NULL}")
    async def clear_hold(self, info: AnsweringInfo, number: strawberry.ID, reason: str) -> ActOutcome | None:
        return ActOutcome.of(await _act(info, number, ClearHold(), reason))

    @strawberry.mutation(description=f"By two officers: the record is closed, and the child has another. {_NULL}")
    async def give_new_identity(
        self, info: AnsweringInfo, number: strawberry.ID, identity: NewIdentityInput, reason: str
    ) -> NewIdentityOutcome | None:
        result = await _act(info, number, NewIdentity(entry_of(identity)), reason)
        if result is None:
            return None
        new = None if result.number is None else strawberry.ID(result.number)
        return NewIdentityOutcome(state=result.state, reference=strawberry.ID(result.reference), number=new)

    @strawberry.mutation(description=f"For fifteen minutes, recorded and reported. {_NULL}")
    async def override_shield(self, info: AnsweringInfo, number: strawberry.ID, reason: str) -> Override | None:
        wanted = checked_number(number)
        until = await acts_of(info).override(response_path(info.path), wanted, reason)
        if until is None:
            return None
        info.context.answering.matched(wanted)
        return Override(until=until)

    @strawberry.mutation(description=f"With SAME, `number` says whose entry it is; `merge` joins two records. {_NULL}")
    async def resolve_quarantine(
        self,
        info: AnsweringInfo,
        *,
        reference: strawberry.ID,
        resolution: Resolution,
        number: strawberry.ID | None = None,
        merge: bool = False,
        reason: str,
    ) -> ActOutcome | None:
        whose = None if number is None else checked_number(number)
        path = response_path(info.path)
        entry = _word(reference)
        result = await acts_of(info).resolve(path, entry, resolution.name, whose, merge, reason)
        if result is not None and whose is not None:
            info.context.answering.matched(whose)
        return ActOutcome.of(result)


async def _act(info: AnsweringInfo, number: str, call: ShieldCall, reason: str) -> ActResult | None:
    """Have the call carried out or proposed; the child it touched is matched, as the ledger has it."""
    wanted = checked_number(number)
    result = await acts_of(info).shield(response_path(info.path), wanted, call, reason)
    if result is not None:
        info.context.answering.matched(wanted)
    return result


def _word(text: str) -> str:
    """A word of a registry's or of ours, as far as it can be one: the store takes no NUL."""
    if not text.isascii() or not text.isprintable():
        raise BadActError("references, authorities and organisations are made of plain letters and digits")
    return text


def _tier(tier: ShieldTier) -> records.Tier:
    return records.Tier(tier.value)


def _words(categories: list[Withholdable]) -> frozenset[str]:
    return frozenset(category.value for category in categories)


def _change(change: ShieldChange) -> Change:
    return Change(
        tier=None if change.tier is None else _tier(change.tier),
        withhold=None if change.withhold is None else _words(change.withhold),
        ground=change.ground,
        review_on=change.review_on,
        circle=None if change.circle is None else tuple(_term(term) for term in change.circle),
        release=tuple(checked_number(number) for number in change.release or ()),
    )


def _term(term: CircleTermInput) -> CircleTerm:
    return CircleTerm(_word(term.organisation), frozenset(category.value for category in term.categories), term.until)
