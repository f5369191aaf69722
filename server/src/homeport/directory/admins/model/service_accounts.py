"""Service accounts: actors of programs, with keys and a role, without a password and without the portal."""

from dataclasses import dataclass, field
from datetime import datetime

from homeport.directory.admins.model.api_keys import ACCOUNT_KEY_PREFIX, NOTED_EVERY, within
from homeport.directory.admins.model.roles import ROLES
from homeport.foundation.kernel.actor import Actor, ActorKind, Origin
from homeport.foundation.kernel.permissions import Permission


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """Something that acts through the REST API by itself. `version` counts changes."""

    id: str
    name: str
    description: str
    role: str
    version: int
    created_at: datetime
    updated_at: datetime
    suspended_at: datetime | None = None
    """Since when its keys are refused; None while they count."""
    custom_permissions: frozenset[Permission] = frozenset()
    """What the custom role of this name has at this moment; not stored here."""

    @property
    def permissions(self) -> frozenset[Permission]:
        """Return what it may do at this moment."""
        return frozenset() if self.suspended_at else ROLES.get(self.role, self.custom_permissions)


@dataclass(frozen=True, slots=True)
class AccountKey:
    """A key of a service account. Its text is `hps_<id>_<secret>`; only the secret's hash is kept."""

    id: str
    account_id: str
    name: str
    secret_hash: str = field(repr=False)
    networks: tuple[str, ...]
    """Addresses from which it works, as CIDR; empty means from everywhere."""
    created_by: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = None
    last_refused_at: datetime | None = None
    """When the right secret was last refused: expired, from a wrong address, or with the account suspended."""

    @property
    def shown_prefix(self) -> str:
        """Return the part of the key's text that is no secret."""
        return f"{ACCOUNT_KEY_PREFIX}_{self.id.replace('-', '')}"

    def allows(self, address: str) -> bool:
        """Tell whether a request from this address may use the key."""
        return within(self.networks, address)


@dataclass(frozen=True, slots=True)
class AccountKeyCheck:
    """What looking at a key's text found: whose it is, and why it was refused, if it was."""

    key: AccountKey | None = None
    account: ServiceAccount | None = None
    refusal: str = ""

    def to_note(self, now: datetime) -> bool:
        """Tell whether something should be stored: a use or a refusal that was not noted lately."""
        if self.key is None:
            return False
        noted_at = self.key.last_refused_at if self.refusal else self.key.last_used_at
        return noted_at is None or now - noted_at > NOTED_EVERY


def actor_of_account(account: ServiceAccount, origin: Origin, key: AccountKey | None = None) -> Actor:
    """Return the service account as an actor; its name says with which key it acts."""
    return Actor(
        ActorKind.SERVICE_ACCOUNT,
        account.id,
        f"{account.name} (key {key.name})" if key else account.name,
        account.permissions,
        role=account.role,
        origin=origin,
        key_id=key.id if key else "",
    )
