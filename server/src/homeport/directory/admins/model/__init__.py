"""Administrators, roles, one-time links, API keys, and the rule for passwords."""

from homeport.directory.admins.model.administrators import (
    INVITATION_LIFETIME,
    LINK_LIFETIME,
    Administrator,
    AdministratorChanged,
    AdministratorDeleted,
    AdministratorLink,
    AdministratorPasswordChanged,
    actor_of,
)
from homeport.directory.admins.model.api_keys import (
    KEY_DAYS,
    LONGEST_KEY_DAYS,
    ApiKey,
    KeyCheck,
    key_text,
    parse_key_text,
    parse_networks,
)
from homeport.directory.admins.model.passwords import LONGEST_PASSWORD, SHORTEST_PASSWORD, normal_password, password_problem
from homeport.directory.admins.model.roles import ABOUT, ADMINISTRATOR, BILLING, HELP_DESK, MANAGER, MATRIX, READ_ONLY, ROLES

__all__ = [
    "ABOUT",
    "ADMINISTRATOR",
    "BILLING",
    "HELP_DESK",
    "INVITATION_LIFETIME",
    "KEY_DAYS",
    "LINK_LIFETIME",
    "LONGEST_KEY_DAYS",
    "LONGEST_PASSWORD",
    "MANAGER",
    "MATRIX",
    "READ_ONLY",
    "ROLES",
    "SHORTEST_PASSWORD",
    "Administrator",
    "AdministratorChanged",
    "AdministratorDeleted",
    "AdministratorLink",
    "AdministratorPasswordChanged",
    "ApiKey",
    "KeyCheck",
    "actor_of",
    "key_text",
    "normal_password",
    "parse_key_text",
    "parse_networks",
    "password_problem",
]
