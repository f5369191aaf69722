"""What conditional access policies say of a sign-in to the user portal."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from homeport.directory.people.model import User
from homeport.foundation.kernel.actor import Origin
from homeport.trust.access.actions import Decisions
from homeport.trust.access.model import Action, Decision
from homeport.trust.signin.password.ports import PasskeyHolders
from homeport.trust.signin.person.ports import PasswordStore, Ruling, Verdict

_VERDICTS = {Action.ALLOW: Verdict.ALLOW, Action.MFA: Verdict.REQUIRE_MFA, Action.DENY: Verdict.DENY}


class Groups(Protocol):
    """Knows who belongs to which user group."""

    def group_ids_of(self, user_id: str) -> Collection[str]:
        """Return the ids of the groups that the user belongs to."""
        ...


@dataclass(frozen=True, slots=True)
class PortalPolicies:
    """Asks `trust.access`, which decides for the simulator in the same way."""

    decisions: Decisions
    groups: Groups
    passwords: PasswordStore
    passkeys: PasskeyHolders

    def rule(self, user: User, origin: Origin) -> Ruling:
        """Say whether this person may sign in from there."""
        # public: asked by the sign-in
        decision = self.decide(user.id, origin)
        verdict, policy = _VERDICTS[decision.action], decision.policy
        name = policy.name if policy is not None else "" if verdict is Verdict.ALLOW else "the default"
        monitored = ", ".join(one.name for one in decision.watched)
        would = decision.would.value if decision.would is not None else ""
        if policy is None or verdict is not Verdict.DENY:
            return Ruling(verdict, name, monitored=monitored, would=would)
        links = tuple((link.text, link.url) for link in policy.links)
        return Ruling(verdict, name, policy.message, links, monitored, would)

    def decide(self, owner_id: str, origin: Origin) -> Decision:
        """Decide about somebody who comes from there now."""
        # public: asked by the sign-in, and by each request about its own person
        groups = self.groups.group_ids_of(owner_id)
        return self.decisions.of_person(owner_id, groups, origin, has_factor=self.has(owner_id))

    def has(self, user_id: str) -> bool:
        """Tell whether the user has a second factor: codes, or a passkey, which proves both."""
        # public: asked by the sign-in, and by the simulator, which asked for its permission
        return self.passwords.get(user_id).factor_since is not None or self.has_passkeys(user_id)

    def has_passkeys(self, owner_id: str) -> bool:
        """Tell whether the user has passkeys."""
        # public: the same
        return bool(self.passkeys.of_owner(owner_id))
