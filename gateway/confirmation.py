"""Whether a certificate-bound token (RFC 8705) is brought by whoever holds its certificate: pure.

It is shown in TLS to us, or to a proxy that settings name, which passes it on in a header (RFC 9440). From anybody else
that header is as if it were not there.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

from gateway.viewer import Bearer
from gateway.wire.peer import Peer


@dataclass(frozen=True, slots=True)
class ProxyRule:
    """The proxies that end TLS for us, and the header in which they pass on the certificate they were shown."""

    header: str  # lower case
    proxies: tuple[IPv4Network | IPv6Network, ...]

    def trusts(self, peer: Peer) -> bool:
        try:
            address = ip_address(peer.address)
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in proxies for proxies in self.proxies)


def confirmed(bearer: Bearer, peer: Peer, forwarded: str | None, rule: ProxyRule | None) -> bool:
    """Whether the token is bound to no certificate, or to the one that its bearer has shown.

    `forwarded` is what the header says. A proxy's own certificate is nobody's who comes through it.
    """
    if bearer.thumbprint is None:
        return True
    shown = _forwarded(forwarded) if rule is not None and rule.trusts(peer) else peer.thumbprint
    return shown is not None and hmac.compare_digest(shown, bearer.thumbprint)


def _forwarded(header: str | None) -> bytes | None:
    """The SHA-256 of the certificate in the header: `:`, its DER in base64, `:`."""
    if header is None or len(header) < 3 or header[0] != ":" or header[-1] != ":":
        return None
    try:
        certificate = base64.b64decode(header[1:-1].encode("ascii"), validate=True)
    except ValueError:
        return None
    return hashlib.sha256(certificate).digest() if certificate else None
