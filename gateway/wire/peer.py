"""Who is at the other end of a connection, as the socket and TLS say: never as a header does."""

import msgspec


class Peer(msgspec.Struct, frozen=True):
    """`address` is the socket's, without its port; `thumbprint` the SHA-256 of the certificate shown in TLS, if any."""

    address: str = ""
    thumbprint: bytes | None = None
