"""A stand-in for identity.apple.com: it makes MDM push certificates from requests, and vouches for the push service."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

YEAR = timedelta(days=365)


def pem_of(key: rsa.RSAPrivateKey) -> bytes:
    """Return a key as PEM (PKCS #8)."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@dataclass(frozen=True, slots=True)
class PushAuthority:
    """One authority with its key."""

    key: rsa.RSAPrivateKey
    certificate: x509.Certificate

    @classmethod
    def make(cls, now: datetime) -> "PushAuthority":
        """Make one that is valid for ten years."""
        key = rsa.generate_private_key(65537, 2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Simulated Apple Application Integration CA")])
        built = _builder(name, name, now, 10 * YEAR).public_key(key.public_key())
        constraints = x509.BasicConstraints(ca=True, path_length=0)
        return cls(key, built.add_extension(constraints, critical=True).sign(key, hashes.SHA256()))

    @property
    def pem(self) -> bytes:
        """Return the authority's certificate (PEM)."""
        return self.certificate.public_bytes(Encoding.PEM)

    def sign(self, request: bytes, topic: str, now: datetime, valid: timedelta = YEAR) -> bytes:
        """Return the push certificate (PEM) for a request (PEM); the subject is the authority's choice, as at Apple."""
        asked = x509.load_pem_x509_csr(request)
        if not asked.is_signature_valid:
            raise ValueError("The request is not signed by its own key.")
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.USER_ID, topic),
                x509.NameAttribute(NameOID.COMMON_NAME, f"APSP:{topic.rpartition('.')[2]}"),
                x509.NameAttribute(NameOID.COUNTRY_NAME, "US"),
            ]
        )
        built = _builder(subject, self.certificate.subject, now, valid).public_key(asked.public_key())
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
        return built.add_extension(usage, critical=False).sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM)

    def serve(self, now: datetime) -> tuple[bytes, bytes]:
        """Return certificate and key (PEM) of a push service on this machine."""
        key = rsa.generate_private_key(65537, 2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "api.push.apple.com (simulated)")])
        names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1"))])
        built = _builder(name, self.certificate.subject, now, YEAR).public_key(key.public_key())
        signed = built.add_extension(names, critical=False).sign(self.key, hashes.SHA256())
        return signed.public_bytes(Encoding.PEM), pem_of(key)


def _builder(subject: x509.Name, issuer: x509.Name, now: datetime, valid: timedelta) -> x509.CertificateBuilder:
    begun = now - timedelta(days=1)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begun)
        .not_valid_after(now + valid)
    )
