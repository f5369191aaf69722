"""Orders: server-signed instructions to one device."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from homeport.directory.devices.model import BindingAct

ORDER_LIFETIME = timedelta(minutes=10)
"""How long an order that grants may travel."""
ORDER_KEY_VALIDITY = timedelta(days=90)
ORDER_KEY_AGE = timedelta(days=30)
"""A new order key is made when the newest one is older."""
CLOCK_STEP = timedelta(minutes=5)
"""An order key from further in the future was made while the server's clock was wrong; devices refuse it, so it is passed over."""


GRANTS = frozenset({BindingAct.BIND, BindingAct.ACTIVATE})
"""The orders that give access; only these expire."""


class OrderState(StrEnum):
    """What is known about an order."""

    PENDING = "pending"
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Order:
    """One instruction; `(epoch, counter)` rises with every order of a device and never falls, not even after a restore."""

    id: str
    device_id: str
    binding_id: str
    epoch: int
    counter: int
    kind: BindingAct
    account: dict[str, Any]
    lease_not_after: datetime | None
    sign_in_id: str | None
    after: str
    state: OrderState
    created_at: datetime
    reason: str = ""
    receipt: dict[str, Any] | None = None
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The order root or an order key. `private_sealed` is an envelope of the raw Ed25519 key."""

    id: str
    is_root: bool
    public_jwk: dict[str, str]
    private_sealed: str
    created_at: datetime
    not_after: datetime | None


@dataclass(frozen=True, slots=True)
class Approval:
    """What a completed sign-in says to the prompt that waits: who approved, for which purpose, under the prompt's own nonce."""

    device_id: str
    purpose: str
    user_id: str
    nonce: str
    sign_in_id: str


@dataclass(frozen=True, slots=True)
class SignedOrder:
    """An order ready to travel: two compact JWS."""

    order: str
    order_key: str

    def as_json(self) -> dict[str, str]:
        """Return the members that go on the wire."""
        return {"order": self.order, "order_key": self.order_key}


@dataclass(frozen=True, slots=True)
class NamedOrder:
    """An order with the name of its device, for a person's page."""

    order: Order
    device_name: str


class NoticeKind(StrEnum):
    """What can stand among the notices of a device: a code given here, an account opened there by one, a binding that ended there."""

    CODE_ISSUED = "code_issued"
    UNLOCKED = "unlock"
    UNBOUND = "unbind"


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that happened about one account without an order. `id` is unique on the device; `at` is when we heard of it."""

    device_id: str
    id: str
    kind: NoticeKind
    user_id: str
    username: str
    at: datetime
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class HelpDeskKey:
    """The key that a device's privileged half and we share. `key_sealed` is an envelope of 32 bytes; the others are public."""

    device_id: str
    version: int
    device_public: str
    server_public: str
    key_sealed: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class UnlockCode:
    """A code to read out, whose account it opens until when, and whether they may choose a new passcode with it."""

    code: str
    device_name: str
    username: str
    new_passcode: bool
    until: datetime

    @property
    def spoken(self) -> str:
        """Return the digits in groups."""
        return " ".join(self.code[at : at + 4] for at in range(0, len(self.code), 4))

    @property
    def last_day(self) -> str:
        """Return the last whole day on which the account opens."""
        return (self.until - timedelta(days=1)).date().isoformat()
