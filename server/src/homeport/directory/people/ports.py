"""What the actions on users and user groups need."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from homeport.directory.people.model import User, UserGroup
from homeport.foundation.kernel.listing import Listing, Page


class UserStore(Protocol):
    """Keeps users. Both user name and e-mail address are unique; `add` and `save` raise Conflict otherwise."""

    def add(self, user: User) -> None:
        """Store a new user."""
        ...

    def get(self, user_id: str) -> User | None:
        """Return a user."""
        ...

    def get_all(self, user_ids: Collection[str]) -> Sequence[User]:
        """Return those of these users who exist, by user name."""
        ...

    def get_for_update(self, user_id: str) -> User | None:
        """Return a user and keep others from changing them until the unit of work ends."""
        ...

    def find_by_email(self, email: str) -> User | None:
        """Return the user with exactly this lower-case address."""
        ...

    def group_names_of(self, user_id: str) -> Sequence[str]:
        """Return the names of the groups that the user belongs to."""
        ...

    def search(self, listing: Listing) -> Page[User]:
        """Return the users that match, by user name unless the listing says otherwise."""
        ...

    def save(self, user: User) -> None:
        """Store a changed user."""
        ...

    def remove(self, user_id: str) -> None:
        """Remove a user, also from all groups."""
        ...


class UserUsage(Protocol):
    """Tells what hangs on a user; answered by a higher slice."""

    def count_bindings(self, user_id: str) -> int:
        """Return on how many devices the user has an account."""
        ...

    def count_bindings_of_all(self, user_ids: Collection[str]) -> int:
        """Return how many accounts on devices these users have together."""
        ...

    def unix_ids(self, user_ids: Collection[str]) -> Mapping[str, int]:
        """Return the uid on Linux devices of those users who have one."""
        ...


class UserGroupStore(Protocol):
    """Keeps user groups and who belongs to them. A name is unique ignoring case; `add` and `save` raise Conflict otherwise."""

    def add(self, group: UserGroup) -> None:
        """Store a new group."""
        ...

    def get(self, group_id: str) -> UserGroup | None:
        """Return a group."""
        ...

    def get_for_update(self, group_id: str) -> UserGroup | None:
        """Return a group and keep others from changing it or its members until the unit of work ends."""
        ...

    def get_all(self, group_ids: Collection[str]) -> Sequence[UserGroup]:
        """Return those of these groups that exist, by name."""
        ...

    def find_by_names(self, names: Collection[str]) -> Sequence[UserGroup]:
        """Return the groups that have one of these names, ignoring case."""
        ...

    def search(self, listing: Listing) -> Page[UserGroup]:
        """Return the groups that match, by name unless the listing says otherwise."""
        ...

    def save(self, group: UserGroup) -> None:
        """Store a changed group."""
        ...

    def remove(self, group_id: str) -> None:
        """Remove a group and all its memberships."""
        ...

    def count_members(self, group_ids: Collection[str]) -> Mapping[str, int]:
        """Return how many users each of these groups has."""
        ...

    def search_members(self, group_id: str, listing: Listing) -> Page[User]:
        """Return the members that match, by user name unless the listing says otherwise."""
        ...

    def groups_of(self, user_id: str) -> Sequence[UserGroup]:
        """Return the groups that the user belongs to, by name."""
        ...

    def group_ids_of(self, user_id: str) -> frozenset[str]:
        """Return the ids of the groups that the user belongs to."""
        ...

    def which_belong(self, group_id: str, user_ids: Collection[str]) -> frozenset[str]:
        """Return those of these users who belong to the group."""
        ...

    def add_members(self, group_id: str, user_ids: Collection[str], moment: datetime) -> Sequence[User]:
        """Add users; return those who did not belong to the group before. Ids that name no user are left out."""
        ...

    def remove_members(self, group_id: str, user_ids: Collection[str]) -> Sequence[User]:
        """Remove users; return those who belonged to the group before."""
        ...
