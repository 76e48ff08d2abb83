"""Turns what happened into what is recorded: sealed under this hour's keys, indexed so that we alone find it."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

import msgspec

from adapters.store.entries import ChildAccess, SealedEntry
from gateway.audit.data_keys import DataKeys
from gateway.audit.sealing import HASHED, ChildSeen, DataKey, Said, SaidOfProtected, index, seal

MOST_INDEXES_KEPT: Final = 10_000

_NO_PARTS: Final[Mapping[DataKey, SaidOfProtected]] = {}


class Access(msgspec.Struct, frozen=True, gc=False):
    """One operation, or one act: answered or refused. It names children and categories, never a value."""

    reference: str  # 32 hexadecimal digits, random; the answer's Contactpoint-Record header
    viewer: str
    organisation: str
    acting_role: str
    purpose: str | None
    reason: str | None
    document: str | None  # sha256 of the operation's text
    outcome: str  # ANSWERED or REFUSED
    code: str | None = None  # why refused, as extensions.code says it
    act: str | None = None  # the mutation, where this is of an act
    part_of: str | None = None  # the reference of the answer that an act is part of
    flags: frozenset[str] = frozenset()  # NO_PERSON: nobody knows who they are, for the own-record rule
    children: tuple[ChildAccess, ...] = ()
    # The authority whose auditors are told the reason, whichever children it came to; None: it follows its one child.
    reason_to: str | None = None


class Scribe:
    """Seals records. `index_key` is 32 bytes that never reach the store."""

    def __init__(self, keys: DataKeys, index_key: bytes) -> None:
        self._keys = keys
        self.index = lru_cache(MOST_INDEXES_KEPT)(lambda word: index(index_key, word))

    def forget_keys(self) -> None:
        """Seal with new keys from now on."""
        self._keys.forget()

    async def sealed(self, access: Access) -> SealedEntry:
        """The record, sealed; raises StoreUnavailable where a new key cannot be kept."""
        apart = _sealed_apart(access)
        return self._sealed(access, await self._keys.ready((None, *apart)), apart)

    def sealed_at_once(self, access: Access) -> SealedEntry | None:
        """The same, or None where more is needed than the general key, at hand: for that there is `sealed`."""
        if access.reason_to is not None:
            return None
        for child in access.children:
            if child.authority is not None:
                return None
        general = self._keys.at_hand(None)
        return None if general is None else self._sealed(access, (general,), ())

    def _sealed(self, access: Access, keys: tuple[DataKey, ...], apart: Iterable[str]) -> SealedEntry:
        """By these keys: the general one, then one for each authority for whose auditors something is apart.

        What was said of a protected child, and the reason of whoever asked for one, is for its authority's auditors.
        """
        general, others = keys[0], keys[1:]
        indexes: list[bytes] = []
        seen: list[ChildSeen] = []
        protected: dict[str, list[ChildSeen]] = {authority: [] for authority in apart}
        for child in access.children:
            of = seen if child.authority is None else protected[child.authority]
            of.append(ChildSeen(child.number, _ordered(child.shown), _ordered(child.withheld), child.override))
            indexes.append(self.index(child.number))
        said = Said(
            access.viewer,
            access.organisation,
            access.acting_role,
            access.purpose,
            None if others else access.reason,
            _digest(access.document),
            access.outcome,
            access.code,
            access.act,
            access.part_of,
            _ordered(access.flags),
            tuple(seen),
        )
        reference, viewer = bytes.fromhex(access.reference), self.index(access.viewer)
        children = b"".join(indexes)
        parts = (
            {key: SaidOfProtected(access.reason, tuple(of)) for key, of in zip(others, protected.values(), strict=True)}
            if others
            else _NO_PARTS
        )
        sealed = seal(said, parts, general, reference=reference, viewer=viewer, children=children)
        return SealedEntry(reference, general.name, viewer, children, sealed)


def _sealed_apart(access: Access) -> Mapping[str, None]:
    """The authorities for whose auditors a part is sealed, in order: the protected children's, and the reason's."""
    apart = dict.fromkeys([child.authority for child in access.children if child.authority is not None])
    if access.reason_to is not None:
        apart.setdefault(access.reason_to)
    return apart


@lru_cache(1024)
def _digest(document: str | None) -> bytes | None:
    return None if document is None else bytes.fromhex(document.removeprefix(HASHED))


@lru_cache(1024)
def _ordered(words: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(words))
