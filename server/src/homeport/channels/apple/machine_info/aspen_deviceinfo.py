"""Reads the header `x-apple-aspen-deviceinfo`, or the same as a body: a property list in signed data.

The chain is judged by signatures alone: Apple's device certificates are of 1024 bits and SHA-1, are over, and hold a critical
extension that no validator knows. So the authority's *key* is pinned; Apple's root is no proof, since any developer's certificate
leads there.
"""

import base64
import binascii
import plistlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from xml.parsers.expat import ExpatError

import structlog
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from homeport.channels.apple.cms.model import ANY_DIGEST, LIMIT, CMSError, Signed
from homeport.channels.apple.cms.signed import verify
from homeport.channels.apple.machine_info.model import LONGEST, MachineInfo

log = structlog.get_logger()

APPLE_DEVICE_AUTHORITY = (
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDxlErJ6rpaGGCty6JNTU5UGWkXWQdmy5foZppHX0auZ3q1SnNUscsE9r02uAxVOIqEgzFSZfkz4Zd3nCtMJrAlP+kyqnsI"
    "dJTswUs4HWdOCFKUWotZo1zXk/Sg/lWFu0xGl15usndFL2dcvAsYv1m5bIb3KnV20hlx9CljuSULrwIDAQAB"
)
"""The public key of “Apple iPhone Device CA”, which vouches for Macs too, as a genuine message holds it (SubjectPublicKeyInfo)."""
SELF_TEST = (
    "MIAGCSqGSIb3DQEHAqCAMIACAQExCTAHBgUrDgMCGjCABgkqhkiG9w0BBwGggCSABAhob21lcG9ydAAAAAAAAKCCAggwggIEMIIBbaADAgECAhQIyc7W+Gv2"
    "H6VjC2y19Pb3ZczvojANBgkqhkiG9w0BAQUFADAUMRIwEAYDVQQDDAlzZWxmLXRlc3QwHhcNMjYxMTI2MDMxMzEyWhcNMjYxMTI3MDMxMzEyWjAUMRIwEAYD"
    "VQQDDAlzZWxmLXRlc3QwgZ8wDQYJKoZIhvcNAQEBBQADgY0AMIGJAoGBAMKbw4GMvKvZD3uP6MoRkOU7fyVjLpl3sXfXC87fs/EajRvO/FukI+ZviJuBYryQ"
    "+OCq6+9heffEbGs00jjOW1QSoMr/fhMepzYHMg3ae+b2WzDA5H73i+RS8QqlZgPEB3rpGl7LY0sQ2U7GCx2bAT9WKzVsK7JUCMD2jYeSa/2dAgMBAAGjUzBR"
    "MB0GA1UdDgQWBBTeNRkjt9WVDgEqyWCmxwSHErpFFTAfBgNVHSMEGDAWgBTeNRkjt9WVDgEqyWCmxwSHErpFFTAPBgNVHRMBAf8EBTADAQH/MA0GCSqGSIb3"
    "DQEBBQUAA4GBAA9qspn0GIVl6pWHFcLYgSyDfzv2veu46hb4lO752uruuQxi/3f6BU4R7CVYww7xpNQdGoqM+R6dJYcD5QjjoYaj1ALK08sskXMGwpBgyKsT"
    "ngm836DtdF7gE+uRryz++Xj0hop/mgBlK0MrP9V1OVQ1ZUKJGFW54teG43+LdRkTMYHPMIHMAgEBMCwwFDESMBAGA1UEAwwJc2VsZi10ZXN0AhQIyc7W+Gv2"
    "H6VjC2y19Pb3ZczvojAHBgUrDgMCGjANBgkqhkiG9w0BAQEFAASBgHvczl3eoz7V8VlKC7MXH3lNBVAUzZhgELLItZUp4Ol4CVwQjtI19pmq3GGuxqJn+ruJ"
    "t49lCnNbbomh+I0gPtJZ/8v5Ce8XgMEWlK1zXmaISEdPWKC9GwIebo+PM4XFa4Ago++CtF+wUARynACyv7gXmaFsS3SDKJYVuL7ubJmbAAAAAAAA"
)
"""A message with every odd property: BER of open length, strings in pieces, RSA with 1024 bits, SHA-1, no signed attributes, expired."""
SELF_TEST_CONTENT = b"homeport"

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey


@dataclass(frozen=True, slots=True)
class DeviceAuthorities:
    """The keys that vouch for devices. With `audit_only` a message of somebody else is let pass, marked, and logged."""

    keys: tuple[PublicKey, ...]
    audit_only: bool = False

    @classmethod
    def read(cls, path: Path | None = None, *, audit_only: bool = False) -> Self:
        """Return Apple's, and those of a PEM file of certificates; raise ValueError or OSError for a file that is none."""
        more = x509.load_pem_x509_certificates(path.read_bytes()) if path else []
        keys = [load_der_public_key(base64.b64decode(APPLE_DEVICE_AUTHORITY)), *(one.public_key() for one in more)]
        if not all(isinstance(one, PublicKey) for one in keys):
            raise ValueError(f"{path} holds a certificate whose key is neither RSA nor ECDSA.")
        return cls(tuple(one for one in keys if isinstance(one, PublicKey)), audit_only)

    def read_header(self, value: str) -> MachineInfo:
        """Return what the header says; raise CMSError, with a sentence, for what is not taken."""
        if len(value) > LIMIT:
            raise CMSError("The header x-apple-aspen-deviceinfo is too long.")
        try:
            raw = base64.b64decode("".join(value.split()), validate=True)
        except (ValueError, binascii.Error) as error:
            raise CMSError("The header x-apple-aspen-deviceinfo is not base64.") from error
        return self.read_body(raw)

    def read_body(self, raw: bytes) -> MachineInfo:
        """Return what the message says; raise CMSError, with a sentence, for what is not taken."""
        signed = verify(raw, digests=ANY_DIGEST)
        doubt = (
            "" if self.vouch_for(signed.signer) else "The message is not signed by a device that a pinned authority vouches for."
        )
        if doubt and not self.audit_only:
            raise CMSError(doubt)
        found = _info(signed, doubt)
        if doubt:
            log.warning("machine_info_not_trusted", serial=found.serial, issuer=signed.signer.issuer.rfc4514_string()[:LONGEST])
        return found

    def vouch_for(self, certificate: x509.Certificate) -> bool:
        """Tell whether one of the keys signed the certificate; neither names nor times nor extensions are looked at."""
        return any(_signed_by(certificate, key) for key in self.keys)


def self_test() -> None:
    """Read a stored message as old devices make them; raise CMSError when a library has dropped what they need."""
    if verify(base64.b64decode(SELF_TEST), digests=ANY_DIGEST).content != SELF_TEST_CONTENT:
        raise CMSError("The stored message was read wrongly.")


def _signed_by(certificate: x509.Certificate, key: PublicKey) -> bool:
    try:
        algorithm = certificate.signature_hash_algorithm
        if algorithm is None or algorithm.name not in ANY_DIGEST:
            return False
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(certificate.signature, certificate.tbs_certificate_bytes, padding.PKCS1v15(), algorithm)
        else:
            key.verify(certificate.signature, certificate.tbs_certificate_bytes, ec.ECDSA(algorithm))
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def _info(signed: Signed, doubt: str) -> MachineInfo:
    try:
        found = plistlib.loads(signed.content, fmt=plistlib.FMT_XML)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError, ExpatError) as error:
        raise CMSError("What the device says of itself is no property list in XML.") from error
    if not isinstance(found, dict):
        raise CMSError("What the device says of itself is not a list of names and values.")
    udid, serial = _text(found, "UDID"), _text(found, "SERIAL")
    if not udid or not serial:
        raise CMSError("What the device says of itself lacks its UDID or its serial number.")
    return MachineInfo(
        udid=udid,
        serial=serial,
        product=_text(found, "PRODUCT"),
        version=_text(found, "VERSION"),
        os_version=_text(found, "OS_VERSION"),
        language=_text(found, "LANGUAGE"),
        software_update_device_id=_text(found, "SOFTWARE_UPDATE_DEVICE_ID"),
        can_request_software_update=found.get("MDM_CAN_REQUEST_SOFTWARE_UPDATE") is True,
        can_request_psso_config=found.get("MDM_CAN_REQUEST_PSSO_CONFIG") is True,
        digest=signed.digest,
        trusted=not doubt,
        doubt=doubt,
    )


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name, "")
    if not isinstance(value, str) or len(value) > LONGEST or not _plain(value):
        raise CMSError(f"The device's {name} is no short text.")
    return value


def _plain(characters: Iterable[str]) -> bool:
    return all(one.isprintable() for one in characters)
