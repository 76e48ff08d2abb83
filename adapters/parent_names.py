"""When two names are one person's: how a parent on a birth entry is joined to a relative in PDS. Pure.

No key links the two registers, so a name is all there is, and a wrong join would give somebody's phone number away.
Whatever leaves a doubt therefore joins nothing.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from adapters.records import Name, ParentContactRecord, ParentRecord


def same_person(a: Name, b: Name) -> bool:
    """Say whether two names are equal once normalised: one family name, and the given names of one begin the other's.

    Case, accents and punctuation are folded. A name without a given or a family name is nobody's.
    """
    return _alike(_Folded.of(a), _Folded.of(b))


def contacts_of(
    parents: Sequence[ParentRecord], contacts: Sequence[ParentContactRecord]
) -> tuple[ParentContactRecord | None, ...]:
    """Give for each parent the one contact that is theirs; None where two contacts, or two parents, could be meant."""
    ours = [_Folded.of(parent.name) for parent in parents]
    alike = [[_alike(one, _Folded.of(contact.name)) for one in ours] for contact in contacts]
    return tuple(
        next((contact for contact, row in zip(contacts, alike, strict=True) if row[index] and sum(row) == 1), None)
        if sum(row[index] for row in alike) == 1
        else None
        for index in range(len(ours))
    )


def folded(text: str | None) -> str:
    """Fold case, accents and punctuation away; runs of spaces become one."""
    if not text:
        return ""
    if text.isascii():
        return " ".join(text.lower().translate(_ASCII_PUNCTUATION).split())
    bare = unicodedata.normalize("NFKD", text.casefold())
    return " ".join(re.sub(r"[^\w\s]|_", "", "".join(c for c in bare if not unicodedata.combining(c))).split())


_ASCII_PUNCTUATION = dict.fromkeys(code for code in range(128) if not chr(code).isalnum() and not chr(code).isspace())


@dataclass(frozen=True, slots=True)
class _Folded:
    """A name as it is compared: the family name's letters, and the given names one by one."""

    family: str
    given: list[str]

    @staticmethod
    def of(name: Name) -> "_Folded":
        return _Folded(folded(name.family).replace(" ", ""), folded(" ".join(name.given)).split())


def _alike(a: _Folded, b: _Folded) -> bool:
    if not a.family or a.family != b.family or not a.given or not b.given:
        return False
    shorter, longer = sorted((a.given, b.given), key=len)
    return longer[: len(shorter)] == shorter or "".join(a.given) == "".join(b.given)
