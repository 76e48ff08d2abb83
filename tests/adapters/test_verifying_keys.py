"""Which keys of a published set are used, and for what: never for more than their publisher says."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from adapters.verifying_keys import ALGORITHMS, MOST_KEYS, VerifyingKeys, read_keys, verifies
from tests.token_making import a_signer

SIGNERS = {algorithm: a_signer(algorithm, kid=algorithm) for algorithm in ALGORITHMS}


def key_set(*keys: dict[str, Any]) -> VerifyingKeys:
    return read_keys(json.dumps({"keys": keys}).encode())


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_each_kind_of_key_verifies_in_its_own_way_alone(algorithm: str) -> None:
    """RSA in two, P-256 and Ed25519 in one: whoever names an algorithm does not choose what a key is taken for."""
    keys = key_set(SIGNERS[algorithm].published)
    fitting = {name for name in ALGORITHMS if keys.fitting(name, algorithm) is not None}
    assert fitting == ({"RS256", "PS256"} if algorithm in ("RS256", "PS256") else {algorithm})


def test_a_signature_is_its_keys_and_of_its_text() -> None:
    """Of any other text or key, or changed, it is none."""
    for algorithm, signer in SIGNERS.items():
        key = key_set(signer.published).fitting(algorithm, None)
        assert key is not None
        good = signer.sign(b"text")
        assert verifies(algorithm, key, b"text", good)
        assert not verifies(algorithm, key, b"another", good)
        for other in (b"", good[:-1], good + b"\0", bytes(len(good)), b"\xff" * len(good)):
            assert not verifies(algorithm, key, b"text", other)


@given(st.binary(max_size=600))
def test_whatever_a_signature_holds_it_only_fails(signature: bytes) -> None:
    """No bytes make verifying break."""
    for algorithm, signer in SIGNERS.items():
        key = key_set(signer.published).fitting(algorithm, algorithm)
        assert key is not None
        assert not verifies(algorithm, key, b"text", signature)


@pytest.mark.parametrize(
    "change",
    [
        {"use": "enc"},
        {"use": ["sig"]},
        {"key_ops": ["encrypt"]},
        {"key_ops": "verify"},
        {"key_ops": []},
        {"alg": "ES384"},
        {"alg": "RS256"},
        {"alg": None},
        {"kty": "RSA"},
        {"kty": None},
        {"kty": ["EC"]},
        {"crv": "P-384"},
        {"crv": None},
        {"x": "AA"},
        {"x": 7},
        {"y": None},
        {"kid": 7},
        {"kid": ""},
        {"kid": "a\u0000"},
        {"kid": "k" * 257},
        {"d": "AA"},
    ],
    ids=str,
)
def test_a_key_that_is_not_for_us_is_left_out_and_its_neighbours_stay(change: dict[str, Any]) -> None:
    """Another use, another curve, a name that is none, or a private key that should never have been published."""
    good = a_signer(kid="good")
    keys = key_set(SIGNERS["ES256"].published | change, good.published)
    assert [key.kid for key in keys.keys] == ["good"]


def test_a_key_says_itself_what_it_is_for() -> None:
    """Its `alg` narrows it; `key_ops` may name more than verifying."""
    rsa = SIGNERS["RS256"].published
    narrowed = key_set(rsa | {"alg": "PS256", "key_ops": ["verify", "encrypt"]})
    assert narrowed.fitting("RS256", "RS256") is None
    assert narrowed.fitting("PS256", "RS256") is not None


def test_weak_and_symmetric_keys_are_left_out() -> None:
    """RSA below 2,048 bits, other curves, and secrets."""
    with pytest.warns(SecurityWarning):
        small = RSAKey.generate_key(1024, {"kid": "small"}).as_dict(private=False)
    weak = (
        small,
        ECKey.generate_key("secp256k1", {"kid": "coin"}).as_dict(private=False),
        OKPKey.generate_key("X25519", {"kid": "agreement"}).as_dict(private=False),
        OKPKey.generate_key("Ed448", {"kid": "larger"}).as_dict(private=False),
        OctKey.generate_key(256, {"kid": "secret"}).as_dict(private=True),
    )
    assert key_set(*map(dict, weak)).keys == ()


def test_an_empty_set_is_a_set() -> None:
    """An issuer may withdraw them all, and nobody of it is believed then."""
    assert key_set().keys == ()


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b"null", b'{"keys": {}}', b'{"keys": [7]}', b"\xff", b'{"keys": ' + b"[" * 9_000]
)
def test_what_is_no_set_of_keys_is_told(body: bytes) -> None:
    """The keys known go on."""
    with pytest.raises(ValueError):  # noqa: PT011 - nobody reads which
        read_keys(body)


def test_fifty_keys_are_enough() -> None:
    """As each nameless token looks through all of them."""
    key = SIGNERS["ES256"].published
    assert len(key_set(*[key] * MOST_KEYS).keys) == MOST_KEYS
    with pytest.raises(ValueError, match="too many"):
        key_set(*[key] * (MOST_KEYS + 1))
