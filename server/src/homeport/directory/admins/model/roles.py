"""The built-in roles and the one table of what each of them may do, from which the reference page and the test over all routes come.

A custom role is a named set of permissions out of the same list.
"""

from dataclasses import dataclass
from datetime import datetime

from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.events import Event
from homeport.foundation.kernel.permissions import Permission

BILLING = "Administrator with Billing"
ADMINISTRATOR = "Administrator"
MANAGER = "Manager"
HELP_DESK = "Help Desk"
READ_ONLY = "Read Only"

LETTERS = {"B": BILLING, "A": ADMINISTRATOR, "M": MANAGER, "H": HELP_DESK, "R": READ_ONLY}
"""The columns of the table, in the order in which a form offers the roles."""

ABOUT = {
    BILLING: "Does everything, also with identity providers, administrators and settings that concern the whole organization.",
    ADMINISTRATOR: "Does everything but change identity providers, administrators and settings that concern the whole organization.",
    MANAGER: "Manages people, groups and devices.",
    HELP_DESK: "Helps people: activates, suspends and unlocks them, resets passcodes, passwords and second factors. Sees the rest.",
    READ_ONLY: "Sees everything and changes nothing.",
}
"""What a role is for, in the words of the form that gives it."""

MATRIX: dict[Permission, str] = {
    Permission.USERS_READ: "BAMHR",
    Permission.USERS_WRITE: "BAM",
    Permission.USERS_STATE: "BAMH",
    Permission.GROUPS_READ: "BAMHR",
    Permission.GROUPS_WRITE: "BAM",
    Permission.DEVICES_READ: "BAMHR",
    Permission.DEVICES_WRITE: "BAM",
    Permission.DEVICES_UNLOCK: "BAMH",
    Permission.ENROLLMENT_KEYS_WRITE: "BAM",
    Permission.PASSCODES_RESET: "BAMH",
    Permission.PASSWORDS_RESET: "BAMH",
    Permission.FACTORS_RESET: "BAMH",
    Permission.IDENTITY_PROVIDERS_READ: "BAMHR",
    Permission.IDENTITY_PROVIDERS_WRITE: "B",
    Permission.PROVISIONING_READ: "BAMHR",
    Permission.PROVISIONING_WRITE: "BA",
    Permission.LINKS_WRITE: "BA",
    Permission.MAIL_READ: "BAMHR",
    Permission.MAIL_WRITE: "B",
    Permission.SIGNINS_READ: "BAMHR",
    Permission.AUDIT_READ: "BAMHR",
    Permission.AUDIT_WRITE: "B",
    Permission.ADMINISTRATORS_READ: "BAHR",
    Permission.ADMINISTRATORS_WRITE: "B",
    Permission.API_KEYS_OWN: "BAMHR",
    Permission.ACCESS_POLICIES_READ: "BAHR",
    Permission.ACCESS_POLICIES_WRITE: "B",
    Permission.APPLE_READ: "BAMHR",
    Permission.APPLE_WRITE: "BA",
    Permission.APPLE_ERASE: "BA",
}
"""Each permission and the letters of the roles that have it. A new permission needs a line here; nobody has it otherwise."""

ROLES: dict[str, frozenset[Permission]] = {
    name: frozenset(permission for permission, letters in MATRIX.items() if letter in letters) for letter, name in LETTERS.items()
}
"""Every role and what it may do, in the order in which a form offers them."""

RESERVED = frozenset(permission for permission, letters in MATRIX.items() if letters == "B")
"""What only an Administrator with Billing does. No custom role has it: whoever has it could make any other role of it."""

MOST_ROLES = 20
"""How many custom roles there can be."""
LONGEST_ROLE_NAME = 64


@dataclass(frozen=True, slots=True)
class Role:
    """A custom role: a named set of permissions. `version` counts changes."""

    id: str
    name: str
    description: str
    permissions: frozenset[Permission]
    version: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class RoleRenamed(Event):
    """A custom role has another name from now on; who has it keeps it. `actor` changed it."""

    before: str
    after: str
    actor: Actor


@dataclass(frozen=True, slots=True)
class RoleDeleted(Event):
    """A custom role is about to be removed; it still stands while the handlers run, which may refuse."""

    name: str


def role_key(name: str) -> str:
    """Return by what names of roles are compared, so that no two of them look alike."""
    return " ".join(name.casefold().split())


def built_in(name: str) -> bool:
    """Tell whether a built-in role has this name, however it is written."""
    return role_key(name) in {role_key(role) for role in ROLES}
