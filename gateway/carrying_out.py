"""Writes what was judged: each child an act touches has an act of its own, and the shield stands as it was judged to.

Nothing is decided here, and nothing is written outside the turn that the judgement was made in.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from adapters.records import Tier
from adapters.shield_records import Member, NewIdentity, ShieldState
from adapters.store.shields import HOUSEHOLD, Act, Turn
from gateway.audit.ledger import new_reference
from gateway.shield.acts import Carry, Officer, Propose


class Hand:
    """One officer's hand in one turn, for a stated reason; `reference` is that of the act they asked for."""

    def __init__(self, turn: Turn, officer: Officer, reason: str, reference: str) -> None:
        self._turn = turn
        self._officer = officer
        self._reason = reason
        self.reference = reference

    async def propose(self, judged: Propose) -> str:
        """Give a first officer's word, where it was not given before; the proposal's reference."""
        if judged.standing is not None:
            return judged.standing.reference
        await self._turn.propose(self._act(self.reference, judged.child.child_id, judged.act, judged.content))
        return self.reference

    async def carry_out(self, judged: Carry, household: tuple[Member, ...]) -> tuple[str, ...]:
        """Write all that was judged; the numbers of the children it touched."""
        stood = {member.state.child_id: member.state for member in household}
        await self._begin(self.reference, judged.before, judged, judged.act)
        await self._write(judged.before, judged.after, self.reference)
        for after in judged.members:
            reference = new_reference()
            await self._begin(reference, after, judged, judged.act)
            await self._write(stood[after.child_id], after, reference)
        for member in judged.released:
            await self._release(member, judged, root=judged.before.child_id)
        return (judged.before.number, *(one.number for one in (*judged.members, *judged.released)))

    async def begin_anew(self, judged: Carry, call: NewIdentity) -> str | None:
        """Close the record and begin another; its number, or None where one of its keys is or was somebody's."""
        before = judged.before
        # What was proposed is a digest of the new identity: the closed record's act does not keep it.
        await self._begin(self.reference, before, replace(judged, content={}), judged.act)
        authority = before.authority or before.child_authority or self._officer.authority
        return await self._turn.new_identity(before.child_id, call.entry, authority, self._officer.subject)

    async def resolve(self, judged: Carry, entry: str, resolution: str, number: str | None) -> None:
        """Carry out what was said of an entry. Raises NotMergeable."""
        await self._begin(self.reference, judged.before, judged, judged.act)
        for merged in judged.members:
            await self._turn.merge(judged.before.child_id, merged.child_id)
        await self._turn.resolve(entry, resolution, number)

    async def _begin(self, reference: str, child: ShieldState, judged: Carry, word: str) -> None:
        proposal = judged.proposal
        act = self._act(reference, child.child_id, word, judged.content)
        if proposal is None:
            await self._turn.act(act)
            return
        completed = replace(
            act,
            officer=proposal.officer,
            second=self._officer.subject,
            authority=proposal.authority,
            reason=proposal.reason,
            content={**judged.content, "secondReason": self._reason},
        )
        await self._turn.act(completed, proposal.reference)

    async def _write(self, before: ShieldState, after: ShieldState, act: str) -> None:
        if after.tier is not Tier.OPEN:
            if _apart_from_circle(after) != _apart_from_circle(before):
                await self._turn.put(before, after, self._officer.subject, self._officer.authority)
            if after.circle != before.circle:
                await self._turn.circle(after.child_id, after.circle)
        elif before.tier is not Tier.OPEN:
            await self._turn.remove(after.child_id)
        if before.holds and not after.holds:
            await self._turn.clear_holds(after.child_id, self._officer.subject, self._reason)
        if after.tier is Tier.OPEN and (before.joined or before.tier is not Tier.OPEN):
            await self._leave_household(after, act)

    async def _release(self, member: ShieldState, judged: Carry, root: int) -> None:
        reference = new_reference()
        await self._begin(reference, member, judged, "RELEASED")
        if member.tier is not Tier.OPEN:
            await self._turn.remove(member.child_id)
        await self._leave_household(member, reference, root)

    async def _leave_household(self, child: ShieldState, act: str, root: int | None = None) -> None:
        """Nobody's shield at home covers the child any more, and nobody holds it for living there."""
        await self._turn.clear_holds(child.child_id, self._officer.subject, self._reason, agency=HOUSEHOLD)
        await self._turn.release(child.child_id, act, root)

    def _act(self, reference: str, child_id: int, word: str, content: Mapping[str, Any]) -> Act:
        officer = self._officer
        return Act(reference, child_id, word, officer.subject, None, officer.authority, self._reason, content)


def _apart_from_circle(state: ShieldState) -> ShieldState:
    return replace(state, circle=(), holds=0, joined=False)
