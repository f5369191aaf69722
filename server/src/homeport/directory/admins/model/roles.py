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

MEANS = {
    Permission.USERS_READ: "See users, how they sign in, and where they have accounts.",
    Permission.USERS_WRITE: "Add, import, change and delete users, and say who manages their password.",
    Permission.USERS_STATE: "Activate and suspend users, and end their sessions in the user portal.",
    Permission.GROUPS_READ: "See user groups and device groups, and who and what is in them.",
    Permission.GROUPS_WRITE: "Make, change and delete groups of both kinds, their members, and who may sign in on the devices of a group.",
    Permission.DEVICES_READ: "See devices, their accounts and orders, and enrolment keys without their secret.",
    Permission.DEVICES_WRITE: "Approve, rename and delete devices, take accounts away from them, and say who may sign in on one.",
    Permission.DEVICES_UNLOCK: "Read out a help-desk code for somebody locked out of a device without a network.",
    Permission.ENROLLMENT_KEYS_WRITE: "Make and revoke the keys with which devices join.",
    Permission.PASSCODES_RESET: "Have a device forget somebody's local passcode.",
    Permission.PASSWORDS_RESET: "Make and send one-time links to the user portal, and let directory passwords expire.",
    Permission.FACTORS_RESET: "Remove the second factor or the passkeys of somebody who lost them.",
    Permission.IDENTITY_PROVIDERS_READ: "See the identity provider and its health, never a secret.",
    Permission.IDENTITY_PROVIDERS_WRITE: "Add, change and delete the identity provider and its client secrets.",
    Permission.PROVISIONING_READ: "See on which systems people may make their accounts, and what they get.",
    Permission.PROVISIONING_WRITE: "Change on which systems people may make their accounts, what they get, and how strict ssh and sudo are.",
    Permission.LINKS_WRITE: "Remove the link between a user and their identity at the provider, and allow a new one.",
    Permission.MAIL_READ: "See the mail server without its password, and what became of each mail.",
    Permission.MAIL_WRITE: "Change the mail server and send a test.",
    Permission.SIGNINS_READ: "See every sign-in with its steps.",
    Permission.AUDIT_READ: "See, search and export Directory Events, and see event destinations.",
    Permission.AUDIT_WRITE: "Add, change, pause and delete event destinations.",
    Permission.ADMINISTRATORS_READ: "See administrators, roles and service accounts.",
    Permission.ADMINISTRATORS_WRITE: "Invite, change, suspend and delete administrators; change roles, service accounts and their keys.",
    Permission.API_KEYS_OWN: "Make API keys of one's own, where API access is switched on for one.",
    Permission.ACCESS_POLICIES_READ: "See access policies, IP lists and password rules, and ask the simulator.",
    Permission.ACCESS_POLICIES_WRITE: "Change access policies, IP lists, the defaults of the portals and password rules.",
    Permission.APPLE_READ: "See Apple Business Manager, its inventory, the push certificate and the settings of Macs.",
    Permission.APPLE_WRITE: "Connect Apple Business Manager, change the settings of Macs, block serial numbers, take an account as somebody's.",
    Permission.APPLE_ERASE: "Lock and erase Macs, and read their PINs and the managed administrator's password.",
}
"""What a permission opens, in the words of the form that gives it and of the reference."""

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
