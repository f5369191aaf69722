"""What can be done with administrators, one-time links and API keys."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from homeport.directory.admins import model
from homeport.directory.admins.model import (
    BILLING,
    ROLES,
    Administrator,
    AdministratorChanged,
    AdministratorDeleted,
    AdministratorLink,
    AdministratorPasswordChanged,
    ApiKey,
    KeyCheck,
)
from homeport.directory.admins.ports import AdministratorStore, ApiKeyStore, LinkStore, PasswordHasher
from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import Change, Resource
from homeport.directory.people.model import email_problem, name_problem, normal_email
from homeport.foundation.kernel.actor import Actor, ActorKind, Origin
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy, hash_token
from homeport.foundation.kernel.errors import Conflict, Denied, Invalid, NotFound, PreconditionFailed
from homeport.foundation.kernel.events import Publisher
from homeport.foundation.kernel.listing import Listing, Page
from homeport.foundation.kernel.permissions import Permission


@dataclass(frozen=True, slots=True)
class Administrators:
    """The administrators of one unit of work."""

    administrators: AdministratorStore
    audit: Audit
    clock: Clock
    publisher: Publisher

    def list(self, actor: Actor, listing: Listing) -> Page[Administrator]:
        """Return administrators. Filters and sorting: `email`, `firstname`, `lastname`, `role`, `created_at`."""
        actor.require(Permission.ADMINISTRATORS_READ)
        return self.administrators.search(listing)

    def get(self, actor: Actor, administrator_id: str) -> Administrator:
        """Return an administrator; raise NotFound."""
        actor.require(Permission.ADMINISTRATORS_READ)
        return _found(self.administrators.get(administrator_id))

    def find_by_email(self, email: str) -> Administrator | None:
        """Return the administrator with this address, compared in lower case and otherwise exactly."""
        # public: the sign-in asks it before anybody is signed in; it tells nobody what it found
        address = normal_email(email)
        return None if email_problem(address) else self.administrators.find_by_email(address)

    def find_present(self, administrator_id: str) -> Administrator | None:
        """Return the administrator as they are at this moment, with their present role."""
        # public: each request asks it to learn what a session may do
        return self.administrators.get(administrator_id)

    def rehash(self, administrator_id: str, password_hash: str) -> None:
        """Store the same password's newer hash."""
        # public: the sign-in does it right after the password proved right
        present = self.administrators.get_for_update(administrator_id)
        if present is not None:
            self.administrators.save(replace(present, password_hash=password_hash))

    def change(
        self, actor: Actor, administrator_id: str, *, role: str, api_keys_allowed: bool, version: int | None = None
    ) -> Administrator:
        """Set role and access to the API; raise Conflict when nobody with Billing would be left."""
        actor.require(Permission.ADMINISTRATORS_WRITE)
        actor.require_recent(self.clock.now())
        if role not in ROLES:
            raise Invalid("There is no such role.", {"role": f"Choose one of: {', '.join(ROLES)}."})
        with_billing = self.administrators.hold_role(BILLING)
        before = _expected(_found(self.administrators.get_for_update(administrator_id)), version)
        after = replace(before, role=role, api_keys_allowed=api_keys_allowed)
        if after == before:
            return before
        if role != BILLING:
            _refuse_last(before, with_billing)
        after = replace(after, version=before.version + 1, updated_at=self.clock.now())
        self.administrators.save(after)
        changes = [
            Change(field, getattr(before, field), getattr(after, field))
            for field in ("role", "api_keys_allowed")
            if getattr(before, field) != getattr(after, field)
        ]
        self.audit.record(actor, "admin_update", resource=_resource(after), changes=changes)
        self.publisher.publish(AdministratorChanged(administrator_id))
        return after

    def delete(self, actor: Actor, administrator_id: str) -> Administrator:
        """Remove an administrator with their API keys and sessions; raise Conflict when nobody with Billing would be left."""
        actor.require(Permission.ADMINISTRATORS_WRITE)
        actor.require_recent(self.clock.now())
        with_billing = self.administrators.hold_role(BILLING)
        administrator = _found(self.administrators.get_for_update(administrator_id))
        _refuse_last(administrator, with_billing)
        self.publisher.publish(AdministratorDeleted(administrator_id))
        self.administrators.remove(administrator_id)
        changes = [Change(field, getattr(administrator, field), None) for field in ("email", "role")]
        self.audit.record(actor, "admin_delete", resource=_resource(administrator), changes=changes)
        return administrator


@dataclass(frozen=True, slots=True)
class AdministratorLinks:
    """The one-time links of one unit of work."""

    links: LinkStore
    administrators: AdministratorStore
    hasher: PasswordHasher
    audit: Audit
    clock: Clock
    entropy: Entropy
    publisher: Publisher

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
        fields = {"email": email_problem(normal), "role": "" if role in ROLES else f"Choose one of: {', '.join(ROLES)}."}
        _refuse_fields("The invitation was not made.", fields)
        if self.administrators.find_by_email(normal) is not None:
            raise Conflict(f"{normal} is an administrator already.", reason="email_taken")
        return self._make(actor, email=normal, role=role, lifetime=model.INVITATION_LIFETIME)

    def look(self, token: str) -> AdministratorLink:
        """Return the link without using it up; raise NotFound when it is unknown, used or over."""
        # public: whoever holds the token may read what its page asks for
        return self._usable(self.links.find(hash_token(token)))

    def accept(
        self, token: str, *, email: str, firstname: str, lastname: str, password: str, origin: Origin | None = None
    ) -> Administrator:
        """Use the link up: make the administrator, or set a new password for the one who has this address.

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
        _refuse_fields("Nothing was set up yet.", fields)
        existing = self.administrators.find_by_email(address)
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
        else:
            locked = _found(self.administrators.get_for_update(existing.id))
            administrator = replace(locked, password_hash=password_hash, version=locked.version + 1, updated_at=now)
            self.administrators.save(administrator)
            self.publisher.publish(AdministratorPasswordChanged(administrator.id))
        self.links.mark_used(link.id, now)
        self.audit.record(
            model.actor_of(administrator, origin or Origin()),
            "admin_create" if existing is None else "admin_password_reset",
            resource=_resource(administrator),
            changes=[Change("email", None, address), Change("role", None, link.role)] if existing is None else (),
            details={"link": link.id, "link_made_by": link.created_by},
        )
        return administrator

    def _make(self, actor: Actor, *, email: str, role: str, lifetime: timedelta) -> str:
        token = self.entropy.token()
        now = self.clock.now()
        link = AdministratorLink(self.entropy.new_id(), hash_token(token), email, role, actor.name, now, now + lifetime)
        self.links.add(link)
        details = {"role": role, "expires_at": link.expires_at.isoformat()}
        self.audit.record(
            actor, "admin_link_create", resource=Resource("admin_link", link.id, email or "one-time link"), details=details
        )
        return token

    def _usable(self, link: AdministratorLink | None) -> AdministratorLink:
        if link is None or not link.usable(self.clock.now()):
            raise NotFound(
                "This link was used already, has expired, or is not complete. "
                "Ask for a new one; on the server: homeport admin link."
            )
        return link


@dataclass(frozen=True, slots=True)
class ApiKeys:
    """The API keys of one unit of work."""

    keys: ApiKeyStore
    administrators: AdministratorStore
    audit: Audit
    clock: Clock
    entropy: Entropy

    def check(self, text: str, origin: Origin) -> KeyCheck:
        """Look at a key's text; `key` is set only when the secret was right."""
        # public: this is how a caller proves who they are
        parsed = model.parse_key_text(text)
        key = self.keys.get(parsed[0]) if parsed else None
        if parsed is None or key is None or not hmac.compare_digest(key.secret_hash, hash_token(parsed[1])):
            return KeyCheck(refusal="unknown")
        owner = self.administrators.get(key.administrator_id)
        if owner is None or not owner.api_keys_allowed:
            return KeyCheck(key, owner, "owner_not_allowed")
        if self.clock.now() >= key.expires_at:
            return KeyCheck(key, owner, "expired")
        if not key.allows(origin.address):
            return KeyCheck(key, owner, "address_not_allowed")
        return KeyCheck(key, owner)

    def authenticate(self, text: str, origin: Origin) -> Actor | None:
        """Return the key's owner with the permissions of their present role, or None."""
        # public: this is how a caller proves who they are
        return self.actor(self.check(text, origin), origin)

    def actor(self, check: KeyCheck, origin: Origin) -> Actor | None:
        """Return the actor of a key that passed, or None."""
        # public: it only reads what `check` found
        if check.refusal or check.owner is None or check.key is None:
            return None
        actor = model.actor_of(check.owner, origin)
        return replace(actor, name=f"{actor.name} (API key {check.key.name})")

    def note(self, check: KeyCheck, origin: Origin) -> None:
        """Store the last use of a key, or, in the audit log, that a right key was refused."""
        # public: it records what `check` found
        if check.key is None:
            return
        if not check.refusal:
            self.keys.touch(check.key.id, self.clock.now())
            return
        name = check.owner.email if check.owner else ""
        self.keys.touch_refused(check.key.id, self.clock.now())
        actor = Actor(ActorKind.ADMINISTRATOR, check.key.administrator_id, name, origin=origin)
        self.audit.record(actor, "api_key_refused", resource=_key_resource(check.key), success=False, reason=check.refusal)

    def create(
        self,
        actor: Actor,
        *,
        name: str,
        days: int = model.KEY_DAYS,
        networks: Sequence[str] = (),
        owner_id: str | None = None,
    ) -> tuple[ApiKey, str]:
        """Make a key and return it with its text, which is never shown again. Only the system may make one for somebody else."""
        actor.require(Permission.API_KEYS_OWN)
        now = self.clock.now()
        actor.require_recent(now)
        if actor.kind is not ActorKind.SYSTEM and (owner_id not in {None, actor.id} or not actor.session_id):
            raise Denied(
                "An API key is made by its owner, signed in to the admin portal.", permission=Permission.API_KEYS_OWN.value
            )
        owner = _found(self.administrators.get(owner_id or actor.id))
        if not owner.api_keys_allowed:
            raise Denied(
                f"API keys are switched off for {owner.email}. "
                "An Administrator with Billing switches them on under SETTINGS > Administrators."
            )
        fields = {
            "name": "Enter a name by which you will recognize the key." if not name.strip() else name_problem(name.strip()),
            "days": "" if 1 <= days <= model.LONGEST_KEY_DAYS else f"Enter 1 to {model.LONGEST_KEY_DAYS} days.",
        }
        _refuse_fields("The key was not made.", fields)
        secret = self.entropy.token()
        key = ApiKey(
            self.entropy.new_id(), owner.id, name.strip(), hash_token(secret), tuple(networks), now, now + timedelta(days=days)
        )
        self.keys.add(key)
        details = {"owner": owner.email, "expires_at": key.expires_at.isoformat(), "networks": list(networks)}
        self.audit.record(actor, "api_key_create", resource=_key_resource(key), details=details)
        return key, model.key_text(key.id, secret)

    def list_own(self, actor: Actor) -> Sequence[ApiKey]:
        """Return the actor's own keys, the newest first."""
        actor.require(Permission.API_KEYS_OWN)
        return self.keys.of_administrator(actor.id)

    def list_of(self, actor: Actor, administrator_id: str) -> Sequence[ApiKey]:
        """Return somebody's keys, the newest first."""
        actor.require(Permission.ADMINISTRATORS_READ)
        return self.keys.of_administrator(administrator_id)

    def get(self, actor: Actor, key_id: str) -> ApiKey:
        """Return a key of one's own, or, with Billing, anybody's; raise NotFound otherwise."""
        actor.require(Permission.API_KEYS_OWN)
        key = self.keys.get(key_id)
        if key is None or (key.administrator_id != actor.id and not actor.may(Permission.ADMINISTRATORS_WRITE)):
            raise NotFound("There is no such API key. It may have been revoked already.")
        return key

    def revoke(self, actor: Actor, key_id: str) -> ApiKey:
        """Remove a key of one's own, or, with Billing, anybody's."""
        actor.require(Permission.API_KEYS_OWN)
        key = self.get(actor, key_id)
        self.keys.remove(key_id)
        self.audit.record(actor, "api_key_delete", resource=_key_resource(key))
        return key


def _found(administrator: Administrator | None) -> Administrator:
    if administrator is None:
        raise NotFound("There is no such administrator. They may have been deleted.")
    return administrator


def _expected(administrator: Administrator, version: int | None) -> Administrator:
    if version is not None and version != administrator.version:
        raise PreconditionFailed(f"{administrator.full_name} was changed by somebody else meanwhile. Look again and repeat.")
    return administrator


def _refuse_last(administrator: Administrator, with_billing: Sequence[str]) -> None:
    if list(with_billing) == [administrator.id]:
        raise Conflict(
            f"{administrator.full_name} is the last Administrator with Billing. Give somebody else that role first.",
            reason="last_administrator_with_billing",
        )


def _refuse_fields(detail: str, fields: dict[str, str]) -> None:
    wrong = {field: problem for field, problem in fields.items() if problem}
    if wrong:
        raise Invalid(f"{detail} {' '.join(wrong.values())}", wrong)


def _resource(administrator: Administrator) -> Resource:
    return Resource("admin", administrator.id, administrator.email)


def _key_resource(key: ApiKey) -> Resource:
    return Resource("api_key", key.id, key.name)
