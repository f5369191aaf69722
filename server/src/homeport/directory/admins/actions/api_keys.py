"""What can be done with API keys."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from homeport.directory.admins import model
from homeport.directory.admins.actions.refusals import found, refuse_fields
from homeport.directory.admins.model import ApiKey, KeyCheck
from homeport.directory.admins.ports import AdministratorStore, ApiKeyStore
from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import Resource
from homeport.directory.people.model import name_problem
from homeport.foundation.kernel.actor import Actor, ActorKind, Origin
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy, hash_token
from homeport.foundation.kernel.errors import Denied, NotFound
from homeport.foundation.kernel.permissions import Permission


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
        if owner.lacks_factor:
            return KeyCheck(key, owner, "owner_without_second_factor")
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
        owner = found(self.administrators.get(owner_id or actor.id))
        if not owner.api_keys_allowed:
            raise Denied(
                f"API keys are switched off for {owner.email}. "
                "An Administrator with Billing switches them on under SETTINGS > Administrators."
            )
        fields = {
            "name": "Enter a name by which you will recognize the key." if not name.strip() else name_problem(name.strip()),
            "days": "" if 1 <= days <= model.LONGEST_KEY_DAYS else f"Enter 1 to {model.LONGEST_KEY_DAYS} days.",
        }
        refuse_fields("The key was not made.", fields)
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


def _key_resource(key: ApiKey) -> Resource:
    return Resource("api_key", key.id, key.name)
