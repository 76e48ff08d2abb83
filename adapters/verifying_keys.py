"""An issuer's public keys as it publishes them (a JWK set), and which of them fits a token's header: pure.

A key that we could not use is left out, so that an issuer may have others beside those for us.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

# By the kind of key that signs so: whoever names an algorithm does not choose what its key is taken for.
ALGORITHMS_OF: Final = {"RSA": ("RS256", "PS256"), "EC": ("ES256",), "OKP": ("EdDSA",)}
ALGORITHMS: Final = tuple(algorithm for algorithms in ALGORITHMS_OF.values() for algorithm in algorithms)

MOST_KEYS: Final = 50
RSA_BITS: Final = range(2_048, 8_192 + 1)
LONGEST_KID: Final = 256
PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


class VerifyingKey(NamedTuple):
    """One key, and the algorithms it may verify."""

    kid: str | None
    key: Key
    algorithms: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class VerifyingKeys:
    """The keys of one issuer that we could use, as of one answer of its."""

    keys: tuple[VerifyingKey, ...]

    def known(self, kid: str) -> bool:
        """Whether there is a key of that name, whatever it is for."""
        return any(key.kid == kid for key in self.keys)

    def fitting(self, algorithm: str, kid: str | None) -> Key | None:
        """The one key that a header can mean; None where there is none, or where it could mean several."""
        fitting = [key.key for key in self.keys if algorithm in key.algorithms and (kid is None or key.kid == kid)]
        return fitting[0] if len(fitting) == 1 else None


class _KeySet(msgspec.Struct):
    keys: list[dict[str, Any]]


_key_set: Final = msgspec.json.Decoder(_KeySet)


def read_keys(body: bytes) -> VerifyingKeys:
    """Read a JWK set; ValueError where it is none, or has more keys than we believe in."""
    try:
        described = _key_set.decode(body).keys
    except RecursionError:
        raise ValueError("too deep a set of keys") from None
    if len(described) > MOST_KEYS:
        raise ValueError("too many keys")
    return VerifyingKeys(tuple(key for key in map(_usable, described) if key is not None))


def verifies(algorithm: str, key: Key, signed: bytes, signature: bytes) -> bool:
    """Whether the signature is the key's; `algorithm` is one that the key was found to fit."""
    return JWSRegistry.algorithms[algorithm].verify(signed, signature, key)


def _usable(described: Mapping[str, Any]) -> VerifyingKey | None:
    kind, kid = described.get("kty"), described.get("kid")
    algorithms = ALGORITHMS_OF.get(kind, ()) if isinstance(kind, str) else ()
    if "alg" in described:
        algorithms = tuple(name for name in algorithms if name == described["alg"])
    operations = described.get("key_ops", ["verify"])
    usable = (
        algorithms
        and described.get("use", "sig") == "sig"
        and isinstance(operations, list)
        and "verify" in operations
        and PRIVATE.isdisjoint(described)
        and (kid is None or (isinstance(kid, str) and 0 < len(kid) <= LONGEST_KID and kid.isprintable()))
    )
    key = _imported(str(kind), described) if usable else None
    return None if key is None else VerifyingKey(kid, key, algorithms)


def _imported(kind: str, described: Mapping[str, Any]) -> Key | None:
    """The key itself, where it is as strong as we ask."""
    members = {name: value for name, value in described.items() if name in {"kty", "n", "e", "crv", "x", "y"}}
    try:
        match kind:
            case "RSA":
                return RSAKey.import_key(members) if _bits(members["n"]) in RSA_BITS else None
            case "EC":
                return ECKey.import_key(members) if members.get("crv") == "P-256" else None
            case _:
                return OKPKey.import_key(members) if members.get("crv") == "Ed25519" else None
    except (JoseError, ValueError, TypeError, KeyError):
        return None


def _bits(number: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(number + "==")).bit_length()
