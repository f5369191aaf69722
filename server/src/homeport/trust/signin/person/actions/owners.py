"""Users as the owners of sessions."""

from dataclasses import dataclass, replace

from homeport.directory.people.model import User, UserState
from homeport.foundation.kernel.actor import Actor, Origin
from homeport.foundation.kernel.errors import NotFound
from homeport.foundation.kernel.permissions import Permission
from homeport.trust.signin.password.actions.sessions import Whose
from homeport.trust.signin.person.actions.signin import user_actor
from homeport.trust.signin.person.ports import PasswordStore, PersonStore

USERS = Whose(Permission.USERS_STATE, "user", "user_sessions_end")


@dataclass(frozen=True, slots=True)
class SessionUsers:
    """The users of one unit of work, to whom sessions belong."""

    people: PersonStore
    passwords: PasswordStore

    def get(self, actor: Actor, user_id: str) -> User:
        """Return a user; raise NotFound."""
        actor.require(Permission.USERS_READ)
        user = self.people.get(user_id)
        if user is None:
            raise NotFound("There is no such user. They may have been deleted.")
        return user

    def acting(self, user_id: str, origin: Origin) -> Actor | None:
        """Return a user as an actor; None unless they are ACTIVATED at this moment."""
        # public: each request asks it to learn whose session it is
        user = self.people.get(user_id)
        if user is None or user.state is not UserState.ACTIVATED:
            return None
        return replace(user_actor(user, origin), has_factor=self.passwords.get(user_id).factor_since is not None)

    def called(self, user_id: str) -> str:
        """Return a user's name in the audit log; nothing when they are gone."""
        # public: only a name, for a record of what was allowed
        user = self.people.get(user_id)
        return user.username if user else ""
