"""What administrators do with a user's link: see it, remove it, allow a new one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import Change, Resource
from homeport.directory.people.actions import People
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.errors import Conflict
from homeport.foundation.kernel.permissions import Permission
from homeport.trust.federation.model import FederatedIdentity, LinkState
from homeport.trust.federation.ports import LinkStore


@dataclass(frozen=True, slots=True)
class Links:
    """The links of one unit of work."""

    store: LinkStore
    people: People
    audit: Audit
    clock: Clock

    def of_user(self, actor: Actor, user_id: str) -> Sequence[FederatedIdentity]:
        """Return all links a user ever had, the newest first."""
        actor.require(Permission.USERS_READ)
        return self.store.of_user(user_id)

    def unlink(self, actor: Actor, user_id: str, *, allow_new: bool = False) -> None:
        """Remove the user's link; sign-ins of that subject are refused from now on.

        `allow_new` lets a sign-in that starts after this moment make a new link. Raises Conflict when there is no link.
        """
        actor.require(Permission.LINKS_WRITE)
        user = self.people.get_for_update(actor, user_id)
        present = [link for link in self.store.of_user(user_id) if link.state is not LinkState.REMOVED]
        if not present:
            raise Conflict(f"{user.full_name} has no link to remove.", reason="not_linked")
        now = self.clock.now()
        for link in present:
            self.store.save(replace(link, state=LinkState.REMOVED, removed_at=now))
            self.audit.record(
                actor,
                "federated_identity_remove",
                resource=Resource("user", user.id, user.username),
                changes=[Change("state", link.state.value, LinkState.REMOVED.value)],
                details={"federated_identity": link.id, "issuer": link.issuer, "subject": link.subject},
            )
        if allow_new:
            self.allow_new(actor, user_id)

    def allow_new(self, actor: Actor, user_id: str) -> None:
        """Let the next sign-in that starts after this moment make a new link by the e-mail address."""
        actor.require(Permission.LINKS_WRITE)
        user = self.people.get_for_update(actor, user_id)
        links = self.store.of_user(user_id)
        if any(link.state is not LinkState.REMOVED for link in links):
            raise Conflict(f"{user.full_name} is linked. Remove the link first.", reason="still_linked")
        waiting = [link for link in links if link.relink_allowed_at is None]
        if not waiting:
            return
        now = self.clock.now()
        for link in waiting:
            self.store.save(replace(link, relink_allowed_at=now))
        self.audit.record(
            actor,
            "federated_identity_allow_new",
            resource=Resource("user", user.id, user.username),
            details={"federated_identities": [link.id for link in waiting]},
        )

    def forget_user(self, user_id: str) -> None:
        """Remove every trace of a deleted user's links, so that a person who is added again can sign in."""
        # public: the handler of UserDeleted, whose actor was allowed to delete the user
        self.store.forget_user(user_id)
