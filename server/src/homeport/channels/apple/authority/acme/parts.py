"""What each word of the protocol works with."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from homeport.channels.apple.authority.acme.attestation import AttestationRoots
from homeport.channels.apple.authority.acme.model import PATH, Account, Order, OrderState, Problem, ProblemKind, Reply
from homeport.channels.apple.authority.acme.ports import AcmeStore
from homeport.channels.apple.authority.actions import Authority
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy
from homeport.foundation.sealing.sealer import Sealer

SEALED_AS = "acme identifier"


@dataclass(frozen=True, slots=True)
class Parts:
    """One unit of work. `roots` are those that vouch for attestations."""

    store: AcmeStore
    authority: Authority
    roots: AttestationRoots
    sealer: Sealer
    clock: Clock
    entropy: Entropy
    public_url: str

    def url(self, word: str, identity: str = "") -> str:
        """Return the address of a word of the protocol, for one object where it has one."""
        tail = "/finalize" if word == "finalize" else ""
        name = "order" if word == "finalize" else word
        return f"{self.public_url}{PATH}/{name}{f'/{identity}' if identity else ''}{tail}"

    def order(self, asked: "Asked") -> Order:
        """Return the order that a request is about, and hold it; raise Problem unless it is the account's own.

        An order whose time is over is invalid from then on.
        """
        found = self.store.order(asked.identity)
        if found is None or found.account_id != asked.account.id:
            raise Problem(ProblemKind.MALFORMED, "There is no such order of this account.")
        if found.state in {OrderState.PENDING, OrderState.READY} and found.expires_at <= self.clock.now():
            raise Problem(ProblemKind.MALFORMED, "The order is over. Begin the enrolment again.")
        return found


@dataclass(frozen=True, slots=True)
class Asked:
    """A request whose signature is right: whose it is, about which object, and what it says. None is POST-as-GET."""

    account: Account
    identity: str
    payload: dict[str, Any] | None


Word = Callable[[Parts, Asked], Reply]
