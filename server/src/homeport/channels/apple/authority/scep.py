"""SCEP (RFC 8894), the part that Macs use: reading a request, and the answer. What it earns decides `actions`.

A request is signed by the key it asks a certificate for (PKCSReq) or by a certificate that it renews (RenewalReq), and its content,
a certificate request with the challenge, is encrypted to the authority.
"""

import secrets
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from asn1crypto import core, csr
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from homeport.channels.apple.authority.model import Asked
from homeport.channels.apple.cms.ber import to_der
from homeport.channels.apple.cms.enveloped import AES_256, decrypt, encrypt
from homeport.channels.apple.cms.model import ANY_DIGEST, STRONG, CMSError, Signed, hash_named
from homeport.channels.apple.cms.signed import DAMAGED, verify
from homeport.channels.apple.cms.signing import certificates_only, sign

CAPABILITIES = ("AES", "POSTPKIOperation", "Renewal", "SCEPStandard", "SHA-256", "SHA-512")
LEGACY_CAPABILITIES = ("DES3", "SHA-1")
"""What GetCACaps adds with `legacy_crypto` (section 3.5.2)."""
ATTRIBUTES = "2.16.840.1.113733.1.9"
"""The arc of SCEP's own attributes (section 3.2.1)."""
MESSAGE_TYPE, PKI_STATUS, FAIL_INFO = f"{ATTRIBUTES}.2", f"{ATTRIBUTES}.3", f"{ATTRIBUTES}.4"
SENDER_NONCE, RECIPIENT_NONCE, TRANSACTION_ID = f"{ATTRIBUTES}.5", f"{ATTRIBUTES}.6", f"{ATTRIBUTES}.7"
CERT_REP = "3"
SUCCESS, FAILURE = "0", "2"
LONGEST_TRANSACTION_ID = 256
LONGEST_NONCE = 64
LONGEST_CHALLENGE = 255
"""Characters of a challengePassword (RFC 2985, section 5.4.1)."""


class MessageType(StrEnum):
    """The requests that are understood (section 3.2.1.2)."""

    PKCS_REQ = "19"
    RENEWAL_REQ = "17"


class FailInfo(StrEnum):
    """Why a request was refused (section 3.2.1.4)."""

    BAD_ALGORITHM = "0"
    BAD_MESSAGE_CHECK = "1"
    BAD_REQUEST = "2"


@dataclass(frozen=True, slots=True)
class Own:
    """The authority's key and certificate."""

    key: rsa.RSAPrivateKey = field(repr=False)
    certificate: x509.Certificate


@dataclass(frozen=True, slots=True)
class Message:
    """A request whose signature is right, still encrypted."""

    type: MessageType
    transaction_id: str
    sender_nonce: bytes
    signed: Signed


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a request asks for. The names in it are left out: what a certificate says comes from the session."""

    asked: Asked
    challenge: str


def read(raw: bytes, *, legacy: bool = False) -> Message:
    """Return the request; raise CMSError when it is none, or not signed as section 3.2 says."""
    signed = verify(raw, digests=ANY_DIGEST if legacy else STRONG)
    try:
        kind = _text(signed, MESSAGE_TYPE)
        transaction_id = _text(signed, TRANSACTION_ID)
        nonce = bytes(core.OctetString.load(_only(signed, SENDER_NONCE), strict=True).native)
    except DAMAGED as error:
        raise CMSError("The message's SCEP attributes are damaged (RFC 8894, section 3.2.1).") from error
    if kind not in set(MessageType):
        raise CMSError(f"The SCEP message type {kind[:8]} is not known; PKCSReq and RenewalReq are.")
    if not 0 < len(transaction_id) <= LONGEST_TRANSACTION_ID or not 0 < len(nonce) <= LONGEST_NONCE:
        raise CMSError("The message's transaction id or nonce has a length that cannot be.")
    return Message(MessageType(kind), transaction_id, nonce, signed)


def open_request(message: Message, own: Own, *, legacy: bool = False) -> Wanted:
    """Return what the request asks for; raise CMSError unless its sender proved that the key is theirs.

    A PKCSReq must be signed by the very key that it asks a certificate for (section 2.3).
    """
    plain, cipher = decrypt(message.signed.content, own.key, own.certificate, legacy=legacy)
    try:
        public_key, challenge = _request(to_der(plain), ANY_DIGEST if legacy else STRONG)
    except CMSError:
        raise
    except DAMAGED as error:
        raise CMSError("The certificate request is damaged (RFC 2986).") from error
    if message.type is MessageType.PKCS_REQ and public_key != _spki(message.signed.signer):
        raise CMSError("The request is signed by another key than the one that it asks a certificate for.")
    return Wanted(Asked(public_key, message.signed.digest, cipher), challenge)


def success(message: Message, cipher: str, issued: x509.Certificate, own: Own) -> bytes:
    """Return the CertRep that brings a certificate, encrypted to whoever signed the request (section 3.3.2)."""
    inside = encrypt(certificates_only([issued]), message.signed.signer, cipher or AES_256)
    return sign(
        inside, own.key, own.certificate, attributes=_answer(message, {PKI_STATUS: SUCCESS}), digest=message.signed.digest
    )


def failure(message: Message, why: FailInfo, own: Own) -> bytes:
    """Return the CertRep that refuses (section 3.3.2)."""
    attributes = _answer(message, {PKI_STATUS: FAILURE, FAIL_INFO: why.value})
    return sign(b"", own.key, own.certificate, attributes=attributes, digest=message.signed.digest, detached=True)


def capabilities(*, legacy: bool = False) -> str:
    """Return the answer to GetCACaps, a word a line."""
    return "\n".join((*CAPABILITIES, *(LEGACY_CAPABILITIES if legacy else ())))


def _answer(message: Message, texts: dict[str, str]) -> dict[str, Any]:
    texts = {MESSAGE_TYPE: CERT_REP, TRANSACTION_ID: message.transaction_id} | texts
    return {name: core.PrintableString(value) for name, value in texts.items()} | {
        SENDER_NONCE: core.OctetString(secrets.token_bytes(16)),
        RECIPIENT_NONCE: core.OctetString(message.sender_nonce),
    }


def _only(signed: Signed, name: str) -> bytes:
    values = signed.attributes.get(name, ())
    if len(values) != 1:
        raise CMSError("The message lacks one of SCEP's attributes: type, transaction id, nonce (RFC 8894, section 3.2.1).")
    return values[0]


def _text(signed: Signed, name: str) -> str:
    return str(core.PrintableString.load(_only(signed, name), strict=True).native)


def _spki(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _request(der: bytes, digests: frozenset[str]) -> tuple[bytes, str]:
    """Return the public key and the challenge of a request (RFC 2986) whose own signature is right.

    Read by hand, since clients exist that do not sort its attributes as DER wants it.
    """
    request = csr.CertificationRequest.load(der, strict=True)
    info, named = request["certification_request_info"], request["signature_algorithm"]
    key = load_der_public_key(info["subject_pk_info"].dump())
    if not isinstance(key, rsa.RSAPublicKey):
        raise CMSError("Only an RSA key can ask over SCEP, since the answer is encrypted to it.")
    if named.signature_algo != "rsassa_pkcs1v15" or named.hash_algo not in digests:
        raise CMSError("The certificate request is signed in a way that is not taken; RSA with SHA-256 is.")
    try:
        key.verify(request["signature"].native, info.dump(), padding.PKCS1v15(), hash_named(named.hash_algo))
    except InvalidSignature as error:
        raise CMSError("The signature of the certificate request is not right.") from error
    challenges = [
        str(value.native)
        for attribute in info["attributes"]
        if attribute["type"].native == "challenge_password"
        for value in attribute["values"]
    ]
    if len(challenges) > 1 or any(len(one) > LONGEST_CHALLENGE for one in challenges):
        raise CMSError("The certificate request has more than one challenge, or one that is too long.")
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), (challenges or [""])[0]
