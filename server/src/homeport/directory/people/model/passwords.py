"""What a directory tells of a user's password; the password itself is kept in `trust.signin.person`."""

from dataclasses import dataclass
from datetime import datetime

AUTHORITIES = ("active_directory", "federated_identity_provider", "scim")
"""Who may manage a password besides this directory, as JumpCloud's `restrictedFields` calls them."""


@dataclass(frozen=True, slots=True)
class PasswordFacts:
    """When the password was set, whether it must be changed, since when there is a second factor, and who manages it."""

    set_at: datetime | None = None
    expired: bool = False
    factor_since: datetime | None = None
    authority: str = ""
    """One of AUTHORITIES; empty for this directory."""
    expires_at: datetime | None = None
    """When its age makes it expire; None for never."""
