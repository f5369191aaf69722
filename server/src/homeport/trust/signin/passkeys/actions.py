"""What can be done with passkeys, whoever they belong to."""

from collections.abc import Sequence
from dataclasses import dataclass

from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import Resource
from homeport.foundation.kernel.actor import Actor, system
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy, hash_token
from homeport.foundation.kernel.errors import Conflict, Invalid, NotFound
from homeport.foundation.kernel.events import Publisher
from homeport.foundation.kernel.permissions import Permission
from homeport.trust.signin.passkeys.model import CEREMONY_WITHIN, LONGEST_NAME, MOST, Act, Ceremony, Passkey, PasskeysRemoved
from homeport.trust.signin.passkeys.ports import CeremonyStore, PasskeyStore, WebAuthn

OVER = "That took longer than five minutes, or was answered already. Begin again."
ADMIN = "admin"
UNKNOWN = "This passkey belongs to nobody here. Sign in another way, and register it under your account."


@dataclass(frozen=True, slots=True)
class Passkeys:
    """The passkeys of one kind of owners in one unit of work. `whose` is `user` or `admin`, as the audit log calls them."""

    passkeys: PasskeyStore
    ceremonies: CeremonyStore
    webauthn: WebAuthn
    audit: Audit
    clock: Clock
    entropy: Entropy
    whose: str
    publisher: Publisher

    def list_own(self, actor: Actor) -> Sequence[Passkey]:
        """Return one's own, the oldest first."""
        # public: one's own
        return self.passkeys.of_owner(actor.id)

    def begin_registration(self, actor: Actor) -> str:
        """Return the options for a new passkey of one's own as JSON."""
        # public: one's own; it asks for the password first
        actor.require_recent(self.clock.now())
        known = self.passkeys.of_owner(actor.id)
        if len(known) >= MOST:
            raise Conflict(f"You have {MOST} passkeys already. Remove one first.", reason="too_many_passkeys")
        challenge = self._challenge(Act.REGISTER, actor.id)
        return self.webauthn.registration_options(
            challenge.encode(), actor.id, actor.name, actor.name, [one.credential_id for one in known]
        )

    def register(self, actor: Actor, credential: str, name: str) -> Passkey:
        """Store the passkey that answered; raise Invalid when the answer does not hold or came too late."""
        # public: one's own; it asks for the password first
        now = self.clock.now()
        actor.require_recent(now)
        challenge, ceremony = self._answered(credential, Act.REGISTER)
        if ceremony.owner_id != actor.id:
            raise Invalid(OVER)
        found = self.webauthn.verify_registration(credential, challenge.encode())
        if self.passkeys.find(found.credential_id) is not None:
            raise Conflict("This passkey is registered already.", reason="passkey_known")
        shown = "".join(one for one in name if one.isprintable()).strip()[:LONGEST_NAME] or "Passkey"
        made = Passkey(self.entropy.new_id(), actor.id, found.credential_id, found.public_key, found.sign_count, shown, now)
        self.passkeys.add(made)
        self.audit.record(
            actor,
            "admin_passkey_add" if self.whose == ADMIN else "user_passkey_add",
            resource=self._resource(actor),
            details={"passkey": made.name},
        )
        return made

    def remove(self, actor: Actor, passkey_id: str) -> None:
        """Remove one of one's own."""
        # public: one's own; it asks for the password first
        actor.require_recent(self.clock.now())
        if not self.passkeys.remove(actor.id, passkey_id):
            raise NotFound("You have no such passkey. It may have been removed already.")
        self.audit.record(
            actor,
            "admin_passkey_remove" if self.whose == ADMIN else "user_passkey_remove",
            resource=self._resource(actor),
            details={"passkey": passkey_id},
        )

    def list_of(self, actor: Actor, owner_id: str) -> Sequence[Passkey]:
        """Return a user's passkeys, the oldest first."""
        actor.require(Permission.USERS_READ)
        return self.passkeys.of_owner(owner_id)

    def remove_of(self, actor: Actor, owner_id: str, passkey_id: str) -> Passkey:
        """Remove one passkey of a user, such as that of a lost device, and end their sessions; return which it was."""
        actor.require(Permission.FACTORS_RESET)
        actor.require_recent(self.clock.now())
        found = next((one for one in self.passkeys.of_owner(owner_id) if one.id == passkey_id), None)
        if found is None or not self.passkeys.remove(owner_id, passkey_id):
            raise NotFound("There is no such passkey. It may have been removed already.")
        self.audit.record(
            actor,
            "admin_passkeys_reset" if self.whose == ADMIN else "user_passkeys_reset",
            resource=Resource(self.whose, owner_id, ""),
            details={"passkeys": 1, "passkey": found.name},
        )
        self.publisher.publish(PasskeysRemoved(self.whose, owner_id))
        return found

    def remove_all_of(self, actor: Actor, owner_id: str) -> int:
        """Remove all passkeys of a user whose devices were lost, and end their sessions; return how many."""
        actor.require(Permission.FACTORS_RESET)
        actor.require_recent(self.clock.now())
        removed = self._remove_all(actor, owner_id)
        self.publisher.publish(PasskeysRemoved(self.whose, owner_id))
        return removed

    def forget(self, owner_id: str) -> None:
        """Remove all passkeys of somebody; for the handlers of a recovery link and of a reset of the second factor."""
        # public: called by event handlers inside the unit of work of an action that was allowed, which says who did it
        if self.passkeys.of_owner(owner_id):
            self._remove_all(system("recovery"), owner_id)

    def begin_sign_in(self) -> str:
        """Return the options for a sign-in as JSON."""
        # public: whoever signs in has not signed in yet
        self.ceremonies.remove_before(self.clock.now())
        return self.webauthn.sign_in_options(self._challenge(Act.SIGN_IN, "").encode())

    def prove(self, credential: str) -> Passkey:
        """Return the passkey that answered, and so whose it is; raise Invalid when it does not hold."""
        # public: the signature is the proof
        challenge, _ = self._answered(credential, Act.SIGN_IN)
        answer = self.webauthn.read(credential)
        passkey = self.passkeys.find(answer.credential_id)
        if passkey is None or answer.user_handle not in {"", passkey.owner_id}:
            raise Invalid(UNKNOWN)
        counter = self.webauthn.verify_sign_in(credential, challenge.encode(), passkey)
        self.passkeys.used(passkey.id, counter, self.clock.now())
        return passkey

    def _remove_all(self, actor: Actor, owner_id: str) -> int:
        """Remove all passkeys of somebody whose devices were lost, or whose password or second factor was set anew."""
        removed = self.passkeys.remove_of(owner_id)
        self.audit.record(
            actor,
            "admin_passkeys_reset" if self.whose == ADMIN else "user_passkeys_reset",
            resource=Resource(self.whose, owner_id, ""),
            details={"passkeys": removed},
        )
        return removed

    def _challenge(self, act: Act, owner_id: str) -> str:
        challenge = self.entropy.token()
        over = self.clock.now() + CEREMONY_WITHIN
        self.ceremonies.add(Ceremony(hash_token(challenge), self.whose, act, owner_id, over))
        return challenge

    def _answered(self, credential: str, act: Act) -> tuple[str, Ceremony]:
        """Use up the challenge that was answered."""
        challenge = self.webauthn.plain_challenge(credential)
        ceremony = self.ceremonies.take(hash_token(challenge), self.whose, act)
        if ceremony is None or ceremony.expires_at <= self.clock.now():
            raise Invalid(OVER)
        return challenge, ceremony

    def _resource(self, actor: Actor) -> Resource:
        return Resource(self.whose, actor.id, actor.name)
