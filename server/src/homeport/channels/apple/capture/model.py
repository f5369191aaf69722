"""What is masked of a message before it is kept: what is not known to be harmless is hidden."""

import base64
import binascii
import hashlib
import json
import plistlib
import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl
from xml.parsers.expat import ExpatError

LONGEST = timedelta(hours=48)
"""How long after the server's start messages are kept at most, whatever moment was set."""
MOST_BYTES = 100_000_000
"""How much is kept in all."""
LEAST_FREE = 500_000_000
"""How many bytes of the disk are left alone."""
HIDDEN = "(hidden)"
PATHS = ("/mdm/", "/apple/")
"""Addresses that Macs talk to."""
_HEADERS = frozenset({
    "accept", "accept-encoding", "accept-language", "cache-control", "connection", "content-encoding", "content-length", "content-type",
    "host", "retry-after", "user-agent", "x-apple-aspen-deviceinfo",
})  # fmt: skip
"""Headers that are kept as they are; every other one is named only."""
_QUERY = frozenset({"operation"})
_SECRET_NAMES = re.compile(
    r"(?i)pass|secret|token|challenge|magic|nonce|hash|recovery|escrow|digest|signature|^pin$|^clientidentifier$|^value$|^phonenumber$|key$"
)
"""Names in property lists and JSON whose texts are hidden; binary values are hidden under any name."""
_HARMLESS = frozenset({"attObj", "csr"})
"""An attestation and a certificate request say nothing that the certificate does not."""
_XML = (b"<?xml", b"<plist", b"<!DOCTYPE")
_DEEPEST = 20


def headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return the headers, with the values of all but harmless ones hidden."""
    found: dict[str, str] = {}
    for raw_name, raw in pairs:
        name, value = raw_name.decode("latin-1").lower(), raw.decode("latin-1")
        found[name] = value if name in _HEADERS else f"(hidden, {len(value)} characters)"
    return found


def query(raw: bytes) -> dict[str, str]:
    """Return the parameters of an address, with the values of all but harmless ones hidden."""
    return {name: value if name in _QUERY else HIDDEN for name, value in parse_qsl(raw.decode("latin-1"), keep_blank_values=True)}


def body(content: bytes, media_type: str, *, sent_by_mac: bool) -> dict[str, Any]:
    """Return what may be kept of a body: a masked property list or JSON, a certificate, a SCEP request; of others size and digest."""
    kind = media_type.partition(";")[0].strip().lower()
    known: dict[str, Any] = {"bytes": len(content)}
    if not content:
        return known
    listed = _plist(content)
    if listed is not None:
        return known | {"plist": plistlib.dumps(masked(listed)).decode()}
    if kind in {"application/json", "application/problem+json", "application/jose+json"}:
        return known | {"json": _json(content)}
    if kind == "application/pem-certificate-chain":
        return known | {"pem": content.decode("ascii", errors="replace")}
    if kind == "application/x-pki-message" and sent_by_mac:  # its challenge is encrypted to the authority
        return known | {"base64": base64.b64encode(content).decode()}
    return known | {"sha256": hashlib.sha256(content).hexdigest()}


def masked(value: Any, name: str = "", depth: int = 0) -> Any:
    """Return a value of a property list or of JSON with its secrets hidden."""
    if depth > _DEEPEST:
        return HIDDEN
    if isinstance(value, dict):
        return {str(key): masked(one, str(key), depth + 1) for key, one in value.items()}
    if isinstance(value, list):
        return [masked(one, name, depth + 1) for one in value]
    if isinstance(value, bytes):
        inner = _plist(value)
        return f"(hidden, {len(value)} bytes)" if inner is None else masked(inner, "", depth + 1)
    if _SECRET_NAMES.search(name) and name not in _HARMLESS and not isinstance(value, bool):
        return HIDDEN
    return value


def _plist(content: bytes) -> Any | None:
    if not content.lstrip()[:20].startswith(_XML):
        return None
    try:
        found = plistlib.loads(content, fmt=plistlib.FMT_XML)
    except (ValueError, ExpatError, RecursionError, AttributeError, TypeError, OverflowError):
        return None
    return found if isinstance(found, dict) else None


def _json(content: bytes) -> Any:
    """Return masked JSON; of a signed request (RFC 8555, section 6.2) what is inside, without the signature."""
    try:
        found = json.loads(content)
        if isinstance(found, dict) and {"protected", "payload", "signature"} <= set(found):
            inside = {name: _inside(found[name]) for name in ("protected", "payload")}
            return masked(inside)
    except (ValueError, RecursionError, TypeError, binascii.Error):
        return HIDDEN
    return masked(found) if isinstance(found, dict | list) else HIDDEN


def _inside(text: str) -> Any:
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    return json.loads(raw) if raw else {}
