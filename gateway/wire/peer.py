"""Who is at the other end of a connection, as the socket and TLS say: never as a header does."""

import asyncio
import hashlib

import msgspec


class Peer(msgspec.Struct, frozen=True):
    """`address` is the socket's, without its port; `thumbprint` the SHA-256 of the certificate shown in TLS, if any."""

    address: str = ""
    thumbprint: bytes | None = None


def peer_of(transport: asyncio.BaseTransport) -> Peer:
    """Look once, when the connection is made: neither changes while it lasts."""
    name = transport.get_extra_info("peername")
    tls = transport.get_extra_info("ssl_object")
    certificate = None if tls is None else tls.getpeercert(binary_form=True)
    return Peer(
        address=str(name[0]) if name else "",
        thumbprint=hashlib.sha256(certificate).digest() if certificate else None,
    )
