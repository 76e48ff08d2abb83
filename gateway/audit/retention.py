"""Months of the ledger that are over: dropped whole, each leaving a signed stub that says where its chains go on."""

import base64
import binascii
from dataclasses import dataclass
from datetime import date
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gateway.audit.checkpoint_format import Head, read_head

_TITLE: Final = "ContactPoint ledger stub 1"


class StubUnreadable(ValueError):
    """The text is no stub."""


@dataclass(frozen=True, slots=True)
class Stub:
    """What is left of a month: how many records there were, and the last of each chain by its place and link."""

    month: date  # its first day
    records: int
    lasts: tuple[Head, ...]

    def text(self) -> str:
        """The words that are signed."""
        lines = (last.line() for last in self.lasts)
        return "".join(f"{line}\n" for line in (_TITLE, f"{self.month.isoformat()} {self.records}", *lines))


def sign_stub(stub: Stub, key: Ed25519PrivateKey) -> str:
    """The stub as it is kept."""
    return f"{stub.text()}\n{base64.b64encode(key.sign(stub.text().encode())).decode()}\n"


def read_stub(text: str, trusted: Ed25519PublicKey) -> tuple[Stub, bool]:
    """The stub, and whether our key signed it. Raises StubUnreadable."""
    words, _, seal = text.partition("\n\n")
    title, *lines = words.split("\n")
    try:
        month, records = lines[0].split(" ")
        stub = Stub(
            date.fromisoformat(month),
            int(records),
            tuple([read_head(line) for line in lines[1:]]),
        )
        signature = base64.b64decode(seal.removesuffix("\n"), validate=True)
    except (ValueError, IndexError, binascii.Error) as error:
        raise StubUnreadable("this is no stub of a ledger") from error
    if title != _TITLE or f"{stub.text()}\n{seal}" != text:
        raise StubUnreadable("this is no stub of a ledger, or was written anew by something else")
    try:
        trusted.verify(signature, stub.text().encode())
    except InvalidSignature:
        return stub, False
    return stub, True
