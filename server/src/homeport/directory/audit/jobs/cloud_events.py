"""Entries as CloudEvents 1.0 in JSON over HTTP, signed as Standard Webhooks 1.0 says.

CloudEvents: https://github.com/cloudevents/spec, JSON event format and HTTP protocol binding, structured and batched content mode.
Standard Webhooks: https://www.standardwebhooks.com, HMAC-SHA256 over id, timestamp and body.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from homeport.directory.audit.model import Entry
from homeport.directory.audit.schemas.events import event, written

BATCH = "application/cloudevents-batch+json; charset=utf-8"
SINGLE = "application/cloudevents+json; charset=utf-8"
TYPE_PREFIX = "homeport."


def cloud_event(entry: Entry, source: str) -> dict[str, Any]:
    """Return an entry as a CloudEvent. `id` and `source` are the same whenever it is sent, so that a receiver knows a duplicate."""
    return {
        "specversion": "1.0",
        "id": entry.id,
        "source": source,
        "type": TYPE_PREFIX + entry.event_type,
        "subject": f"{entry.resource_type}/{entry.resource_id}",
        "time": written(entry.at),
        "datacontenttype": "application/json",
        "data": event(entry),
    }


def content_of(entries: Sequence[Entry], source: str, *, batched: bool) -> tuple[str, bytes]:
    """Return media type and body: an array of events, or the one event."""
    events = [cloud_event(entry, source) for entry in entries]
    return (BATCH if batched else SINGLE), json.dumps(events if batched else events[0], ensure_ascii=False).encode()


def message_id(entries: Sequence[Entry]) -> str:
    """Return the message's id: the same for the same events, however often they are sent."""
    return "msg_" + hashlib.sha256("\n".join(entry.id for entry in entries).encode()).hexdigest()[:32]


def signed_headers(secret: bytes, message: str, at: datetime, body: bytes) -> tuple[tuple[str, str], ...]:
    """Return the three headers by which a receiver knows that we sent it, and when."""
    moment = str(int(at.timestamp()))
    digest = hmac.new(secret, f"{message}.{moment}.".encode() + body, hashlib.sha256).digest()
    signature = "v1," + base64.b64encode(digest).decode()
    return (("webhook-id", message), ("webhook-timestamp", moment), ("webhook-signature", signature))
