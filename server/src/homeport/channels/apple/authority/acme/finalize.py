"""Finalizing an order (RFC 8555, section 7.4): the request's key is taken, no name in it is."""

import hashlib
from dataclasses import replace

from asn1crypto import csr
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from homeport.channels.apple.authority.acme import order
from homeport.channels.apple.authority.acme.jws import from_base64url
from homeport.channels.apple.authority.acme.model import OrderState, Problem, ProblemKind, Reply
from homeport.channels.apple.authority.acme.parts import Asked, Parts
from homeport.channels.apple.authority.certificates import fingerprint
from homeport.channels.apple.authority.model import Asked as AskedCertificate
from homeport.channels.apple.cms.ber import to_der
from homeport.channels.apple.cms.model import STRONG, CMSError, hash_named
from homeport.channels.apple.cms.signed import DAMAGED


def finish(parts: Parts, asked: Asked) -> Reply:
    """Issue the certificate and use the profile's secret up, in one unit of work; raise Problem when the request is not right.

    Asked again, for the answer was lost, it gives the order as it is.
    """
    found = parts.order(asked)
    if found.state is OrderState.VALID:
        return Reply(200, order.document(parts, found), {"Location": parts.url("order", found.id)})
    if found.state is not OrderState.READY:
        raise Problem(ProblemKind.ORDER_NOT_READY, "The challenge has to be met first.")
    raw = (asked.payload or {}).get("csr")
    if not isinstance(raw, str):
        raise Problem(ProblemKind.MALFORMED, "csr is base64url.")
    public_key, digest = read_request(from_base64url(raw))
    if found.attested and hashlib.sha256(public_key).hexdigest() != found.public_key:
        raise Problem(ProblemKind.BAD_CSR, "The request is for another key than the one that the hardware vouched for.")
    wanted = AskedCertificate(public_key, digest, acme=True, attested=found.attested, udid=found.udid or None)
    try:
        issued = parts.authority.earn(found.word_hash, wanted)
    except CMSError as error:  # a key that is too weak
        raise Problem(ProblemKind.BAD_CSR, error.detail) from error
    if issued is None:
        raise Problem(ProblemKind.UNAUTHORIZED, "The identifier was used meanwhile, or is over.")
    done = replace(found, state=OrderState.VALID, certificate_sha256=fingerprint(issued))
    parts.store.save_order(done)
    return Reply(200, order.document(parts, done), {"Location": parts.url("order", done.id)})


def _verify(key: PublicKeyTypes, signature: bytes, content: bytes, digest: str) -> None:
    """Raise InvalidSignature unless the key signed the content; raise CMSError for a key or a digest that is not taken."""
    if digest not in STRONG:
        raise CMSError("The request is signed with a digest that is not taken.")
    if isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, content, ec.ECDSA(hash_named(digest)))
    elif isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, content, padding.PKCS1v15(), hash_named(digest))
    else:
        raise CMSError("The request's key is not taken: RSA is, and P-256 and P-384.")


def read_request(raw: bytes) -> tuple[bytes, str]:
    """Return the public key and the digest of a request (RFC 2986) whose own signature is right; names in it are not looked at."""
    try:
        request = csr.CertificationRequest.load(to_der(raw), strict=True)
        info, named = request["certification_request_info"], request["signature_algorithm"]
        key = load_der_public_key(info["subject_pk_info"].dump())
        digest = str(named.hash_algo)
        _verify(key, request["signature"].native, info.dump(), digest)
    except (CMSError, InvalidSignature, UnsupportedAlgorithm, *DAMAGED) as error:
        raise Problem(ProblemKind.BAD_CSR, "The certificate request cannot be read, or is not signed by its own key.") from error
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), digest
