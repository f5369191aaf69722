"""What can be done with users."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import Change, Resource
from homeport.directory.people import model
from homeport.directory.people.model import (
    FIELDS,
    OWN_FIELDS,
    PasswordFacts,
    User,
    UserActivated,
    UserDeleted,
    UserEmailChanged,
    UsersChanging,
    UserState,
    UserSuspended,
)
from homeport.directory.people.ports import PasswordsOfUsers, UserStore, UserUsage
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy
from homeport.foundation.kernel.errors import Conflict, Invalid, NotFound, PreconditionFailed
from homeport.foundation.kernel.events import Publisher
from homeport.foundation.kernel.listing import Listing, Page
from homeport.foundation.kernel.permissions import Permission


@dataclass(frozen=True, slots=True)
class People:
    """The users of one unit of work."""

    users: UserStore
    usage: UserUsage
    audit: Audit
    clock: Clock
    entropy: Entropy
    publisher: Publisher
    passwords: PasswordsOfUsers | None = None
    """None where nobody asks about passwords, such as in a tool that only reads names."""

    def list(self, actor: Actor, listing: Listing) -> Page[User]:
        """Return users. Filters and sorting: their fields; `group` filters by the id of a user group."""
        actor.require(Permission.USERS_READ)
        return self.users.search(listing)

    def get(self, actor: Actor, user_id: str) -> User:
        """Return a user; raise NotFound."""
        actor.require(Permission.USERS_READ)
        return _found(self.users.get(user_id))

    def get_for_update(self, actor: Actor, user_id: str) -> User:
        """Return a user whom nobody else can suspend, change or remove until this unit of work ends; raise NotFound."""
        actor.require(Permission.USERS_READ)
        return _found(self.users.get_for_update(user_id))

    def find_by_email(self, actor: Actor, email: str) -> User | None:
        """Return the user with this address, compared in lower case and otherwise exactly."""
        actor.require(Permission.USERS_READ)
        address = model.normal_email(email)
        return None if model.email_problem(address) else self.users.find_by_email(address)

    def count_bindings(self, actor: Actor, user_id: str) -> int:
        """Return on how many devices the user has an account."""
        actor.require(Permission.USERS_READ)
        return self.usage.count_bindings(user_id)

    def count_bindings_of_all(self, actor: Actor, user_ids: Collection[str]) -> int:
        """Return how many accounts on devices these users have together."""
        actor.require(Permission.USERS_READ)
        return self.usage.count_bindings_of_all(user_ids)

    def count_unlockable(self, actor: Actor, user_ids: Collection[str]) -> int:
        """Return how many of these are on Macs without an agent, where suspending a user locks nothing."""
        actor.require(Permission.USERS_READ)
        return self.usage.count_unlockable(user_ids)

    def get_all(self, actor: Actor, user_ids: Collection[str]) -> Sequence[User]:
        """Return those of these users who exist, by user name."""
        actor.require(Permission.USERS_READ)
        return self.users.get_all(user_ids)

    def unix_ids(self, actor: Actor, user_ids: Collection[str]) -> Mapping[str, int]:
        """Return the uid on Linux devices of those users who have one."""
        actor.require(Permission.USERS_READ)
        return self.usage.unix_ids(user_ids)

    def password_facts(self, actor: Actor, user_ids: Collection[str]) -> Mapping[str, PasswordFacts]:
        """Return what there is to tell of the passwords of these users."""
        actor.require(Permission.USERS_READ)
        return self.passwords.facts(user_ids) if self.passwords is not None else {}

    def say_who_manages_password(self, actor: Actor, user_id: str, authority: str) -> None:
        """Say who manages a user's password: one of AUTHORITIES, or nothing for this directory."""
        actor.require(Permission.USERS_WRITE)
        if self.passwords is not None:
            self.passwords.manage(actor, user_id, authority)

    def create(
        self,
        actor: Actor,
        *,
        username: str,
        email: str,
        firstname: str = "",
        lastname: str = "",
        state: UserState = UserState.ACTIVATED,
        details: Mapping[str, str] | None = None,
    ) -> User:
        """Add a user; `details` are some of DETAILS. Raises Invalid for bad input, Conflict for a name or address that is taken."""
        actor.require(Permission.USERS_WRITE)
        now = self.clock.now()
        typed = {**(details or {}), "username": username, "email": email, "firstname": firstname, "lastname": lastname}
        user = User(
            id=self.entropy.new_id(), state=state, version=1, created_at=now, updated_at=now, **model.normal_fields(typed)
        )
        _check(user)
        self.users.add(user)
        changes = [Change(field, None, getattr(user, field)) for field in (*FIELDS, "state") if getattr(user, field)]
        self.audit.record(actor, "user_create", resource=_resource(user), changes=changes)
        return user

    def update(
        self,
        actor: Actor,
        user_id: str,
        *,
        version: int | None = None,
        username: str | None = None,
        email: str | None = None,
        firstname: str | None = None,
        lastname: str | None = None,
        details: Mapping[str, str] | None = None,
    ) -> User:
        """Change what is given and leave the rest.

        Raises PreconditionFailed when `version` is given and is not the present one, Invalid and Conflict as `create` does, and
        Conflict for another user name while the user has accounts on devices, since those keep theirs.
        """
        actor.require(Permission.USERS_WRITE)
        typed = {"username": username, "email": email, "firstname": firstname, "lastname": lastname, **(details or {})}
        return self._changed(actor, user_id, {field: text for field, text in typed.items() if text is not None}, version)

    def update_own(self, actor: Actor, typed: Mapping[str, str], *, version: int | None = None) -> User:
        """Change what a person may change of themselves (`OWN_FIELDS`); raises what `update` raises."""
        # public: one's own
        return self._changed(actor, actor.id, {field: typed[field] for field in OWN_FIELDS if field in typed}, version)

    def _changed(self, actor: Actor, user_id: str, given: Mapping[str, str], version: int | None) -> User:
        before = _expected(_found(self.users.get_for_update(user_id)), version)
        after = replace(before, **model.normal_fields(given))  # type: ignore[arg-type]  # all typed fields are text
        changes = [
            Change(field, getattr(before, field), getattr(after, field))
            for field in FIELDS
            if getattr(before, field) != getattr(after, field)
        ]
        if not changes:
            return before
        _check(after)
        if after.username != before.username and self.usage.count_bindings(user_id):
            raise Conflict(
                f"The user name {before.username} cannot change while {before.full_name} has an account on a device. "
                "Remove the bindings first.",
                reason="username_in_use",
            )
        after = self._save(actor, after, "user_update", changes)
        if after.email != before.email:
            self.publisher.publish(UserEmailChanged(user_id))
        return after

    def change_state(self, actor: Actor, user_id: str, state: UserState, *, version: int | None = None) -> User:
        """Activate or suspend a user; what they already are stays as it is. Nobody goes back to STAGED."""
        actor.require(Permission.USERS_STATE)
        before = _expected(_found(self.users.get_for_update(user_id)), version)
        if state is before.state:
            return before
        if state is UserState.STAGED:
            raise Conflict("A user cannot go back to STAGED. Suspend them instead.", reason="state_not_allowed")
        event_type = "user_activated" if state is UserState.ACTIVATED else "user_suspended"
        after = self._save(actor, replace(before, state=state), event_type, [Change("state", before.state, state)])
        self.publisher.publish(UserActivated(user_id) if state is UserState.ACTIVATED else UserSuspended(user_id))
        return after

    def change_states(self, actor: Actor, user_ids: Collection[str], state: UserState) -> Sequence[User]:
        """Activate or suspend many users; return those who changed. Who does not exist is left out."""
        actor.require(Permission.USERS_STATE)
        present = self.users.get_all(user_ids)
        ids = sorted(user.id for user in present if user.state != state)
        self.hold(ids)
        changed = [self.change_state(actor, user_id, state) for user_id in ids]
        return sorted(changed, key=lambda user: user.username)

    def delete_all(self, actor: Actor, user_ids: Collection[str]) -> Sequence[User]:
        """Remove many users; return who they were. Who does not exist is left out. Needs recent authentication."""
        actor.require(Permission.USERS_WRITE)
        actor.require_recent(self.clock.now())
        present = sorted(user.id for user in self.users.get_all(user_ids))
        self.hold(present)
        return sorted((self.delete(actor, user_id) for user_id in present), key=lambda user: user.username)

    def delete(self, actor: Actor, user_id: str, *, version: int | None = None) -> User:
        """Remove a user after everything that hangs on them was told to let go; return who it was. Needs recent authentication."""
        actor.require(Permission.USERS_WRITE)
        actor.require_recent(self.clock.now())
        user = _expected(_found(self.users.get_for_update(user_id)), version)
        groups = self.users.group_names_of(user_id)
        self.publisher.publish(UserDeleted(user_id))
        self.users.remove(user_id)
        changes = [Change(field, getattr(user, field), None) for field in (*FIELDS, "state") if getattr(user, field)]
        self.audit.record(
            actor, "user_delete", resource=_resource(user), changes=changes, details={"groups": groups} if groups else {}
        )
        return user

    def hold(self, user_ids: Collection[str]) -> None:
        """Hold users, then what hangs on them, before the first of several changes, so that no two wait for each other."""
        # public: it holds and changes nothing
        self.users.hold(user_ids)
        self.publisher.publish(UsersChanging(tuple(user_ids)))

    def _save(self, actor: Actor, user: User, event_type: str, changes: Sequence[Change]) -> User:
        stored = replace(user, version=user.version + 1, updated_at=self.clock.now())
        self.users.save(stored)
        self.audit.record(actor, event_type, resource=_resource(stored), changes=changes)
        return stored


def _found(user: User | None) -> User:
    if user is None:
        raise NotFound("There is no such user. They may have been deleted.")
    return user


def _expected(user: User, version: int | None) -> User:
    if version is not None and version != user.version:
        raise PreconditionFailed(
            f"{user.full_name} was changed by somebody else since you opened the page. Look at the present values and repeat."
        )
    return user


def _check(user: User) -> None:
    fields = model.user_problems(user)
    if fields:
        raise Invalid("The user was not saved: " + " ".join(fields.values()), fields)


def _resource(user: User) -> Resource:
    return Resource("user", user.id, user.username)
