"""The roles and the one table of what each of them may do. The reference page and the test over all routes come from it."""

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
}
"""Each permission and the letters of the roles that have it. A new permission needs a line here; nobody has it otherwise."""

ROLES: dict[str, frozenset[Permission]] = {
    name: frozenset(permission for permission, letters in MATRIX.items() if letter in letters) for letter, name in LETTERS.items()
}
"""Every role and what it may do, in the order in which a form offers them."""
