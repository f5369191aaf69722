"""Turns what Apple says of a device into our inventory's entry. Apple's word is input like any other: typed, cut to size, never trusted."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from homeport.channels.apple.ade.model import AdeDevice

LONGEST_SERIAL = 64
_TEXTS = {"model": 255, "description": 255, "color": 64, "asset_tag": 255, "os": 32, "device_family": 32}
_STATUSES = frozenset({"empty", "assigned", "pushed", "removed"})


def serial_of(entry: Mapping[str, Any]) -> str:
    """Return the serial number, or an empty string when there is none that can be one."""
    found = entry.get("serial_number")
    usable = isinstance(found, str) and 0 < len(found) <= LONGEST_SERIAL and found.isascii() and found.isalnum()
    return str(found) if usable else ""


def merged(entry: Mapping[str, Any], known: AdeDevice | None, generation: int, now: datetime) -> AdeDevice:
    """Return the device as Apple now tells it; a change that leaves a field out leaves it as it was.

    `op_type` counts only when it says `deleted`: devices of a full fetch have none, and one that was assigned again shows as
    `modified`, so what is to be done is found by comparing profiles, never by this word.
    """
    device = known or AdeDevice(serial_of(entry))
    if entry.get("op_type") == "deleted":
        return replace(device, removed_at=_moment(entry.get("op_date")) or now, seen_at=now, generation=generation)
    texts: dict[str, Any] = {
        name: "".join(character for character in str(entry[name]) if character.isprintable())[:longest]
        for name, longest in _TEXTS.items()
        if isinstance(entry.get(name), str)
    }
    status = entry.get("profile_status")
    uuid = entry.get("profile_uuid")
    return replace(
        device,
        **texts,
        profile_status=str(status) if status in _STATUSES else "empty",
        profile_uuid=str(uuid)[:64] if isinstance(uuid, str) and status != "removed" else "",
        profile_assigned_at=_moment(entry.get("profile_assign_time")),
        profile_pushed_at=_moment(entry.get("profile_push_time")),
        assigned_at=_moment(entry.get("device_assigned_date")),
        assigned_by=str(entry.get("device_assigned_by") or "")[:255],
        generation=generation,
        seen_at=now,
        removed_at=None,
    )


def _moment(value: object) -> datetime | None:
    if not isinstance(value, str) or not value:
        return None
    try:
        found = datetime.fromisoformat(value)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
