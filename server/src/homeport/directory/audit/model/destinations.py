"""Where the entries are sent: a webhook or a syslog collector, how far each came, and how it does."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from homeport.foundation.kernel.errors import Invalid

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
    def origin(self) -> str:
        """Scheme, host and port; the rest of an address may hold a secret of the receiver's."""
        return "/".join(self.address.split("/", 3)[:3])

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
        return sentence.replace(self.address.partition("?")[0], self.origin)


def checked_name(name: str) -> str:
    """Return a name as it is stored; raise Invalid for none."""
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Invalid("The destination was not saved.", {"name": f"Enter a name of at most {LONGEST_NAME} characters."})
    return name
