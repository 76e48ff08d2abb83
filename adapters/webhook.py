"""Reports to responsible authorities: one signed POST each, through the one HTTP client, never twice by its own accord.

What a report says is made in the store, in the transaction of the deed itself. A receiver believes what our key signed,
refuses a timestamp it finds too old, and has seen what bears a reference it has seen.
"""

import asyncio
import base64
import json
import time
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from yarl import URL

from adapters.agency import AgencyRefused
from adapters.client import JSON, AgencyClient, Call
from adapters.store.entries import Report

SYSTEM = "report-webhook"
PATIENCE = 5.0  # seconds a receiver has to answer
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

REFERENCE = "Contactpoint-Report"
TIMESTAMP = "Contactpoint-Timestamp"
KEY = "Contactpoint-Key"
SIGNATURE = "Contactpoint-Signature"


class UnusableKey(ValueError):
    """The file holds no Ed25519 private key."""


class Signer:
    """Our Ed25519 key, and the name that receivers know it by."""

    def __init__(self, private: Ed25519PrivateKey, key_id: str) -> None:
        self._private = private
        self.key_id = key_id

    @classmethod
    def load(cls, path: Path, key_id: str) -> Self:
        """The key of a file, PEM or JWK; raises UnusableKey."""
        try:
            text = path.read_bytes()
            private = OKPKey.import_key(json.loads(text) if text.lstrip().startswith(b"{") else text).private_key
        except (OSError, ValueError, TypeError, JoseError):
            raise UnusableKey(f"`{path}` holds no private key") from None
        if not isinstance(private, Ed25519PrivateKey):
            raise UnusableKey(f"`{path}` holds no Ed25519 private key")
        return cls(private, key_id)

    def sign(self, timestamp: int, body: bytes) -> str:
        """The signature, in base64, of a body sent at that second."""
        return base64.b64encode(self._private.sign(_signed(timestamp, body))).decode()

    def public_keys(self) -> Mapping[str, Any]:
        """What receivers check by, as a JWK set (RFC 7517)."""
        public = OKPKey.import_key(self._private.public_key(), {"kid": self.key_id, "use": "sig", "alg": "EdDSA"})
        return {"keys": [public.as_dict(private=False)]}


def verify(public: Ed25519PublicKey, timestamp: str, body: bytes, signature: str) -> bool:
    """Whether the signature is of this body, sent at that second."""
    try:
        public.verify(base64.b64decode(signature, validate=True), _signed(int(timestamp), body))
    except (InvalidSignature, NotBase64, ValueError):
        return False
    return True


def _signed(timestamp: int, body: bytes) -> bytes:
    return b"%d." % timestamp + body


class Webhook:
    """Delivers reports to where their authorities want them. `clock` gives seconds since 1970."""

    def __init__(self, client: AgencyClient, signer: Signer, clock: Callable[[], float] = time.time) -> None:
        self._client = client
        self._signer = signer
        self._clock = clock

    async def deliver(self, report: Report) -> None:
        """Come back once the receiver has taken the report (2xx); raises a branch of AgencyFailure."""
        body = body_of(report)
        timestamp = int(self._clock())
        call = Call(
            system=SYSTEM,
            url=_safe(report.url),
            method="POST",
            headers={
                "Content-Type": JSON,
                REFERENCE: report.reference,
                TIMESTAMP: str(timestamp),
                KEY: self._signer.key_id,
                SIGNATURE: self._signer.sign(timestamp, body),
            },
            body=body,
            media_types=(),
        )
        await self._client.ask(call, asyncio.get_running_loop().time() + PATIENCE)


def body_of(report: Report) -> bytes:
    """What is sent: the same bytes at every attempt. It names whom it is for, so that none can pass it on as theirs."""
    told: dict[str, Any] = msgspec.json.decode(report.body)
    envelope = {"reference": report.reference, "authority": report.authority, "kind": report.kind, "at": report.at}
    return msgspec.json.encode(told | envelope, order="sorted")


def _safe(address: str) -> URL:
    """The address, or AgencyRefused where a report would travel in the clear, or to whom the address seems not to name.

    The second look: the store refuses such addresses when they are written.
    """
    try:
        url = URL(address)
    except ValueError:
        raise AgencyRefused(f"`{SYSTEM}` was not asked: its address is none") from None
    secure = url.scheme == "https" or (url.scheme == "http" and url.host in LOOPBACK)
    if not secure or url.host is None or url.user is not None or url.password is not None:
        raise AgencyRefused(f"`{SYSTEM}` was not asked: its address is not `https`, or holds a name and password")
    return url
