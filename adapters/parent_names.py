"""When two names are one person's: how a parent on a birth entry is joined to a relative in PDS. Pure.

No key links the two registers, so a name is all there is, and a wrong join would give somebody's phone number away.
Whatever leaves a doubt therefore joins nothing.
"""

import re
import unicodedata
from collections.abc import Sequence

from adapters.records import Name, ParentContactRecord, ParentRecord


def same_person(a: Name, b: Name) -> bool:
    """Say whether two names are equal once normalised: one family name, and the given names of one begin the other's.

    Case, accents and punctuation are folded. A name without a given or a family name is nobody's.
    """
    if not _letters(a.family) or _letters(a.family) != _letters(b.family):
        return False
    ours, theirs = _given(a), _given(b)
    if not ours or not theirs:
        return False
    shorter, longer = sorted((ours, theirs), key=len)
    return longer[: len(shorter)] == shorter or "".join(ours) == "".join(theirs)


def contact_of(
    parent: ParentRecord, parents: Sequence[ParentRecord], contacts: Sequence[ParentContactRecord]
) -> ParentContactRecord | None:
    """Give the one contact that is this parent's; None where two contacts, or two parents, could be meant."""
    theirs = [contact for contact in contacts if same_person(parent.name, contact.name)]
    if len(theirs) != 1 or sum(same_person(one.name, theirs[0].name) for one in parents) != 1:
        return None
    return theirs[0]


def folded(text: str | None) -> str:
    """Fold case, accents and punctuation away; runs of spaces become one."""
    bare = unicodedata.normalize("NFKD", (text or "").casefold())
    return " ".join(re.sub(r"[^\w\s]|_", "", "".join(c for c in bare if not unicodedata.combining(c))).split())


def _letters(text: str | None) -> str:
    return folded(text).replace(" ", "")


def _given(name: Name) -> list[str]:
    return folded(" ".join(name.given)).split()
