"""Identifiers from an index and back, by arithmetic alone: no storage, the same on every machine.

Every function here is a bijection between small integers and strings that pass their published check; none knows what
a child is. The keys and multipliers are constants, because a sandbox whose identifiers moved could not be tested.
"""

from bisect import bisect_left, bisect_right
from itertools import accumulate, product

_WORD = (1 << 64) - 1
_HALF = (1 << 30) - 1


def scramble(value: int) -> int:
    """Sixty-four even bits from any integer (the finaliser of SplitMix64): our dice, thrown once and read in slices."""
    value = (value * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E19B) & _WORD
    value = ((value ^ value >> 30) * 0xBF58476D1CE4E5B9) & _WORD
    value = ((value ^ value >> 27) * 0x94D049BB133111EB) & _WORD
    return value ^ value >> 31


# --- ContactPoint number: twelve Crockford characters of a keyed permutation over 60 bits, and a check character.

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CHECKS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"  # ISO 7064 counts in all letters, so only the check may be I L O U
_ROUNDS = (0x3C6EF372FE94F82B, 0x1F83D9ABFB41BD6B, 0x5BE0CD19137E2179, 0x6A09E667F3BCC908, 0x510E527FADE682D1)
_PAIRS = tuple(a + b for a, b in product(_CROCKFORD, repeat=2))
_PAIR_VALUES = {pair: value for value, pair in enumerate(_PAIRS)}


def _absorb(state: int, character: str) -> int:
    return ((state or 36) * 2 % 37 + _CHECKS.index(character)) % 36


# State after two more characters, by state and pair: six look-ups instead of twelve steps.
_CHECK_STEPS = tuple(tuple(_absorb(_absorb(state, pair[0]), pair[1]) for pair in _PAIRS) for state in range(36))
_CHECK_LAST = tuple(_CHECKS[(1 - (state or 36) * 2 % 37) % 36] for state in range(36))


def number_from(ordinal: int) -> str:
    """The ContactPoint number of an ordinal below 2**60: thirteen characters, upper case, no hyphens."""
    left, right = ordinal >> 30, ordinal & _HALF
    for key in _ROUNDS:
        left, right = right, left ^ ((right + key) * 0x9E3779B97F4A7C15 & _WORD) >> 34
    a, b, c = left >> 20, left >> 10 & 1023, left & 1023
    d, e, f = right >> 20, right >> 10 & 1023, right & 1023
    steps = _CHECK_STEPS  # 18: doubled, the 36 that MOD 37,36 starts from
    state = steps[steps[steps[steps[steps[steps[18][a]][b]][c]][d]][e]][f]
    return _PAIRS[a] + _PAIRS[b] + _PAIRS[c] + _PAIRS[d] + _PAIRS[e] + _PAIRS[f] + _CHECK_LAST[state]


def ordinal_of_number(number: str) -> int | None:
    """The ordinal whose number this is; None where the characters or the check are not a number's."""
    if len(number) != 13:
        return None
    value = 0
    for start in range(0, 12, 2):
        pair = _PAIR_VALUES.get(number[start : start + 2])
        if pair is None:
            return None
        value = value << 10 | pair
    left, right = value >> 30, value & _HALF
    for key in reversed(_ROUNDS):
        left, right = right ^ ((left + key) * 0x9E3779B97F4A7C15 & _WORD) >> 34, left
    ordinal = left << 30 | right
    return ordinal if number_from(ordinal) == number else None


# --- NHS numbers of the test range 999 000 0000 - 999 999 9999, in ascending order, then shuffled.

NHS_NUMBERS = 909_091  # how many of the range pass the check; a prime, so that any multiplier shuffles
_NHS_MULTIPLIER, _NHS_OFFSET = 556_537, 271_829


def _nhs_residue(digits: str, heaviest: int) -> int:
    return sum(int(digit) * (heaviest - place) for place, digit in enumerate(digits)) % 11


# The six free digits are a head of three and a tail of three. A number is never issued where the weighted sum of its
# first nine digits leaves 1 (its check would be 10), so which tails are issued depends on the head's remainder alone.
_NHS_HEADS = tuple(_nhs_residue(f"999{head:03d}", 10) for head in range(1000))
_NHS_TAILS_SUM = tuple(_nhs_residue(f"{tail:03d}", 4) for tail in range(1000))
_NHS_TAILS = tuple(tuple(tail for tail in range(1000) if (head + _NHS_TAILS_SUM[tail]) % 11 != 1) for head in range(11))
_NHS_BEFORE = (0, *accumulate(len(_NHS_TAILS[residue]) for residue in _NHS_HEADS))


def nhs_number_from(ordinal: int) -> str:
    """The NHS number of an ordinal below `NHS_NUMBERS`: ten digits."""
    rank = (ordinal * _NHS_MULTIPLIER + _NHS_OFFSET) % NHS_NUMBERS
    head = bisect_right(_NHS_BEFORE, rank) - 1
    residue = _NHS_HEADS[head]
    tail = _NHS_TAILS[residue][rank - _NHS_BEFORE[head]]
    check = -(residue + _NHS_TAILS_SUM[tail]) % 11
    return f"999{head:03d}{tail:03d}{check}"


def ordinal_of_nhs_number(value: str) -> int | None:
    """The ordinal whose NHS number this is; None outside the test range or where the check is wrong."""
    if len(value) != 10 or not value.isascii() or not value.isdigit() or not value.startswith("999"):
        return None
    head, tail = int(value[3:6]), int(value[6:9])
    tails = _NHS_TAILS[_NHS_HEADS[head]]
    place = bisect_left(tails, tail)
    if place == len(tails) or tails[place] != tail:
        return None
    rank = _NHS_BEFORE[head] + place
    ordinal = (rank - _NHS_OFFSET) * pow(_NHS_MULTIPLIER, -1, NHS_NUMBERS) % NHS_NUMBERS
    return ordinal if nhs_number_from(ordinal) == value else None


# --- UPN: check letter, authority (3), establishment (4), year (2), serial (3).

UPN_SERIALS = 10_000_000  # establishment and serial together; the same serials again serve another authority
_UPN_MULTIPLIER, _UPN_OFFSET = 7_654_321, 3_141_593
_UPN_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
_UPN_SUMS = tuple(
    tuple(sum(int(digit) * (first + place) for place, digit in enumerate(f"{group:03d}")) for group in range(1000))
    for first in (2, 5, 8, 11)
)


def upn_from(authority: int, year: int, ordinal: int) -> str:
    """The UPN of an ordinal, as an authority (three digits) gave it out in a year (two digits)."""
    shuffled = (ordinal * _UPN_MULTIPLIER + _UPN_OFFSET) % UPN_SERIALS
    establishment, serial = divmod(shuffled, 1000)
    high, low = divmod(establishment * 100 + year, 1000)
    letter = _UPN_LETTERS[
        (_UPN_SUMS[0][authority] + _UPN_SUMS[1][high] + _UPN_SUMS[2][low] + _UPN_SUMS[3][serial]) % 23
    ]
    return f"{letter}{authority:03d}{high:03d}{low:03d}{serial:03d}"


def ordinal_of_upn(value: str) -> int | None:
    """The ordinal of a UPN, modulo `UPN_SERIALS`: the caller compares the whole UPN. None where the shape is wrong."""
    digits = value[1:]
    if len(value) != 13 or not digits.isascii() or not digits.isdigit():
        return None
    shuffled = int(digits[3:7]) * 1000 + int(digits[9:])
    return (shuffled - _UPN_OFFSET) * pow(_UPN_MULTIPLIER, -1, UPN_SERIALS) % UPN_SERIALS


# --- Birth entry system numbers: nine digits, the first never 0.

_ENTRY_FIRST, _ENTRIES = 100_000_000, 900_000_000
_ENTRY_MULTIPLIER, _ENTRY_OFFSET = 617_283_949, 161_803_399


def birth_entry_from(ordinal: int) -> str:
    """The birth registration's system number of an ordinal below nine hundred million."""
    return str(_ENTRY_FIRST + (ordinal * _ENTRY_MULTIPLIER + _ENTRY_OFFSET) % _ENTRIES)


def ordinal_of_birth_entry(value: str) -> int | None:
    """The ordinal whose system number this is; None where it is not nine digits."""
    if len(value) != 9 or not value.isascii() or not value.isdigit() or value[0] == "0":
        return None
    return (int(value) - _ENTRY_FIRST - _ENTRY_OFFSET) * pow(_ENTRY_MULTIPLIER, -1, _ENTRIES) % _ENTRIES
