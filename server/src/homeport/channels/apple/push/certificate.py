"""Push certificates and what asks for them, as X.509 (RFC 5280) and PKCS #10 (RFC 2986)."""

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from homeport.channels.apple.push.model import TOPIC_PREFIX, Issued
from homeport.foundation.kernel.errors import Invalid

LARGEST = 64_000
"""Bytes of an uploaded file; a certificate has about two thousand."""
_PEM = b"-----BEGIN"


def make_request(organization: str) -> tuple[str, bytes]:
    """Return a request (PEM) and its RSA-2048 key (PEM, PKCS #8). Apple fills in the subject itself."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{organization} MDM push"[:64])])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return request.public_bytes(Encoding.PEM).decode(), _written(key)


def read_certificate(file: bytes) -> Issued:
    """Read a push certificate, in PEM or DER; raise Invalid with a sentence when it is none."""
    try:
        found = x509.load_pem_x509_certificates(file)[0] if _PEM in file else x509.load_der_x509_certificate(file)
        return _issued(found)
    except (ValueError, IndexError, UnsupportedAlgorithm) as error:
        raise _wrong("certificate", "This is not a certificate. Upload the .pem file that Apple gave you.") from error


def read_bundle(file: bytes, passphrase: str) -> tuple[Issued, bytes] | None:
    """Read certificate and key from a PKCS #12 file (.p12); None when it is no such file, Invalid when it does not open."""
    if _PEM in file or _is_certificate(file):
        return None
    try:
        key, found, _ = pkcs12.load_key_and_certificates(file, passphrase.encode() or None)
    except (ValueError, UnsupportedAlgorithm) as error:
        if "password" in str(error).lower() or "mac" in str(error).lower():
            raise _wrong("passphrase", "The .p12 file does not open with this passphrase.") from error
        return None
    if found is None or not isinstance(key, rsa.RSAPrivateKey):
        raise _wrong("certificate", "This .p12 file holds no certificate with its RSA key. Export both together.")
    return _issued(found), _written(key)


def read_key(file: bytes, passphrase: str) -> bytes:
    """Read a private key, in PEM or DER, and return it as unencrypted PEM (PKCS #8); raise Invalid when it is none."""
    password = passphrase.encode() or None
    try:
        key = load_pem_private_key(file, password) if _PEM in file else load_der_private_key(file, password)
    except TypeError as error:
        if password is None:
            raise _wrong("passphrase", "This key is encrypted. Type its passphrase.") from error
        return read_key(file, "")  # a passphrase for a key that needs none does no harm
    except (ValueError, UnsupportedAlgorithm) as error:
        said = "The key does not open with this passphrase." if password else "This is not a private key in PEM."
        raise _wrong("passphrase" if password else "key", said) from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise _wrong("key", "Apple's push certificates have RSA keys; this key is of another kind.")
    return _written(key)


def public_of(key: bytes) -> bytes:
    """Return the public half (DER) of a private key in PEM that this module wrote; the primes are not proven anew."""
    private = load_pem_private_key(key, None, unsafe_skip_rsa_key_validation=True)
    return private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _issued(found: x509.Certificate) -> Issued:
    topics = [str(one.value) for one in found.subject.get_attributes_for_oid(NameOID.USER_ID)]
    if len(topics) != 1 or not topics[0].startswith(TOPIC_PREFIX) or len(topics[0]) > 255:  # noqa: PLR2004 - the column's width
        raise _wrong(
            "certificate",
            f"This certificate is not for MDM push: the UID of its subject does not begin with {TOPIC_PREFIX}. "
            "Upload the one from identity.apple.com.",
        )
    public = found.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    issuer = found.issuer.rfc4514_string()[:255]
    pem = found.public_bytes(Encoding.PEM).decode()
    return Issued(
        pem, topics[0], f"{found.serial_number:X}", issuer, found.not_valid_before_utc, found.not_valid_after_utc, public
    )


def _is_certificate(file: bytes) -> bool:
    try:
        x509.load_der_x509_certificate(file)
    except ValueError:
        return False
    return True


def _written(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _wrong(field: str, problem: str) -> Invalid:
    return Invalid(problem, {field: problem})
