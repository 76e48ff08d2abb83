"""What becomes of an officer's word on an entry in quarantine that is like a protected child. Pure.

Whoever says that such an entry is not the protected child publishes what may be that child's: that takes two officers.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.records import Tier
from adapters.shield_records import ShieldState
from gateway.shield.acts import Bad, Carry, Nobody, Officer, Propose, by_two, manages

NOT_TO_MERGE = "`merge` takes two records of your authority, both named by the entry's keys"


@dataclass(frozen=True, slots=True)
class Resolve:
    """The entry is of the child of that number (SAME), of a child of its own (DIFFERENT), or of nobody (REJECT).

    With `merge` its keys name two records, and the other one of them is that child too.
    """

    entry: str
    resolution: str
    number: str | None = None
    merge: bool = False


def flaw_of_word(call: Resolve) -> str | None:
    """What is wrong with the call, whatever the entry is: one line; None where nothing is."""
    if (call.resolution == "SAME") != (call.number is not None):
        return "`number` must be given with `SAME`, and with nothing else"
    if call.merge and call.resolution != "SAME":
        return "`merge` must be given with `SAME` alone"
    return None


def judge_entry(
    officer: Officer, call: Resolve, candidates: Sequence[ShieldState], by_key: Collection[str]
) -> Nobody | Bad | Propose | Carry:
    """What becomes of `call` on an entry that may be any of `candidates`; its keys name the numbers in `by_key`.

    Where it is carried out, `before` is the child it is about, and the one member a record to be merged into it.
    """
    flaw = flaw_of_word(call)
    if flaw is not None:
        return Bad(flaw)
    mine = [child for child in candidates if manages(officer, child)]
    protected = [child for child in mine if _is_protected(child)]
    named = [child for child in mine if child.number == call.number] if call.number else protected
    if not protected or not named:
        return Nobody()
    carried = Carry("RESOLVED", _content(call), named[0], named[0])
    proposals = [word for child in mine for word in child.proposals]
    if call.merge:
        others = [child for child in mine if child.number in by_key and child is not named[0]]
        if len(others) != 1 or named[0].number not in by_key:
            return Bad(NOT_TO_MERGE)
        merged = Carry("MERGED", carried.content, named[0], named[0], members=(others[0],))
        return by_two(officer, proposals, merged)
    if call.resolution == "REJECT" or (call.resolution == "SAME" and _is_protected(named[0])):
        return carried
    return by_two(officer, proposals, carried)


def _is_protected(child: ShieldState) -> bool:
    return child.tier is not Tier.OPEN or child.holds > 0


def _content(call: Resolve) -> dict[str, Any]:
    content: dict[str, Any] = {"entry": call.entry, "resolution": call.resolution}
    if call.number is not None:
        content["number"] = call.number
    if call.merge:
        content["merge"] = True
    return content
