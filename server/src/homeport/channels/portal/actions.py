"""What the portal's pages ask of the slices below, always about the person who is signed in."""

from collections.abc import Sequence
from dataclasses import dataclass

from homeport.directory.devices.actions import Bindings, Passcodes
from homeport.directory.devices.model import Desired, NamedBinding
from homeport.directory.people.actions import People
from homeport.directory.people.model import User
from homeport.foundation.kernel.actor import Actor, system
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.errors import NotFound
from homeport.foundation.kernel.listing import Filter, Listing, Window
from homeport.trust.signin.actions import SignIns
from homeport.trust.signin.model import Listed

READER = system("user_portal")
"""Reads on behalf of a signed-in user; each use is narrowed to the user's own id."""


@dataclass(frozen=True, slots=True)
class Own:
    """A signed-in person's own things, in one unit of work."""

    people: People
    bindings: Bindings
    passcodes: Passcodes
    sign_ins: SignIns
    clock: Clock

    def details(self, actor: Actor) -> User:
        """Return oneself."""
        # public: one's own
        return self.people.get(READER, actor.id)

    def accounts(self, actor: Actor) -> Sequence[NamedBinding]:
        """Return one's accounts on devices, without those that are gone."""
        # public: one's own
        return [one for one in self.bindings.of_user(READER, actor.id) if one.binding.desired is not Desired.REMOVED]

    def account(self, actor: Actor, binding_id: str) -> NamedBinding:
        """Return one of one's accounts; raise NotFound, for somebody else's too."""
        # public: one's own
        for found in self.accounts(actor):
            if found.binding.id == binding_id:
                return found
        raise NotFound("You have no such account. It may have been removed.")

    def attempts(self, actor: Actor, limit: int, cursor: str = "", *, newer: bool = False) -> Window[Listed]:
        """Return a window of one's sign-ins, the newest first."""
        # public: one's own
        listing = Listing(filters=(Filter("user_id", "eq", actor.id),), limit=limit)
        return self.sign_ins.window(READER, listing, cursor, newer=newer)
