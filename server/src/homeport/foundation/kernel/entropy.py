"""Ids and secrets, passed in so that tests can repeat them."""

import hashlib
import secrets
import threading
import time
from typing import Protocol

USER_CODE_ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
"""Consonants only, so that no word appears (RFC 8628, section 6.1)."""


class Entropy(Protocol):
    """Where ids and secrets come from."""

    def new_id(self) -> str:
        """Return a fresh UUIDv7 (RFC 9562, section 5.7) in its text form; ids made later sort later."""
        ...

    def token(self, size: int = 32) -> str:
        """Return `size` random bytes as base64url without padding."""
        ...

    def digits(self, count: int) -> str:
        """Return `count` random decimal digits."""
        ...

    def user_code(self) -> str:
        """Return a user code such as `WDJB-MJHT` (RFC 8628, section 6.1): 20^8 possibilities, about 34 bits."""
        ...


class SystemEntropy:
    """The operating system's random source."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._last = 0

    def new_id(self) -> str:
        """Return a fresh UUIDv7 in its text form, greater than all that this object made before (RFC 9562, section 6.2).

        After the milliseconds come 4096ths of one, where the RFC's method 3 has them; an id of the same moment takes the next of these.
        """
        milliseconds, nanoseconds = divmod(time.time_ns(), 1_000_000)
        with self._turn:
            self._last = moment = max(self._last + 1, (milliseconds << 12) | (nanoseconds * 4096 // 1_000_000))
        number = (moment >> 12 << 80) | (0x7 << 76) | ((moment & 0xFFF) << 64) | (0b10 << 62) | secrets.randbits(62)
        text = f"{number:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def token(self, size: int = 32) -> str:
        """Return `size` random bytes as base64url without padding."""
        return secrets.token_urlsafe(size)

    def digits(self, count: int) -> str:
        """Return `count` random decimal digits."""
        return f"{secrets.randbelow(10**count):0{count}d}"

    def user_code(self) -> str:
        """Return a user code such as `WDJB-MJHT`."""
        letters = "".join(secrets.choice(USER_CODE_ALPHABET) for _ in range(8))
        return f"{letters[:4]}-{letters[4:]}"


def hash_token(token: str) -> str:
    """Return the SHA-256 of a high-entropy token in hex; what the database keeps instead of the token."""
    return hashlib.sha256(token.encode()).hexdigest()
