"""Entries and candidates for tests of matching: each names only what matters to it, the rest agrees."""

from datetime import UTC, date, datetime

from adapters.identity import Candidate, IdentityEntry
from adapters.records import AddressStatus, Gender, Identifier, Keys, Name, NhsNumber, PostalAddress

HOME = PostalAddress(AddressStatus.CURRENT, ("1 Mill Lane", "Leeds"), "LS1 1AA", "999000000001")
ELSEWHERE = PostalAddress(AddressStatus.CURRENT, ("9 Station Road", "Bristol"), "BS1 1AA", "999000000002")
BORN = date(2015, 12, 10)
SINCE = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2026, 2, 1, tzinfo=UTC)
NHS = NhsNumber("9990000018")
OTHER_NHS = NhsNumber("9990000026")


def name(text: str) -> Name:
    """`Ada Mary/Byron`."""
    given, _, family = text.partition("/")
    return Name(tuple(given.split()), family or None)


def an_entry(
    called: str = "Ada/Byron",
    born: date = BORN,
    *,
    address: PostalAddress | None = HOME,
    keys: Keys | None = None,
    gender: Gender | None = None,
    as_of: datetime = LATER,
) -> IdentityEntry:
    return IdentityEntry(1, name(called), born, gender, address, keys or Keys(), as_of, b"digest")


def a_candidate(
    called: str = "Ada/Byron",
    born: date = BORN,
    *,
    child_id: int = 1,
    address: PostalAddress = HOME,
    keys: Keys | None = None,
    gender: Gender = Gender.FEMALE,
    former: tuple[str, ...] = (),
    former_keys: frozenset[Identifier] = frozenset(),
    protected: bool = False,
    by_source_row: bool = False,
) -> Candidate:
    return Candidate(
        child_id,
        name(called),
        tuple(name(text) for text in former),
        born,
        gender,
        address,
        keys or Keys(),
        protected,
        former_keys,
        by_source_row,
        SINCE,
    )
