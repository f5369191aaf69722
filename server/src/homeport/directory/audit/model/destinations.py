"""Where the entries are sent: a webhook or a syslog collector, how far each came, and how it does."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from homeport.foundation.kernel.errors import Invalid
from homeport.foundation.outbound.urls import STREAMS, Origin, Target

MOST_DESTINATIONS = 20
LONGEST_NAME = 100
LONGEST_ADDRESS = 1000


class DestinationKind(StrEnum):
    """WEBHOOK takes CloudEvents over HTTPS; SYSLOG takes RFC 5424 over TCP or TLS."""

    WEBHOOK = "webhook"
    SYSLOG = "syslog"


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the order of sealed entries a destination stands: after this entry of this batch. Both empty: before all."""

    batch: int = 0
    entry_id: str = ""


@dataclass(frozen=True, slots=True)
class Destination:
    """One receiver. `secret` is the sealed key that signs what a webhook gets; a syslog collector has none."""

    id: str
    name: str
    kind: DestinationKind
    address: str
    batched: bool
    """Whether a webhook takes many events in one request."""
    secret: str
    enabled: bool
    created_at: datetime
    updated_at: datetime
    due_at: datetime
    """When the next attempt may be made."""
    place: Place = Place()
    attempts: int = 0
    """Failures in a row."""
    sent: int = 0
    """Entries that it took."""
    succeeded_at: datetime | None = None
    failed_at: datetime | None = None
    failure: str = ""
    """What the last failure was; empty after a success."""
    claim: str = ""
    claimed_until: datetime | None = None
    version: int = 1

    @property
    def origin(self) -> Origin:
        """Scheme, host and port; the rest of an address may hold a secret of the receiver's."""
        return Target.parse(self.address).origin if self.kind is DestinationKind.WEBHOOK else Origin.parse(self.address)

    @property
    def word(self) -> tuple[str, str]:
        """Return how it does: a word and its kind."""
        if not self.enabled:
            return ("Paused", "off")
        if self.attempts:
            return ("Failing", "error")
        return ("Delivering", "ok") if self.succeeded_at else ("Nothing sent yet", "info")

    def without_path(self, sentence: str) -> str:
        """Return the sentence with the address cut down to its origin."""
        if self.kind is DestinationKind.SYSLOG:
            return sentence
        return sentence.replace(Target.parse(self.address).safe(), str(self.origin))


def checked_name(name: str) -> str:
    """Return a name as it is stored; raise Invalid for none."""
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Invalid("The destination was not saved.", {"name": f"Enter a name of at most {LONGEST_NAME} characters."})
    return name


def checked_address(kind: DestinationKind, address: str, allowed: frozenset[Origin]) -> str:
    """Return an address as it is stored; raise Invalid with a sentence for one that cannot or must not be used."""
    address = address.strip()
    try:
        if len(address) > LONGEST_ADDRESS:
            problem = f"Enter an address of at most {LONGEST_ADDRESS} characters."
        elif kind is DestinationKind.WEBHOOK:
            target = Target.parse(address)
            if target.origin.scheme == "https" or target.origin in allowed:
                return str(target)
            problem = "The address must begin with https://, so that nobody on the way reads the events."
        elif address.lower().startswith(tuple(f"{scheme}://" for scheme in STREAMS)):
            origin = Origin.parse(address)
            if origin.scheme == "tls" or origin in allowed:
                return str(origin)
            problem = f"{origin} is not encrypted. Use a tls:// address, or let the operator add it to `outbound.allow` in the settings."
        else:
            problem = "Write the address as tls://logs.example.com:6514."
    except ValueError as error:
        problem = str(error)
    raise Invalid("The destination was not saved.", {"address": problem})
