"""The rules of users' passwords, as administrators set them."""

from dataclasses import dataclass, replace

from homeport.directory.admins.model import LONGEST_PASSWORD
from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import Change, Resource
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.errors import Invalid, PreconditionFailed
from homeport.foundation.kernel.permissions import Permission
from homeport.trust.signin.person.model import LEAST_SHORTEST, MOST_DAYS, MOST_HISTORY, PasswordRules
from homeport.trust.signin.person.ports import RuleStore

BOUNDS = {"shortest": (LEAST_SHORTEST, LONGEST_PASSWORD), "history": (0, MOST_HISTORY), "lifetime_days": (0, MOST_DAYS)}


@dataclass(frozen=True, slots=True)
class PasswordRuling:
    """The rules in one unit of work."""

    rules: RuleStore
    audit: Audit
    clock: Clock

    def present(self, actor: Actor) -> PasswordRules:
        """Return the rules."""
        actor.require(Permission.ACCESS_POLICIES_READ)
        return self.rules.get()

    def save(self, actor: Actor, wanted: PasswordRules, *, version: int | None = None) -> PasswordRules:
        """Store the rules; raise Invalid for a number that is too small or too large, PreconditionFailed after somebody else."""
        actor.require(Permission.ACCESS_POLICIES_WRITE)
        actor.require_recent(self.clock.now())
        before = self.rules.get_for_update()
        if version is not None and version != before.version:
            raise PreconditionFailed("The rules were changed by somebody else since you opened the page.")
        wrong = {
            name: f"Use a whole number from {least} to {most}."
            for name, (least, most) in BOUNDS.items()
            if not least <= getattr(wanted, name) <= most
        }
        if wrong:
            raise Invalid("The rules were not saved. " + " ".join(wrong.values()), wrong)
        changes = [
            Change(name, getattr(before, name), getattr(wanted, name))
            for name in BOUNDS
            if getattr(before, name) != getattr(wanted, name)
        ]
        if not changes:
            return before
        after = replace(wanted, version=before.version + 1)
        self.rules.save(after)
        self.audit.record(
            actor, "password_rules_update", resource=Resource("password_rules", "1", "Password rules"), changes=changes
        )
        return after
