"""One-time passwords and recovery codes, whoever they belong to: an administrator here, a user in `trust.signin.person`."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from homeport.directory.admins import model
from homeport.directory.admins.model import Enrolment, Factor
from homeport.directory.admins.ports import FactorStore
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy
from homeport.foundation.kernel.errors import Invalid
from homeport.foundation.sealing.sealer import Sealer, SealingKeyError

OVER = "This page was open for too long, so its secret no longer counts. Scan the new one."
WRONG = "That is not the code of this moment. Check the clock of the phone, wait for the next code and type that."


@dataclass(frozen=True, slots=True)
class OneTimePasswords:
    """The one-time passwords of one kind of people. `issuer` is the name that an authenticator app shows; `whose` is in each seal."""

    factors: FactorStore
    sealer: Sealer
    clock: Clock
    entropy: Entropy
    issuer: str
    whose: str = "administrator"

    def begin(self, owner_id: str, name: str) -> Enrolment:
        """Return a fresh secret; nothing is stored before its first code is confirmed."""
        # public: its callers have asked who it is
        secret = model.secret_of(self.entropy.token(20))
        return self._enrolment(owner_id, name, secret, self.clock.now())

    def resume(self, owner_id: str, name: str, envelope: str) -> Enrolment:
        """Return what `begin` returned, from its envelope, so that a mistyped code does not change the QR code."""
        # public: the envelope is sealed for this person
        secret, made_at = self._open(owner_id, envelope)
        return self._enrolment(owner_id, name, secret, made_at)

    def confirm(self, owner_id: str, envelope: str, code: str) -> Sequence[str]:
        """Store the factor whose first code this is, in the place of an earlier one; return ten recovery codes.

        Raises Invalid for a wrong code, and for a secret that was shown more than 15 minutes ago.
        """
        # public: the envelope is sealed for this person
        now = self.clock.now()
        secret, _ = self._open(owner_id, envelope)
        step = model.matching_step(secret, code, now)
        if step is None:
            raise Invalid(WRONG, {"code": WRONG})
        self.factors.put(Factor(owner_id, self.sealer.seal(secret.encode(), context(self.whose, owner_id)), step, now))
        return self.fresh_codes(owner_id)

    def fresh_codes(self, owner_id: str) -> Sequence[str]:
        """Store ten recovery codes in the place of the present ones and return them."""
        # public: its callers have asked who it is
        codes = [model.recovery_code(self.entropy.token(10)) for _ in range(model.RECOVERY_CODES)]
        self.factors.replace_codes(owner_id, [model.recovery_hash(code) for code in codes])
        return codes

    def prove(self, owner_id: str, code: str) -> str:
        """Use a code up: return how it proved the second factor (“one-time password” or “recovery code”), or nothing.

        A code counts once: neither the same time step nor an earlier one is taken again (RFC 6238, section 5.2).
        """
        # public: this is how a person proves who they are
        factor = self.factors.get_for_update(owner_id)
        if factor is None:
            return ""
        secret = self.sealer.unseal(factor.secret_sealed, context(self.whose, owner_id)).decode()
        step = model.matching_step(secret, code, self.clock.now())
        if step is not None and step > factor.last_step:
            self.factors.put(replace(factor, last_step=step))
            return "one-time password"
        return "recovery code" if self.factors.use_code(owner_id, model.recovery_hash(code)) else ""

    def _enrolment(self, owner_id: str, name: str, secret: str, made_at: datetime) -> Enrolment:
        plain = json.dumps({"secret": secret, "made_at": made_at.isoformat()})
        envelope = self.sealer.seal(plain.encode(), self._pending(owner_id))
        return Enrolment(secret, model.uri_of(secret, name=name, issuer=self.issuer), envelope)

    def _open(self, owner_id: str, envelope: str) -> tuple[str, datetime]:
        try:
            plain = json.loads(self.sealer.unseal(envelope, self._pending(owner_id)))
        except SealingKeyError:
            raise Invalid(OVER) from None
        made_at = datetime.fromisoformat(plain["made_at"])
        if self.clock.now() - made_at > model.SET_UP_WITHIN:
            raise Invalid(OVER)
        return plain["secret"], made_at

    def _pending(self, owner_id: str) -> str:
        return f"second factor that {self.whose} {owner_id} is setting up"


def seal_anew(factor: Factor, sealer: Sealer, whose: str = "administrator") -> Factor:
    """Return the factor with its secret sealed by the newest key; for the rotation of the sealing key."""
    return replace(factor, secret_sealed=sealer.sealed_anew(factor.secret_sealed, context(whose, factor.owner_id)))


def context(whose: str, owner_id: str) -> str:
    """Return to what a factor's secret is sealed, so that it opens in no other row."""
    return f"second factor of {whose} {owner_id}"
