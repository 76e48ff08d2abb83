"""A record is read by those it was sealed for, and by nobody with less than their key."""

import secrets

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.sealing import (
    ChildSeen,
    DataKey,
    Said,
    SaidOfProtected,
    Unopened,
    index,
    open_data_key,
    open_record,
    seal,
    seal_data_key,
)

GENERAL = DataKey(b"g" * 16, None, AESGCM(b"1" * 32))
LEEDS = DataKey(b"l" * 16, "E08000035", AESGCM(b"2" * 32))
YORK = DataKey(b"y" * 16, "E06000014", AESGCM(b"3" * 32))

words = st.text(max_size=30)
children = st.lists(
    st.builds(
        ChildSeen,
        words,
        st.lists(words, max_size=3).map(tuple),
        st.lists(words, max_size=3).map(tuple),
        st.booleans(),
    ),
    max_size=3,
).map(tuple)
maybe = st.none() | words
said = st.builds(
    Said,
    words,
    words,
    words,
    maybe,
    maybe,
    st.none() | st.binary(min_size=32, max_size=32),
    words,
    maybe,
    maybe,
    maybe,
    st.just(()),
    children,
)
of_protected = st.builds(SaidOfProtected, maybe, children)


@given(said, of_protected, of_protected)
def test_each_key_opens_its_own_part_and_no_other(general: Said, leeds: SaidOfProtected, york: SaidOfProtected) -> None:
    """An auditor of one authority reads what all may, and of protected children their own authority's."""
    beside = {"reference": secrets.token_bytes(16), "viewer": b"v" * 16, "children": b"c" * 32}
    sealed = seal(general, {LEEDS: leeds, YORK: york}, GENERAL, **beside)
    for keys in ((GENERAL,), (GENERAL, LEEDS), (YORK,), (), (GENERAL, LEEDS, YORK)):
        opened = open_record(sealed, GENERAL.name, {key.name: key.cipher for key in keys}, **beside)
        assert opened.said == (general if GENERAL in keys else None)
        assert opened.protected == {k.name: part for k, part in ((LEEDS, leeds), (YORK, york)) if k in keys}
        assert opened.unopened == 3 - len(keys)


@given(said, st.sampled_from(["reference", "viewer", "children"]))
def test_what_lies_open_is_bound_to_what_is_sealed(general: Said, part: str) -> None:
    """A sealed part that was carried to another record opens there for nobody."""
    beside = {"reference": secrets.token_bytes(16), "viewer": b"v" * 16, "children": b"c" * 16}
    sealed = seal(general, {}, GENERAL, **beside)
    with pytest.raises(Unopened):
        open_record(sealed, GENERAL.name, {GENERAL.name: GENERAL.cipher}, **(beside | {part: b"?" * 16}))


@given(said, st.integers(0))
def test_a_flipped_byte_opens_for_nobody(general: Said, where: int) -> None:
    """Whichever it is."""
    beside = {"reference": secrets.token_bytes(16), "viewer": b"v" * 16, "children": b""}
    sealed = bytearray(seal(general, {}, GENERAL, **beside))
    sealed[where % len(sealed)] ^= 1
    with pytest.raises(Unopened):
        open_record(bytes(sealed), GENERAL.name, {GENERAL.name: GENERAL.cipher}, **beside)


class _Heard:
    """A cipher that keeps the nonces it was used with."""

    def __init__(self) -> None:
        self.nonces: list[bytes] = []

    def encrypt(self, nonce: bytes, data: bytes, beside: bytes | None) -> bytes:
        self.nonces.append(nonce)
        return AESGCM(b"1" * 32).encrypt(nonce, data, beside)


@given(said, said)
def test_no_nonce_is_used_twice_with_a_key(first: Said, second: Said) -> None:
    """An answer decided again, or refused after all, has the same reference and says something else."""
    heard = _Heard()
    key = DataKey(b"g" * 16, None, heard)  # type: ignore[arg-type]  # AESGCM cannot be derived from
    beside = {"reference": b"r" * 16, "viewer": b"v" * 16, "children": b""}
    sealed = [seal(general, {}, key, **beside) for general in (first, second)]
    assert len(set(heard.nonces)) == 2
    for general, one in zip((first, second), sealed, strict=True):
        assert open_record(one, key.name, {key.name: GENERAL.cipher}, **beside).said == general


def test_an_access_to_one_child_without_a_reason_takes_little_room() -> None:
    """At most 200 bytes are sealed for one, with words as long as they come."""
    categories = ("ADDRESS", "CONTACT", "IDENTITY", "KEY", "PRACTICE", "SCHOOL", "SERVICES")
    one = Said(
        viewer="a-viewer-with-a-name",
        organisation="URN-100001",
        acting_role="PRACTITIONER",
        purpose="SAFEGUARDING",
        reason=None,
        document=None,
        outcome="ANSWERED",
        code=None,
        act=None,
        part_of=None,
        flags=(),
        children=(ChildSeen("9990000018", categories, (), False),),
    )
    sealed = seal(one, {}, GENERAL, reference=b"r" * 16, viewer=b"v" * 16, children=b"c" * 16)
    assert len(sealed) <= 200


def test_a_data_key_is_its_auditors_alone() -> None:
    """Neither another auditor, nor the same one for another authority or hour, has it."""
    auditor, other = X25519PrivateKey.generate(), X25519PrivateKey.generate()
    key = secrets.token_bytes(32)
    sealed = seal_data_key(key, "E08000035", 7, auditor.public_key())
    nonce = b"n" * 12
    assert open_data_key(sealed, "E08000035", 7, auditor).encrypt(nonce, b"x", None) == AESGCM(key).encrypt(
        nonce, b"x", None
    )
    for authority, hour, who in (("E08000035", 7, other), (None, 7, auditor), ("E08000035", 8, auditor)):
        with pytest.raises(Unopened):
            open_data_key(sealed, authority, hour, who)


def test_an_index_says_nothing_without_its_key() -> None:
    """The same word has the same index under one key, and another under another."""
    assert index(b"a" * 32, "9990000018") == index(b"a" * 32, "9990000018") != index(b"b" * 32, "9990000018")
