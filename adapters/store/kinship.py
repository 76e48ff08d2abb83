"""Keyed fingerprints of persons, for the own-record rule alone: pure. The key is a file of ours, never in the store."""

import hashlib
import hmac
from typing import Final

from adapters.records import NhsNumber

PRINT_LENGTH: Final = 16  # bytes; a child's `kin` holds several, end to end
_DOMAIN: Final = b"contactpoint own record\0"  # households are fingerprinted under the same key, for another purpose


def print_of(key: bytes, number: NhsNumber) -> bytes:
    """The person's fingerprint: the same for the same NHS number and key, and nothing to whoever lacks the key."""
    return hmac.digest(key, _DOMAIN + number.value.encode("ascii"), hashlib.sha256)[:PRINT_LENGTH]


def is_kin(prints: tuple[bytes, ...], kin: bytes) -> bool:
    """Whether any of them is among the child's own and its known parents'.

    Prints are as good as random, so that one found across a border would be the first in the age of the universe.
    """
    for one in prints:  # noqa: SIM110 - asked of every child of every answer: half the time of `any`
        if one in kin:
            return True
    return False
