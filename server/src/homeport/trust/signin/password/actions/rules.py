"""What access policies say of an administrator who has a session."""

from dataclasses import dataclass
from typing import Protocol

from homeport.directory.admins.model import Administrator
from homeport.foundation.kernel.actor import Origin
from homeport.trust.access.actions import Decisions
from homeport.trust.access.model import Decision
from homeport.trust.signin.password.ports import PasskeyHolders


class PresentAdministrators(Protocol):
    """Knows the administrators; `directory.admins.actions.Administrators` does."""

    def find_present(self, administrator_id: str, /) -> Administrator | None:
        """Return one as they are now."""
        ...


@dataclass(frozen=True, slots=True)
class AdminRules:
    """Asks the same as their sign-in."""

    decisions: Decisions
    administrators: PresentAdministrators
    passkeys: PasskeyHolders

    def decide(self, owner_id: str, origin: Origin) -> Decision | None:
        """Decide about an administrator who comes from there now."""
        # public: each request asks it about its own person
        administrator = self.administrators.find_present(owner_id)
        return None if administrator is None else self.decisions.of_administrator(administrator, origin)

    def has_passkeys(self, owner_id: str) -> bool:
        """Tell whether an administrator has passkeys."""
        # public: the same
        return bool(self.passkeys.of_owner(owner_id))
