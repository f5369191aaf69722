"""What the actions on administrators need."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from homeport.directory.admins.model import Administrator, AdministratorLink, ApiKey
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
        """Return the ids of all with this role, and keep others from changing any of them until the unit of work ends."""
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

    def touch(self, key_id: str, at: datetime) -> None:
        """Note when the key was last used."""
        ...

    def touch_refused(self, key_id: str, at: datetime) -> None:
        """Note when the key was last refused although its secret was right."""
        ...

    def remove(self, key_id: str) -> None:
        """Remove a key."""
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
