"""Entries as syslog messages (RFC 5424), framed by octet counting (RFC 5425, section 4.3, and RFC 6587, section 3.4.1)."""

import json
from collections.abc import Sequence

from homeport.directory.audit.model import Entry
from homeport.directory.audit.schemas.events import event, written

FACILITY = 13
"""Log audit (RFC 5424, table 1)."""
INFORMATIONAL, WARNING = 6, 4
STRUCTURED_ID = "homeport@32473"
"""32473 is the enterprise number for examples (RFC 5612); Homeport has none of its own."""
_MOST_MSGID = 32
_MOST_HOSTNAME = 255


def framed(entries: Sequence[Entry], hostname: str) -> bytes:
    """Return the messages one after another, each with its length in front."""
    found = (message(entry, hostname) for entry in entries)
    return b"".join(str(len(one)).encode() + b" " + one for one in found)


def message(entry: Entry, hostname: str) -> bytes:
    """Return one message: header, structured data, and the event as JSON."""
    priority = FACILITY * 8 + (INFORMATIONAL if entry.success else WARNING)
    pairs = (
        ("id", entry.id),
        ("event", entry.event_type),
        ("actor", entry.actor_name or entry.actor_id),
        ("actorKind", entry.actor_kind),
        ("address", entry.address),
        ("resourceType", entry.resource_type),
        ("resource", entry.resource_id),
        ("outcome", "success" if entry.success else "refused"),
        ("reason", entry.reason),
    )
    data = " ".join(f'{name}="{_value(value)}"' for name, value in pairs if value)
    header = f"<{priority}>1 {written(entry.at)} {_printable(hostname, _MOST_HOSTNAME)} homeport - {_printable(entry.event_type, _MOST_MSGID)}"
    text = json.dumps(event(entry), ensure_ascii=False)
    # The byte order mark says that the message is UTF-8 (RFC 5424, section 6.4).
    return f"{header} [{STRUCTURED_ID} {data}] \ufeff{text}".encode()


def _value(text: str) -> str:
    """Write a parameter's value (RFC 5424, section 6.3.3); what would begin a new line somewhere is left out."""
    text = "".join(one if one.isprintable() else " " for one in text)
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")


def _printable(text: str, limit: int) -> str:
    return "".join(one for one in text if "!" <= one <= "~")[:limit] or "-"
