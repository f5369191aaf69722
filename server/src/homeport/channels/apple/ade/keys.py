"""The key pair whose public half is uploaded to Apple Business Manager, so that only this server can read the token."""

from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import NameOID

from homeport.channels.apple.cms import enveloped

VALID_FOR = timedelta(days=5 * 365)
"""Apple reads only the key; the token it encrypts is renewed every year with the same one."""


def make(now: datetime, organization: str) -> tuple[str, bytes, datetime]:
    """Return a self-signed certificate (PEM), its RSA-2048 key (PEM, PKCS #8), and until when the certificate is valid."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{organization} Homeport"[:64])])
    until = now + VALID_FOR
    usage = x509.KeyUsage(
        digital_signature=True,
        key_encipherment=True,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(until)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate.public_bytes(Encoding.PEM).decode(), private, until


def decrypt(message: bytes, certificate: str, private: bytes) -> bytes:
    """Return what a CMS message says; raise CMSError when it was not encrypted to this key pair."""
    key = load_pem_private_key(private, None, unsafe_skip_rsa_key_validation=True)  # our own, from under our seal
    assert isinstance(key, rsa.RSAPrivateKey)
    return enveloped.decrypt(message, key, x509.load_pem_x509_certificate(certificate.encode()))[0]
