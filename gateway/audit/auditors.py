"""Whose keys the ledger is sealed to: a line for each auditor, with public keys alone.

A line is `NAME AUTHORITY KEY`: AUTHORITY a GSS code, or `*` for who may open what concerns protected children of every
authority that has no auditor of its own; KEY an X25519 public key in base64. `#` begins a comment.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

NATIONAL: Final = "*"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_AUTHORITY: Final = re.compile(r"\*|[EWSN]\d{8}")


class AuditorsUnreadable(ValueError):
    """The list of auditors, or an auditor's key, cannot be used; the message names the line and the fix."""


@dataclass(frozen=True, slots=True)
class Auditor:
    """Somebody who may open the ledger. `authority` is a GSS code, or NATIONAL."""

    name: str
    authority: str
    key: X25519PublicKey

    def line(self) -> str:
        """As it stands in the list."""
        return f"{self.name} {self.authority} {base64.b64encode(self.key.public_bytes_raw()).decode()}"


@dataclass(frozen=True, slots=True)
class Auditors:
    """All of them. There is always a national one: what nobody can open would be no record."""

    all: tuple[Auditor, ...]

    def of(self, authority: str | None) -> tuple[Auditor, ...]:
        """Who opens what concerns this authority's protected children; with None, what concerns none."""
        if authority is None:
            return self.all
        own = tuple(auditor for auditor in self.all if auditor.authority == authority)
        return own or tuple(auditor for auditor in self.all if auditor.authority == NATIONAL)


def may_be_listed(name: str, authority: str) -> bool:
    """Whether the list takes an auditor of such a name and authority."""
    return _NAME.fullmatch(name) is not None and _AUTHORITY.fullmatch(authority) is not None


def read_auditors(text: str) -> Auditors:
    """The list; raises AuditorsUnreadable for a line that is none, a name twice, or no national auditor."""
    found: dict[str, Auditor] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        try:
            name, authority, key = words
            auditor = Auditor(name, authority, X25519PublicKey.from_public_bytes(base64.b64decode(key, validate=True)))
        except (ValueError, binascii.Error) as error:
            raise AuditorsUnreadable(f"line {number} is not `NAME AUTHORITY KEY`: see `audit keygen`") from error
        if not may_be_listed(name, authority):
            raise AuditorsUnreadable(f"line {number}: a name is lower case, an authority a GSS code or `*`")
        if name in found:
            raise AuditorsUnreadable(f"line {number}: `{name}` is there twice")
        found[name] = auditor
    if not any(auditor.authority == NATIONAL for auditor in found.values()):
        raise AuditorsUnreadable("no auditor is registered for `*`: add one by `audit keygen NAME`")
    return Auditors(tuple(found.values()))


def private_words(key: X25519PrivateKey) -> bytes:
    """A private key as kept in a file (PKCS #8, PEM)."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def read_private(words: bytes) -> X25519PrivateKey:
    """The private key in a file; raises AuditorsUnreadable."""
    try:
        key = load_pem_private_key(words, password=None)
    except (ValueError, TypeError) as error:
        raise AuditorsUnreadable("this file holds no auditor's private key") from error
    if not isinstance(key, X25519PrivateKey):
        raise AuditorsUnreadable("this file holds another kind of key than `audit keygen` makes")
    return key
