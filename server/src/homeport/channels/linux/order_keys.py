"""The order root, the order keys it certifies, and signing with them (JWS, RFC 7515; Ed25519, RFC 9864)."""

from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.jwk import OKPKey

from homeport.channels.linux.model import (
    CLOCK_STEP,
    GRANTS,
    ORDER_KEY_AGE,
    ORDER_KEY_VALIDITY,
    ORDER_LIFETIME,
    Approval,
    HelpDeskKey,
    Order,
    SignedOrder,
    SigningKey,
)
from homeport.channels.linux.ports import KeyStore
from homeport.directory.devices.model import BindingAct, Device, ExistingAccount, ProvisioningSetting
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy
from homeport.foundation.sealing.sealer import Sealer

ALGORITHM = "Ed25519"
ORDER_TYPE = "homeport-order+jwt"
APPROVAL_TYPE = "homeport-approval+jwt"
HELP_DESK_TYPE = "homeport-unlock-key+jwt"
POLICY_TYPE = "homeport-policy+jwt"
KEY_TYPE = "homeport-order-key+jwt"


@dataclass(frozen=True, slots=True)
class OrderKeys:
    """Signs orders. The root is made once and pinned by every device; order keys come and go under it."""

    store: KeyStore
    sealer: Sealer
    clock: Clock
    entropy: Entropy
    issuer: str

    def ensure(self) -> None:
        """Make the root and an order key where they are missing or old; called at start and before signing."""
        # public: the server's own upkeep
        if self.store.root() is None:
            self.store.add_root(self._fresh(is_root=True))
        now = self.clock.now()
        newest = self.store.newest(now + CLOCK_STEP)
        if newest is None or now - newest.created_at > ORDER_KEY_AGE:
            self.store.add(self._fresh(is_root=False))

    def prove(self) -> None:
        """Open the order root and the newest order key; raise SealingKeyError when the sealing key is not this database's."""
        # public: the server's own check at start
        self.ensure()
        for key in (self._root(), self.store.newest(self.clock.now() + CLOCK_STEP)):
            assert key is not None
            self._private(key)

    def root_jwk(self) -> dict[str, str]:
        """Return the order root's public key."""
        # public: every enrolling device gets it
        return self._root().public_jwk

    def fingerprint(self) -> str:
        """Return the RFC 7638 thumbprint of the order root, which enrolment keys carry."""
        # public: part of every enrolment key
        return OKPKey.import_key(dict(self.root_jwk())).thumbprint()

    def sign(self, order: Order, existing: ExistingAccount = ExistingAccount.REFUSE) -> SignedOrder:
        """Sign an order now, with the newest order key and its certificate; `existing` is what the setting says at this moment."""
        # public: the order was decided elsewhere
        claims: dict[str, Any] = {
            "jti": order.id,
            "epoch": order.epoch,
            "counter": order.counter,
            "kind": order.kind.value,
            "account": order.account | ({"existing": existing.value} if order.kind is BindingAct.BIND else {}),
        }
        if order.kind in GRANTS:
            assert order.lease_not_after is not None
            claims["lease_not_after"] = int(order.lease_not_after.timestamp())
        if order.sign_in_id:
            claims["sign_in_id"] = order.sign_in_id
        if order.after:
            claims["after"] = order.after
        return SignedOrder(*self._state(ORDER_TYPE, order.device_id, claims, expires=order.kind in GRANTS))

    def sign_approval(self, approval: Approval) -> tuple[str, str]:
        """Return the signed statement that a person approved what a prompt waits for, and the certificate of its key."""
        # public: the sign-in was completed elsewhere
        claims = {
            "purpose": approval.purpose,
            "user_id": approval.user_id,
            "nonce": approval.nonce,
            "sign_in_id": approval.sign_in_id,
        }
        return self._state(APPROVAL_TYPE, approval.device_id, claims, expires=True)

    def sign_policy(self, device: Device, setting: ProvisioningSetting, epoch: int) -> tuple[str, str]:
        """Return the signed policy of a device, and the certificate of its key; its place is the epoch and the device's version."""
        # public: the device proved its key, and the setting was allowed elsewhere
        claims = {
            "epoch": epoch,
            "version": device.desired_state_version,
            "ssh": setting.ssh.value,
            "sudo": setting.sudo.value,
            "existing": setting.existing.value,
        }
        return self._state(POLICY_TYPE, device.id, claims)

    def sign_help_desk_key(self, shared: HelpDeskKey, epoch: int) -> tuple[str, str]:
        """Return our public key for a device beside its own, signed, and the certificate of the key that signed."""
        # public: the device proved its key
        claims = {
            "epoch": epoch,
            "version": shared.version,
            "device_public": shared.device_public,
            "server_public": shared.server_public,
        }
        return self._state(HELP_DESK_TYPE, shared.device_id, claims)

    def _state(self, kind: str, device_id: str, claims: dict[str, Any], *, expires: bool = False) -> tuple[str, str]:
        """Sign a statement to one device now, with the newest order key; return it and the certificate of that key."""
        self.ensure()
        now = self.clock.now()
        key = self.store.newest(now + CLOCK_STEP)
        assert key is not None
        dated = {"iss": self.issuer, "aud": device_id, "iat": int(now.timestamp())} | claims
        if expires:
            dated["exp"] = int((now + ORDER_LIFETIME).timestamp())
        return self._encode({"alg": ALGORITHM, "typ": kind, "kid": key.id}, dated, key), self._certificate(key)

    def _certificate(self, key: SigningKey) -> str:
        assert key.not_after is not None
        claims = {
            "iss": self.issuer,
            "sub": key.id,
            "nbf": int(key.created_at.timestamp()) - 300,
            "exp": int(key.not_after.timestamp()),
            "cnf": {"jwk": key.public_jwk},
        }
        return self._encode({"alg": ALGORITHM, "typ": KEY_TYPE}, claims, self._root())

    def _encode(self, header: dict[str, str], claims: dict[str, Any], key: SigningKey) -> str:
        return jwt.encode(header, claims, self._private(key), algorithms=[ALGORITHM])

    def _private(self, key: SigningKey) -> OKPKey:
        return OKPKey.import_key(self.sealer.unseal(key.private_sealed, f"order key {key.id}"))

    def _root(self) -> SigningKey:
        root = self.store.root()
        if root is None:
            self.ensure()
            root = self.store.root()
        assert root is not None
        return root

    def _fresh(self, *, is_root: bool) -> SigningKey:
        key = OKPKey.generate_key("Ed25519")
        key_id, now = self.entropy.new_id(), self.clock.now()
        public = {name: str(value) for name, value in key.as_dict(private=False).items() if name in {"kty", "crv", "x"}}
        sealed = self.sealer.seal(key.as_pem(private=True), f"order key {key_id}")
        return SigningKey(key_id, is_root, public, sealed, now, None if is_root else now + ORDER_KEY_VALIDITY)
