"""The settings of Macs, and the rules for their fields."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from homeport.channels.apple.authority.model import Way
from homeport.directory.people.model import email_problem

MANAGED_ADMIN = "homeport-admin"
"""Short name of the hidden administrator that is made beside the person's account."""
LONGEST_TEXT, LONGEST_WELCOME = 125, 2000
LEAST_MINUTES, MOST_MINUTES = 5, 60
MOST_LIMIT = 999
"""Most Macs that a person can be limited to; 0 stands for no limit."""

PANES: dict[str, str] = {
    "AppleID": "Apple Account",
    "Appearance": "Appearance",
    "AppStore": "App Store",
    "Biometric": "Touch ID",
    "Diagnostics": "Diagnostics",
    "FileVault": "FileVault",
    "iCloudDiagnostics": "iCloud analytics",
    "iCloudStorage": "iCloud Desktop and Documents",
    "Intelligence": "Apple Intelligence",
    "Location": "Location",
    "Payment": "Apple Pay",
    "Privacy": "Privacy",
    "Restore": "Migration from another Mac",
    "ScreenTime": "Screen Time",
    "Siri": "Siri",
    "SoftwareUpdate": "Software update",
    "TermsOfAddress": "Terms of address",
    "TOS": "Terms and conditions",
    "UnlockWithWatch": "Unlock with a watch",
    "Wallpaper": "Wallpaper",
    "Welcome": "Get started",
}
"""Panes of Setup Assistant that can be skipped: Apple's key and a person's word."""
DEFAULT_SKIPPED = (
    "AppleID",
    "Appearance",
    "Biometric",
    "Diagnostics",
    "iCloudDiagnostics",
    "iCloudStorage",
    "Intelligence",
    "Payment",
    "Privacy",
    "Restore",
    "ScreenTime",
    "Siri",
    "TOS",
)
"""Skipped unless an administrator decides otherwise; with an Apple Account, macOS may turn FileVault on with the key escrowed there."""


class AccountPermission(StrEnum):
    """What the person's account may do on the Mac."""

    STANDARD = "standard"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class AppleSettings:
    """The settings. `version` counts changes; 0 says that nobody saved them yet.

    `second_approver` says that locking and erasing a Mac takes two administrators. `certificate_way` says how a Mac that enrols from now
    on gets its certificate. `most_macs` limits the Macs of one person, 0 does not; with `same_person` a Mac that is somebody's enrols again
    for nobody else, with `second_factor` only after a sign-in with one. `admin_group_id` names the user group whose members become administrators although `permission` is standard.
    """

    permission: AccountPermission = AccountPermission.STANDARD
    admin_group_id: str | None = None
    lock_account: bool = True
    managed_admin: bool = True
    device_group_id: str | None = None
    skip_panes: tuple[str, ...] = DEFAULT_SKIPPED
    welcome_text: str = ""
    department: str = ""
    support_phone: str = ""
    support_email: str = ""
    release_minutes: int = 15
    second_approver: bool = False
    certificate_way: Way = Way.SCEP
    most_macs: int = 0
    same_person: bool = False
    second_factor: bool = False
    version: int = 0
    updated_at: datetime | None = None

    @property
    def release_deadline(self) -> timedelta:
        """How long Setup Assistant may wait for the account to be configured."""
        return timedelta(minutes=self.release_minutes)

    @property
    def managed_admin_name(self) -> str:
        """Return the short name of the administrator to make beside the person; empty for none."""
        return MANAGED_ADMIN if self.managed_admin else ""

    def makes_admin(self, user_groups: frozenset[str]) -> bool:
        """Tell whether a member of these user groups becomes an administrator of the Mac."""
        return self.permission is AccountPermission.ADMIN or (
            self.admin_group_id is not None and self.admin_group_id in user_groups
        )


def problems(settings: AppleSettings) -> dict[str, str]:
    """Return what is wrong with settings, by field."""
    found = {
        "welcome_text": _text_problem(settings.welcome_text, LONGEST_WELCOME, lines=True),
        "department": _text_problem(settings.department, LONGEST_TEXT),
        "support_phone": _text_problem(settings.support_phone, LONGEST_TEXT),
        "support_email": email_problem(settings.support_email) if settings.support_email else "",
    }
    if settings.permission is AccountPermission.STANDARD and not settings.managed_admin:
        found["managed_admin"] = (
            "macOS makes a standard account only beside a managed administrator. Keep that one, or let people be administrators."
        )
    if not LEAST_MINUTES <= settings.release_minutes <= MOST_MINUTES:
        found["release_minutes"] = f"Enter {LEAST_MINUTES} to {MOST_MINUTES} minutes."
    if not 0 <= settings.most_macs <= MOST_LIMIT:
        found["most_macs"] = f"Enter 1 to {MOST_LIMIT} Macs, or 0 for no limit."
    if unknown := sorted(set(settings.skip_panes) - set(PANES)):
        found["skip_panes"] = f"Setup Assistant has no pane {unknown[0]}."
    return {name: problem for name, problem in found.items() if problem}


def _text_problem(text: str, longest: int, *, lines: bool = False) -> str:
    if len(text) > longest:
        return f"Use at most {longest} characters; this has {len(text)}."
    if any(not character.isprintable() and not (lines and character in "\r\n\t") for character in text):
        return "Leave out control characters."
    return ""
