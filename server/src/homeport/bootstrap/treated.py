"""How a restore treats each table when the database that is replaced can be read. A test fails while a table stands nowhere here.

One sentence decides: whoever and whatever was kept out just before the restore is kept out after it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Table

from homeport.channels.apple.authority.acme.tables import acme_nonces
from homeport.channels.linux.tables import help_desk_keys
from homeport.directory.admins.tables import (
    administrator_factors,
    administrators,
    api_keys,
    recovery_codes,
    service_account_keys,
    service_accounts,
)
from homeport.directory.devices.tables import devices
from homeport.directory.people.tables import users
from homeport.trust.access.tables import device_browsers
from homeport.trust.issuer.tables import access_tokens, device_authorizations, seen_jtis
from homeport.trust.signin.passkeys.tables import admin_passkeys, passkey_ceremonies, user_passkeys
from homeport.trust.signin.password.tables import (
    admin_challenges,
    admin_sessions,
    known_browsers,
    signin_throttles,
    user_browsers,
    user_challenges,
    user_sessions,
)
from homeport.trust.signin.person.tables import earlier_passwords, user_factors, user_passwords, user_recovery_codes


@dataclass(frozen=True, slots=True)
class Removable:
    """Ways in whose row disappears when somebody takes one away: gone in the newer database, gone after the restore."""

    table: Table
    said: str


@dataclass(frozen=True, slots=True)
class Proofs:
    """By what each owner proves who they are: `tables`, each with its owner's column, and `columns` of the owner's own row.

    They stand after the restore as in the newer database; `born` is since when an owner exists. What says nothing is not counted.
    """

    owners: Table
    tables: Sequence[tuple[Table, str]]
    columns: Sequence[str] = ()
    said: str = ""
    born: str = "created_at"


REMOVABLE: Sequence[Removable] = (
    Removable(api_keys, "API keys deleted since"),
    Removable(service_account_keys, "keys of service accounts revoked since"),
    Removable(service_accounts, "service accounts deleted since"),
    Removable(admin_passkeys, "passkeys of administrators removed since"),
    Removable(user_passkeys, "passkeys of people removed since"),
    Removable(administrators, "administrators deleted since"),
)
"""Keys stand before their owners, so that each is counted."""

PROOFS: Sequence[Proofs] = (
    Proofs(
        administrators,
        ((administrator_factors, "administrator_id"), (recovery_codes, "administrator_id")),
        ("password_hash", "factor_since"),
        "administrators whose password or second factor changed, or who used a code, since",
    ),
    Proofs(
        users,
        (
            (user_passwords, "user_id"),
            (earlier_passwords, "user_id"),
            (user_factors, "user_id"),
            (user_recovery_codes, "user_id"),
        ),
        said="people whose password or second factor changed, or who used a code, since",
    ),
    Proofs(administrators, ((known_browsers, "owner_id"),)),
    Proofs(users, ((user_browsers, "owner_id"),)),
    Proofs(devices, ((help_desk_keys, "device_id"),), born="enrolled_at"),
)

AS_NEWER: Sequence[Table] = (signin_throttles, seen_jtis)
"""Guesses that were counted and proofs that were used up: they stand as in the newer database."""

ENDED: Sequence[Table] = (
    admin_sessions,
    admin_challenges,
    user_sessions,
    user_challenges,
    device_authorizations,
    access_tokens,
    device_browsers,
    passkey_ceremonies,
    acme_nonces,
)
"""What lasts for minutes or hours: a restore empties these tables, whatever the newer database says."""

BY_A_RULE_OF_ITS_OWN: Mapping[str, str] = {
    "administrators": "suspended since stays suspended; a role that allows less, and API access that was switched off, stay",
    "service_accounts": "suspended since stays suspended; a role that allows less stays",
    "roles": "a custom role allows only what both databases allow",
    "apple_certificates": "revoked since stays revoked",
    "enrollment_keys": "revoked since stays revoked, and uses stay counted",
    "federated_identities": "removed since stays removed, also what was made since",
    "users": "suspended or deleted since comes back suspended",
    "devices": "deleted since stays deleted, limited since stays limited",
    "device_groups": "limited since stays limited",
    "assignments": "taken back since does not return",
    "device_policies": "the stricter word stays",
    "provisioning_settings": "the stricter word stays",
    "unix_ids": "given out since stays given out",
    "bindings": "made since stays, and a newer state that restricts stays",
    "sign_ins": "open ones end; those from which a kept account comes stay",
    "administrator_links": "unused ones are removed",
    "password_links": "unused ones are removed",
    "apple_challenges": "unused ones are over",
    "acme_orders": "those that are not fulfilled are over",
    "apple_enrollments": "those that did not come to a certificate are over",
    "order_epoch": "raised above both",
    "orders": "those that wait are withdrawn; each account is ordered anew",
    "audit_batches": "a signed batch names the gap",
}

AS_BACKED_UP: Mapping[str, Sequence[str]] = {
    "the server's own key, which no restore changes while the installation is the same": ("order_keys", "apple_authority"),
    "a secret towards others, who judge it": (
        "identity_providers",
        "client_secret_answers",
        "mail_server",
        "event_destinations",
        "apple_ade_servers",
        "apple_push",
    ),
    "only the public key of an ACME client, which earns nothing without an order": ("acme_accounts",),
    "a setting or a rule": (
        "access_policies",
        "access_defaults",
        "ip_lists",
        "password_rules",
        "enrollment_settings",
        "apple_settings",
        "provisioning_group_rules",
    ),
    "who and what belongs together": ("user_groups", "user_group_members", "device_group_members"),
    "a record or work that opens nothing; links in unsent mail have ended": (
        "apple_macs",
        "apple_ade_devices",
        "apple_orders",
        "apple_commands",
        "audit_entries",
        "audit_export_parts",
        "device_notices",
        "jobs",
        "key_snapshots",
        "mail_messages",
        "provider_fetches",
        "rate_limits",
        "sign_in_steps",
        "user_imports",
        "user_import_chunks",
        "user_import_refusals",
    ),
}
"""Tables that come back as they were, by why that lets nobody in who was kept out by a credential."""


def named() -> frozenset[str]:
    """Return every table that this file says something of."""
    ruled = [one.table.name for one in REMOVABLE] + [table.name for one in PROOFS for table, _ in one.tables]
    whole = [table.name for table in (*AS_NEWER, *ENDED)]
    return frozenset([*ruled, *whole, *BY_A_RULE_OF_ITS_OWN, *(name for names in AS_BACKED_UP.values() for name in names)])
