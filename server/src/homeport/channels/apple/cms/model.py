"""What messages are made of, and the one error."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from homeport.foundation.kernel.errors import Invalid

LIMIT = 64 * 1024
"""How many bytes a message may have. A Mac's are below 10 KiB."""
STRONG = frozenset({"sha256", "sha384", "sha512"})
"""Digests that are taken from anybody."""
ANY_DIGEST = STRONG | {"sha1"}
"""Digests that are taken where old devices must be understood: Apple's own device certificates still use SHA-1."""
DATA = "1.2.840.113549.1.7.1"
"""The content type `data` (RFC 5652, section 4)."""


class CMSError(Invalid):
    """A message that is not taken. `detail` says what is wrong with it, and holds nothing of its content."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A message whose one signature is right. Whether its signer is anybody we know has not been asked."""

    content: bytes
    signer: x509.Certificate
    certificates: tuple[x509.Certificate, ...]
    digest: str
    attributes: Mapping[str, tuple[bytes, ...]] = field(default_factory=dict)
    """The signed attributes: object identifier to the DER of each value. Empty when there were none."""


def hash_named(digest: str) -> hashes.HashAlgorithm:
    """Return the hash function of a digest's name; raise CMSError for one that is not known."""
    match digest:
        case "sha1":
            return hashes.SHA1()  # noqa: S303 - only where the caller allows it
        case "sha256":
            return hashes.SHA256()
        case "sha384":
            return hashes.SHA384()
        case "sha512":
            return hashes.SHA512()
        case _:
            raise CMSError(f"The digest {digest[:40]} is not one that Homeport takes.")
