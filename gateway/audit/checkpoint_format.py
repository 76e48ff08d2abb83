"""A checkpoint: the heads of every writer's chain at a moment, signed, in a text that anybody can keep.

Its text is all there is to it: the same words are signed, printed, served, kept by a third party and read again.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_TITLE: Final = "ContactPoint ledger checkpoint 1"
NO_CHECKPOINT: Final = hashlib.sha256(b"").digest()  # before the first


class CheckpointUnreadable(ValueError):
    """The text is no checkpoint."""


class Head(NamedTuple):
    """Where a chain stood."""

    chain: int
    position: int
    link: bytes

    def line(self) -> str:
        """As it stands in a checkpoint, and in the stub of a month."""
        return f"{self.chain} {self.position} {_words(self.link)}"


def read_head(line: str) -> Head:
    """The head in such a line. Raises ValueError."""
    chain, position, link = line.split(" ")
    return Head(int(chain), int(position), _bytes(link))


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`number` counts from 1; `at` is microseconds since 1970; `before` the digest of the checkpoint before."""

    number: int
    at: int
    before: bytes
    heads: tuple[Head, ...]  # by chain

    def text(self) -> str:
        """The words that are signed."""
        return "".join(
            f"{line}\n"
            for line in (
                _TITLE,
                f"{self.number} {self.at} {_words(self.before)}",
                *(head.line() for head in self.heads),
            )
        )


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint with its signature; `key` is the short name of the key that is said to have made it."""

    checkpoint: Checkpoint
    key: str
    signature: bytes

    def text(self) -> str:
        """The whole of it, as kept."""
        return f"{self.checkpoint.text()}\n{self.key} {_words(self.signature)}\n"

    def digest(self) -> bytes:
        """What the next checkpoint names as the one before it."""
        return hashlib.sha256(self.text().encode()).digest()

    def signed_by(self, key: Ed25519PublicKey) -> bool:
        """Whether this very key signed these very words."""
        try:
            key.verify(self.signature, self.checkpoint.text().encode())
        except InvalidSignature:
            return False
        return True


def key_name(key: Ed25519PublicKey) -> str:
    """Sixteen hexadecimal digits that tell keys apart for people; nothing is believed for their sake."""
    return hashlib.sha256(b"ContactPoint checkpoint key" + key.public_bytes_raw()).hexdigest()[:16]


def sign(checkpoint: Checkpoint, key: Ed25519PrivateKey) -> Signed:
    """The checkpoint, signed."""
    return Signed(checkpoint, key_name(key.public_key()), key.sign(checkpoint.text().encode()))


def read_checkpoint(text: str) -> Signed:
    """The checkpoint in a text, exactly as `Signed.text` writes it; raises CheckpointUnreadable for anything else."""
    words, _, seal = text.partition("\n\n")
    title, *lines = words.split("\n")
    try:
        number, at, before = lines[0].split(" ")
        heads = tuple([read_head(line) for line in lines[1:]])
        key, signature = seal.removesuffix("\n").split(" ")
        signed = Signed(Checkpoint(int(number), int(at), _bytes(before), heads), key, _bytes(signature))
    except (ValueError, IndexError, binascii.Error) as error:
        raise CheckpointUnreadable("this is no checkpoint of a ledger") from error
    # One text for one checkpoint: what differs by a space or a zero would be another digest of the same words.
    if title != _TITLE or signed.text() != text:
        raise CheckpointUnreadable("this is no checkpoint of a ledger, or was written anew by something else")
    return signed


def _words(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def _bytes(words: str) -> bytes:
    return base64.b64decode(words, validate=True)
