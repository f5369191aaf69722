"""What the actions on people need."""

from typing import Protocol

from homeport.directory.people.model import User
from homeport.foundation.kernel.listing import Listing, Page


class UserStore(Protocol):
    """Keeps users. Both user name and e-mail address are unique; `add` and `save` raise Conflict otherwise."""

    def add(self, user: User) -> None:
        """Store a new user."""
        ...

    def get(self, user_id: str) -> User | None:
        """Return a user."""
        ...

    def get_for_update(self, user_id: str) -> User | None:
        """Return a user and keep others from changing them until the unit of work ends."""
        ...

    def find_by_email(self, email: str) -> User | None:
        """Return the user with exactly this lower-case address."""
        ...

    def search(self, listing: Listing) -> Page[User]:
        """Return the users that match, by user name unless the listing says otherwise."""
        ...

    def save(self, user: User) -> None:
        """Store a changed user."""
        ...

    def remove(self, user_id: str) -> None:
        """Remove a user."""
        ...


class UserUsage(Protocol):
    """Tells what hangs on a user; answered by a higher slice."""

    def count_bindings(self, user_id: str) -> int:
        """Return on how many devices the user has an account."""
        ...
