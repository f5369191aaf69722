"""What a Mac's hardware says of itself and of its key (draft-ietf-acme-device-attest, section 5; Apple's format `apple`).

The chain ends at a pinned root. Unlike MachineInfo it holds the freshness that we asked for, so it proves the Mac, now.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import cbor2
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from homeport.channels.apple.authority.acme.model import LIMIT, Problem, ProblemKind

FORMAT = "apple"
SERIAL = x509.ObjectIdentifier("1.2.840.113635.100.8.9.1")
UDID = x509.ObjectIdentifier("1.2.840.113635.100.8.9.2")
FRESHNESS = x509.ObjectIdentifier("1.2.840.113635.100.8.11.1")
DEEPEST = 4
"""Containers within one another: the map, its statement, the list of certificates."""
MOST_CERTIFICATES = 5
LONGEST_NAME = 64
_TAGS = (*range(6), 24, 25, 28, 29, 30, 35, 36, 37, 43, 52, 54, 100, 256, 258, 260, 261, 1004, 43000, 55799)
"""What cbor2 would make objects of; one of them raises to a power that the sender names."""


@dataclass(frozen=True, slots=True)
class Attested:
    """What the hardware said: the Mac's serial number and UDID, and the SHA-256 of the key's SubjectPublicKeyInfo."""

    serial: str
    udid: str
    public_key: str


@dataclass(frozen=True, slots=True)
class AttestationRoots:
    """The pinned roots. Without one nothing is attested."""

    certificates: tuple[x509.Certificate, ...] = ()

    @classmethod
    def read(cls, file: Path | None) -> "AttestationRoots":
        """Read them from a PEM file; raise ValueError or OSError when it holds none."""
        return cls(tuple(x509.load_pem_x509_certificates(file.read_bytes()))) if file else cls()

    def judge(self, statement: bytes, token: str, now: datetime) -> Attested | None:
        """Return what an attestation object says for a challenge's token, None for an empty one; raise Problem when it is wrong."""
        chain = _chain(statement)
        if chain is None:
            return None
        leaf = chain[0]
        self._trace(chain, now)
        fresh = _extension(leaf, FRESHNESS)
        if not hmac.compare_digest(fresh, hashlib.sha256(token.encode()).digest()):
            raise _bad("The attestation is for another challenge.")
        spki = leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return Attested(_text(leaf, SERIAL), _text(leaf, UDID), hashlib.sha256(spki).hexdigest())

    def _trace(self, chain: Sequence[x509.Certificate], now: datetime) -> None:
        """Follow the chain to a pinned root (RFC 5280, section 6.1, without names' constraints and policies)."""
        for number, (child, issuer) in enumerate(pairwise(chain)):
            _issued(child, issuer, number, now)
        below = len(chain) - 1
        for root in self.certificates:
            if root == chain[-1] and below:
                return
            try:
                _issued(chain[-1], root, below, now)
            except Problem:
                continue
            return
        raise _bad("The attestation does not come from a root that is pinned here.")


def _issued(child: x509.Certificate, issuer: x509.Certificate, below: int, now: datetime) -> None:
    """Raise Problem unless the issuer is an authority that signed the child, with `below` authorities under it, and both are good now."""
    wrong = _bad("The chain of the attestation does not hold.")
    try:
        constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
        child.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm, x509.ExtensionNotFound) as error:
        raise wrong from error
    longest = constraints.path_length
    if not constraints.ca or (longest is not None and longest < below):
        raise wrong
    if any(not one.not_valid_before_utc <= now <= one.not_valid_after_utc for one in (child, issuer)):
        raise wrong
    try:
        usage = issuer.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return
    if not usage.key_cert_sign:
        raise wrong


def _chain(statement: bytes) -> list[x509.Certificate] | None:
    if len(statement) > LIMIT:
        raise _bad("The attestation is too long.")
    if not statement:
        return None
    found = _decoded(statement)
    if found == {}:
        return None
    form, inner = found.get("fmt"), found.get("attStmt")
    if form != FORMAT or not isinstance(inner, dict):
        raise _bad("The attestation is not of the format apple.")
    listed = inner.get("x5c")
    if not isinstance(listed, list) or not 0 < len(listed) <= MOST_CERTIFICATES or not all(type(one) is bytes for one in listed):
        raise _bad("The attestation does not hold a chain of certificates.")
    try:
        return [x509.load_der_x509_certificate(one) for one in listed]
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _bad("A certificate of the attestation cannot be read.") from error


def _decoded(statement: bytes) -> dict[Any, Any]:
    def refuse(*_: object) -> None:
        raise ValueError("a tag")

    try:
        found = cbor2.loads(
            statement,
            semantic_decoders=dict.fromkeys(_TAGS, refuse),
            tag_hook=refuse,
            max_depth=DEEPEST,
            allow_indefinite=False,
            allow_duplicate_keys=False,
            strict_hashable_types=True,
        )
    except (cbor2.CBORDecodeError, ValueError, OverflowError, MemoryError) as error:
        raise _bad("The attestation cannot be read as CBOR.") from error
    if not isinstance(found, dict):
        raise _bad("The attestation is not a map.")
    return found


def _extension(leaf: x509.Certificate, name: x509.ObjectIdentifier) -> bytes:
    try:
        value = leaf.extensions.get_extension_for_oid(name).value
    except (x509.ExtensionNotFound, ValueError) as error:
        raise _bad("The attestation lacks what it should say: freshness, serial number or UDID.") from error
    assert isinstance(value, x509.UnrecognizedExtension)
    return value.value


def _text(leaf: x509.Certificate, name: x509.ObjectIdentifier) -> str:
    text = _extension(leaf, name).decode("latin-1")
    if not (0 < len(text) <= LONGEST_NAME and text.isascii() and text.isprintable()):
        raise _bad("The attestation names the Mac in a way that cannot be read.")
    return text


def _bad(detail: str) -> Problem:
    return Problem(ProblemKind.BAD_ATTESTATION, detail)
