"""Enrolment keys: what lets a device join."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

KEY_LIFETIME = timedelta(days=7)
"""How long an enrolment key works unless the administrator says otherwise."""
LONGEST_KEY_LIFETIME = timedelta(days=365)
MOST_KEY_USES = 100_000
KEY_PREFIX = "hpe1"
"""First part of an enrolment key's text; the format's name and version, and what leak scanners look for."""
AUTOMATED_KEY = "00000000-0000-7000-8000-00000000ade0"
"""The id of the entry that stands in the place of the key of a Mac's Automated Device Enrollment: it opens nothing, no list has it."""

_KEY = re.compile(r"hpe1\.(?P<id>[0-9A-Za-z-]{1,36})\.(?P<secret>[0-9A-Za-z_-]{1,200})(\.[0-9A-Za-z_-]{1,200})?")


class KeyState(StrEnum):
    """Whether an enrolment key still enrols devices."""

    USABLE = "usable"
    EXPIRED = "expired"
    USED_UP = "used_up"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class EnrollmentKey:
    """What lets a device join; its secret is kept as a SHA-256 hash only. Devices join the group `group_id`, else the default one."""

    id: str
    name: str
    secret_hash: str
    max_uses: int
    uses: int
    created_by: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    group_id: str | None = None

    @property
    def uses_left(self) -> int:
        """Return how many more devices the key can enrol."""
        return max(0, self.max_uses - self.uses)

    def state(self, now: datetime) -> KeyState:
        """Judge the key at a moment."""
        if self.revoked_at is not None:
            return KeyState.REVOKED
        if now >= self.expires_at:
            return KeyState.EXPIRED
        return KeyState.USABLE if self.uses_left else KeyState.USED_UP


def split_key(text: str) -> tuple[str, str] | None:
    """Return id and secret of `hpe1.<id>.<secret>`, whether or not `.<fingerprint>` follows; None when it has another form."""
    found = _KEY.fullmatch(text.strip())
    return (found["id"], found["secret"]) if found else None
