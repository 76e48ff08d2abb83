"""What a link of the ledger binds: every byte of a record, its place, and all that came before it."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.record_format import NO_LINK, Record, body, data_key_name, link
from tests.audit.chains import records


@given(records())
def test_a_record_has_the_size_its_format_says(record: Record) -> None:
    """Version, three numbers, reference, key, index, and two lengths: 81 bytes beside what varies."""
    assert len(body(record)) == 1 + 3 * 8 + 3 * 16 + 2 * 4 + len(record.children) + len(record.sealed)


@given(records(), records())
def test_two_records_never_have_the_same_bytes(one: Record, other: Record) -> None:
    """Nothing can be moved from one field into the next."""
    assert (body(one) == body(other)) == (one._replace(link=b"") == other._replace(link=b""))


def test_the_bytes_are_these_for_ever() -> None:
    """A ledger of today is verified in ten years: a change of this text is a change of the version."""
    record = Record(3, 7, 1_700_000_000_000_000, b"r" * 16, b"k" * 16, b"v" * 16, b"c" * 16, b"sealed", b"")
    numbers = bytes.fromhex("01 0000000000000003 0000000000000007 00060a24181e4000")
    names = b"r" * 16 + b"k" * 16 + b"v" * 16
    assert body(record) == numbers + names + b"\0\0\0\x10" + b"c" * 16 + b"\0\0\0\x06" + b"sealed"
    assert link(NO_LINK, record) != link(link(NO_LINK, record), record)


@given(st.none() | st.text(max_size=9), st.integers(0, 2**62), st.lists(st.binary(max_size=80), max_size=3))
def test_a_data_key_is_called_by_all_that_is_kept_of_it(authority: str | None, at: int, sealed: list[bytes]) -> None:
    """Another authority, hour, auditor, recipient or order is another name."""
    names = tuple(f"auditor-{n}" for n in range(len(sealed)))
    name = data_key_name(authority, at, names, tuple(sealed))
    assert name == data_key_name(authority, at, names, tuple(sealed))
    assert name != data_key_name(authority, at + 1, names, tuple(sealed))
    assert name != data_key_name(authority, at, names, (*sealed, b""))
    assert name != data_key_name(authority, at, (*names, "another"), tuple(sealed))
    assert name != data_key_name("E" if authority is None else None, at, names, tuple(sealed))
