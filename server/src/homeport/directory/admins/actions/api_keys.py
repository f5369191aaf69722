"""What can be done with API keys."""

import hmac
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from homeport.directory.admins import model
from homeport.directory.admins.actions.refusals import found, refuse_fields
from homeport.directory.admins.model import ApiKey, KeyCheck
from homeport.directory.admins.ports import AdministratorStore, ApiKeyStore
from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import Change, Resource
from homeport.directory.people.model import name_problem
from homeport.foundation.kernel.actor import Actor, ActorKind, Origin
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy, hash_token
from homeport.foundation.kernel.errors import Denied, NotFound, PreconditionFailed
from homeport.foundation.kernel.listing import Listing, Page
from homeport.foundation.kernel.permissions import Permission

GONE = "There is no such API key. It may have been revoked already."


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
        if owner.suspended_at is not None:
            return KeyCheck(key, owner, "owner_suspended")
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
        return replace(actor, name=f"{actor.name} (API key {check.key.name})", key_id=check.key.id)

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
        days: int | None = None,
        networks: Sequence[str] = (),
        owner_id: str | None = None,
    ) -> tuple[ApiKey, str]:
        """Make a key and return it with its text, which is never shown again. Only the system may make one for somebody else.

        A key cannot confirm that it is its owner who asks. So what is made with a key ends when that key ends or is revoked, and
        works from no other addresses: whoever stole a key gains nothing that is left when it is gone.
        """
        actor.require(Permission.API_KEYS_OWN)
        now = self.clock.now()
        actor.require_recent(now)
        maker = self.keys.get_for_update(actor.key_id) if actor.key_id else None
        if actor.kind is not ActorKind.SYSTEM and (owner_id not in {None, actor.id} or not (actor.session_id or maker)):
            raise Denied("An API key is made by its owner.", permission=Permission.API_KEYS_OWN.value)
        owner = found(self.administrators.get(owner_id or actor.id))
        if not owner.api_keys_allowed:
            raise Denied(
                f"API keys are switched off for {owner.email}. "
                "An Administrator with Billing switches them on under SETTINGS > Administrators."
            )
        lasting = model.KEY_DAYS if days is None else days
        fields = {
            "name": _name_problem(name),
            "days": "" if 1 <= lasting <= model.LONGEST_KEY_DAYS else f"Enter 1 to {model.LONGEST_KEY_DAYS} days.",
            "networks": _networks_problem(networks, maker),
        }
        expires_at = now + timedelta(days=lasting) if not fields["days"] else now
        if maker is not None and expires_at > maker.expires_at:
            if days is not None:
                fields["days"] = (
                    f"A key that is made with the key {maker.name} ends with it, on {maker.expires_at:%d %b %Y, %H:%M} UTC. "
                    "Choose fewer days, or make the key in the admin portal."
                )
            expires_at = maker.expires_at
        refuse_fields("The key was not made.", fields)
        secret = self.entropy.token()
        key = ApiKey(
            id=self.entropy.new_id(),
            administrator_id=owner.id,
            name=name.strip(),
            secret_hash=hash_token(secret),
            networks=tuple(networks) or (maker.networks if maker else ()),
            created_at=now,
            expires_at=expires_at,
            made_with=maker.id if maker else None,
        )
        self.keys.add(key)
        details = {"owner": owner.email, "expires_at": key.expires_at.isoformat(), "networks": list(key.networks)}
        self.audit.record(actor, "api_key_create", resource=_key_resource(key), details=details)
        return key, model.key_text(key.id, secret)

    def list_own(self, actor: Actor) -> Sequence[ApiKey]:
        """Return the actor's own keys, the newest first."""
        actor.require(Permission.API_KEYS_OWN)
        return self.keys.of_administrator(actor.id)

    def search_own(self, actor: Actor, listing: Listing) -> Page[ApiKey]:
        """Return the actor's own keys that match. Filters and sorting: `id`, `name`, the times, `made_with`."""
        actor.require(Permission.API_KEYS_OWN)
        return self.keys.search_own(actor.id, listing)

    def rename(self, actor: Actor, key_id: str, name: str, *, version: int | None = None) -> ApiKey:
        """Give a key of one's own another name."""
        actor.require(Permission.API_KEYS_OWN)
        key = self.keys.get_for_update(key_id)
        if key is None or key.administrator_id != actor.id:
            raise NotFound(GONE)
        if version is not None and version != key.version:
            raise PreconditionFailed("The key was renamed meanwhile. Look again and repeat.")
        refuse_fields("The key was not renamed.", {"name": _name_problem(name)})
        after = replace(key, name=name.strip(), version=key.version + 1)
        if after.name == key.name:
            return key
        self.keys.rename(after.id, after.name, after.version)
        self.audit.record(actor, "api_key_update", resource=_key_resource(after), changes=[Change("name", key.name, after.name)])
        return after

    def list_of(self, actor: Actor, administrator_id: str) -> Sequence[ApiKey]:
        """Return somebody's keys, the newest first."""
        actor.require(Permission.ADMINISTRATORS_READ)
        return self.keys.of_administrator(administrator_id)

    def get(self, actor: Actor, key_id: str) -> ApiKey:
        """Return a key of one's own, or, with Billing, anybody's; raise NotFound otherwise."""
        actor.require(Permission.API_KEYS_OWN)
        key = self.keys.get(key_id)
        if key is None or (key.administrator_id != actor.id and not actor.may(Permission.ADMINISTRATORS_WRITE)):
            raise NotFound(GONE)
        return key

    def revoke(self, actor: Actor, key_id: str, *, version: int | None = None) -> ApiKey:
        """Remove a key of one's own, or, with Billing, anybody's, together with the keys that were made with it."""
        actor.require(Permission.API_KEYS_OWN)
        key = self.get(actor, key_id)
        if version is not None and version != key.version:
            raise PreconditionFailed("The key was renamed meanwhile. Look again and repeat.")
        for one in (key, *self.keys.remove(key_id)):
            self.audit.record(actor, "api_key_delete", resource=_key_resource(one))
        return key


def _name_problem(name: str) -> str:
    return name_problem(name.strip()) if name.strip() else "Enter a name by which you will recognize the key."


def _networks_problem(networks: Sequence[str], maker: ApiKey | None) -> str:
    if maker is None or not maker.networks:
        return ""
    within = [ipaddress.ip_network(one) for one in maker.networks]
    for text in networks:
        one = ipaddress.ip_network(text)
        if not any(one.version == other.version and one.subnet_of(other) for other in within):  # type: ignore[arg-type]  # same version
            return f"The key {maker.name}, with which this is asked, does not work from {text}. Leave it out."
    return ""


def _key_resource(key: ApiKey) -> Resource:
    return Resource("api_key", key.id, key.name)
