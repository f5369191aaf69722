"""Makes SignedData: signed profiles, SCEP's answers (RFC 8894), and messages that only carry certificates."""

from collections.abc import Mapping, Sequence
from typing import Any

from asn1crypto import algos, cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from homeport.channels.apple.cms.model import hash_named
from homeport.channels.apple.cms.signed import CONTENT_TYPE, MESSAGE_DIGEST


def sign(
    content: bytes,
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
    certificate: x509.Certificate,
    *,
    chain: Sequence[x509.Certificate] = (),
    attributes: Mapping[str, Any] | None = None,
    digest: str = "sha256",
    detached: bool = False,
) -> bytes:
    """Return the content signed, as DER. `attributes` maps an object identifier to one value of asn1crypto; `chain` comes along."""
    algorithm = hash_named(digest)
    signed = cms.CMSAttributes(
        [
            _attribute(CONTENT_TYPE, cms.ContentType("data")),
            _attribute(MESSAGE_DIGEST, cms.OctetString(_digest(content, algorithm))),
            *(_attribute(name, value) for name, value in (attributes or {}).items()),
        ]
    )
    over = signed.dump(force=True)
    if isinstance(key, rsa.RSAPrivateKey):
        kind, signature = "rsassa_pkcs1v15", key.sign(over, padding.PKCS1v15(), algorithm)
    else:
        kind, signature = f"{digest}_ecdsa", key.sign(over, ec.ECDSA(algorithm))
    mine = _asn1(certificate)
    info = {
        "version": "v1",
        "sid": {"issuer_and_serial_number": {"issuer": mine.issuer, "serial_number": mine.serial_number}},
        "digest_algorithm": {"algorithm": digest},
        "signed_attrs": signed,
        "signature_algorithm": {"algorithm": kind},
        "signature": signature,
    }
    return _content_info(
        {
            "version": "v1",
            "digest_algorithms": [algos.DigestAlgorithm({"algorithm": digest})],
            "encap_content_info": {"content_type": "data", **({} if detached else {"content": content})},
            "certificates": [mine, *(_asn1(one) for one in chain)],
            "signer_infos": [info],
        }
    )


def certificates_only(certificates: Sequence[x509.Certificate]) -> bytes:
    """Return a message without content or signature that carries certificates (RFC 8894, section 3.4)."""
    return _content_info(
        {
            "version": "v1",
            "digest_algorithms": [],
            "encap_content_info": {"content_type": "data"},
            "certificates": [_asn1(one) for one in certificates],
            "signer_infos": [],
        }
    )


def _content_info(data: dict[str, Any]) -> bytes:
    message = cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(data)})
    return bytes(message.dump())


def _attribute(name: str, value: Any) -> cms.CMSAttribute:
    return cms.CMSAttribute({"type": name, "values": [value]})


def _asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))


def _digest(content: bytes, algorithm: hashes.HashAlgorithm) -> bytes:
    actual = hashes.Hash(algorithm)
    actual.update(content)
    return actual.finalize()
