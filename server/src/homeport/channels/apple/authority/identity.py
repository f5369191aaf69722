"""How a Mac proves itself in each message: a signature in a header, or the TLS certificate that a trusted proxy saw.

`Mdm-Signature` is a detached CMS signature over the body as it was sent, so the body must not be touched before. It covers neither
address nor time: whoever answers must bear a repeated message.
"""

import base64
import binascii
from dataclasses import dataclass

from cryptography import x509

from homeport.channels.apple.authority.actions import Authority
from homeport.channels.apple.authority.model import DeviceIdentity, UnknownDevice
from homeport.channels.apple.cms.model import ANY_DIGEST, STRONG, CMSError
from homeport.channels.apple.cms.signed import verify
from homeport.foundation.http.client_certificate import certificate_in

LONGEST_HEADER = 24 * 1024
"""Characters of a header that are looked at; a signature with a chain has about 6 KiB."""


@dataclass(frozen=True, slots=True)
class Identities:
    """Says which device sent a message. `legacy` lets SHA-1 pass in signatures."""

    authority: Authority
    legacy: bool = False

    def of_message(self, body: bytes, *, signature: str, client_certificate: str) -> DeviceIdentity:
        """Return who sent the body: by the header Mdm-Signature when there is one, else by what a trusted proxy handed on."""
        # public: this is how a device proves itself
        if signature or not client_certificate:
            return self.of_signature(signature, body)
        return self.of_client_certificate(client_certificate)

    def of_signature(self, header: str, body: bytes) -> DeviceIdentity:
        """Return who signed the body; raise UnknownDevice when the signature is missing, wrong, or of nobody we know."""
        # public: this is how a device proves itself
        raw = _decoded(header, "Mdm-Signature")
        try:
            signed = verify(raw, content=body, digests=ANY_DIGEST if self.legacy else STRONG)
        except CMSError as error:
            raise UnknownDevice(f"The header Mdm-Signature does not prove who sent the message. {error.detail}") from error
        return self.authority.recognize(signed.signer)

    def of_client_certificate(self, header: str) -> DeviceIdentity:
        """Return whose TLS certificate a trusted proxy saw (RFC 9440, section 2.2, or nginx's escaped PEM).

        The caller makes sure that the header came from such a proxy, and from nobody else.
        """
        # public: this is how a device proves itself
        return self.authority.recognize(client_certificate(header))


def client_certificate(header: str) -> x509.Certificate:
    """Return the certificate that a Client-Cert header holds; raise UnknownDevice when it holds none."""
    if not header or len(header) > LONGEST_HEADER:
        raise UnknownDevice(
            "The proxy handed on no client certificate that could be read, so nobody proved who sent the message."
        )
    try:
        return certificate_in(header.strip())
    except (ValueError, TypeError) as error:
        raise UnknownDevice("The client certificate that the proxy handed on cannot be read.") from error


def _decoded(value: str, name: str) -> bytes:
    if not value:
        raise UnknownDevice(f"The message has no header {name}, so nobody proved who sent it.")
    if len(value) > LONGEST_HEADER:
        raise UnknownDevice(f"The header {name} is too long.")
    try:
        return base64.b64decode(value, validate=True)
    except (ValueError, binascii.Error) as error:
        raise UnknownDevice(f"The header {name} is not base64.") from error
