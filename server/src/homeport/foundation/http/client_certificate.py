"""The client certificate that a trusted proxy saw, and the correction of the peer's address, in front of everything else."""

import base64
import binascii
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import unquote

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

LONGEST = 16_000
"""Characters of the header; a certificate of one key has about a thousand."""


class BehindProxy:
    """Lets the headers of trusted proxies count: `X-Forwarded-*`, and `header`, such as `Client-Cert` (RFC 9440).

    Without a `header` no certificate counts: not every proxy removes what a client sends under that name (RFC 9440, section 4).

    The key of the certificate stands in `scope["client_key"]` as its RFC 7638 thumbprint. A proxy proves by the TLS handshake that its
    client holds the key; whose key it is says the directory, so the certificate may be signed by anybody. The header of anybody else
    counts for nothing. The value itself stands in `scope["client_certificate"]`, for whoever knows certificates.
    """

    def __init__(self, app: ASGIApp, trusted: tuple[str, ...], header: str = "") -> None:
        self._header = header.strip().lower().encode("latin-1", "replace")
        self._corrected = ProxyHeadersMiddleware(app, trusted_hosts=list(trusted))  # type: ignore[arg-type]  # two names of one protocol

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Look at who is really there, then go on."""
        if scope["type"] == "http":
            peer = scope.get("client")
            trusted = peer is not None and peer[0] in self._corrected.trusted_hosts
            values = [value for name, value in scope["headers"] if name == self._header] if trusted and self._header else []
            value = values[0].decode("latin-1") if len(values) == 1 else ""
            scope["client_key"], scope["client_certificate"] = key_of(value), value
        await self._corrected(scope, receive, send)  # type: ignore[arg-type]  # the same


def key_of(header: str) -> str:
    """Return the RFC 7638 thumbprint of the P-256 key in the header's certificate; empty for anything else.

    The header is a byte sequence in colons (RFC 9440, section 2.1), or PEM with percent signs, as nginx writes `$ssl_client_escaped_cert`.
    A certificate that is over, or not yet valid, is the proxy's to refuse.
    """
    text = header.strip()
    if not text or len(text) > LONGEST:
        return ""
    try:
        return _thumbprint(certificate_in(text))
    except (ValueError, TypeError, binascii.Error):
        return ""


def certificate_in(text: str) -> "Certificate":
    """Return the certificate of a header's value; raise ValueError for what holds none."""
    from cryptography import x509  # noqa: PLC0415 - only who has such a proxy needs it

    if text.startswith(":"):
        return x509.load_der_x509_certificate(base64.b64decode(text.strip(":"), validate=True))
    return x509.load_pem_x509_certificate(unquote(text).encode())


def _thumbprint(certificate: "Certificate") -> str:
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - the same

    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        return ""
    numbers = key.public_numbers()
    x, y = (_base64url(number.to_bytes(32, "big")) for number in (numbers.x, numbers.y))
    return _base64url(sha256(f'{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}'.encode()).digest())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
