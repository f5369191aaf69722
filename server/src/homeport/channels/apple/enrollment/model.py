"""A session of the web view, and which account its person is to get."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

LIFETIME = timedelta(minutes=15)
"""How long a session lives before its profile is taken; Setup Assistant's own patience is about that."""
KEPT_FOR = timedelta(days=30)
"""How long a session that earned nothing is kept for the administrator to read."""
LONGEST_NAME = 31
RESERVED = frozenset({
    "root", "daemon", "nobody", "admin", "administrator", "guest", "shared", "wheel", "staff", "sys", "bin", "sudo", "apple",
    "postmaster", "macports", "localhost", "console", "operator", "everyone", "system", "users",
})  # fmt: skip
"""Names that macOS or its services use, besides every name that begins with an underscore."""
_ALLOWED = re.compile(r"[a-z][a-z0-9_-]{0,30}")


class EnrollmentState(StrEnum):
    """How far a session has come: the Mac came, the person signed in, the profile was taken, its certificate was issued."""

    STARTED = "started"
    SIGNED_IN = "signed_in"
    ISSUED = "issued"
    ENROLLED = "enrolled"
    REFUSED = "refused"


class Obstacle(StrEnum):
    """Why a session gets no profile (any more)."""

    NO_TOPIC = "no_push_certificate"
    NOT_SIGNED_IN = "not_signed_in"
    USED = "profile_used"
    NOT_OURS = "not_assigned"
    NOT_ACTIVE = "user_not_active"
    NOT_ENTITLED = "device_not_assigned"
    TOO_MANY = "too_many_macs"
    NO_SECOND_FACTOR = "second_factor_missing"


@dataclass(frozen=True, slots=True)
class Enrollment:
    """One session. `serial` and `udid` are what the Mac said of itself: good for routing, never for trust.

    `cookie_hash` ties it to the web view that began it. `username`, `full_name` and `admin` are the account that is intended.
    `reason` is a code when it was refused. `state` ENROLLED says that the SCEP secret is used up: no profile is handed out any more.
    """

    id: str
    cookie_hash: str
    serial: str
    state: EnrollmentState
    created_at: datetime
    expires_at: datetime
    udid: str = ""
    product: str = ""
    os_version: str = ""
    build: str = ""
    language: str = ""
    verified: bool = False
    """The MachineInfo was signed by a pinned authority of Apple's; false only in the audit-only mode."""
    second_factor: bool = False
    """The provider said that the person signed in with more than one factor."""
    sign_in_id: str = ""
    user_id: str | None = None
    provider_id: str = ""
    issuer: str = ""
    subject: str = ""
    username: str = ""
    full_name: str = ""
    admin: bool = False
    downloads: int = 0
    reason: str = ""
    issued_at: datetime | None = None

    def is_over(self, now: datetime) -> bool:
        """Tell whether its time is over."""
        return now >= self.expires_at


def account_name(username: str, managed_admin: str = "") -> str:
    """Return the local account name for a directory user name; the same person gets the same name on every Mac.

    macOS takes small letters, digits, `_` and `-`; what else a directory name has becomes `-`. A name that macOS reserves, or that
    the managed administrator has, gets `-1` behind it.
    """
    name = re.sub(r"[^a-z0-9_-]", "-", username.strip().lower())
    name = re.sub(r"-{2,}", "-", name).strip("-_") or "user"
    if not name[0].isalpha():
        name = f"u{name}"
    name = name[:LONGEST_NAME].rstrip("-_")
    if name in RESERVED or name == managed_admin:
        name = f"{name[: LONGEST_NAME - 2]}-1"
    assert _ALLOWED.fullmatch(name)
    return name
