"""TLS on our own port: our certificate, and whose certificates callers may show. Never a trust store of the system."""

import ssl

from gateway.settings import SettingError, Settings, variable


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """How callers are met; None where no certificate is set, and a proxy ends TLS for us. Raises `SettingError`.

    With a client CA a caller may show a certificate, and is turned away with one that is not of that CA's. Reads the
    files, so that a port listening goes on with what they held.
    """
    if not settings.tls_certificate_file.name:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")  # of 1.2; all that 1.3 has are of this kind
    context.set_alpn_protocols(["http/1.1"])
    # Sessions are not taken up again: whose certificate it was would then be believed, and not looked at.
    context.num_tickets = 0
    context.options |= ssl.OP_NO_TICKET
    try:
        context.load_cert_chain(settings.tls_certificate_file, settings.tls_key_file)
    except (OSError, ssl.SSLError):
        raise SettingError(
            f"`{variable('tls_certificate_file')}` and `{variable('tls_key_file')}` must name "
            "a certificate and its private key, both PEM"
        ) from None
    if settings.tls_client_ca_file.name:
        try:
            context.load_verify_locations(settings.tls_client_ca_file)
        except (OSError, ssl.SSLError):
            raise SettingError(f"`{variable('tls_client_ca_file')}` must name certificates, PEM") from None
        context.verify_mode = ssl.CERT_OPTIONAL
    return context
