"""A user's second factor: set up, proved, removed, and reset by an administrator."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from homeport.directory.admins.actions.one_time import OneTimePasswords
from homeport.directory.admins.model import Enrolment
from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import Resource
from homeport.directory.people.model import User
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.errors import Conflict, NotFound
from homeport.foundation.kernel.events import Publisher
from homeport.foundation.kernel.permissions import Permission
from homeport.trust.signin.person.model import UserPasswordChanged
from homeport.trust.signin.person.ports import PasswordStore, PersonStore


@dataclass(frozen=True, slots=True)
class PersonFactors:
    """The second factors of users in one unit of work."""

    codes: OneTimePasswords
    passwords: PasswordStore
    people: PersonStore
    audit: Audit
    clock: Clock
    publisher: Publisher

    def begin(self, actor: Actor) -> Enrolment:
        """Return a fresh secret for one's own second factor; nothing is stored before its first code is confirmed."""
        # public: one's own; it asks for the password first
        actor.require_recent(self.clock.now())
        own = self._held(actor.id)
        return self.codes.begin(own.id, own.email)

    def resume(self, actor: Actor, envelope: str) -> Enrolment:
        """Return what `begin` returned, from its envelope, so that a mistyped code does not change the QR code."""
        # public: the envelope is sealed for this user
        own = self._held(actor.id)
        return self.codes.resume(own.id, own.email, envelope)

    def confirm(self, actor: Actor, envelope: str, code: str) -> Sequence[str]:
        """Set up the factor whose first code this is; return ten recovery codes, never shown again. Raises Invalid."""
        # public: one's own; it asks for the password first
        now = self.clock.now()
        actor.require_recent(now)
        own = self._held(actor.id)
        before = self.passwords.get(own.id)
        codes = self.codes.confirm(own.id, envelope, code)
        self.passwords.save(replace(before, factor_since=now))
        details = {"replaced": before.factor_since is not None}
        self.audit.record(actor, "user_factor_set_up", resource=_resource(own), details=details)
        self.publisher.publish(UserPasswordChanged(own.id, actor.session_id))
        return codes

    def renew_codes(self, actor: Actor) -> Sequence[str]:
        """Return ten fresh recovery codes; the earlier ones are worth nothing from now on."""
        # public: one's own; it asks for password and code first
        actor.require_recent(self.clock.now())
        own = self._held(actor.id)
        self._require_one(own)
        self.audit.record(actor, "user_recovery_codes_renewed", resource=_resource(own))
        return self.codes.fresh_codes(own.id)

    def remove(self, actor: Actor) -> None:
        """Remove one's own second factor."""
        # public: one's own; it asks for password and code first
        actor.require_recent(self.clock.now())
        own = self._held(actor.id)
        self._require_one(own)
        self._forget(own)
        self.audit.record(actor, "user_factor_removed", resource=_resource(own))
        self.publisher.publish(UserPasswordChanged(own.id, actor.session_id))

    def reset(self, actor: Actor, user_id: str) -> User:
        """Remove the second factor of a user who lost it, with its recovery codes, and end their sessions."""
        actor.require(Permission.FACTORS_RESET)
        actor.require_recent(self.clock.now())
        user = self._held(user_id)
        self._require_one(user)
        self._forget(user)
        self.audit.record(actor, "user_factor_reset", resource=_resource(user))
        self.publisher.publish(UserPasswordChanged(user_id))
        return user

    def prove(self, user_id: str, code: str) -> str:
        """Use a code up: return how it proved the second factor, or nothing."""
        # public: this is how a person proves who they are
        return self.codes.prove(user_id, code)

    def count_codes(self, user_id: str) -> int:
        """Return how many recovery codes are left."""
        # public: a number, shown to oneself and beside the reset
        return self.codes.factors.count_codes(user_id)

    def _forget(self, user: User) -> None:
        self.codes.factors.remove(user.id)
        self.passwords.save(replace(self.passwords.get(user.id), factor_since=None))

    def _require_one(self, user: User) -> None:
        if self.passwords.get(user.id).factor_since is None:
            raise Conflict("There is no second factor.", reason="no_second_factor")

    def _held(self, user_id: str) -> User:
        user = self.people.get_for_update(user_id)
        if user is None:
            raise NotFound("There is no such user. They may have been deleted.")
        return user


def _resource(user: User) -> Resource:
    return Resource("user", user.id, user.username)
