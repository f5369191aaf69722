"""What can be done with service accounts and their keys."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from homeport.directory.admins import model
from homeport.directory.admins.actions.refusals import refuse_fields
from homeport.directory.admins.actions.roles import custom_permissions_of
from homeport.directory.admins.model import AccountKey, AccountKeyCheck, ServiceAccount
from homeport.directory.admins.ports import RoleStore, ServiceAccountStore
from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import Change, Resource
from homeport.directory.people.model import name_problem
from homeport.foundation.kernel.actor import Actor, Origin
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy, hash_token
from homeport.foundation.kernel.errors import NotFound, PreconditionFailed
from homeport.foundation.kernel.listing import Listing, Page
from homeport.foundation.kernel.permissions import Permission


@dataclass(frozen=True, slots=True)
class ServiceAccounts:
    """The service accounts of one unit of work."""

    accounts: ServiceAccountStore
    roles: RoleStore
    audit: Audit
    clock: Clock
    entropy: Entropy

    def check(self, text: str, origin: Origin) -> AccountKeyCheck:
        """Look at a key's text; `key` is set only when the secret was right."""
        # public: this is how a caller proves who they are
        parsed = model.parse_key_text(text, model.ACCOUNT_KEY_PREFIX)
        key = self.accounts.get_key(parsed[0]) if parsed else None
        if parsed is None or key is None or not hmac.compare_digest(key.secret_hash, hash_token(parsed[1])):
            return AccountKeyCheck(refusal="unknown")
        account = self.accounts.get(key.account_id)
        if account is None:
            return AccountKeyCheck(refusal="unknown")
        refusal = ""
        if account.suspended_at is not None:
            refusal = "account_suspended"
        elif self.clock.now() >= key.expires_at:
            refusal = "expired"
        elif not key.allows(origin.address):
            refusal = "address_not_allowed"
        return AccountKeyCheck(key, account, refusal)

    def actor(self, check: AccountKeyCheck, origin: Origin) -> Actor | None:
        """Return the actor of a key that passed, or None."""
        # public: it only reads what `check` found
        if check.refusal or check.account is None or check.key is None:
            return None
        return model.actor_of_account(check.account, origin, check.key)

    def note(self, check: AccountKeyCheck, origin: Origin) -> None:
        """Store the last use of a key, or, in the audit log, that a right key was refused."""
        # public: it records what `check` found
        if check.key is None or check.account is None:
            return
        if not check.refusal:
            self.accounts.touch_key(check.key.id, self.clock.now())
            return
        self.accounts.touch_key_refused(check.key.id, self.clock.now())
        actor = model.actor_of_account(check.account, origin)
        resource = _key_resource(check.key)
        self.audit.record(actor, "service_account_key_refused", resource=resource, success=False, reason=check.refusal)

    def list(self, actor: Actor, listing: Listing) -> Page[ServiceAccount]:
        """Return the accounts that match. Filters and sorting: `id`, `name`, `description`, `role`, the times."""
        actor.require(Permission.ADMINISTRATORS_READ)
        return self.accounts.search(listing)

    def get(self, actor: Actor, account_id: str) -> ServiceAccount:
        """Return an account; raise NotFound."""
        actor.require(Permission.ADMINISTRATORS_READ)
        return _found(self.accounts.get(account_id))

    def keys_of(self, actor: Actor, account_id: str) -> Sequence[AccountKey]:
        """Return an account's keys, the newest first."""
        actor.require(Permission.ADMINISTRATORS_READ)
        return self.accounts.keys_of(_found(self.accounts.get(account_id)).id)

    def create(self, actor: Actor, *, name: str, role: str, description: str = "") -> ServiceAccount:
        """Make a service account; it can do nothing before it has a key."""
        actor.require(Permission.ADMINISTRATORS_WRITE)
        now = self.clock.now()
        actor.require_recent(now)
        refuse_fields("The service account was not made.", _problems(name, description))
        allowed = custom_permissions_of(self.roles, role, service_account=True)
        account = ServiceAccount(
            self.entropy.new_id(), name.strip(), description.strip(), role, 1, now, now, custom_permissions=allowed
        )
        self.accounts.add(account)
        changes = [Change("name", None, account.name), Change("role", None, role)]
        self.audit.record(actor, "service_account_create", resource=_resource(account), changes=changes)
        return account

    def change(
        self,
        actor: Actor,
        account_id: str,
        *,
        name: str | None = None,
        description: str | None = None,
        role: str | None = None,
        suspended: bool | None = None,
        version: int | None = None,
    ) -> ServiceAccount:
        """Set what is not None; it counts from the account's next request on. A suspended account's keys are refused."""
        actor.require(Permission.ADMINISTRATORS_WRITE)
        now = self.clock.now()
        actor.require_recent(now)
        allowed = None if role is None else custom_permissions_of(self.roles, role, service_account=True)
        before = _expected(_found(self.accounts.get_for_update(account_id)), version)
        called = before.name if name is None else name.strip()
        about = before.description if description is None else description.strip()
        refuse_fields("The service account was not changed.", _problems(called, about))
        since = before.suspended_at
        if suspended is not None:
            since = (since or now) if suspended else None
        after = replace(
            before,
            name=called,
            description=about,
            role=before.role if role is None else role,
            suspended_at=since,
            custom_permissions=before.custom_permissions if allowed is None else allowed,
        )
        changes = [
            Change(field, str(getattr(before, field) or ""), str(getattr(after, field) or ""))
            for field in ("name", "description", "role", "suspended_at")
            if getattr(before, field) != getattr(after, field)
        ]
        if not changes:
            return before
        after = replace(after, version=before.version + 1, updated_at=now)
        self.accounts.save(after)
        self.audit.record(actor, "service_account_update", resource=_resource(after), changes=changes)
        return after

    def delete(self, actor: Actor, account_id: str, *, version: int | None = None) -> ServiceAccount:
        """Remove an account; its keys are refused from then on."""
        actor.require(Permission.ADMINISTRATORS_WRITE)
        actor.require_recent(self.clock.now())
        account = _expected(_found(self.accounts.get_for_update(account_id)), version)
        self.accounts.remove(account.id)
        changes = [Change("name", account.name, None), Change("role", account.role, None)]
        self.audit.record(actor, "service_account_delete", resource=_resource(account), changes=changes)
        return account

    def create_key(
        self, actor: Actor, account_id: str, *, name: str, days: int | None = None, networks: Sequence[str] = ()
    ) -> tuple[AccountKey, str]:
        """Make a key for an account and return it with its text, which is never shown again."""
        actor.require(Permission.ADMINISTRATORS_WRITE)
        now = self.clock.now()
        actor.require_recent(now)
        account = _found(self.accounts.get_for_update(account_id))
        lasting = model.KEY_DAYS if days is None else days
        fields = {
            "name": name_problem(name.strip()) if name.strip() else "Enter a name by which you will recognize the key.",
            "days": "" if 1 <= lasting <= model.LONGEST_KEY_DAYS else f"Enter 1 to {model.LONGEST_KEY_DAYS} days.",
        }
        refuse_fields("The key was not made.", fields)
        secret = self.entropy.token()
        key = AccountKey(
            id=self.entropy.new_id(),
            account_id=account.id,
            name=name.strip(),
            secret_hash=hash_token(secret),
            networks=tuple(networks),
            created_by=actor.name[:255],
            created_at=now,
            expires_at=now + timedelta(days=lasting),
        )
        self.accounts.add_key(key)
        details = {"account": account.name, "expires_at": key.expires_at.isoformat(), "networks": list(key.networks)}
        self.audit.record(actor, "service_account_key_create", resource=_key_resource(key), details=details)
        return key, model.key_text(key.id, secret, model.ACCOUNT_KEY_PREFIX)

    def revoke_key(self, actor: Actor, account_id: str, key_id: str) -> AccountKey:
        """Remove a key; it is refused from then on."""
        actor.require(Permission.ADMINISTRATORS_WRITE)
        key = self.accounts.get_key(key_id)
        if key is None or key.account_id != account_id:
            raise NotFound("There is no such key of this service account. It may have been revoked already.")
        self.accounts.remove_key(key.id)
        self.audit.record(actor, "service_account_key_delete", resource=_key_resource(key))
        return key


def _problems(name: str, description: str) -> dict[str, str]:
    return {
        "name": name_problem(name.strip()) if name.strip() else "Enter a name.",
        "description": name_problem(description.strip()),
    }


def _found(account: ServiceAccount | None) -> ServiceAccount:
    if account is None:
        raise NotFound("There is no such service account. It may have been deleted.")
    return account


def _expected(account: ServiceAccount, version: int | None) -> ServiceAccount:
    if version is not None and version != account.version:
        raise PreconditionFailed(f"{account.name} was changed by somebody else meanwhile. Look again and repeat.")
    return account


def _resource(account: ServiceAccount) -> Resource:
    return Resource("service_account", account.id, account.name)


def _key_resource(key: AccountKey) -> Resource:
    return Resource("service_account_key", key.id, key.name)
