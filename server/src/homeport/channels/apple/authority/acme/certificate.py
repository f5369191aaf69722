"""Downloading the certificate (RFC 8555, section 7.4.2)."""

from cryptography.hazmat.primitives.serialization import Encoding

from homeport.channels.apple.authority.acme.model import OrderState, Problem, ProblemKind, Reply
from homeport.channels.apple.authority.acme.parts import Asked, Parts
from homeport.channels.apple.authority.certificates import from_text

CHAIN = "application/pem-certificate-chain"


def chain(parts: Parts, asked: Asked) -> Reply:
    """Return the Mac's certificate and the authority's."""
    found = parts.order(asked)
    stored = parts.authority.store.get(found.certificate_sha256) if found.state is OrderState.VALID else None
    if stored is None:
        raise Problem(ProblemKind.ORDER_NOT_READY, "The order has no certificate yet.")
    both = (from_text(stored.certificate), parts.authority.certificate())
    return Reply(200, "".join(one.public_bytes(Encoding.PEM).decode() for one in both), media_type=CHAIN)
