"""What a record says, sealed: the general part for every auditor, and each protected child's for its authority's alone.

Pure: keys come in, bytes go out. Nothing here knows where keys are kept or whose they are.
"""

import hashlib
import os
from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from gateway.audit.record_format import INDEX_BYTES, SEALED_PARTS, VERSION

_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_PURPOSE: Final = b"ContactPoint ledger data key 1"
_NONCE_BYTES: Final = 12
_VERSION: Final = bytes((VERSION,))


HASHED: Final = "sha256:"  # before a document's hash, as everybody but the ledger writes it


class Unopened(Exception):
    """These bytes were not sealed with this key, or not for this record."""


class ChildSeen(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One child that an operation matched: the categories shown and withheld, and whether by an override."""

    number: str
    shown: tuple[str, ...]
    withheld: tuple[str, ...]
    override: bool


class Said(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What a record says to every auditor. Of an operation that matched a protected child it has no reason."""

    viewer: str
    organisation: str
    acting_role: str
    purpose: str | None
    reason: str | None
    document: bytes | None  # 32: the sha256 of the operation's text
    outcome: str
    code: str | None
    act: str | None
    part_of: str | None
    flags: tuple[str, ...]
    children: tuple[ChildSeen, ...]


class SaidOfProtected(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What a record says of one authority's protected children, and to its auditors alone."""

    reason: str | None
    children: tuple[ChildSeen, ...]


class DataKey(NamedTuple):
    """A key that records are sealed with for an hour. `authority` is None for the general one."""

    name: bytes  # record_format.data_key_name
    authority: str | None
    cipher: AESGCM


class Opened(NamedTuple):
    """A record as far as the keys at hand open it; `protected` is by the data key of its authority."""

    said: Said | None
    protected: Mapping[bytes, SaidOfProtected]
    unopened: int  # parts that other keys open


_encode: Final = msgspec.msgpack.Encoder().encode
_said: Final = msgspec.msgpack.Decoder(Said)
_of_protected: Final = msgspec.msgpack.Decoder(SaidOfProtected)


def index(key: bytes, word: str) -> bytes:
    """The keyed index of a child's number or a viewer's subject: the same for the same, and nothing without the key."""
    return hashlib.blake2b(word.encode(), key=key, digest_size=INDEX_BYTES).digest()


def seal(
    said: Said,
    protected: Mapping[DataKey, SaidOfProtected],
    general: DataKey,
    *,
    reference: bytes,
    viewer: bytes,
    children: bytes,
) -> bytes:
    """The record's sealed bytes, bound to what lies open beside them.

    The nonce is 96 random bits of its own, for keys that live an hour. The reference would not do: an answer that is
    decided again, or refused after all, is sealed again under the same one, and says something else.
    """
    nonce = os.urandom(_NONCE_BYTES)
    beside = _beside(reference, viewer, children)
    others = []
    for key, part in protected.items():
        others.append((key.name, key.cipher.encrypt(nonce, _encode(part), _bound(beside, key.name))))
    return _encode((nonce, general.cipher.encrypt(nonce, _encode(said), _bound(beside, general.name)), others))


def open_record(
    sealed: bytes,
    general: bytes,
    keys: Mapping[bytes, AESGCM],
    *,
    reference: bytes,
    viewer: bytes,
    children: bytes,
) -> Opened:
    """What of a record these data keys open; raises Unopened where one of them should and does not."""
    beside = _beside(reference, viewer, children)
    try:
        nonce, first, rest = SEALED_PARTS.decode(sealed)
        said = None
        if general in keys:
            said = _said.decode(keys[general].decrypt(nonce, first, _bound(beside, general)))
        protected = {
            name: _of_protected.decode(keys[name].decrypt(nonce, part, _bound(beside, name)))
            for name, part in rest
            if name in keys
        }
    except (InvalidTag, msgspec.MsgspecError, ValueError) as error:
        raise Unopened("a record's sealed part was not sealed with the key it names") from error
    return Opened(said, protected, (said is None) + len(rest) - len(protected))


def seal_data_key(key: bytes, authority: str | None, began_at: int, auditor: X25519PublicKey) -> bytes:
    """A data key for one auditor alone (HPKE, RFC 9180), bound to its authority and hour."""
    return _SUITE.encrypt(key, auditor, info=_purpose(authority, began_at))


def open_data_key(sealed: bytes, authority: str | None, began_at: int, auditor: X25519PrivateKey) -> AESGCM:
    """The data key; raises Unopened where it was sealed for another auditor, authority or hour."""
    try:
        return AESGCM(_SUITE.decrypt(sealed, auditor, info=_purpose(authority, began_at)))
    except (InvalidTag, ValueError) as error:
        raise Unopened("a data key was not sealed for this auditor") from error


def _purpose(authority: str | None, began_at: int) -> bytes:
    return b"%s/%d/%s" % (_PURPOSE, began_at, (authority or "").encode())


def _beside(reference: bytes, viewer: bytes, children: bytes) -> bytes:
    return _VERSION + reference + viewer + children


def _bound(beside: bytes, key: bytes) -> bytes:
    return beside + key
