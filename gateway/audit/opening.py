"""What an auditor's private keys open of the ledger: each record as far as they reach, and no word of the rest."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from adapters.store.entries import ChildAccess, KeptKey
from gateway.audit.record_format import Record
from gateway.audit.sealing import HASHED, ChildSeen, Unopened, open_data_key, open_record


class OpenedRecord(NamedTuple):
    """A record, opened. `children` are those that the keys reach; `unopened` counts the parts that they do not."""

    reference: str  # 32 hexadecimal digits
    at: int  # microseconds since 1970
    viewer: str
    organisation: str
    acting_role: str
    purpose: str | None
    reason: str | None
    document: str | None
    outcome: str
    code: str | None
    act: str | None
    part_of: str | None
    flags: tuple[str, ...]
    children: tuple[ChildAccess, ...]
    unopened: int

    @property
    def moment(self) -> datetime:
        """When it was recorded, UTC."""
        return datetime.fromtimestamp(self.at / 1_000_000, UTC)

    @property
    def numbers(self) -> list[str]:
        """Of the children, in order."""
        return [child.number for child in self.children]


class Keyring:
    """The data keys that some auditors' private keys open."""

    def __init__(self, auditors: Sequence[X25519PrivateKey]) -> None:
        self._auditors = auditors
        self._ciphers: dict[bytes, AESGCM] = {}
        self._authorities: dict[bytes, str | None] = {}

    def add(self, keys: Iterable[KeptKey]) -> None:
        """Try each of these once."""
        for key in keys:
            self._authorities[key.name] = key.authority
            cipher = self._opened(key)
            if cipher is not None:
                self._ciphers[key.name] = cipher

    def knows(self, name: bytes) -> bool:
        """Whether this key was tried."""
        return name in self._authorities

    def open(self, record: Record) -> OpenedRecord | None:
        """The record as far as these keys reach; None where they reach nothing of it. Raises Unopened."""
        opened = open_record(
            record.sealed,
            record.key,
            self._ciphers,
            reference=record.reference,
            viewer=record.viewer,
            children=record.children,
        )
        said = opened.said
        if said is None:
            return None
        children = [_access(child, None) for child in said.children]
        reason = said.reason
        for name, part in opened.protected.items():
            children += [_access(child, self._authorities[name]) for child in part.children]
            reason = part.reason
        return OpenedRecord(
            record.reference.hex(),
            record.at,
            said.viewer,
            said.organisation,
            said.acting_role,
            said.purpose,
            reason,
            None if said.document is None else HASHED + said.document.hex(),
            said.outcome,
            said.code,
            said.act,
            said.part_of,
            said.flags,
            tuple(sorted(children, key=lambda child: child.number)),
            opened.unopened,
        )

    def _opened(self, key: KeptKey) -> AESGCM | None:
        for sealed in key.sealed:
            for auditor in self._auditors:
                try:
                    return open_data_key(sealed, key.authority, key.began_at, auditor)
                except Unopened:
                    continue
        return None


def _access(child: ChildSeen, authority: str | None) -> ChildAccess:
    return ChildAccess(child.number, frozenset(child.shown), frozenset(child.withheld), child.override, authority)
