"""What a Mac sends, as types: check-in messages and answers to commands (Apple's schema, `mdm/checkin`).

XML property lists only, at most `LARGEST` bytes and `DEEPEST` levels deep; plistlib refuses XML entities. A refusal is the answer 400: a
Mac takes 401 as the order to leave management.
"""

import plistlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.parsers.expat import ExpatError

from homeport.foundation.kernel.errors import Invalid

LARGEST = 1_000_000
DEEPEST = 16
_LONGEST = 255
_LONGEST_TOKEN = 256


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `raw` holds every key as it came; what is named here was checked for its type and length."""

    kind: str
    udid: str
    raw: Mapping[str, Any]
    user_id: str = ""

    def text(self, key: str, longest: int = _LONGEST) -> str:
        """Return a text, empty when it is absent; raise Invalid when it is no text or too long."""
        value = self.raw.get(key, "")
        if not isinstance(value, str) or len(value) > longest or not value.isprintable():
            raise Invalid(f"{key} is not a text of at most {longest} characters.")
        return value

    def flag(self, key: str) -> bool | None:
        """Return a boolean; None when the key is absent."""
        value = self.raw.get(key)
        if value is not None and not isinstance(value, bool):
            raise Invalid(f"{key} is not true or false.")
        return value

    def data(self, key: str, longest: int = _LONGEST_TOKEN) -> bytes:
        """Return bytes, empty when the key is absent."""
        value = self.raw.get(key, b"")
        if not isinstance(value, bytes) or len(value) > longest:
            raise Invalid(f"{key} is not data of at most {longest} bytes.")
        return value

    def dictionaries(self, key: str) -> list[Mapping[str, Any]]:
        """Return the dictionaries of an array; what is none is left out."""
        value = self.raw.get(key, [])
        return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def read(body: bytes) -> Message:
    """Return the message in a request's body; raise Invalid when it is none."""
    if len(body) > LARGEST:
        raise Invalid(f"A message has at most {LARGEST:,} bytes.")
    try:
        document = plistlib.loads(body, fmt=plistlib.FMT_XML)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError, RecursionError, ExpatError) as error:
        raise Invalid("This is no XML property list.") from error
    if not isinstance(document, dict) or _depth(document) > DEEPEST:
        raise Invalid(f"A message is a dictionary, at most {DEEPEST} levels deep.")
    message = Message("", "", document)
    kind, udid = message.text("MessageType") or message.text("Status"), message.text("UDID", 64)
    if not kind or not udid:
        raise Invalid("A message names its type and the UDID of the Mac. Only Macs enrolled as devices are managed here.")
    return Message(kind, udid, document, message.text("UserID", 64))


def _depth(document: object) -> int:
    """Return how deep containers are nested; without recursion, since the document is a stranger's."""
    deepest, todo = 0, [(document, 1)]
    while todo:
        value, depth = todo.pop()
        inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
        if inside is not None:
            deepest = max(deepest, depth)
            if deepest > DEEPEST:
                return deepest
            todo += [(one, depth + 1) for one in inside]
    return deepest
