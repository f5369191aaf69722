"""What the actions on administrators need."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from homeport.directory.admins.model import AccountKey, Administrator, AdministratorLink, ApiKey, Factor, Role, ServiceAccount
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.listing import Listing, Page


class AdministratorStore(Protocol):
    """Keeps administrators; the e-mail address is unique and `add` raises Conflict otherwise."""

    def add(self, administrator: Administrator) -> None:
        """Store a new administrator."""
        ...

    def get(self, administrator_id: str) -> Administrator | None:
        """Return an administrator."""
        ...

    def get_for_update(self, administrator_id: str) -> Administrator | None:
        """Return an administrator and keep others from changing them until the unit of work ends."""
        ...

    def find_by_email(self, email: str) -> Administrator | None:
        """Return the administrator with exactly this lower-case address."""
        ...

    def hold_role(self, role: str) -> Sequence[str]:
        """Return the ids of all with this role who are not suspended, and keep others from changing any until the unit of work ends."""
        ...

    def search(self, listing: Listing) -> Page[Administrator]:
        """Return the administrators that match, by e-mail address unless the listing says otherwise."""
        ...

    def save(self, administrator: Administrator) -> None:
        """Store a changed administrator."""
        ...

    def remove(self, administrator_id: str) -> None:
        """Remove an administrator, and their API keys with them."""
        ...


class WayIn(Protocol):
    """Keeps the last way into the admin portal open; answered by a higher slice."""

    def require_way_in(self, actor: Actor) -> None:
        """Raise Conflict when, after the change just made, nobody with Billing could sign in from where the actor is."""
        ...


class LinkStore(Protocol):
    """Keeps one-time links."""

    def add(self, link: AdministratorLink) -> None:
        """Store a new link."""
        ...

    def find(self, token_hash: str) -> AdministratorLink | None:
        """Return the link whose token has this hash."""
        ...

    def find_for_update(self, token_hash: str) -> AdministratorLink | None:
        """Return the link, and keep others from using it until the unit of work ends."""
        ...

    def mark_used(self, link_id: str, at: datetime) -> None:
        """Note that the link was used."""
        ...

    def open_invitations(self, now: datetime) -> Sequence[AdministratorLink]:
        """Return the invitations that can still be used, the newest first."""
        ...

    def get_for_update(self, link_id: str) -> AdministratorLink | None:
        """Return a link by its id, and keep others from using it until the unit of work ends."""
        ...

    def of_role(self, role: str, now: datetime) -> Sequence[str]:
        """Return for whom there are invitations into this role that can still be used."""
        ...

    def revoke_for(self, email: str, at: datetime) -> int:
        """Make the unused invitations of an address worthless; return how many."""
        ...

    def revoke_made_by(self, administrator_id: str, at: datetime) -> int:
        """Make the unused links worthless that this administrator made, also with a key; return how many."""
        ...


class RoleStore(Protocol):
    """Keeps custom roles; no two names look alike, and `add` and `save` raise Conflict otherwise."""

    def all(self) -> Sequence[Role]:
        """Return every custom role by name."""
        ...

    def hold_all(self) -> int:
        """Keep others from adding or changing roles until the unit of work ends; return how many there are."""
        ...

    def get(self, role_id: str) -> Role | None:
        """Return a role."""
        ...

    def get_for_update(self, role_id: str) -> Role | None:
        """Return a role and keep others from changing, giving or deleting it until the unit of work ends."""
        ...

    def hold_named(self, name: str) -> Role | None:
        """Return the role of exactly this name and keep others from changing or deleting it until the unit of work ends."""
        ...

    def add(self, role: Role) -> None:
        """Store a new role."""
        ...

    def save(self, role: Role, name_before: str) -> None:
        """Store a changed role; who had it under its earlier name has it under the new one."""
        ...

    def remove(self, role_id: str) -> None:
        """Remove a role."""
        ...

    def administrators_with(self, role: str) -> Sequence[str]:
        """Return the addresses of the administrators who have this role."""
        ...

    def accounts_with(self, role: str) -> Sequence[str]:
        """Return the names of the service accounts that have this role."""
        ...


class ServiceAccountStore(Protocol):
    """Keeps service accounts and their keys; the name is unique, and `add` and `save` raise Conflict otherwise."""

    def add(self, account: ServiceAccount) -> None:
        """Store a new account."""
        ...

    def get(self, account_id: str) -> ServiceAccount | None:
        """Return an account."""
        ...

    def get_for_update(self, account_id: str) -> ServiceAccount | None:
        """Return an account and keep others from changing it until the unit of work ends."""
        ...

    def search(self, listing: Listing) -> Page[ServiceAccount]:
        """Return the accounts that match, by name unless the listing says otherwise."""
        ...

    def save(self, account: ServiceAccount) -> None:
        """Store a changed account."""
        ...

    def remove(self, account_id: str) -> None:
        """Remove an account, and its keys with it."""
        ...

    def add_key(self, key: AccountKey) -> None:
        """Store a new key."""
        ...

    def get_key(self, key_id: str) -> AccountKey | None:
        """Return a key."""
        ...

    def keys_of(self, account_id: str) -> Sequence[AccountKey]:
        """Return an account's keys, the newest first."""
        ...

    def touch_key(self, key_id: str, at: datetime) -> None:
        """Note when the key was last used."""
        ...

    def touch_key_refused(self, key_id: str, at: datetime) -> None:
        """Note when the key was last refused although its secret was right."""
        ...

    def remove_key(self, key_id: str) -> None:
        """Remove a key."""
        ...


class FactorStore(Protocol):
    """Keeps second factors, at most one for each person, and their recovery codes."""

    def get_for_update(self, owner_id: str) -> Factor | None:
        """Return somebody's factor and keep others from it until the unit of work ends."""
        ...

    def put(self, factor: Factor) -> None:
        """Store a factor in the place of the present one, if there is one."""
        ...

    def remove(self, owner_id: str) -> None:
        """Remove factor and recovery codes."""
        ...

    def replace_codes(self, owner_id: str, hashes: Sequence[str]) -> None:
        """Store recovery codes in the place of the present ones."""
        ...

    def use_code(self, owner_id: str, code_hash: str) -> bool:
        """Remove a recovery code; tell whether it was there, to one caller only."""
        ...

    def count_codes(self, owner_id: str) -> int:
        """Return how many recovery codes are left."""
        ...


class ApiKeyStore(Protocol):
    """Keeps API keys."""

    def add(self, key: ApiKey) -> None:
        """Store a new key."""
        ...

    def get(self, key_id: str) -> ApiKey | None:
        """Return a key."""
        ...

    def of_administrator(self, administrator_id: str) -> Sequence[ApiKey]:
        """Return an administrator's keys, the newest first."""
        ...

    def search_own(self, administrator_id: str, listing: Listing) -> Page[ApiKey]:
        """Return an administrator's keys that match, the newest first unless the listing says otherwise."""
        ...

    def get_for_update(self, key_id: str) -> ApiKey | None:
        """Return a key and keep others from changing it until the unit of work ends."""
        ...

    def rename(self, key_id: str, name: str, version: int) -> None:
        """Store another name and the version that it makes."""
        ...

    def touch(self, key_id: str, at: datetime) -> None:
        """Note when the key was last used."""
        ...

    def touch_refused(self, key_id: str, at: datetime) -> None:
        """Note when the key was last refused although its secret was right."""
        ...

    def remove(self, key_id: str) -> Sequence[ApiKey]:
        """Remove a key, then those that were made with it and those made with them; return the latter."""
        ...


class PasswordHasher(Protocol):
    """Hashes passwords slowly. Passwords come in as they were typed; the hasher normalizes them."""

    def hash(self, password: str) -> str:
        """Return a salted hash that says how it was made."""
        ...

    def verify(self, password_hash: str, password: str) -> bool:
        """Tell whether the password is right. An empty hash takes as long as a real one and is never right."""
        ...

    def outdated(self, password_hash: str) -> bool:
        """Tell whether the hash was made with weaker parameters than today's."""
        ...
