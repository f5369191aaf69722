"""How the authority's own certificate and those of devices are made (RFC 5280)."""

import base64
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from homeport.channels.apple.authority.model import AUTHORITY_VALIDITY, CLOCK_STEP, VALIDITY, Challenge
from homeport.channels.apple.cms.model import CMSError

AUTHORITY_BITS = 3072
DEVICE_BITS = range(2048, 4097)
CURVES = (ec.SECP256R1, ec.SECP384R1)
_NONE = {
    "digital_signature": False,
    "content_commitment": False,
    "key_encipherment": False,
    "data_encipherment": False,
    "key_agreement": False,
    "key_cert_sign": False,
    "crl_sign": False,
    "encipher_only": False,
    "decipher_only": False,
}


def authority(key: rsa.RSAPrivateKey, organization: str, now: datetime) -> x509.Certificate:
    """Return the authority's certificate, over nothing but devices: path length 0. SCEP encrypts to it, hence key encipherment."""
    name = x509.Name([
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization[:64]),
        x509.NameAttribute(NameOID.COMMON_NAME, "Homeport devices"),
    ])  # fmt: skip
    usage = _NONE | {"digital_signature": True, "key_encipherment": True, "key_cert_sign": True, "crl_sign": True}
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_STEP)
        .not_valid_after(now + AUTHORITY_VALIDITY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )


def device(
    public_key: bytes, challenge: Challenge, issuer: x509.Certificate, key: rsa.RSAPrivateKey, now: datetime
) -> x509.Certificate:
    """Return a device's certificate: every name in it is the session's, and it serves to prove oneself as a client only.

    Raises CMSError for a key that is too weak or of a kind that is not taken.
    """
    asked = _judged(public_key)
    subject = [x509.NameAttribute(NameOID.COMMON_NAME, challenge.session_id)]
    if challenge.serial:
        subject.append(x509.NameAttribute(NameOID.SERIAL_NUMBER, challenge.serial))
    is_rsa = isinstance(asked, rsa.RSAPublicKey)
    usage = _NONE | {"digital_signature": True, "key_encipherment": is_rsa}
    authority_identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name(subject))
        .issuer_name(issuer.subject)
        .public_key(asked)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_STEP)
        .not_valid_after(min(now + VALIDITY, issuer.not_valid_after_utc))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(f"urn:uuid:{challenge.session_id}")]), False)
        .add_extension(authority_identifier, critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(asked), critical=False)
        .sign(key, hashes.SHA256())
    )


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of a certificate in hex."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def as_text(certificate: x509.Certificate) -> str:
    """Return a certificate as it is stored."""
    return base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()


def from_text(stored: str) -> x509.Certificate:
    """Return a certificate that was stored."""
    return x509.load_der_x509_certificate(base64.b64decode(stored))


def _judged(public_key: bytes) -> rsa.RSAPublicKey | ec.EllipticCurvePublicKey:
    try:
        key = load_der_public_key(public_key)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise CMSError("The public key of the request cannot be read.") from error
    if isinstance(key, rsa.RSAPublicKey) and key.key_size in DEVICE_BITS:
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, CURVES):
        return key
    raise CMSError("The public key of the request is not taken: RSA of 2048 to 4096 bits is, and P-256 and P-384.")
