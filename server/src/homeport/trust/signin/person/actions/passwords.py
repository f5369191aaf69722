"""Setting users' directory passwords: one-time links, one's own change, expiry, and who manages them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from homeport.directory.admins.model import password_problem
from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import Change, Resource
from homeport.directory.people.model import PasswordFacts, User, UserState
from homeport.foundation.kernel.actor import Actor, ActorKind, Origin
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy, hash_token
from homeport.foundation.kernel.errors import Conflict, NotFound, PreconditionFailed
from homeport.foundation.kernel.events import Publisher
from homeport.foundation.kernel.permissions import Permission
from homeport.trust.signin.person.model import (
    Authority,
    DirectoryPassword,
    LinkKind,
    PasswordLink,
    PasswordStatus,
    UserPasswordChanged,
)
from homeport.trust.signin.person.ports import PasswordLinkStore, PasswordStore, PersonStore, RuleStore

DEAD = "This link was used already, has expired, or is not complete. Ask your administrator for a new one."


@dataclass(frozen=True, slots=True)
class Passwords:
    """The passwords of one unit of work."""

    passwords: PasswordStore
    links: PasswordLinkStore
    people: PersonStore
    rules: RuleStore
    audit: Audit
    clock: Clock
    entropy: Entropy
    publisher: Publisher

    def get(self, actor: Actor, user_id: str) -> DirectoryPassword:
        """Return how a user's password stands."""
        actor.require(Permission.USERS_READ)
        return self.present(user_id)

    def get_all(self, actor: Actor, user_ids: Collection[str]) -> Mapping[str, DirectoryPassword]:
        """Return how the passwords of these users stand; a user without a row has none."""
        actor.require(Permission.USERS_READ)
        rules, now = self.rules.get(), self.clock.now()
        found = {one.user_id: rules.applied(one, now) for one in self.passwords.get_all(user_ids)}
        return {user_id: found.get(user_id, DirectoryPassword(user_id)) for user_id in user_ids}

    def facts(self, user_ids: Collection[str]) -> Mapping[str, PasswordFacts]:
        """Return what `directory.people` tells of the passwords of those of these users who have any."""
        # public: asked by actions that have checked their actor
        rules, now = self.rules.get(), self.clock.now()
        found = [rules.applied(one, now) for one in self.passwords.get_all(user_ids)]
        return {
            one.user_id: PasswordFacts(
                one.set_at, one.expired_at is not None, one.factor_since, one.authority.value, rules.expiry_of(one)
            )
            for one in found
        }

    def manage(self, actor: Actor, user_id: str, authority: str) -> DirectoryPassword:
        """Say who manages the password, by the word of the REST API."""
        actor.require(Permission.USERS_WRITE)
        return self.set_authority(actor, user_id, Authority(authority))

    def open_link(self, actor: Actor, user_id: str) -> PasswordLink | None:
        """Return the user's link that can still be used, without its token, which nobody keeps."""
        actor.require(Permission.USERS_READ)
        return self.links.newest_open(user_id, self.clock.now())

    def present(self, user_id: str) -> DirectoryPassword:
        """Return how a password stands at this moment."""
        # public: each request of the portal asks it about its own person
        return self.rules.get().applied(self.passwords.get(user_id), self.clock.now())

    def expiry(self, user_id: str) -> datetime | None:
        """Return when a password has to be changed by its age; None when it need not."""
        # public: shown to oneself and to who may see the user
        return self.rules.get().expiry_of(self.passwords.get(user_id))

    def unwanted(self, user_id: str) -> Sequence[str]:
        """Return the hashes of passwords that cannot be chosen again: an expired one; and where earlier ones count, the present and those."""
        # public: the edge compares them outside any unit of work, since each takes as long as a sign-in
        history, present = self.rules.get().history, self.present(user_id)
        if not history:
            return [present.password_hash] if present.expired_at and present.password_hash else []
        return [one for one in (present.password_hash, *self.rules.earlier(user_id, history)) if one]

    def issue_link(self, actor: Actor, user_id: str) -> tuple[User, LinkKind, str]:
        """Return whom a fresh link is for, its kind, and its token: activation for who has no password yet, else a reset.

        Earlier links of the user are worth nothing from now on. Raises Conflict for a password that is managed elsewhere.
        """
        actor.require(Permission.PASSWORDS_RESET)
        actor.require_recent(self.clock.now())
        user = self._held(user_id)
        if user.state is not UserState.ACTIVATED:
            raise Conflict(
                f"{user.full_name} is {user.state.value}. Activate them first, then make the link.", reason="not_activated"
            )
        return self._issued(actor, user)

    def send_link(self, user: User) -> tuple[LinkKind, str]:
        """Return kind and token of a link that goes by mail to the address of a user who asked for it."""
        # public: it is sent to the user's own address and shown to nobody else
        held = self._held(user.id)
        actor = Actor(ActorKind.USER, held.id, held.username)
        _, kind, token = self._issued(actor, held)
        return kind, token

    def may_have_link(self, user: User) -> bool:
        """Tell whether a user may set a password by a link: activated, and not managed elsewhere."""
        # public: the edge asks it before it sends a mail, and tells nobody the answer
        return user.state is UserState.ACTIVATED and self.passwords.get(user.id).authority is Authority.HOMEPORT

    def look(self, token: str) -> tuple[PasswordLink, User]:
        """Return a link and its user without using it up; raise NotFound when it is unknown, used or over."""
        # public: whoever holds the token may read what its page asks for
        return self._usable(self.links.find(hash_token(token)))

    def problem(self, user: User, password: str) -> str:
        """Return what is wrong with a new password of this user, or an empty string; `unwanted` has the rest."""
        # public: only a rule
        names = {"email": user.email, "firstname": user.firstname, "lastname": user.lastname}
        wrong = password_problem(password, **names, shortest=self.shortest)
        if not wrong and user.username in password.casefold():
            return "The password contains your user name, which is the first thing somebody would try. Choose another."
        return wrong

    @property
    def shortest(self) -> int:
        """How many characters a new password has at least."""
        # public: only a rule
        return self.rules.get().shortest

    def accept_link(self, token: str, password_hash: str, origin: Origin) -> User:
        """Use a link up: store the hash of the new password, which the edge made of one without a `problem`.

        Raises NotFound for a link that cannot be used, and Conflict when another authority took the password over meanwhile.
        """
        # public: the token is the proof
        _, user = self._usable(self.links.find(hash_token(token)))
        self._held(user.id)  # first, as whoever suspends them or corrects their address does, so that no two wait for each other
        link, user = self._usable(self.links.find_for_update(hash_token(token)))
        actor = Actor(ActorKind.USER, user.id, user.username, origin=origin)
        self._store(actor, user, password_hash, "user_password_set", {"link": link.id, "link_made_by": link.created_by})
        self.publisher.publish(UserPasswordChanged(user.id))
        return user

    def change_own(self, actor: Actor, password_hash: str) -> None:
        """Store the hash of one's own new password, which the edge made of one without a `problem`; other sessions end."""
        # public: one's own password; it asks for the present one first
        actor.require_recent(self.clock.now())
        self._store(actor, self._held(actor.id), password_hash, "user_password_change", {})
        self.publisher.publish(UserPasswordChanged(actor.id, actor.session_id))

    def expire(self, actor: Actor, user_id: str) -> DirectoryPassword:
        """Demand another password at the next sign-in, and end the sessions; raise Conflict where there is none to expire."""
        actor.require(Permission.PASSWORDS_RESET)
        user = self._held(user_id)
        before = self._own(user)
        if before.status is PasswordStatus.PENDING:
            raise Conflict(f"{user.full_name} has no password yet, so none can expire.", reason="password_not_set")
        after = replace(before, expired_at=self.clock.now())
        self.passwords.save(after)
        self.audit.record(actor, "user_password_expire", resource=_resource(user))
        self.publisher.publish(UserPasswordChanged(user_id))
        return after

    def set_authority(self, actor: Actor, user_id: str, authority: Authority, *, version: int | None = None) -> DirectoryPassword:
        """Say who manages the password. With another authority the directory password opens nothing and sessions end.

        The hash stays, so that giving the password back to the directory needs no new link.
        """
        actor.require(Permission.USERS_WRITE)
        user = self._held(user_id)
        before = self.passwords.get(user_id)
        if version is not None and version != before.version:
            raise PreconditionFailed(f"Somebody else changed who manages the password of {user.full_name} meanwhile.")
        if before.authority is authority:
            return before
        after = replace(before, authority=authority, version=before.version + 1)
        self.passwords.save(after)
        self.links.end_of(user_id, self.clock.now())
        change = Change("password_authority", before.authority.value, authority.value)
        self.audit.record(actor, "user_password_authority", resource=_resource(user), changes=[change])
        self.publisher.publish(UserPasswordChanged(user_id))
        return after

    def end_links(self, user_id: str) -> None:
        """Make a user's links worthless; for the handlers of a suspension, a deletion and another e-mail address."""
        # public: called inside the unit of work of an action that was allowed
        self.links.end_of(user_id, self.clock.now())

    def _issued(self, actor: Actor, user: User) -> tuple[User, LinkKind, str]:
        before = self._own(user)
        kind = LinkKind.ACTIVATION if before.status is PasswordStatus.PENDING else LinkKind.RESET
        now, token = self.clock.now(), self.entropy.token()
        self.links.end_of(user.id, now)
        link = PasswordLink(self.entropy.new_id(), hash_token(token), user.id, kind, actor.name[:255], now, now + kind.lifetime)
        self.links.add(link)
        details = {"kind": kind.value, "link": link.id, "expires_at": link.expires_at.isoformat()}
        self.audit.record(actor, "user_password_link", resource=_resource(user), details=details)
        return user, kind, token

    def _store(self, actor: Actor, user: User, password_hash: str, event_type: str, details: Mapping[str, str]) -> None:
        before, now, history = self._own(user), self.clock.now(), self.rules.get().history
        if before.password_hash and history:
            self.rules.remember(self.entropy.new_id(), user.id, before.password_hash, now, history)
        self.passwords.save(replace(before, password_hash=password_hash, set_at=now, expired_at=None))
        self.links.end_of(user.id, now)
        self.audit.record(actor, event_type, resource=_resource(user), details=dict(details))

    def _own(self, user: User) -> DirectoryPassword:
        """Return a password that is managed here; raise Conflict, naming who manages it, otherwise."""
        found = self.passwords.get(user.id)
        if found.authority is not Authority.HOMEPORT:
            raise Conflict(
                f"The password of {user.full_name} is managed by {found.authority.words}, so it is not set or changed here.",
                reason="password_managed_elsewhere",
            )
        return found

    def _held(self, user_id: str) -> User:
        user = self.people.get_for_update(user_id)
        if user is None:
            raise NotFound("There is no such user. They may have been deleted.")
        return user

    def _usable(self, link: PasswordLink | None) -> tuple[PasswordLink, User]:
        user = self.people.get(link.user_id) if link is not None and link.usable(self.clock.now()) else None
        if link is None or user is None or user.state is not UserState.ACTIVATED:
            raise NotFound(DEAD)
        return link, user


def _resource(user: User) -> Resource:
    return Resource("user", user.id, user.username)
