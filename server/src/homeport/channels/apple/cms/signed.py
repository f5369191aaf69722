"""A strict verifier of SignedData (RFC 5652, section 5).

Exactly one signer, whose certificate comes with the message; a message digest that is compared with the content; a digest that the
caller takes. Nothing is said of whether the signer is trusted.
"""

from collections.abc import Iterable
from hmac import compare_digest
from typing import Any

from asn1crypto import cms
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from homeport.channels.apple.cms.ber import to_der
from homeport.channels.apple.cms.model import DATA, LIMIT, STRONG, CMSError, Signed, hash_named

CERTIFICATES = 10
"""How many certificates a message may bring."""
CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
RSA_BITS = range(1024, 8193)
"""Sizes of RSA keys that are looked at at all; whoever trusts a signer may ask for more."""
DAMAGED = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    NotImplementedError,
    UnsupportedAlgorithm,
    x509.UnsupportedGeneralNameType,
)
"""What the parsers raise over damaged input."""


def verify(der_or_ber: bytes, *, content: bytes | None = None, digests: frozenset[str] = STRONG, limit: int = LIMIT) -> Signed:
    """Return what was signed, and by whom; raise CMSError unless the message has exactly one signature and it is right.

    `content` is what a detached signature is over. `digests` are those that are taken, `limit` is in bytes of the message.
    """
    der = to_der(der_or_ber, limit=limit)
    try:
        return _verified(der, content, digests)
    except CMSError:
        raise
    except DAMAGED as error:
        raise CMSError("The message is damaged: its parts are not those of a signed message (RFC 5652).") from error


def _verified(der: bytes, detached: bytes | None, digests: frozenset[str]) -> Signed:
    outer = cms.ContentInfo.load(der, strict=True)
    if outer["content_type"].native != "signed_data":
        raise CMSError("The message is not a signed one.")
    data = outer["content"]
    if len(data["signer_infos"]) != 1:
        raise CMSError(f"The message has {len(data['signer_infos'])} signatures; exactly one is taken.")
    info = data["signer_infos"][0]
    content = _content(data["encap_content_info"], detached)
    digest = info["digest_algorithm"]["algorithm"].native
    if digest not in digests:
        raise CMSError(f"The message is signed with the digest {str(digest)[:40]}, which is not taken here.")
    brought = _certificates(data["certificates"])
    signer = _signer(info["sid"], brought)
    attributes = _attributes(info["signed_attrs"])
    signed_bytes = content
    if attributes:
        _compare(attributes, content, hash_named(digest))
        signed_bytes = b"\x31" + info["signed_attrs"].dump()[1:]  # hashed as a SET, sent as [0] (section 5.4)
    _check(signer, info["signature_algorithm"], info["signature"].native, signed_bytes, digest)
    certificates = tuple(x509.load_der_x509_certificate(one.dump()) for one in brought)
    return Signed(content, signer, certificates, digest, attributes)


def _content(info: Any, detached: bytes | None) -> bytes:
    if info["content_type"].dotted != DATA:
        raise CMSError("What the message holds is not plain data.")
    attached = info["content"]
    has_none = attached.native is None
    if detached is not None:
        if not has_none:
            raise CMSError("The message brings content of its own, where a signature alone is expected.")
        return detached
    if has_none:
        raise CMSError("The message holds nothing that was signed.")
    return bytes(attached.native)


def _certificates(choices: Any) -> list[Any]:
    """Return the certificates that came with the message, each once."""
    if len(choices) > CERTIFICATES:
        raise CMSError(f"The message brings more than {CERTIFICATES} certificates.")
    found = {}
    for choice in choices:
        if choice.name != "certificate":
            raise CMSError("The message brings a certificate of a kind that is not known.")
        found[choice.chosen.dump()] = choice.chosen
    return list(found.values())


def _signer(sid: Any, brought: Iterable[Any]) -> x509.Certificate:
    """Return the certificate that the signature names, by issuer and serial number or by its key's identifier."""
    if sid.name == "issuer_and_serial_number":
        wanted = sid.chosen["issuer"].dump(), sid.chosen["serial_number"].native
        matching = [one for one in brought if (one.issuer.dump(), one.serial_number) == wanted]
    else:
        matching = [one for one in brought if one.key_identifier == sid.chosen.native]
    if len(matching) != 1:
        raise CMSError("The message does not bring the one certificate of its signer.")
    return x509.load_der_x509_certificate(matching[0].dump())


def _attributes(sent: Any) -> dict[str, tuple[bytes, ...]]:
    found: dict[str, tuple[bytes, ...]] = {}
    if sent.native is None:
        return found
    for attribute in sent:
        name = attribute["type"].dotted
        if name in found:
            raise CMSError("The message has the same signed attribute twice.")
        found[name] = tuple(value.dump() for value in attribute["values"])
    if not found:
        raise CMSError("The message has an empty set of signed attributes.")
    return found


def _compare(attributes: dict[str, tuple[bytes, ...]], content: bytes, algorithm: hashes.HashAlgorithm) -> None:
    """Hold the attributes to section 11.1 and 11.2; without the comparison any content would pass."""
    kinds = attributes.get(CONTENT_TYPE, ())
    if len(kinds) != 1 or cms.ContentType.load(kinds[0], strict=True).dotted != DATA:
        raise CMSError("The signed attributes do not name the one content type `data`.")
    sums = attributes.get(MESSAGE_DIGEST, ())
    if len(sums) != 1:
        raise CMSError("The signed attributes do not hold exactly one message digest.")
    actual = hashes.Hash(algorithm)
    actual.update(content)
    if not compare_digest(to_der(sums[0]), b"\x04" + bytes((algorithm.digest_size,)) + actual.finalize()):
        raise CMSError("The content is not what was signed: the message digest differs.")


def _check(signer: x509.Certificate, named: Any, signature: bytes, signed_bytes: bytes, digest: str) -> None:
    key, algorithm = signer.public_key(), hash_named(digest)
    kind = named.signature_algo
    if named["algorithm"].native != kind and named.hash_algo != digest:  # plain rsaEncryption names none
        raise CMSError("The signature names another digest than the signer does.")
    try:
        if kind == "rsassa_pkcs1v15" and isinstance(key, rsa.RSAPublicKey) and key.key_size in RSA_BITS:
            key.verify(signature, signed_bytes, padding.PKCS1v15(), algorithm)
        elif kind == "ecdsa" and isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, signed_bytes, ec.ECDSA(algorithm))
        else:
            raise CMSError("The signature is of a kind that is not taken; RSA (PKCS #1 v1.5) and ECDSA are.")
    except InvalidSignature as error:
        raise CMSError("The signature is not right.") from error
