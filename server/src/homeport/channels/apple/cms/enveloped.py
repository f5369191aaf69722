"""Opens and makes EnvelopedData (RFC 5652, section 6): Apple's server token, and what SCEP sends both ways."""

import secrets
from collections.abc import Callable, Container
from dataclasses import dataclass
from typing import Any

from asn1crypto import cms, core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import padding as block_padding
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, CipherAlgorithm, algorithms, modes
from cryptography.hazmat.primitives.serialization import Encoding

from homeport.channels.apple.cms.ber import to_der
from homeport.channels.apple.cms.model import LIMIT, CMSError
from homeport.channels.apple.cms.signed import DAMAGED

CIPHERS: dict[str, tuple[int, Callable[[bytes], CipherAlgorithm]]] = {
    "2.16.840.1.101.3.4.1.2": (16, algorithms.AES),
    "2.16.840.1.101.3.4.1.22": (24, algorithms.AES),
    "2.16.840.1.101.3.4.1.42": (32, algorithms.AES),
}
"""Ciphers in CBC mode: object identifier to bytes of the key and what makes it."""
LEGACY: dict[str, tuple[int, Callable[[bytes], CipherAlgorithm]]] = {
    "1.2.840.113549.3.7": (24, TripleDES),
    "1.3.14.3.2.7": (8, lambda key: TripleDES(key * 3)),
}
"""3DES, and DES, which is 3DES with one key three times; only with `legacy_crypto`."""
AES_256 = "2.16.840.1.101.3.4.1.42"
OPAQUE = "The message cannot be opened with this key. Was it made for another one?"
"""One sentence for whatever is wrong inside, so that nobody can ask the key questions by sending altered messages."""


def decrypt(
    der_or_ber: bytes, key: rsa.RSAPrivateKey, certificate: x509.Certificate, *, legacy: bool = False, limit: int = LIMIT
) -> tuple[bytes, str]:
    """Return what was encrypted to the certificate, and the object identifier of the cipher; raise CMSError when it cannot be."""
    der = to_der(der_or_ber, limit=limit)
    try:
        envelope = _read(der, certificate, CIPHERS | LEGACY if legacy else CIPHERS)
    except CMSError:
        raise
    except DAMAGED as error:
        raise CMSError("The message is damaged: its parts are not those of an encrypted message (RFC 5652).") from error
    size, make = (CIPHERS | LEGACY)[envelope.cipher]
    try:
        content_key = key.decrypt(envelope.wrapped, envelope.unwrap)
        if len(content_key) != size:
            raise ValueError(OPAQUE)  # noqa: TRY301 - the same way out as a wrong padding
        algorithm = make(content_key)
        opened = Cipher(algorithm, modes.CBC(envelope.vector)).decryptor()
        plain = opened.update(envelope.content) + opened.finalize()
        bits: int = algorithm.block_size  # type: ignore[attr-defined] # every cipher here is of blocks
        unpadder = block_padding.PKCS7(bits).unpadder()
        return unpadder.update(plain) + unpadder.finalize(), envelope.cipher
    except (ValueError, TypeError) as error:
        raise CMSError(OPAQUE) from error


def encrypt(content: bytes, recipient: x509.Certificate, cipher: str = AES_256) -> bytes:
    """Return the content encrypted to an RSA certificate, as DER; `cipher` is an object identifier of those above."""
    public = recipient.public_key()
    if not isinstance(public, rsa.RSAPublicKey):
        raise CMSError("Only a message to an RSA key can be encrypted.")
    size, make = (CIPHERS | LEGACY)[cipher]
    content_key = secrets.token_bytes(size)
    algorithm = make(content_key)
    bits: int = algorithm.block_size  # type: ignore[attr-defined] # every cipher here is of blocks
    vector = secrets.token_bytes(bits // 8)
    padder = block_padding.PKCS7(bits).padder()
    padded = padder.update(content) + padder.finalize()
    closing = Cipher(algorithm, modes.CBC(vector)).encryptor()
    theirs = asn1_x509.Certificate.load(recipient.public_bytes(Encoding.DER))
    to_them = {
        "version": "v0",
        "rid": {"issuer_and_serial_number": {"issuer": theirs.issuer, "serial_number": theirs.serial_number}},
        "key_encryption_algorithm": {"algorithm": "rsaes_pkcs1v15"},
        "encrypted_key": public.encrypt(content_key, padding.PKCS1v15()),
    }
    data = {
        "version": "v0",
        "recipient_infos": [cms.RecipientInfo({"ktri": to_them})],
        "encrypted_content_info": {
            "content_type": "data",
            "content_encryption_algorithm": {"algorithm": cipher, "parameters": core.OctetString(vector)},
            "encrypted_content": closing.update(padded) + closing.finalize(),
        },
    }
    message = cms.ContentInfo({"content_type": "enveloped_data", "content": cms.EnvelopedData(data)})
    return bytes(message.dump())


@dataclass(frozen=True, slots=True)
class _Envelope:
    wrapped: bytes
    unwrap: padding.AsymmetricPadding
    cipher: str
    vector: bytes
    content: bytes


def _read(der: bytes, certificate: x509.Certificate, known: Container[str]) -> _Envelope:
    outer = cms.ContentInfo.load(der, strict=True)
    if outer["content_type"].native != "enveloped_data":
        raise CMSError("The message is not an encrypted one.")
    data = outer["content"]
    wrapped, unwrap = _wrapped(data["recipient_infos"], certificate)
    info = data["encrypted_content_info"]
    named = info["content_encryption_algorithm"]
    cipher = named["algorithm"].dotted
    if cipher not in known:
        raise CMSError("The message is encrypted with a cipher that is not taken here; AES in CBC mode is.")
    return _Envelope(wrapped, unwrap, cipher, bytes(named["parameters"].native), bytes(info["encrypted_content"].native))


def _wrapped(recipients: Any, certificate: x509.Certificate) -> tuple[bytes, padding.AsymmetricPadding]:
    """Return the content's key as it was encrypted to us, and how."""
    mine = asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))
    for recipient in recipients:
        if recipient.name != "ktri":
            continue
        rid = recipient.chosen["rid"]
        if rid.name == "issuer_and_serial_number":
            ours = (rid.chosen["issuer"].dump(), rid.chosen["serial_number"].native) == (mine.issuer.dump(), mine.serial_number)
        else:
            ours = rid.chosen.native == mine.key_identifier
        if ours:
            return recipient.chosen["encrypted_key"].native, _unwrap(recipient.chosen["key_encryption_algorithm"])
    raise CMSError("The message was encrypted to another certificate than this one.")


def _unwrap(named: Any) -> padding.AsymmetricPadding:
    if named["algorithm"].native == "rsaes_pkcs1v15":
        return padding.PKCS1v15()
    if named["algorithm"].native != "rsaes_oaep":
        raise CMSError("The message's key is encrypted in a way that is not taken; RSA is.")
    known: dict[str, hashes.HashAlgorithm] = {"sha1": hashes.SHA1(), "sha256": hashes.SHA256()}  # noqa: S303 - OAEP does not need more
    parameters = named["parameters"]
    outer = known[parameters["hash_algorithm"]["algorithm"].native]
    inner = known[parameters["mask_gen_algorithm"]["parameters"]["algorithm"].native]
    return padding.OAEP(padding.MGF1(inner), outer, label=None)
