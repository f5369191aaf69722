"""The people and groups of the org."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from homeport_simulators.okta.ids import Ids

EVERYONE = "Everyone"


class Status(StrEnum):
    """A user's state in Okta; only ACTIVE may sign in."""

    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    DEPROVISIONED = "DEPROVISIONED"
    LOCKED_OUT = "LOCKED_OUT"


@dataclass(kw_only=True)
class User:
    """A person; `id` is the `sub` of their tokens, while login and e-mail may change."""

    id: str
    login: str
    email: str
    password: str
    first_name: str
    last_name: str
    updated_at: datetime
    email_verified: bool = True
    status: Status = Status.ACTIVE
    claims: dict[str, Any] = field(default_factory=dict)

    @property
    def display_name(self) -> str:
        """The name a page or the `name` claim shows."""
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(kw_only=True)
class Group:
    """A named set of user ids."""

    id: str
    name: str
    description: str = ""
    members: set[str] = field(default_factory=set)


class Directory:
    """All users and groups, by id."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self.users: dict[str, User] = {}
        self.groups: dict[str, Group] = {}

    def add_user(self, *, now: datetime, password: str, profile: Mapping[str, Any]) -> User:
        """Add a user from its profile (`login` at least; the rest has defaults) and return it."""
        login = profile["login"]
        first, _, last = login.partition("@")[0].partition(".")
        user = User(
            id=profile.get("id") or self._ids.okta_id("00u"),
            login=login,
            email=profile.get("email", login),
            password=password,
            first_name=profile.get("first_name", first.title()),
            last_name=profile.get("last_name", last.title()),
            updated_at=now,
            email_verified=profile.get("email_verified", True),
            status=Status(profile.get("status", Status.ACTIVE)),
            claims=dict(profile.get("claims", {})),
        )
        self.users[user.id] = user
        return user

    def add_group(self, name: str, *, description: str = "", members: set[str] | None = None) -> Group:
        """Add a group and return it."""
        group = Group(id=self._ids.okta_id("00g"), name=name, description=description, members=members or set())
        self.groups[group.id] = group
        return group

    def find_user(self, key: str) -> User | None:
        """Return the user with this id or login; a login is compared without regard to case, as Okta does."""
        if user := self.users.get(key):
            return user
        return next((user for user in self.users.values() if user.login.lower() == key.strip().lower()), None)

    def find_group(self, key: str) -> Group | None:
        """Return the group with this id or name."""
        return self.groups.get(key) or next((group for group in self.groups.values() if group.name == key), None)

    def authenticate(self, login: str, password: str) -> User | None:
        """Return the ACTIVE user with this login and password, else nothing."""
        user = self.find_user(login)
        if user is None or not hmac.compare_digest(user.password.encode(), password.encode()):
            return None
        return user if user.status is Status.ACTIVE else None

    def groups_of(self, user: User) -> list[str]:
        """Return the names of a user's groups, sorted; Okta sends names, not ids."""
        return sorted(group.name for group in self.groups.values() if user.id in group.members)

    def set_groups(self, user: User, names: list[str]) -> None:
        """Make the user a member of exactly these groups, adding new ones; `Everyone`, if there is one, nobody can leave."""
        for group in self.groups.values():
            group.members.discard(user.id)
        everyone = [EVERYONE] if self.find_group(EVERYONE) else []
        for name in [*names, *everyone]:
            group = self.find_group(name) or self.add_group(name)
            group.members.add(user.id)

    def remove_user(self, user: User) -> None:
        """Forget a user and their memberships."""
        del self.users[user.id]
        for group in self.groups.values():
            group.members.discard(user.id)
