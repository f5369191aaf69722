"""What can be done with administrators."""

from dataclasses import dataclass, replace

from homeport.directory.admins import model
from homeport.directory.admins.actions.refusals import expected, found, refuse_fields, refuse_key, refuse_last, resource
from homeport.directory.admins.actions.roles import custom_permissions_of
from homeport.directory.admins.model import (
    BILLING,
    Administrator,
    AdministratorChanged,
    AdministratorDeleted,
    AdministratorProofChanged,
    AdministratorSuspended,
)
from homeport.directory.admins.ports import AdministratorStore, LinkStore, RoleStore, WayIn
from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import Change
from homeport.directory.people.model import email_problem, name_problem, normal_email
from homeport.foundation.kernel.actor import Actor, ActorKind, Origin
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.errors import Conflict
from homeport.foundation.kernel.events import Publisher
from homeport.foundation.kernel.listing import Listing, Page
from homeport.foundation.kernel.permissions import Permission


@dataclass(frozen=True, slots=True)
class Administrators:
    """The administrators of one unit of work."""

    administrators: AdministratorStore
    links: LinkStore
    audit: Audit
    clock: Clock
    publisher: Publisher
    way_in: WayIn
    roles: RoleStore

    def list(self, actor: Actor, listing: Listing) -> Page[Administrator]:
        """Return administrators. Filters and sorting: `email`, `firstname`, `lastname`, `role`, `created_at`."""
        actor.require(Permission.ADMINISTRATORS_READ)
        return self.administrators.search(listing)

    def get(self, actor: Actor, administrator_id: str) -> Administrator:
        """Return an administrator; raise NotFound."""
        actor.require(Permission.ADMINISTRATORS_READ)
        return found(self.administrators.get(administrator_id))

    def find_by_email(self, email: str) -> Administrator | None:
        """Return the administrator with this address, compared in lower case and otherwise exactly."""
        # public: the sign-in asks it before anybody is signed in; it tells nobody what it found
        address = normal_email(email)
        return None if email_problem(address) else self.administrators.find_by_email(address)

    def find_present(self, administrator_id: str) -> Administrator | None:
        """Return the administrator as they are at this moment, with their present role."""
        # public: each request asks it to learn what a session may do
        return self.administrators.get(administrator_id)

    def acting(self, administrator_id: str, origin: Origin) -> Actor | None:
        """Return an administrator as an actor without a session; None when they are gone or suspended."""
        # public: each request asks it to learn whose session it is and what they may do
        administrator = self.administrators.get(administrator_id)
        return None if administrator is None or administrator.suspended_at else model.actor_of(administrator, origin)

    def called(self, administrator_id: str) -> str:
        """Return by what name the audit log calls an administrator; nothing when they are gone."""
        # public: only a name, for a record of what was allowed
        administrator = self.administrators.get(administrator_id)
        return administrator.email if administrator else ""

    def hold(self, administrator_id: str) -> Administrator | None:
        """Return the administrator and keep others from changing them, or their second factor, until the unit of work ends."""
        # public: the sign-in asks it before it judges a code, so that all lock in one order
        return self.administrators.get_for_update(administrator_id)

    def rehash(self, administrator_id: str, password_hash: str) -> None:
        """Store the same password's newer hash."""
        # public: the sign-in does it right after the password proved right
        present = self.administrators.get_for_update(administrator_id)
        if present is not None:
            self.administrators.save(replace(present, password_hash=password_hash))

    def rename(self, actor: Actor, *, firstname: str, lastname: str, version: int | None = None) -> Administrator:
        """Set one's own name."""
        # public: one's own name
        before = expected(found(self.administrators.get_for_update(actor.id)), version)
        problems = {"firstname": name_problem(firstname.strip()), "lastname": name_problem(lastname.strip())}
        refuse_fields("The name was not saved.", problems)
        after = replace(before, firstname=firstname.strip(), lastname=lastname.strip())
        if after == before:
            return before
        return self._save(actor, before, after, ("firstname", "lastname"))

    def set_password(self, actor: Actor, password_hash: str) -> Administrator:
        """Store the hash of one's own new password, which the edge made of one without a `password_problem`; other sessions end."""
        # public: one's own password; it asks for the present one first
        actor.require_recent(self.clock.now())
        before = found(self.administrators.get_for_update(actor.id))
        after = replace(before, password_hash=password_hash, version=before.version + 1, updated_at=self.clock.now())
        self.administrators.save(after)
        self.audit.record(actor, "admin_password_change", resource=resource(after))
        self.publisher.publish(AdministratorProofChanged(after.id, actor.session_id))
        return after

    def change(
        self,
        actor: Actor,
        administrator_id: str,
        *,
        role: str | None = None,
        api_keys_allowed: bool | None = None,
        firstname: str | None = None,
        lastname: str | None = None,
        version: int | None = None,
    ) -> Administrator:
        """Set what is not None; raise Conflict when nobody with Billing would be left, or could still sign in."""
        actor.require(Permission.ADMINISTRATORS_WRITE)
        actor.require_recent(self.clock.now())
        allowed = None if role is None else custom_permissions_of(self.roles, role)
        names = {"firstname": firstname, "lastname": lastname}
        given = {field: text.strip() for field, text in names.items() if text is not None}
        refuse_fields("Nothing was changed.", {field: name_problem(text) for field, text in given.items()})
        with_billing = self.administrators.hold_role(BILLING)
        before = expected(found(self.administrators.get_for_update(administrator_id)), version)
        if role is not None and role != before.role:
            refuse_key(actor, role)
        after = replace(
            before,
            role=before.role if role is None else role,
            custom_permissions=before.custom_permissions if allowed is None else allowed,
            api_keys_allowed=before.api_keys_allowed if api_keys_allowed is None else api_keys_allowed,
            firstname=given.get("firstname", before.firstname),
            lastname=given.get("lastname", before.lastname),
        )
        if replace(after, custom_permissions=before.custom_permissions) == before:
            return before
        if after.role != BILLING:
            refuse_last(before, with_billing)
        after = self._save(actor, before, after, ("role", "api_keys_allowed", "firstname", "lastname"))
        self._keep_way_in(actor, before, after)
        if Permission.ADMINISTRATORS_WRITE not in after.permissions:
            self.links.revoke_made_by(before.id, self.clock.now())
        self.publisher.publish(AdministratorChanged(administrator_id))
        return after

    def suspend(self, actor: Actor, administrator_id: str, *, version: int | None = None) -> Administrator:
        """Let somebody do nothing until they are activated: sessions end, API keys and open invitations of theirs count no more.

        Raises Conflict for oneself, and when nobody with Billing would be left.
        """
        actor.require(Permission.ADMINISTRATORS_WRITE)
        actor.require_recent(self.clock.now())
        with_billing = self.administrators.hold_role(BILLING)
        before = expected(found(self.administrators.get_for_update(administrator_id)), version)
        if before.suspended_at is not None:
            return before
        if actor.kind is ActorKind.ADMINISTRATOR and before.id == actor.id:
            raise Conflict("You cannot suspend yourself. Another Administrator with Billing can.", reason="own_account")
        refuse_last(before, with_billing)
        now = self.clock.now()
        after = replace(before, suspended_at=now, version=before.version + 1, updated_at=now)
        self.administrators.save(after)
        self._keep_way_in(actor, before)
        self.links.revoke_made_by(before.id, now)
        self.audit.record(actor, "admin_suspend", resource=resource(after), changes=[Change("state", "ACTIVE", "SUSPENDED")])
        self.publisher.publish(AdministratorSuspended(after.id))
        return after

    def activate(self, actor: Actor, administrator_id: str, *, version: int | None = None) -> Administrator:
        """Let somebody suspended do what their role allows again; their API keys count again."""
        actor.require(Permission.ADMINISTRATORS_WRITE)
        actor.require_recent(self.clock.now())
        before = expected(found(self.administrators.get_for_update(administrator_id)), version)
        if before.suspended_at is None:
            return before
        after = replace(before, suspended_at=None, version=before.version + 1, updated_at=self.clock.now())
        self.administrators.save(after)
        self.audit.record(actor, "admin_activate", resource=resource(after), changes=[Change("state", "SUSPENDED", "ACTIVE")])
        return after

    def delete(self, actor: Actor, administrator_id: str, *, version: int | None = None) -> Administrator:
        """Remove an administrator with their API keys and sessions; raise Conflict when nobody with Billing would be left."""
        actor.require(Permission.ADMINISTRATORS_WRITE)
        actor.require_recent(self.clock.now())
        with_billing = self.administrators.hold_role(BILLING)
        administrator = expected(found(self.administrators.get_for_update(administrator_id)), version)
        refuse_last(administrator, with_billing)
        self.publisher.publish(AdministratorDeleted(administrator_id))
        self.links.revoke_made_by(administrator.id, self.clock.now())
        self.administrators.remove(administrator_id)
        self._keep_way_in(actor, administrator)
        changes = [Change(field, getattr(administrator, field), None) for field in ("email", "role")]
        self.audit.record(actor, "admin_delete", resource=resource(administrator), changes=changes)
        return administrator

    def _keep_way_in(self, actor: Actor, before: Administrator, after: Administrator | None = None) -> None:
        if before.role == BILLING and before.suspended_at is None and (after is None or after.role != BILLING):
            self.way_in.require_way_in(actor)

    def _save(self, actor: Actor, before: Administrator, after: Administrator, fields: tuple[str, ...]) -> Administrator:
        stored = replace(after, version=before.version + 1, updated_at=self.clock.now())
        self.administrators.save(stored)
        changes = [
            Change(field, getattr(before, field), getattr(after, field))
            for field in fields
            if getattr(before, field) != getattr(after, field)
        ]
        self.audit.record(actor, "admin_update", resource=resource(stored), changes=changes)
        return stored
