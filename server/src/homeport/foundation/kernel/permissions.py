"""What an actor may do. Which role has which of these says the one table in `directory.admins.model.roles`."""

from enum import StrEnum


class Permission(StrEnum):
    """One thing that can be allowed."""

    USERS_READ = "users:read"
    USERS_WRITE = "users:write"
    USERS_STATE = "users:state"
    GROUPS_READ = "groups:read"
    GROUPS_WRITE = "groups:write"
    DEVICES_READ = "devices:read"
    DEVICES_WRITE = "devices:write"
    DEVICES_UNLOCK = "devices:unlock"
    ENROLLMENT_KEYS_WRITE = "enrollment_keys:write"
    PASSCODES_RESET = "passcodes:reset"
    PASSWORDS_RESET = "passwords:reset"
    FACTORS_RESET = "factors:reset"
    IDENTITY_PROVIDERS_READ = "identity_providers:read"
    IDENTITY_PROVIDERS_WRITE = "identity_providers:write"
    PROVISIONING_READ = "provisioning:read"
    PROVISIONING_WRITE = "provisioning:write"
    LINKS_WRITE = "federated_identities:write"
    MAIL_READ = "mail:read"
    MAIL_WRITE = "mail:write"
    SIGNINS_READ = "signins:read"
    AUDIT_READ = "audit:read"
    ADMINISTRATORS_READ = "administrators:read"
    ADMINISTRATORS_WRITE = "administrators:write"
    API_KEYS_OWN = "api_keys:own"
    ACCESS_POLICIES_READ = "access_policies:read"
    ACCESS_POLICIES_WRITE = "access_policies:write"
