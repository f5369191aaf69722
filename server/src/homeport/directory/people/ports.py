"""What the actions on users and user groups need."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from homeport.directory.people.model import PasswordFacts, User, UserGroup
from homeport.directory.people.model.imports import Refused, UserImport
from homeport.foundation.kernel.actor import Actor
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

    def hold(self, user_ids: Collection[str]) -> None:
        """Keep others from changing these users until the unit of work ends; they are taken in the order of their ids."""
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

    def count_unlockable(self, user_ids: Collection[str]) -> int:
        """Return how many of these are on Macs without an agent: MDM locks whole Macs, never one account."""
        ...

    def unix_ids(self, user_ids: Collection[str]) -> Mapping[str, int]:
        """Return the uid on Linux devices of those users who have one."""
        ...


class PasswordsOfUsers(Protocol):
    """Tells of users' passwords, and says who manages them; answered by a higher slice."""

    def facts(self, user_ids: Collection[str]) -> Mapping[str, PasswordFacts]:
        """Return the facts of those of these users of whom there are some."""
        ...

    def manage(self, actor: Actor, user_id: str, authority: str) -> object:
        """Say who manages a user's password: one of AUTHORITIES, or nothing for this directory."""
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

    def names_of(self, user_ids: Collection[str]) -> Mapping[str, Sequence[str]]:
        """Return the names of the groups of each of these users who has some."""
        ...

    def add_members(self, group_id: str, user_ids: Collection[str], moment: datetime) -> Sequence[User]:
        """Add users; return those who did not belong to the group before. Ids that name no user are left out."""
        ...

    def remove_members(self, group_id: str, user_ids: Collection[str]) -> Sequence[User]:
        """Remove users; return those who belonged to the group before."""
        ...


class ImportStore(Protocol):
    """Keeps uploaded files of users, what was refused of them, and takes many users at once."""

    def add(self, one: UserImport) -> None:
        """Store a new import."""
        ...

    def get(self, import_id: str) -> UserImport | None:
        """Return an import."""
        ...

    def get_for_update(self, import_id: str) -> UserImport | None:
        """Return an import and keep others from changing it until the unit of work ends."""
        ...

    def save(self, one: UserImport) -> None:
        """Store a changed import."""
        ...

    def remove_before(self, moment: datetime) -> None:
        """Forget imports that were uploaded before the moment, with their files."""
        ...

    def append(self, import_id: str, number: int, content: bytes) -> None:
        """Store a part of the file."""
        ...

    def chunk(self, import_id: str, number: int) -> bytes | None:
        """Return a part of the file; None after the last."""
        ...

    def drop_file(self, import_id: str) -> None:
        """Forget the file, once all of it was taken."""
        ...

    def forget_refusals(self, import_id: str) -> None:
        """Forget what the last check or run refused."""
        ...

    def refuse(self, import_id: str, refused: Sequence[Refused]) -> None:
        """Store refused rows."""
        ...

    def refusals(self, import_id: str, after: int, limit: int) -> Sequence[Refused]:
        """Return refused rows after a line."""
        ...

    def find_users(self, emails: Collection[str], usernames: Collection[str]) -> Sequence[User]:
        """Return the users with one of these addresses or names, and hold them."""
        ...

    def add_users(self, new: Sequence[User]) -> None:
        """Store many new users; raise Conflict when one of them was added by somebody else at this moment."""
        ...

    def save_users(self, changed: Sequence[User]) -> None:
        """Store many changed users, who are held; raise Conflict when an address was given to somebody else at this moment."""
        ...

    def memberships(self, user_ids: Collection[str]) -> frozenset[tuple[str, str]]:
        """Return (group id, user id) of the groups that these users belong to."""
        ...

    def users_after(self, username: str, group: str, state: str, limit: int) -> Sequence[User]:
        """Return the next users by user name, optionally only of a group or a state."""
        ...


class JobHandle(Protocol):
    """A job, with how far it came."""

    @property
    def id(self) -> str:
        """Return its id."""
        ...

    @property
    def done(self) -> int:
        """Return how much of `total` is done."""
        ...

    @property
    def total(self) -> int:
        """Return how much there is to do; 0 while nobody knows."""
        ...

    @property
    def payload(self) -> Mapping[str, Any]:
        """Return what it was added with."""
        ...

    @property
    def result(self) -> Mapping[str, Any]:
        """Return what it counted so far."""
        ...


class Outbox(Protocol):
    """Keeps work for later."""

    def add(self, kind: str, payload: Mapping[str, Any]) -> JobHandle:
        """Store a job that is due at once."""
        ...

    def get(self, job_id: str) -> JobHandle | None:
        """Return a job."""
        ...
