"""How a provider is doing: what was fetched from it and when, which secret it took last, and what needs an administrator. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from homeport.trust.federation.discovery import CLOCK_WARNING
from homeport.trust.federation.jwks import REFRESH_AFTER, STALE_LIMIT, KeySet, KeySnapshot
from homeport.trust.federation.model import Metadata, Settings

RETRY_AFTER = timedelta(minutes=2)
"""How long upkeep waits before it asks again for what it could not fetch."""
NOTED_EVERY = timedelta(minutes=5)
"""How often the same answer about a client secret is stored, so that sign-ins do not queue for one row."""
CLOCK_LIMIT = 120.0
"""Seconds of clock difference from which every ID token is refused."""


@dataclass(frozen=True, slots=True)
class FetchRecord:
    """What became of fetching one address that the provider publishes."""

    url: str
    succeeded_at: datetime | None = None
    failed_at: datetime | None = None
    failure: str = ""
    """The last failure in a sentence; it stays after the next success, with its time."""
    changed_at: datetime | None = None
    change: str = ""

    @property
    def failing(self) -> bool:
        """Tell whether the last attempt failed."""
        return self.failed_at is not None and (self.succeeded_at is None or self.failed_at > self.succeeded_at)

    def next_try(self) -> datetime | None:
        """Return when upkeep asks again; None when it was never asked, which means soon."""
        if self.failing and self.failed_at is not None:
            return self.failed_at + RETRY_AFTER
        return None if self.succeeded_at is None else self.succeeded_at + REFRESH_AFTER

    def usable_until(self) -> datetime | None:
        """Return until when what was fetched serves if the provider cannot be reached."""
        return None if self.succeeded_at is None else self.succeeded_at + STALE_LIMIT


@dataclass(frozen=True, slots=True)
class SecretAnswer:
    """When the provider last took a client secret, and when it last refused it (`invalid_client`)."""

    secret_id: str
    provider_id: str
    accepted_at: datetime | None = None
    refused_at: datetime | None = None

    def noted(self, now: datetime, *, accepted: bool) -> bool:
        """Tell whether this answer is known well enough not to be stored again."""
        last, other = (self.accepted_at, self.refused_at) if accepted else (self.refused_at, self.accepted_at)
        return last is not None and now - last < NOTED_EVERY and (other is None or other < last)

    @property
    def refused(self) -> bool:
        """Tell whether the last answer was a refusal."""
        return self.refused_at is not None and (self.accepted_at is None or self.refused_at > self.accepted_at)


@dataclass(frozen=True, slots=True)
class Secret:
    """A client secret without the secret: its place, who set it when, and what the provider said to it."""

    slot: str
    """`first` is tried first, `second` when the provider refuses the first."""
    set_at: datetime | None
    set_by: str
    answer: SecretAnswer


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that needs an administrator: what is seen, and how to mend it. `stops` tells that sign-ins fail by it."""

    sentence: str
    remedy: str
    stops: bool = False


class Standing(StrEnum):
    """How a provider is, in one word."""

    HEALTHY = "healthy"
    ATTENTION = "attention"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Health:
    """A provider's health at a moment, from what is stored; so it is the same on every replica and after a restart."""

    at: datetime
    metadata: FetchRecord
    keys: FetchRecord
    key_ids: tuple[str, ...] = ()
    clock_difference: float | None = None
    secrets: tuple[Secret, ...] = field(default_factory=tuple)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Return everything that needs an administrator, what stops sign-ins first."""
        found = [
            *self._of_fetch("metadata", "The provider's metadata", self.metadata),
            *self._of_fetch("keys", "The provider's keys", self.keys),
            *self._of_clock(),
            *self._of_secrets(),
        ]
        return tuple(sorted(found, key=lambda problem: not problem.stops))

    @property
    def standing(self) -> Standing:
        """Return the one word."""
        problems = self.problems
        if any(problem.stops for problem in problems):
            return Standing.FAILED
        return Standing.ATTENTION if problems else Standing.HEALTHY

    @property
    def values(self) -> Mapping[str, float]:
        """Return plain numbers for a monitoring system: seconds, and 1 or 0 for yes or no."""
        found = {
            "healthy": float(self.standing is Standing.HEALTHY),
            "metadata_failing": float(self.metadata.failing),
            "keys_failing": float(self.keys.failing),
            "keys": float(len(self.key_ids)),
            "second_secret": float(len(self.secrets) > 1),
        }
        ages = {"metadata_age_seconds": self.metadata.succeeded_at, "keys_age_seconds": self.keys.succeeded_at}
        found |= {name: (self.at - moment).total_seconds() for name, moment in ages.items() if moment is not None}
        if self.clock_difference is not None:
            found["clock_difference_seconds"] = self.clock_difference
        return found

    def _of_fetch(self, what: str, name: str, record: FetchRecord) -> list[Problem]:
        until = record.usable_until()
        remedy = "Open the address from this server. Homeport goes on trying by itself."
        if until is not None and until < self.at:
            sentence = f"{name} could not be fetched for more than 24 hours, so nobody can sign in. {record.failure}".strip()
            return [Problem(sentence, remedy, stops=True)]
        if record.failing:
            verb = "was" if what == "metadata" else "were"
            kept = "What was found before serves until then." if until is not None else ""
            return [Problem(f"{name} {verb} not to be had at the last try. {record.failure} {kept}".strip(), remedy)]
        return []

    def _of_clock(self) -> list[Problem]:
        ahead = self.clock_difference
        if ahead is None or abs(ahead) <= CLOCK_WARNING:
            return []
        side = "ahead of" if ahead > 0 else "behind"
        sentence = f"The provider's clock is {abs(ahead):.0f} s {side} this server's; from 120 s on every sign-in is refused."
        return [Problem(sentence, "Set this server's clock by NTP.", stops=abs(ahead) >= CLOCK_LIMIT)]

    def _of_secrets(self) -> list[Problem]:
        refused = [one for one in self.secrets if one.answer.refused]
        if not refused:
            return []
        if len(refused) == len(self.secrets):
            sentence = "The provider refuses every client secret that Homeport has, so nobody can sign in."
            return [Problem(sentence, "Enter the active secret of the provider's application.", stops=True)]
        if refused[0].slot == "first":
            sentence = "The provider refuses the first client secret and takes the second, so each sign-in asks it twice."
            return [Problem(sentence, "Use the second one first, and remove the old one.")]
        return [Problem("The provider refuses the second client secret.", "Remove it, or enter the active one.")]


def secrets_of(provider_id: str, settings: Settings, answers: Mapping[str, SecretAnswer]) -> tuple[Secret, ...]:
    """Return the secrets that are set, in the order in which they are tried."""
    places = (
        ("first", settings.secret, settings.secret_id, settings.secret_set_at, settings.secret_set_by),
        (
            "second",
            settings.second_secret,
            settings.second_secret_id,
            settings.second_secret_set_at,
            settings.second_secret_set_by,
        ),
    )
    return tuple(
        Secret(slot, set_at, set_by, answers.get(secret_id) or SecretAnswer(secret_id, provider_id))
        for slot, sealed, secret_id, set_at, set_by in places
        if sealed is not None
    )


def metadata_change(before: Metadata | None, after: Metadata) -> str:
    """Return what the provider publishes otherwise than before, in words; empty when nothing."""
    if before is None:
        return ""
    names = (
        "issuer",
        "authorization_endpoint",
        "token_endpoint",
        "jwks_uri",
        "userinfo_endpoint",
        "token_endpoint_auth_methods",
        "algorithms",
        "iss_parameter_supported",
        "pkce_advertised",
    )
    pairs = ((name, getattr(before, name), getattr(after, name)) for name in names)
    return "; ".join(f"{name}: {_plain(old)} → {_plain(new)}" for name, old, new in pairs if old != new)


def key_change(before: KeySnapshot | None, after: KeySet) -> str:
    """Return which keys came and which are gone, by their ids; empty when none, or when this is the first set."""
    if before is None:
        return ""
    old, new = KeySet.parse(before.body).key_ids(), after.key_ids()
    came = [kid for kid in new if kid not in old]
    gone = [kid for kid in old if kid not in new]
    words = [f"new: {', '.join(came)}"] if came else []
    words += [f"withdrawn: {', '.join(gone)}"] if gone else []
    return "; ".join(words)


def _plain(value: object) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)
