"""Chains of records as writers leave them, for whoever verifies."""

from collections.abc import Sequence

import msgspec
from hypothesis import strategies as st

from gateway.audit.record_format import NO_LINK, Record, link

KEY = b"k" * 16


def records() -> st.SearchStrategy[Record]:
    return st.builds(
        Record,
        chain=st.integers(1, 2**40),
        position=st.integers(1, 2**40),
        at=st.integers(0, 2**52),
        reference=st.binary(min_size=16, max_size=16),
        key=st.binary(min_size=16, max_size=16),
        viewer=st.binary(min_size=16, max_size=16),
        children=st.integers(0, 3).flatmap(lambda n: st.binary(min_size=16 * n, max_size=16 * n)),
        sealed=st.binary(max_size=40),
        link=st.just(b""),
    )


def _sealed(content: bytes) -> bytes:
    return msgspec.msgpack.encode((b"n" * 12, content, ()))


def written(chain: int, contents: Sequence[bytes]) -> list[Record]:
    """One chain, a record for each of the contents."""
    before, chained = NO_LINK, []
    for position, content in enumerate(contents, start=1):
        reference = bytes((chain, position % 256)) * 8
        record = Record(chain, position, position, reference, KEY, b"v" * 16, b"", _sealed(content), b"")
        before = link(before, record)
        chained.append(record._replace(link=before))
    return chained
