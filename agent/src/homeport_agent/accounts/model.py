"""Words of the privileged half: the account an order names, the steps, the outcome of an order."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What an order is for."""

    BIND = "bind"
    ACTIVATE = "activate"
    SUSPEND = "suspend"
    UNBIND = "unbind"
    RESET_PASSCODE = "reset_passcode"

    @property
    def grants(self) -> bool:
        """Whether it gives access; only such orders are bound to time."""
        return self in {Kind.BIND, Kind.ACTIVATE}


class After(StrEnum):
    """What becomes of the account when its binding ends."""

    KEEP = "keep"
    LOCK = "lock"
    REMOVE = "remove"


class Step(StrEnum):
    """Every name that can stand in the journal and in a receipt."""

    ACCEPT = "accept"
    RECORD = "record"
    ADOPT = "adopt"
    GROUP = "groupadd"
    ACCOUNT = "useradd"
    ATTRIBUTES = "attributes"
    HOME = "home"
    EXPIRY = "expiry"
    JOIN_GROUPS = "join_groups"
    USERS_GROUP = "users_group"
    ADMIN = "admin"
    ALLOW = "allow"
    UNLOCK = "unlock"
    ENABLE_JOBS = "enable_jobs"
    DENY = "deny"
    LOCK = "lock"
    LEAVE_GROUPS = "leave_groups"
    END_SESSIONS = "end_sessions"
    DISABLE_JOBS = "disable_jobs"
    REMOVE_ACCOUNT = "remove_account"
    REMOVE_HOME = "remove_home"
    RELEASE = "release"
    FORGET = "forget"
    PASSCODE = "passcode"
    VOID_PASSCODE = "void_passcode"
    FINISH = "finish"


class Outcome(StrEnum):
    """How an order ended."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True)
class Account:
    """A local account as an order describes it."""

    user_id: str
    username: str
    uid: int
    gid: int
    full_name: str
    home: str
    shell: str
    admin: bool
    groups: tuple[str, ...]


@dataclass(frozen=True)
class Order:
    """A genuine order: both signatures were checked, for this device, in the right form.

    ``account`` is None on orders that restrict; they name the person only, and the device's own record says the rest.
    ``take_over`` lets a ``bind`` take an account that the device has already, once its passcode was given.
    """

    order_id: str
    epoch: int
    counter: int
    kind: Kind
    issued_at: int
    expires_at: int | None
    key_expires_at: int
    key_valid_from: int
    user_id: str
    account: Account | None
    take_over: bool
    lease_not_after: int | None
    sign_in_id: str | None
    after: After
    by_hand: bool = False
    """Whether root on this device gave it, so that no signature stands behind it and the server is to be told."""

    @property
    def sequence(self) -> tuple[int, int]:
        """Its place in the server's order of orders."""
        return (self.epoch, self.counter)


def order_by_hand(order_id: str, user_id: str, after: After) -> Order:
    """Make the order by which root ends a binding on this device; it has no place in the server's order of orders."""
    return Order(
        order_id,
        epoch=0,
        counter=0,
        kind=Kind.UNBIND,
        issued_at=0,
        expires_at=None,
        key_expires_at=0,
        key_valid_from=0,
        user_id=user_id,
        account=None,
        take_over=False,
        lease_not_after=None,
        sign_in_id=None,
        after=after,
        by_hand=True,
    )


@dataclass
class Record:
    """An account that is ours: what the ledger keeps of it.

    ``group_made`` and ``account_made`` turn true just before the tool runs, so that what a crash leaves is known as ours.
    An adopted account (``adopted_by`` names the order) was the device's before: its number, home and shell are its own, it is never removed, and what it had
    before (``expired_before``, ``groups_before``) is what it gets back.
    """

    user_id: str
    username: str
    uid: int
    gid: int
    home: str
    state: str = "active"
    group_made: bool = False
    account_made: bool = False
    joined: list[str] = field(default_factory=list)
    order_id: str = ""
    adopted_by: str = ""
    expired_before: int | None = None
    groups_before: list[str] = field(default_factory=list)

    @property
    def adopted(self) -> bool:
        """Whether the device had the account before Homeport."""
        return self.adopted_by != ""

    def as_json(self) -> dict[str, Any]:
        """Give what the ledger writes."""
        return dict(vars(self))


@dataclass(frozen=True)
class StepDone:
    """One step of a receipt."""

    step: Step
    outcome: Outcome
    at: str
    detail: str = ""

    def as_json(self) -> dict[str, str]:
        """As device.md section 5 has it."""
        return {"step": self.step, "outcome": self.outcome, "at": self.at, "detail": self.detail}


def receipt(
    order_id: str,
    sequence: tuple[int, int],
    outcome: Outcome,
    reason: str | None = None,
    steps: list[dict[str, str]] | None = None,
) -> dict[str, Any]:
    """Make a receipt as device.md section 5 has it."""
    epoch, counter = sequence
    return {
        "order_id": order_id,
        "epoch": epoch,
        "counter": counter,
        "outcome": outcome,
        "reason": reason,
        "steps": steps or [],
    }
