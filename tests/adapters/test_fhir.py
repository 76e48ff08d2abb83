"""FHIR's dates, which may be years, months, days or instants, and addresses."""

from datetime import UTC, date, datetime

import pytest

from adapters.fhir import UK_CORE_ADDRESS_KEY, Address, Coding, Extension, Period, postal_address, since
from adapters.records import AddressStatus, PostalAddress

TODAY = date(2026, 10, 1)


@pytest.mark.parametrize(
    "period",
    [
        Period(),
        Period("2026-10-01"),
        Period("2026-10"),
        Period("2026"),
        Period(None, "2026-10-01"),
        Period(None, "2026-10"),
        Period(None, "2026"),
        Period("2020-01-01T00:00:00+00:00", "2026-10-01T00:00:00+00:00"),
    ],
)
def test_both_ends_are_included(period: Period) -> None:
    """The first and the last day count; so does all of a year or a month given as one."""
    assert period.holds(TODAY)


@pytest.mark.parametrize(
    "period",
    [
        Period("2026-10-02"),
        Period("2026-11"),
        Period("2027"),
        Period(None, "2026-09-30"),
        Period(None, "2026-09"),
        Period(None, "2025"),
        Period("soon"),
        Period(None, "later"),
        Period(None, ""),
    ],
)
def test_what_is_over_or_to_come_or_unreadable_does_not_hold(period: Period) -> None:
    """A date that cannot be read proves nothing, so it does not keep a record current."""
    assert not period.holds(TODAY)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-01-23", datetime(2024, 1, 23, tzinfo=UTC)),
        ("2024-01-23T14:37:16+01:00", datetime(2024, 1, 23, 13, 37, 16, tzinfo=UTC)),
        ("2024-01", None),
        ("2024", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("", None),
        (None, None),
    ],
)
def test_only_a_whole_date_says_since_when(text: str | None, moment: datetime | None) -> None:
    """A year or a month alone says too little."""
    assert since(text) == moment


@pytest.mark.parametrize(
    ("written", "read"),
    [("ls97tf", "LS9 7TF"), ("W1A 1AA", "W1A 1AA"), ("GIR 0AA", "GIR 0AA"), ("LS9", "LS9"), (None, None)],
)
def test_a_postcode_has_its_one_space(written: str | None, read: str | None) -> None:
    """Upper case, one space before the last three; what is too short for one is left as it is."""
    assert postal_address(Address(postal_code=written)).postcode == read


def test_blank_lines_are_no_lines() -> None:
    """FHIR's lines may be null or empty."""
    address = Address(line=("1 High Street", None, " ", ""), city=" Leeds ", district=None)
    assert postal_address(address) == PostalAddress(AddressStatus.CURRENT, ("1 High Street", "Leeds"))


@pytest.mark.parametrize(
    ("kind", "value", "uprn"),
    [
        ("UPRN", "72016246", "72016246"),
        ("UPRN", "0", None),
        ("UPRN", "", None),
        ("UPRN", None, None),
        ("PAF", "123", None),
    ],
)
def test_a_uprn_of_zero_is_none(kind: str, value: str | None, uprn: str | None) -> None:
    """Spreadsheets leave a 0 where there was none, and a PAF key is no UPRN."""
    parts = (Extension("type", value_coding=Coding(kind)), Extension("value", value_string=value))
    assert postal_address(Address(extension=(Extension(UK_CORE_ADDRESS_KEY, parts),))).uprn == uprn
