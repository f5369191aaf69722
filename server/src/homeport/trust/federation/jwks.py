"""Key sets (RFC 7517) and the rules for how long one is trusted. Pure: the moment is passed in; `key_cache` waits and keeps."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from homeport.foundation.outbound.model import Fetch
from homeport.trust.federation.strict_json import parse_object

MAX_BYTES = 256_000
MAX_KEYS = 100
MAX_SAME_KID = 4
REFRESH_AFTER = timedelta(hours=1)
"""A key set is fetched again at least this often."""
REFETCH_INTERVAL = timedelta(seconds=10)
"""An unknown `kid` leads to one fetch, shared by all waiters, at most this often."""
STALE_LIMIT = timedelta(hours=24)
"""While the provider cannot be reached, keys and metadata live this long at most."""

_KEY_TYPES = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC"}


@dataclass(frozen=True, slots=True)
class KeySetFetch(Fetch):
    """The request for a key set; a cache may answer it, unless `revalidate` says that the cached one has not the wanted key."""

    max_bytes: int = MAX_BYTES
    revalidate: bool = False


@dataclass(frozen=True, slots=True)
class KeySet:
    """The provider's published keys as they came, in order."""

    keys: tuple[Mapping[str, Any], ...]

    @classmethod
    def parse(cls, body: bytes | str) -> "KeySet":
        """Read a JWK Set (RFC 7517, section 5); raise ValueError with a sentence when it is none."""
        keys = parse_object(body, max_bytes=MAX_BYTES).get("keys")
        if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
            raise ValueError("It has no list of keys.")
        if len(keys) > MAX_KEYS:
            raise ValueError(f"It has more than {MAX_KEYS} keys.")
        return cls(tuple(keys))

    def candidates(self, kid: str | None, algorithm: str) -> tuple[Mapping[str, Any], ...]:
        """Return the keys that may have made a signature with this `kid` and `alg`.

        Without a `kid` there must be exactly one suitable key (OpenID Connect Core, section 10.1). Keys for encryption, for another
        algorithm, and symmetric keys never suit.
        """
        suitable = [key for key in self.keys if _suits(key, algorithm)]
        if kid is None:
            return tuple(suitable) if len(suitable) == 1 else ()
        return tuple(key for key in suitable if key.get("kid") == kid)[:MAX_SAME_KID]

    def key_ids(self) -> tuple[str, ...]:
        """Return the key ids, for people to read."""
        return tuple(str(key.get("kid", "(none)"))[:64] for key in self.keys)


def _suits(key: Mapping[str, Any], algorithm: str) -> bool:
    operations = key.get("key_ops")
    return (
        key.get("kty") == _KEY_TYPES.get(algorithm)
        and key.get("use") in (None, "sig")
        and key.get("alg") in (None, algorithm)
        and (operations is None or (isinstance(operations, list) and "verify" in operations))
    )


@dataclass(frozen=True, slots=True)
class KeySnapshot:
    """The last key set that was fetched, as every replica sees it."""

    jwks_uri: str
    body: str
    fetched_at: datetime


def is_fresh(snapshot: KeySnapshot | None, jwks_uri: str, now: datetime) -> bool:
    """Tell whether the snapshot may be used without asking the provider."""
    return _age(snapshot, jwks_uri, now) < REFRESH_AFTER


def is_usable_while_unreachable(snapshot: KeySnapshot | None, jwks_uri: str, now: datetime) -> bool:
    """Tell whether the snapshot may be used because the provider does not answer."""
    return _age(snapshot, jwks_uri, now) <= STALE_LIMIT


def may_refetch(last_attempt_at: datetime | None, now: datetime) -> bool:
    """Tell whether enough time passed since the last attempt, successful or not, to ask the provider for an unknown key."""
    return last_attempt_at is None or abs(now - last_attempt_at) >= REFETCH_INTERVAL


def _age(snapshot: KeySnapshot | None, jwks_uri: str, now: datetime) -> timedelta:
    """Return the age; a snapshot of another address, or from the future, is infinitely old."""
    if snapshot is None or snapshot.jwks_uri != jwks_uri or snapshot.fetched_at > now + REFETCH_INTERVAL:
        return timedelta.max
    return now - snapshot.fetched_at
