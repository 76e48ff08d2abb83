"""When two names are one person's: how a parent on a birth entry is joined to a relative in PDS. Pure.

No key links the two registers, so a name is all there is, and a wrong join would give somebody's phone number away.
Whatever leaves a doubt therefore joins nothing.
"""

import re
import unicodedata
from collections.abc import Sequence
from itertools import filterfalse
from typing import Final, TypeAlias

from adapters.records import Name, ParentContactRecord, ParentRecord

# A name as it is compared: the family name's letters, and the given names one by one.
_Folded: TypeAlias = tuple[str, list[str]]


def same_person(a: Name, b: Name) -> bool:
    """Say whether two names are equal once normalised: one family name, and the given names of one begin the other's.

    Case, accents and punctuation are folded. A name without a given or a family name is nobody's.
    """
    return _alike(_folded(a), _folded(b))


def contacts_of(
    parents: Sequence[ParentRecord], contacts: Sequence[ParentContactRecord]
) -> tuple[ParentContactRecord | None, ...]:
    """Give for each parent the one contact that is theirs; None where two contacts, or two parents, could be meant."""
    names = [_folded(parent.name) for parent in parents]
    claims = [0] * len(names)
    theirs: list[ParentContactRecord | None] = [None] * len(names)
    for contact in contacts:
        name = _folded_already(contact.name, parents, names) or _folded(contact.name)
        meant = [index for index, one in enumerate(names) if one[0] == name[0] and _alike(one, name)]
        for index in meant:
            claims[index] += 1
            theirs[index] = contact if len(meant) == 1 else None
    return tuple([theirs[index] if claimed == 1 else None for index, claimed in enumerate(claims)])


def folded(text: str | None) -> str:
    """Fold case, accents and punctuation away; runs of spaces become one."""
    if not text:
        return ""
    if text.isascii():
        return " ".join(text.encode().translate(_LOWER, _PUNCTUATION).decode().split())
    bare = "".join(filterfalse(unicodedata.combining, unicodedata.normalize("NFKD", text.casefold())))
    return folded(bare) if bare.isascii() else " ".join(_OTHER_PUNCTUATION.sub("", bare).split())


# ASCII is nearly every name, and folded as bytes in a tenth of the time.
_LOWER: Final = bytes(range(256)).lower()
_SPACES: Final = bytes(code for code in range(128) if chr(code).isspace())
_PUNCTUATION: Final = bytes(code for code in range(128) if not chr(code).isalnum() and not chr(code).isspace())
_NO_LETTER: Final = _PUNCTUATION + _SPACES
_OTHER_PUNCTUATION: Final = re.compile(r"[^\w\s]|_")


def _folded(name: Name) -> _Folded:
    family, given = name.family or "", " ".join(name.given)
    if family.isascii() and given.isascii():
        return (
            family.encode().translate(_LOWER, _NO_LETTER).decode(),
            given.encode().translate(_LOWER, _PUNCTUATION).decode().split(),
        )
    return folded(family).replace(" ", ""), folded(given).split()


def _folded_already(name: Name, parents: Sequence[ParentRecord], names: Sequence[_Folded]) -> _Folded | None:
    """What a parent of that very name was folded to: mostly there is one."""
    for index, parent in enumerate(parents):
        if parent.name == name:
            return names[index]
    return None


def _alike(a: _Folded, b: _Folded) -> bool:
    if a[0] != b[0] or not a[0] or not a[1] or not b[1]:
        return False
    if a[1] == b[1]:
        return True
    shared = min(len(a[1]), len(b[1]))
    return a[1][:shared] == b[1][:shared] or "".join(a[1]) == "".join(b[1])
