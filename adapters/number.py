"""The ContactPoint number: twelve random Crockford base-32 characters and an ISO 7064 MOD 37,36 check character.

It says nothing about its child, cannot be guessed, and cannot be mistaken for an NHS number. Only `new_number` throws
dice; the rest is pure.
"""

import re
import secrets

from stdnum.iso7064 import mod_37_36

_SHAPE = re.compile(r"[0-9A-HJKMNP-TV-Z]{12}[0-9A-Z]", re.ASCII)
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class BadNumber(ValueError):
    """The text is not a ContactPoint number: wrong shape, or its check character does not fit."""


def parse_number(text: str) -> str:
    """Read a number as people write it (hyphens, spaces, lower case) into the form the store holds.

    Raises `BadNumber`, whose message never repeats the text.
    """
    number = text.replace("-", "").replace(" ", "").upper()
    if not _SHAPE.fullmatch(number):
        raise BadNumber("a ContactPoint number has thirteen characters: digits and capital letters")
    if mod_37_36.checksum(number) != 1:
        raise BadNumber("the number's check character does not fit: it was mistyped")
    return number


def new_number() -> str:
    """A number for a child that has none: sixty bits that nobody can guess, and their check character."""
    dice = secrets.randbits(60)
    return with_check_character("".join([_CROCKFORD[dice >> place & 31] for place in range(0, 60, 5)]))


def with_check_character(twelve: str) -> str:
    """Complete twelve Crockford base-32 characters to a number."""
    return twelve + str(mod_37_36.calc_check_digit(twelve))
