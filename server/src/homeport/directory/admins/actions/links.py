"""What can be done with one-time links."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from homeport.directory.admins import model
from homeport.directory.admins.actions.refusals import found, refuse_fields, refuse_key, resource
from homeport.directory.admins.actions.roles import custom_permissions_of
from homeport.directory.admins.model import (
    BILLING,
    Administrator,
    AdministratorLink,
    AdministratorPasswordChanged,
)
from homeport.directory.admins.ports import AdministratorStore, FactorStore, LinkStore, PasswordHasher, RoleStore
from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import Change, Resource
from homeport.directory.people.model import email_problem, name_problem, normal_email
from homeport.foundation.kernel.actor import Actor, ActorKind, Origin
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy, hash_token
from homeport.foundation.kernel.errors import Conflict, Denied, Invalid, NotFound
from homeport.foundation.kernel.events import Publisher
from homeport.foundation.kernel.permissions import Permission


@dataclass(frozen=True, slots=True)
class AdministratorLinks:
    """The one-time links of one unit of work."""

    links: LinkStore
    administrators: AdministratorStore
    factors: FactorStore
    hasher: PasswordHasher
    audit: Audit
    clock: Clock
    entropy: Entropy
    publisher: Publisher
    roles: RoleStore

    def issue(self, actor: Actor) -> str:
        """Return the token of a link that makes an administrator with Billing, or resets one's password; for one hour.

        Only a local operator can have one: whoever holds it becomes any administrator.
        """
        actor.require(Permission.ADMINISTRATORS_WRITE)
        if actor.kind is not ActorKind.SYSTEM:
            raise Denied("A recovery link is made on the server itself: homeport admin link.")
        return self._make(actor, email="", role=BILLING, lifetime=model.LINK_LIFETIME)

    def invite(self, actor: Actor, email: str, role: str) -> str:
        """Return the token of a link with which the holder of this address becomes an administrator; for 24 hours."""
        actor.require(Permission.ADMINISTRATORS_WRITE)
        actor.require_recent(self.clock.now())
        normal = normal_email(email)
        fields = {"email": email_problem(normal)}
        try:
            custom_permissions_of(self.roles, role)
        except Invalid as error:
            fields |= error.fields
        refuse_fields("The invitation was not made.", fields)
        refuse_key(actor, role)
        if self.administrators.find_by_email(normal) is not None:
            raise Conflict(f"{normal} is an administrator already.", reason="email_taken")
        self._hold_maker(actor)
        self.links.revoke_for(normal, self.clock.now())  # the newest invitation counts alone
        return self._make(actor, email=normal, role=role, lifetime=model.INVITATION_LIFETIME)

    def list_invitations(self, actor: Actor) -> Sequence[AdministratorLink]:
        """Return the invitations that nobody has used and that have not expired, the newest first."""
        actor.require(Permission.ADMINISTRATORS_READ)
        return self.links.open_invitations(self.clock.now())

    def revoke(self, actor: Actor, link_id: str) -> AdministratorLink:
        """Make an open invitation worthless; raise NotFound when there is none."""
        actor.require(Permission.ADMINISTRATORS_WRITE)
        link = self.links.get_for_update(link_id)
        if link is None or not link.is_invitation or not link.usable(self.clock.now()):
            raise NotFound("There is no such invitation. It may have been used, revoked, or have expired.")
        self.links.mark_used(link.id, self.clock.now())
        self.audit.record(actor, "admin_link_revoke", resource=Resource("admin_link", link.id, link.email))
        return link

    def look(self, token: str) -> AdministratorLink:
        """Return the link without using it up; raise NotFound when it is unknown, used or over."""
        # public: whoever holds the token may read what its page asks for
        return self._usable(self.links.find(hash_token(token)))

    def accept(
        self, token: str, *, email: str, firstname: str, lastname: str, password: str, origin: Origin | None = None
    ) -> Administrator:
        """Use the link up: make the administrator, or set a new password for the one who has this address.

        A link of the second kind comes from the server itself, so it removes the second factor and a suspension too: whoever is locked
        out gets in again.

        Raises NotFound for a link that cannot be used, and Invalid without using it up when the input cannot be taken.
        """
        # public: the token is the proof
        link = self._usable(self.links.find_for_update(hash_token(token)))
        address = normal_email(email)
        fields = {
            "email": email_problem(address) or (f"This link is for {link.email}." if link.email not in {"", address} else ""),
            "firstname": name_problem(firstname.strip()),
            "lastname": name_problem(lastname.strip()),
            "password": model.password_problem(password, email=address, firstname=firstname, lastname=lastname),
        }
        refuse_fields("Nothing was set up yet.", fields)
        existing = self.administrators.find_by_email(address)
        lost_factor = existing is not None and existing.factor_since is not None
        if existing is not None and link.is_invitation:
            raise Conflict(f"{address} is an administrator already. Sign in with the password.", reason="email_taken")
        now = self.clock.now()
        password_hash = self.hasher.hash(password)
        if existing is None:
            administrator = Administrator(
                id=self.entropy.new_id(),
                email=address,
                firstname=firstname.strip(),
                lastname=lastname.strip(),
                role=link.role,
                password_hash=password_hash,
                api_keys_allowed=False,
                version=1,
                created_at=now,
                updated_at=now,
            )
            self.administrators.add(administrator)
            administrator = found(self.administrators.get(administrator.id))
        else:
            locked = found(self.administrators.get_for_update(existing.id))
            administrator = replace(
                locked,
                password_hash=password_hash,
                factor_since=None,
                suspended_at=None,
                version=locked.version + 1,
                updated_at=now,
            )
            self.administrators.save(administrator)
            self.factors.remove(administrator.id)
            self.publisher.publish(AdministratorPasswordChanged(administrator.id))
        self.links.mark_used(link.id, now)
        self.audit.record(
            model.actor_of(administrator, origin or Origin()),
            "admin_create" if existing is None else "admin_password_reset",
            resource=resource(administrator),
            changes=[Change("email", None, address), Change("role", None, link.role)] if existing is None else (),
            details={"link": link.id, "link_made_by": link.created_by, "second_factor_removed": lost_factor},
        )
        return administrator

    def _make(self, actor: Actor, *, email: str, role: str, lifetime: timedelta) -> str:
        token = self.entropy.token()
        now = self.clock.now()
        link = AdministratorLink(
            id=self.entropy.new_id(),
            token_hash=hash_token(token),
            email=email,
            role=role,
            created_by=actor.name[:255],
            created_at=now,
            expires_at=now + lifetime,
            made_by_id=actor.id if actor.kind is ActorKind.ADMINISTRATOR else None,
        )
        self.links.add(link)
        details = {"role": role, "expires_at": link.expires_at.isoformat()}
        self.audit.record(
            actor, "admin_link_create", resource=Resource("admin_link", link.id, email or "one-time link"), details=details
        )
        return token

    def _hold_maker(self, actor: Actor) -> None:
        """Keep others from suspending, demoting or deleting the maker before the invitation is there to be ended with them."""
        if actor.kind is ActorKind.ADMINISTRATOR:
            present = found(self.administrators.get_for_update(actor.id))
            model.actor_of(present, actor.origin).require(Permission.ADMINISTRATORS_WRITE)

    def _usable(self, link: AdministratorLink | None) -> AdministratorLink:
        if link is None or not link.usable(self.clock.now()):
            raise NotFound(
                "This link was used already, has expired, or is not complete. "
                "Ask for a new one; on the server: homeport admin link."
            )
        return link
