"""A record of the ledger as bytes: what each link of a chain is the hash of.

The store hashes the same bytes in SQL (`record_accesses`), and whoever verifies hashes them again: this module is all
that the two share, and its order never changes. A new order is a new version.
"""

import hashlib
import struct
from typing import Final, NamedTuple

import msgspec

VERSION: Final = 1
INDEX_BYTES: Final = 16  # of a keyed index of a viewer or a child
KEY_NAME_BYTES: Final = 16
NO_LINK: Final = hashlib.sha256(b"").digest()  # before the first record of a chain

# Version, chain, position, time, reference, key, viewer's index; then children and sealed, each behind its length.
_HEAD: Final = struct.Struct(f">Bqqq16s{KEY_NAME_BYTES}s{INDEX_BYTES}s")
_LENGTH: Final = struct.Struct(">I")
_KEY: Final = struct.Struct(">Bq?")

# `sealed`: a nonce, the general part, and of each other part its key's name and what is sealed with that.
SEALED_PARTS: Final = msgspec.msgpack.Decoder(tuple[bytes, bytes, tuple[tuple[bytes, bytes], ...]])


class Record(NamedTuple):
    """One record as it lies in the store. A tuple, because a verifier reads tens of thousands of them in a second."""

    chain: int  # the writer's
    position: int  # 1, 2, 3, … in its chain
    at: int  # microseconds since 1970, UTC; never before the one it follows
    reference: bytes  # 16 random bytes: the answer's Contactpoint-Record header
    key: bytes  # name of the data key that `sealed` is sealed with
    viewer: bytes  # keyed index
    children: bytes  # keyed indexes end to end, one for each child matched
    sealed: bytes
    link: bytes  # sha256 of the link before and `body`


def body(record: Record) -> bytes:
    """The bytes of a record that its link binds: fixed order, network byte order, nothing left out."""
    return b"".join(
        (
            _HEAD.pack(VERSION, record.chain, record.position, record.at, record.reference, record.key, record.viewer),
            _LENGTH.pack(len(record.children)),
            record.children,
            _LENGTH.pack(len(record.sealed)),
            record.sealed,
        )
    )


def key_names(record: Record) -> tuple[bytes, ...]:
    """The data keys that a record is sealed with, the general one first. Raises msgspec.DecodeError."""
    _, _, others = SEALED_PARTS.decode(record.sealed)
    return (record.key, *(name for name, _ in others))


def data_key_name(authority: str | None, began_at: int, auditors: tuple[str, ...], sealed: tuple[bytes, ...]) -> bytes:
    """What a data key is called: the hash of all that is kept of it, so that no record survives its key's exchange.

    `began_at` is microseconds since 1970; `sealed` the key, sealed to each of the auditors, in their order.
    """
    head = _KEY.pack(VERSION, began_at, authority is not None) + (authority or "").encode()
    parts = (head, *(auditor.encode() for auditor in auditors), *sealed)
    whole = _LENGTH.pack(len(auditors)) + b"".join([_LENGTH.pack(len(part)) + part for part in parts])
    return hashlib.sha256(whole).digest()[:KEY_NAME_BYTES]


def link(before: bytes, record: Record) -> bytes:
    """What the record's link must be, given the link before it."""
    return hashlib.sha256(before + body(record)).digest()
