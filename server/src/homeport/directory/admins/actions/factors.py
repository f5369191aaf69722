"""What can be done with an administrator's second factor."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from homeport.directory.admins import model
from homeport.directory.admins.actions.one_time import OneTimePasswords
from homeport.directory.admins.actions.refusals import found, resource
from homeport.directory.admins.model import (
    Administrator,
    AdministratorFactorReset,
    AdministratorProofChanged,
    Enrolment,
)
from homeport.directory.admins.ports import AdministratorStore, FactorStore
from homeport.directory.audit.actions import Audit
from homeport.foundation.kernel.actor import Actor, ActorKind
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy
from homeport.foundation.kernel.errors import Conflict, Denied, NotFound
from homeport.foundation.kernel.events import Publisher
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.sealing.sealer import Sealer


@dataclass(frozen=True, slots=True)
class Factors:
    """The second factors of one unit of work. `issuer` is the name that an authenticator app shows."""

    factors: FactorStore
    administrators: AdministratorStore
    sealer: Sealer
    audit: Audit
    clock: Clock
    entropy: Entropy
    publisher: Publisher
    issuer: str

    def begin(self, actor: Actor) -> Enrolment:
        """Return a fresh secret for one's own second factor; nothing is stored before its first code is confirmed."""
        # public: everybody may have a second factor of their own; it asks for the password first
        actor.require_recent(self.clock.now())
        own = self._own(actor)
        return self._codes.begin(own.id, own.email)

    def resume(self, actor: Actor, envelope: str) -> Enrolment:
        """Return what `begin` returned, from its envelope, so that a mistyped code does not change the QR code."""
        # public: the envelope is sealed for this administrator
        own = self._own(actor)
        return self._codes.resume(own.id, own.email, envelope)

    def confirm(self, actor: Actor, envelope: str, code: str) -> Sequence[str]:
        """Set up the factor whose first code this is, in the place of an earlier one; return ten recovery codes, never shown again.

        Raises Invalid for a wrong code, and for a secret that was shown more than 15 minutes ago.
        """
        # public: everybody may have a second factor of their own; it asks for the password first
        now = self.clock.now()
        actor.require_recent(now)
        before = self._own(actor)
        codes = self._codes.confirm(before.id, envelope, code)
        self.administrators.save(replace(before, factor_since=now, version=before.version + 1, updated_at=now))
        self.audit.record(
            actor, "admin_factor_set_up", resource=resource(before), details={"replaced": before.factor_since is not None}
        )
        self.publisher.publish(AdministratorProofChanged(before.id, actor.session_id))
        return codes

    def renew_codes(self, actor: Actor) -> Sequence[str]:
        """Return ten fresh recovery codes; the earlier ones are worth nothing from now on."""
        # public: one's own; it asks for password and code first
        actor.require_recent(self.clock.now())
        own = self._own(actor)
        if own.factor_since is None:
            raise Conflict("Set up the second factor first.", reason="no_second_factor")
        self.audit.record(actor, "admin_recovery_codes_renewed", resource=resource(own))
        return self._codes.fresh_codes(own.id)

    def remove(self, actor: Actor) -> None:
        """Remove one's own second factor; raise Conflict when the role demands one."""
        # public: one's own; it asks for password and code first
        actor.require_recent(self.clock.now())
        own = self._own(actor)
        if own.role in model.REQUIRED_FOR:
            raise Conflict(
                f"The role {own.role} demands a second factor. Set up another one in its place instead.",
                reason="second_factor_required",
            )
        self._forget(own)
        self.audit.record(actor, "admin_factor_removed", resource=resource(own))
        self.publisher.publish(AdministratorProofChanged(own.id, actor.session_id))

    def reset(self, actor: Actor, administrator_id: str) -> Administrator:
        """Remove the second factor of somebody who lost it, with its recovery codes, and end their sessions.

        Refused for oneself and for somebody whose role may do what the actor's may not, suspended or not, so that nobody climbs by it.
        """
        actor.require(Permission.FACTORS_RESET)
        actor.require(Permission.ADMINISTRATORS_READ)
        actor.require_recent(self.clock.now())
        administrator = found(self.administrators.get_for_update(administrator_id))
        if administrator.id == actor.id and actor.kind is ActorKind.ADMINISTRATOR:
            raise Conflict("Change your own second factor on your account's page.", reason="own_factor")
        if not administrator.role_permissions <= actor.permissions:
            raise Denied(
                f"{administrator.full_name} may do more than you, so somebody with the role {administrator.role} resets their second factor. "
                "On the server: homeport admin link."
            )
        if administrator.factor_since is None:
            raise Conflict(f"{administrator.full_name} has no second factor.", reason="no_second_factor")
        after = self._forget(administrator)
        self.audit.record(actor, "admin_factor_reset", resource=resource(after))
        self.publisher.publish(AdministratorFactorReset(after.id))
        return after

    def prove(self, administrator_id: str, code: str) -> str:
        """Use a code up: return how it proved the second factor (“one-time password” or “recovery code”), or nothing.

        A code counts once: neither the same time step nor an earlier one is taken again (RFC 6238, section 5.2).
        """
        # public: this is how a person proves who they are
        return self._codes.prove(administrator_id, code)

    def count_codes(self, actor: Actor, administrator_id: str) -> int:
        """Return how many recovery codes are left: one's own, or of somebody whom one may see."""
        # public: one's own count tells nobody else anything
        if administrator_id != actor.id:
            actor.require(Permission.ADMINISTRATORS_READ)
        return self.factors.count_codes(administrator_id)

    @property
    def _codes(self) -> OneTimePasswords:
        return OneTimePasswords(self.factors, self.sealer, self.clock, self.entropy, self.issuer)

    def _own(self, actor: Actor) -> Administrator:
        if actor.kind is not ActorKind.ADMINISTRATOR or not actor.session_id:
            raise Denied("A second factor is set up by its owner, signed in to the admin portal.")
        administrator = self.administrators.get_for_update(actor.id)
        if administrator is None:
            raise NotFound("There is no such administrator. They may have been deleted.")
        return administrator

    def _forget(self, administrator: Administrator) -> Administrator:
        self.factors.remove(administrator.id)
        now = self.clock.now()
        after = replace(administrator, factor_since=None, version=administrator.version + 1, updated_at=now)
        self.administrators.save(after)
        return after
